"""Dates as Japanese ledgers write them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daicho.core.eras import (
    PARTIAL_DATE_DTYPE,
    format_era_date,
    format_era_year,
    japanese_date_expr,
    parse_japanese_date,
    parse_partial_birth_date,
    partial_birth_date_expr,
)

ACCEPTED = {
    "20250401": date(2025, 4, 1),
    "2025-04-01": date(2025, 4, 1),
    "2025/4/1": date(2025, 4, 1),
    "2025/04/01": date(2025, 4, 1),
    "R6.4.1": date(2024, 4, 1),
    "R06.04.01": date(2024, 4, 1),
    "r6.4.1": date(2024, 4, 1),
    "令和6年4月1日": date(2024, 4, 1),
    "令和 6年 4月 1日": date(2024, 4, 1),
    "令和元年5月1日": date(2019, 5, 1),
    "R元.5.1": date(2019, 5, 1),
    "R1.5.1": date(2019, 5, 1),
    "H31.4.30": date(2019, 4, 30),
    "平成31年4月30日": date(2019, 4, 30),
    "H1.1.8": date(1989, 1, 8),
    "S64.1.7": date(1989, 1, 7),
    "昭和64年1月7日": date(1989, 1, 7),
    "S1.12.25": date(1926, 12, 25),
    "T15.12.25": date(1926, 12, 25),
    "T1.7.30": date(1912, 7, 30),
    "M45.7.30": date(1912, 7, 30),
    "明治6年1月1日": date(1873, 1, 1),
    "5060401": date(2024, 4, 1),
    "4310430": date(2019, 4, 30),
    "3640107": date(1989, 1, 7),
    "2010730": date(1912, 7, 30),
    "1450729": date(1912, 7, 29),
    "20240229": date(2024, 2, 29),
    "２０２５０４０１": date(2025, 4, 1),
    "２０２５－０４－０１": date(2025, 4, 1),
    "２０２５／４／１": date(2025, 4, 1),
    "Ｒ６．４．１": date(2024, 4, 1),
    "令和６年４月１日": date(2024, 4, 1),
    "㍻３１年４月３０日": date(2019, 4, 30),
    "５０６０４０１": date(2024, 4, 1),
    " 20250401　": date(2025, 4, 1),
}

REFUSED = [
    "", " ", "00000000", "99999999", "00000101", "20250230", "20230229", "20251301", "2025-00-01", "2025/4/0", "20250400", "19500000",
    "195005 00", "H31.5.1", "4310501", "平成31年5月1日", "R1.4.30", "S64.1.8", "3640108", "H1.1.7", "T15.12.26", "S1.12.24", "M45.7.31",
    "T1.7.29", "明治5年12月3日", "R0.4.1", "5000401", "6060401", "0060401", "X6.4.1", "2025-4/1", "2025.4.1", "202504", "2025040",
    "202504011", "2025 4 1", "2020 1 11", "20250401 0900", "令和6年4月", "令和六年四月一日", "5060001", "接種なし", "٢٠٢٥٠٤٠١",
]  # fmt: skip

PARTIAL = {
    "19500000": (date(1950, 1, 1), "year"),
    "19500500": (date(1950, 5, 1), "month"),
    "195005 00": (date(1950, 5, 1), "month"),
    "1950 00 00": (date(1950, 1, 1), "year"),
    "1950-05-00": (date(1950, 5, 1), "month"),
    "1950/0/0": (date(1950, 1, 1), "year"),
    "19500015": (date(1950, 1, 15), "year"),
    "3250000": (date(1950, 1, 1), "year"),
    "3250500": (date(1950, 5, 1), "month"),
    "32505 00": (date(1950, 5, 1), "month"),
    "S25.0.0": (date(1950, 1, 1), "year"),
    "S25.5.0": (date(1950, 5, 1), "month"),
    "昭和25年00月00日": (date(1950, 1, 1), "year"),
    "１９５００５００": (date(1950, 5, 1), "month"),
    "H1.0.0": (date(1989, 1, 8), "year"),
    "H1.1.0": (date(1989, 1, 8), "month"),
    "S1.0.0": (date(1926, 12, 25), "year"),
    "S64.1.0": (date(1989, 1, 1), "month"),
    "19500501": (date(1950, 5, 1), "day"),
    "S25.5.1": (date(1950, 5, 1), "day"),
}

PARTIAL_REFUSED = [
    "",
    "00000000",
    "0000 00 00",
    "99999900",
    "19501300",
    "19500032",
    "S64.2.0",
    "H31.5.0",
    "S0.0.0",
    "195005",
    "1950",
    "S65.0.0",
]


@pytest.mark.parametrize(("text", "day"), ACCEPTED.items())
def test_every_accepted_form_is_read(text: str, day: date) -> None:
    assert parse_japanese_date(text) == day


@pytest.mark.parametrize("text", REFUSED)
def test_everything_else_is_refused_without_showing_the_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|day") as raised:
        parse_japanese_date(text)
    assert not text.strip() or text not in str(raised.value)
    assert raised.value.__context__ is None


@pytest.mark.parametrize(("text", "known"), PARTIAL.items())
def test_an_unknown_day_or_month_keeps_the_first_day_possible(text: str, known: tuple[date, str]) -> None:
    partial = parse_partial_birth_date(text)
    assert (partial.date, partial.precision) == known


@pytest.mark.parametrize("text", PARTIAL_REFUSED)
def test_a_partial_date_that_fits_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|day"):
        parse_partial_birth_date(text)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2025, 4, 1), "令和7年4月1日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1912, 7, 29), "明治45年7月29日"),
    ],
)
def test_a_day_is_written_in_its_era(day: date, text: str) -> None:
    assert format_era_date(day) == text


def test_a_day_before_the_gregorian_calendar_has_no_era_form() -> None:
    assert format_era_year(date(1873, 1, 1)) == "明治6年"
    with pytest.raises(ValueError, match="1873"):
        format_era_date(date(1872, 12, 31))


@given(day=st.dates(min_value=date(1873, 1, 1), max_value=date(2080, 12, 31)))
def test_a_written_day_is_read_back(day: date) -> None:
    assert parse_japanese_date(format_era_date(day)) == day
    assert parse_japanese_date(f"{day:%Y%m%d}") == parse_japanese_date(f"{day.year}/{day.month}/{day.day}") == day


def test_a_column_reads_every_form_at_once() -> None:
    frame = pl.DataFrame({"given": [*ACCEPTED, *REFUSED, *PARTIAL, None]})
    days = frame.select(japanese_date_expr("given"))["given"]
    exact = [day if precision == "day" else None for day, precision in PARTIAL.values()]
    assert days.to_list() == [*ACCEPTED.values(), *(None for _ in REFUSED), *exact, None]


@pytest.mark.parametrize("texts", [[], [None], [None, None]])
def test_a_column_without_texts_keeps_its_types(texts: list[None]) -> None:
    frame = pl.DataFrame({"given": pl.Series(texts, dtype=pl.String)})
    for read in (frame, frame.lazy()):
        columns = read.select(day=japanese_date_expr("given"), partial=partial_birth_date_expr("given")).lazy().collect()
        assert columns.schema == {"day": pl.Date, "partial": PARTIAL_DATE_DTYPE}
        assert columns["day"].to_list() == texts


DIGITS = st.from_regex(r"[0-9]{6,9}", fullmatch=True)
TEXTS = st.one_of(
    st.none(),
    st.text(max_size=10),
    DIGITS,
    st.sampled_from([*ACCEPTED, *REFUSED, *PARTIAL, *PARTIAL_REFUSED]),
    st.from_regex(r"[0-2][09][0-9]{2}[01][0-9][0-3][0-9]", fullmatch=True),
    st.from_regex(r"[1-5][0-6][0-9][01][0-9][0-3][0-9]", fullmatch=True),
    st.from_regex(r"(R|H|S|T|M|令和|平成|昭和)([0-6]?[0-9]|元)[.年][01]?[0-9][.月][0-3]?[0-9日]{1,2}", fullmatch=True),
    st.from_regex(r"[12][09][0-9]{2}[-/ ]?[01]?[0-9][-/ ]?[0-3]?[0-9]", fullmatch=True),
    st.from_regex(r"[０-９]{8}", fullmatch=True),
)


def date_or_none(text: str | None) -> date | None:
    try:
        return None if text is None else parse_japanese_date(text)
    except ValueError:
        return None


def partial_or_nones(text: str | None) -> dict[str, object]:
    try:
        partial = None if text is None else parse_partial_birth_date(text)
    except ValueError:
        partial = None
    return {"date": partial and partial.date, "precision": partial and partial.precision}


@settings(deadline=None, derandomize=True, max_examples=150)
@given(texts=st.lists(TEXTS, max_size=30))
def test_columns_are_read_as_single_texts_are(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"given": pl.Series(texts, dtype=pl.String)})
    read = frame.select(day=japanese_date_expr("given"), partial=partial_birth_date_expr("given"))
    assert read["day"].to_list() == [date_or_none(text) for text in texts]
    assert read["partial"].to_list() == [partial_or_nones(text) for text in texts]

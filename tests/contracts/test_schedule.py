from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import duckdb
import polars as pl
import pytest
from tests.contracts.folders import SHIPPED

from daicho.contracts.codelists import codes_of
from daicho.contracts.reference import load_reference
from daicho.contracts.schedule import KINDS_WITH_VALUE, SCHEDULE_MACROS, WINDOW_KINDS, covers_birth, legal_window, window_day
from daicho.core.errors import UsageError
from daicho.core.sql_macros import LEGAL_MACROS

SCHEDULE = load_reference(SHIPPED, "schedule")


def regular(dose: str, *, on: str = "2026-04-01") -> dict[str, object]:
    day = date.fromisoformat(on)
    holds = (pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
    rows = SCHEDULE.filter(holds, dose_code=dose, rule="regular").rows(named=True)
    assert len(rows) == 1
    return rows[0]


def window(dose: str, birth: str, *, on: str = "2026-04-01") -> tuple[str, str]:
    first, last = legal_window(regular(dose, on=on), date.fromisoformat(birth))
    return str(first), str(last)


@pytest.mark.parametrize(
    ("dose", "birth", "first", "last"),
    [
        ("MR-1", "2024-04-01", "2025-03-31", "2026-03-31"),
        ("MR-1", "2024-02-29", "2025-02-28", "2026-02-28"),
        ("MR-2", "2020-04-02", "2026-04-01", "2027-03-31"),
        ("MR-2", "2020-04-01", "2025-04-01", "2026-03-31"),
        ("DPT-IPV-HIB-11", "2025-01-31", "2025-03-30", "2032-07-30"),
        ("BCG-1", "2025-06-15", "2025-06-15", "2026-06-14"),
        ("HB-3", "2025-06-15", "2025-06-15", "2026-06-14"),
        ("RV1-1", "2025-06-15", "2025-07-27", "2025-11-30"),
        ("RV5-3", "2025-06-15", "2025-07-27", "2026-01-25"),
        ("VAR-1", "2024-04-02", "2025-04-01", "2027-04-01"),
        ("PCV-A", "2024-04-02", "2025-04-01", "2029-04-01"),
        ("JE-1A", "2020-08-31", "2021-02-28", "2028-02-29"),
        ("JE-2", "2017-05-05", "2026-05-04", "2030-05-04"),
        ("DT-2", "2015-05-05", "2026-05-04", "2028-05-04"),
        ("HPV9-1", "2014-04-02", "2026-04-01", "2031-03-31"),
        ("HPV9-1", "2014-04-01", "2025-04-01", "2030-03-31"),
        ("PNEUMO-E-1", "1961-05-10", "2026-05-09", "2027-05-09"),
        ("ZOSTER-L-1", "1961-04-02", "2026-04-01", "2027-03-31"),
        ("FLU-E-1", "1961-05-10", "2026-05-09", "None"),
    ],
)
def test_legal_windows_of_the_schedule(dose: str, birth: str, first: str, last: str) -> None:
    assert window(dose, birth) == (first, last)


def test_the_age_of_a_fiscal_year_counts_the_child_of_april_first_in_the_year_before() -> None:
    assert window("ZOSTER-L-1", "1960-04-02", on="2025-04-01") == ("2025-04-01", "2026-03-31")
    assert window("ZOSTER-L-1", "1961-04-01", on="2025-04-01") == ("2025-04-01", "2026-03-31")


def test_four_in_one_started_at_three_months_before_april_2023() -> None:
    assert window("DPT-IPV-11", "2022-01-10", on="2023-03-31")[0] == "2022-04-09"
    assert window("DPT-IPV-11", "2022-01-10", on="2023-04-01")[0] == "2022-03-09"


def test_an_absolute_end_closes_a_window_early() -> None:
    assert window("HPV4-1", "2012-05-01", on="2026-03-31") == ("2024-04-01", "2026-03-31")
    first, last = legal_window(regular("HPV4-1", on="2026-03-31"), date(2014, 4, 2))
    assert first is not None and last is not None and first > last


def test_the_transitional_measure_for_mr_is_for_its_birth_cohort_only() -> None:
    (row,) = SCHEDULE.filter(dose_code="MR-2", rule="transitional").rows(named=True)
    assert not covers_birth(row, date(2018, 4, 1)) and covers_birth(row, date(2018, 4, 2))
    assert covers_birth(row, date(2019, 4, 1)) and not covers_birth(row, date(2019, 4, 2))
    assert legal_window(row, date(2018, 4, 2)) == (date(2025, 4, 1), date(2027, 3, 31))


def test_hpv_is_for_girls_and_the_fifth_rubella_period_for_men() -> None:
    assert not covers_birth(regular("HPV9-1"), date(2014, 5, 1), sex="1")
    assert covers_birth(regular("HPV9-1"), date(2014, 5, 1), sex="2")
    assert covers_birth(regular("RUBELLA-5", on="2025-03-31"), date(1979, 4, 1), sex="1")


def test_pregnancy_has_no_window_that_a_birth_date_could_tell() -> None:
    assert window("RSV-M-1", "1995-01-01") == ("2026-04-01", "None")


def test_every_dose_has_exactly_one_regular_row_on_each_day_it_has_one() -> None:
    rows = SCHEDULE.filter(rule="regular")
    assert set(rows["dose_code"]) == set(codes_of(SHIPPED, "dose_stage"))


@pytest.mark.parametrize(
    ("dose", "days", "months", "since"),
    [
        ("DPT-IPV-HIB-12", 20, None, "previous"),
        ("DPT-IPV-HIB-1A", None, 6, "previous"),
        ("HB-2", 27, None, "previous"),
        ("HB-3", 139, None, "first"),
        ("VAR-2", None, 3, "previous"),
        ("JE-12", 6, None, "previous"),
        ("PCV-A", 60, None, "previous"),
        ("HIB-A", None, 7, "previous"),
        ("MR-1", None, None, None),
    ],
)
def test_minimum_intervals(dose: str, days: int | None, months: int | None, since: str | None) -> None:
    row = regular(dose)
    assert (row["min_interval_days"], row["min_interval_months"], row["interval_from"]) == (days, months, since)


def test_rows_from_background_knowledge_ship_unverified() -> None:
    assert set(SCHEDULE.filter(pl.col("mark").is_in(["M", "?", "S2/M"]))["verified"]) == {"no"}
    assert set(SCHEDULE.filter(pl.col("mark").is_in(["S", "S2"]))["verified"]) == {"yes"}


def test_the_sql_macro_computes_every_kind_as_python_does() -> None:
    births = [date(1996, 2, 28) + timedelta(days=61 * n) for n in range(200)] + [
        date(2024, 2, 29),
        date(2020, 4, 1),
        date(2020, 4, 2),
        date(2013, 1, 31),
    ]
    values = (1, 2, 12, 24, 90)
    cases = [(kind, value, birth) for kind, value, birth in product(WINDOW_KINDS, values, births)]
    connection = duckdb.connect()
    for macro in (*LEGAL_MACROS, *SCHEDULE_MACROS):
        connection.execute(macro)
    frame = pl.DataFrame(cases, schema={"kind": pl.String, "n": pl.Int32, "birth": pl.Date}, orient="row").with_row_index("i")
    connection.register("cases", frame)
    found = [row[0] for row in connection.execute("SELECT legal_window_day(kind, n, birth) FROM cases ORDER BY i").fetchall()]
    assert found == [window_day(kind, value, birth=birth) for kind, value, birth in cases]


def test_unknown_kinds_and_missing_values_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="no kind of bound"):
        window_day("weeks", 6, birth=date(2025, 1, 1))
    for kind in set(KINDS_WITH_VALUE) - {"gestation_weeks"}:
        with pytest.raises(UsageError, match="needs a value"):
            window_day(kind, None, birth=date(2025, 1, 1))

"""Check digits: published examples, and single wrong digits."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daicho.core.check_digits import (
    individual_number_expr,
    institution_check_digit,
    institution_code_expr,
    is_individual_number,
    is_institution_code,
    is_municipality_code,
    municipality_check_digit,
)

# 東京都 and its 23 wards (総務省 全国地方公共団体コード).
MUNICIPALITY_CODES = [
    "130001", "131016", "131024", "131032", "131041", "131059", "131067", "131075", "131083", "131091", "131105", "131113",
    "131121", "131130", "131148", "131156", "131164", "131172", "131181", "131199", "131202", "131211", "131229", "131237",
]  # fmt: skip


def by_hand(eleven: str) -> int:
    """The rule as the ordinance words it: P_n counted from the right, Q_n = n + 1 up to six, n - 5 from seven."""
    total = sum(int(eleven[-n]) * (n + 1 if n <= 6 else n - 5) for n in range(1, 12))
    return 0 if total % 11 <= 1 else 11 - total % 11


@pytest.mark.parametrize("code", MUNICIPALITY_CODES)
def test_published_municipality_codes_carry_their_check_digit(code: str) -> None:
    assert municipality_check_digit(code[:5]) == int(code[5])
    assert is_municipality_code(code)


@pytest.mark.parametrize("text", ["131033", "13103", "1310322", "", "１３１０３２", "13103a", "²31032", " 131032"])
def test_other_texts_are_not_municipality_codes(text: str) -> None:
    assert not is_municipality_code(text)


@pytest.mark.parametrize("code", ["0110113719", "1310113715"])
def test_institution_codes_carry_their_check_digit(code: str) -> None:
    assert institution_check_digit(code[:9]) == int(code[9])
    assert is_institution_code(code)


@pytest.mark.parametrize("text", ["0110113718", "110113719", "0110113719 ", "０１１０１１３７１９", "011011371９", "", "-110113719"])
def test_other_texts_are_not_institution_codes(text: str) -> None:
    assert not is_institution_code(text)


@given(nine=st.from_regex(r"[0-9]{9}", fullmatch=True), position=st.integers(0, 9), step=st.integers(1, 9))
def test_one_wrong_digit_in_an_institution_code_is_always_found(nine: str, position: int, step: int) -> None:
    code = f"{nine}{institution_check_digit(nine)}"
    wrong = code[:position] + str((int(code[position]) + step) % 10) + code[position + 1 :]
    assert is_institution_code(code)
    assert not is_institution_code(wrong)


@pytest.mark.parametrize("rule", [municipality_check_digit, institution_check_digit])
@pytest.mark.parametrize("text", ["", "1234", "1234567890", "１２３４５", "abcde", "²2345", "¹23456789"])
def test_a_check_digit_needs_exactly_its_digits(rule: Callable[[str], int], text: str) -> None:
    with pytest.raises(ValueError, match="exactly"):
        rule(text)


@given(eleven=st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_exactly_one_check_digit_makes_an_individual_number(eleven: str) -> None:
    assert [digit for digit in range(10) if is_individual_number(f"{eleven}{digit}")] == [by_hand(eleven)]


@pytest.mark.parametrize(
    "text",
    ["123456789018", "１２３４５６７８９０１８", "1234-5678-9018", "1234 5678 9018", " １２３４－５６７８－９０１８　", "1234ー5678−9018"],
)
def test_no_spelling_of_an_individual_number_slips_through(text: str) -> None:
    assert is_individual_number(text)


@pytest.mark.parametrize("text", ["", "12345678901", "1234567890188", "123456789017", "12345-678901-8", "1234--5678-9018", "12345678901x"])
def test_other_texts_are_not_individual_numbers(text: str) -> None:
    assert not is_individual_number(text)


TEXTS = st.one_of(
    st.none(),
    st.text(max_size=14),
    st.from_regex(r"[0-9]{9,13}", fullmatch=True),
    st.from_regex(r"[0-9]{11}", fullmatch=True).map(lambda eleven: f"{eleven}{by_hand(eleven)}"),
    st.from_regex(r"[0-9０-９]{4}[- －]?[0-9０-９]{4}[- －ー]?[0-9]{4}", fullmatch=True),
    st.from_regex(r"[0-9]{9}", fullmatch=True).map(lambda nine: f"{nine}{institution_check_digit(nine)}"),
)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(texts=st.lists(TEXTS, max_size=20))
def test_columns_are_judged_as_single_texts_are(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"code": pl.Series(texts, dtype=pl.String)})
    judged = frame.select(individual=individual_number_expr("code"), institution=institution_code_expr("code"))
    assert judged["individual"].to_list() == [None if text is None else is_individual_number(text) for text in texts]
    assert judged["institution"].to_list() == [None if text is None else is_institution_code(text) for text in texts]

"""Fiscal years."""

from __future__ import annotations

from datetime import date

import pytest

from daicho.core.fiscal import fiscal_year, fiscal_year_end, fiscal_year_label, fiscal_year_start, months_of


def test_the_fiscal_year_turns_on_1_april() -> None:
    assert fiscal_year(date(2026, 3, 31)) == 2025
    assert fiscal_year(date(2026, 4, 1)) == 2026
    assert fiscal_year(date(2026, 12, 31)) == 2026
    assert fiscal_year(date(2027, 1, 1)) == 2026


def test_a_fiscal_year_runs_from_1_april_to_31_march() -> None:
    assert (fiscal_year_start(2025), fiscal_year_end(2025)) == (date(2025, 4, 1), date(2026, 3, 31))


def test_the_months_of_a_fiscal_year_cross_the_new_year() -> None:
    assert months_of(2025) == (202504, 202505, 202506, 202507, 202508, 202509, 202510, 202511, 202512, 202601, 202602, 202603)


@pytest.mark.parametrize(
    ("year", "label"),
    [(1988, "昭和63年度"), (1989, "平成元年度"), (2018, "平成30年度"), (2019, "令和元年度"), (2020, "令和2年度"), (2025, "令和7年度")],
)
def test_a_fiscal_year_is_named_by_its_era(year: int, label: str) -> None:
    assert fiscal_year_label(year) == label


def test_a_fiscal_year_has_an_english_name() -> None:
    assert fiscal_year_label(2025, language="en") == "FY2025"


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="Japanese"):
        fiscal_year_label(2025, language="fr")

"""Dose records by what the appraisal found of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.measures.mart_factory import Ledger, reference_tables
from tests.measures.people import dose, on, resident, table

from daicho.core.errors import UsageError
from daicho.measures import catalogue, resolve_filters

BIRTH = "2024-06-10"
EVENTS = [
    dose(1, "DPT-IPV-HIB-11", "2024-08-08"),
    dose(1, "DPT-IPV-HIB-11", "2024-08-09"),
    dose(1, "DPT-IPV-HIB-12", "2024-08-29"),
    dose(1, "DPT-IPV-HIB-12", "2025-09-20"),
    dose(1, "DPT-IPV-HIB-13", None),
    dose(2, "MR-1", "2025-07-01"),
]
LEDGER = Ledger([resident(1, BIRTH), resident(2, BIRTH, until="2025-02-01")], EVENTS)


def validity(*by: str, **request: Any) -> dict[Any, Any]:
    return table(LEDGER, "dose_validity", by=by, values=("doses_count",), **request)


def test_each_record_is_counted_once_by_its_home_series() -> None:
    expected = {"too_young": 1, "valid": 3, "interval_too_short": 1, "timing_unknown": 1}
    assert validity("outcome") == expected
    assert validity("vaccine") == {"DPT-IPV-HIB": 5, "MR": 1}


def test_a_fiscal_year_holds_its_dated_records_only() -> None:
    assert validity("outcome", fiscal_year=2024) == {"too_young": 1, "valid": 1, "interval_too_short": 1}
    assert validity("outcome", fiscal_year=2025) == {"valid": 2}
    assert validity("outcome", fiscal_year=2025, as_of=on("2025-07-01")) == {"valid": 1}


def test_by_month_and_stage() -> None:
    assert validity("month", where={"dose": ["DPT-IPV-HIB-12"]}) == {202408: 1, 202509: 1}


def test_the_district_is_that_of_the_day_and_unknown_for_those_who_were_no_residents() -> None:
    assert validity("district") == {"shiba": 4, "unknown": 2}


def test_outcomes_are_asked_for_by_code_or_label() -> None:
    assert validity("outcome", where={"outcome": ["年齢不足", "valid"]}) == {"too_young": 1, "valid": 3}


@pytest.mark.parametrize(("measure", "word"), [("dose_validity", "accepted"), ("dose_validity", "隔離"), ("intake_quality", "too_young")])
def test_each_measure_knows_its_own_outcomes_only(measure: str, word: str) -> None:
    with pytest.raises(UsageError):
        resolve_filters(catalogue()[measure], {"outcome": [word]}, reference_tables())

"""Children without any first dose, and children with every dose of a definition."""

from __future__ import annotations

from typing import Any

import pytest
from tests.measures.mart_factory import Event, Ledger, Person
from tests.measures.people import count, dose, resident

from daicho.core.errors import UsageError
from daicho.measures import compile_request
from daicho.measures.zero_dose import ZERO_DOSE

BIRTH = "2024-02-10"  # 12 months are reached on 2025-02-09
AT_24_MONTHS = [
    "DPT-IPV-11",
    "HIB-1",
    "PCV-1",
    "HB-1",
    "DPT-IPV-12",
    "HIB-2",
    "PCV-2",
    "HB-2",
    "DPT-IPV-13",
    "HIB-3",
    "PCV-3",
    "HB-3",
    "BCG-1",
    "DPT-IPV-1A",
    "HIB-A",
    "PCV-A",
    "MR-1",
    "VAR-1",
]


def zero(persons: list[Person], events: list[Event], **request: Any) -> tuple[int, int]:
    row = count(Ledger(persons, events), "zero_dose", **{"as_of": "2026-03-31", **request})
    return row["eligible_count"], row["count"]


def full(events: list[Event], **request: Any) -> tuple[int, int]:
    row = count(Ledger([resident(1, BIRTH)], events), "fully_immunised", **{"as_of": "2026-03-31", **request})
    return row["eligible_count"], row["count"]


@pytest.mark.parametrize("code", ["DPT-IPV-HIB-11", "DPT-IPV-11", "DPT-11"])
def test_any_first_dose_of_the_definition_by_the_milestone_ends_zero_dose(code: str) -> None:
    assert zero([resident(1, BIRTH)], [dose(1, code, "2025-02-09")]) == (1, 0)
    assert zero([resident(1, BIRTH)], [dose(1, code, "2025-02-10")]) == (1, 1)


def test_an_undated_first_dose_counts_and_a_second_dose_or_another_vaccine_does_not() -> None:
    assert zero([resident(1, BIRTH)], [dose(1, "DPT-IPV-11", None)]) == (1, 0)
    assert zero([resident(1, BIRTH)], [dose(1, "DPT-IPV-12", "2024-06-01"), dose(1, "HIB-1", "2024-06-01")]) == (1, 1)


def test_residents_of_the_milestone_are_counted_once_it_has_come() -> None:
    persons = [resident(1, BIRTH), resident(2, BIRTH, until="2025-02-09"), resident(3, BIRTH, since="2025-02-09"), resident(4, None)]
    assert zero(persons, []) == (2, 2)
    assert zero(persons, [], as_of="2025-02-08") == (0, 0)
    assert zero(persons, [], milestone="24m") == (2, 2)
    assert zero(persons, [], milestone="age", age_months=3) == (2, 2)


@pytest.mark.parametrize("parameters", [{"milestone": "age"}, {"age_months": 3}, {"milestone": "as_of"}])
def test_an_age_goes_with_the_milestone_of_that_name(parameters: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        compile_request(ZERO_DOSE, parameters={"as_of": "2026-03-31", **parameters})


def test_every_group_must_be_satisfied_by_the_definitions_age() -> None:
    events = [dose(1, code, "2025-12-01") for code in AT_24_MONTHS]
    assert full(events) == (1, 1)
    assert full(events[:-1]) == (1, 0)
    assert full([*events[:-1], dose(1, "VAR-1", "2026-02-09")]) == (1, 1)
    assert full([*events[:-1], dose(1, "VAR-1", "2026-02-10")]) == (1, 0)


def test_combined_doses_satisfy_the_groups_of_their_components() -> None:
    combined = [dose(1, f"DPT-IPV-HIB-{stage}", "2025-12-01") for stage in ("11", "12", "13", "1A")]
    others = [dose(1, code, "2025-12-01") for code in AT_24_MONTHS if not code.startswith(("DPT-IPV", "HIB"))]
    assert full(combined + others) == (1, 1)


def test_valid_asks_for_ages_and_intervals() -> None:
    # All on one day: each first dose is valid at the most.
    assert full([dose(1, code, "2025-12-01") for code in AT_24_MONTHS], validity="valid") == (1, 0)

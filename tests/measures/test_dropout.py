"""Who began a course and did not have its last stage."""

from __future__ import annotations

from typing import Any

import pytest
from tests.measures.mart_factory import Ledger
from tests.measures.people import count, dose, on, resident

from daicho.core.errors import UsageError

BIRTH = "2024-06-10"
PEOPLE = [resident(number, BIRTH) for number in (1, 2, 3)]
EVENTS = [
    *(
        dose(1, code, day)
        for code, day in (("PCV-1", "2024-08-09"), ("PCV-2", "2024-09-06"), ("PCV-3", "2024-10-04"), ("PCV-A", "2025-06-09"))
    ),
    dose(2, "PCV-1", "2024-08-09"),
    dose(2, "PCV-2", "2024-09-05"),
]


def dropped(vaccine: str = "PCV", **parameters: Any) -> tuple[int, int, int]:
    row = count(Ledger(PEOPLE, EVENTS), "dropout", where={"vaccine": [vaccine]}, as_of=on("2026-11-24"), **parameters)
    assert row["privacy_count"] == row["first_count"] and row["complete_persons"] == row["last_count"]
    return row["first_count"], row["last_count"], row["dropped_count"]


def test_from_the_first_stage_to_the_last() -> None:
    assert dropped() == (2, 1, 1)


@pytest.mark.parametrize(("first", "last"), [("PCV-1", "PCV-2"), ("初回1", "初回2"), ("PCV-1", "初回2")])
def test_stages_are_asked_for_by_code_or_label(first: str, last: str) -> None:
    assert dropped(from_dose=first, to_dose=last) == (2, 2, 0)


def test_valid_doses_only() -> None:
    # The second dose of person 2 came a day early.
    assert dropped(from_dose="PCV-1", to_dose="PCV-2", validity="valid") == (2, 1, 1)


def test_by_the_milestone_of_the_last_stage() -> None:
    assert dropped(milestone="age", age_months=4) == (2, 0, 2)
    assert dropped(milestone="age", age_months=1) == (0, 0, 0)


@pytest.mark.parametrize("word", ["MR-1", "初回9", "", "PCV-1'; --", "unknown"])
def test_a_stage_of_another_vaccine_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        dropped(from_dose=word)


def test_stages_need_one_vaccine() -> None:
    with pytest.raises(UsageError):
        count(Ledger(PEOPLE, EVENTS), "dropout", where={"vaccine": ["PCV", "HIB"]}, as_of=on("2026-11-24"), from_dose="PCV-1")


def test_a_vaccine_with_two_courses_ends_with_the_first() -> None:
    people = [resident(1, "2020-06-10")]
    events = [dose(1, "JE-11", "2023-07-01"), dose(1, "JE-12", "2023-07-15"), dose(1, "JE-1A", "2024-08-01")]
    row = count(Ledger(people, events), "dropout", where={"vaccine": ["JE"]}, as_of=on("2026-11-24"))
    assert (row["first_count"], row["last_count"]) == (1, 1)

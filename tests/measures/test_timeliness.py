"""In which class of timeliness each eligible person is."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from tests.measures.mart_factory import CONTRACTS, Event, Ledger, Person
from tests.measures.people import count, dose, on, resident, screening

from daicho.gate.ledger_engine import describe_measure
from daicho.gate.profiles import load_disclosure
from daicho.gate.suppression import protect
from daicho.measures import catalogue

CLASSES = ("too_early", "on_time", "late_under_2m", "late_over_2m", "timing_unknown", "not_vaccinated")
CHILD = resident(1, "2023-06-10")


def classes(people: list[Person], events: list[Event], code: str = "VAR-1", **parameters: Any) -> dict[str, int]:
    """The classes that hold somebody; they add up to the eligible."""
    where = {"vaccine": [code.rpartition("-")[0]], "dose": [code]}
    row = count(Ledger(people, events), "timeliness", where=where, as_of=on("2026-11-24"), **parameters)
    found = {name: row[f"{name}_count"] for name in CLASSES}
    assert sum(found.values()) == row["eligible_count"]
    assert all(row[f"{name}_persons"] == found[name] for name in CLASSES)
    return {name: number for name, number in found.items() if number}


# 水痘1回目: 12 months reached 2024-06-09, standard ages to 15 months reached 2024-09-09.
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-06-08", "too_early"),
        ("2024-06-09", "on_time"),
        ("2024-09-09", "on_time"),
        ("2024-09-10", "late_under_2m"),
        ("2024-11-09", "late_under_2m"),
        ("2024-11-10", "late_over_2m"),
        ("2026-06-09", "late_over_2m"),
        ("2026-06-10", "not_vaccinated"),
        (None, "timing_unknown"),
        ("2023-06-09", "timing_unknown"),
    ],
)
def test_the_class_by_the_day(day: str | None, expected: str) -> None:
    assert classes([CHILD], [dose(1, "VAR-1", day)]) == {expected: 1}


def test_nobody_without_a_dose_is_left_out() -> None:
    assert classes([CHILD], [screening(1, "VAR-1", "2024-07-01"), dose(1, "VAR-2", "2024-07-01")]) == {"not_vaccinated": 1}


def test_the_earliest_dose_of_known_date_decides() -> None:
    events = [dose(1, "VAR-1", None), dose(1, "VAR-1", "2024-12-01"), dose(1, "VAR-1", "2024-08-01")]
    assert classes([CHILD], events) == {"on_time": 1}


def test_days_after_birth_where_the_schedule_gives_days() -> None:
    # ロタ1回目: 14週6日 = 104 days after birth, 2023-09-22.
    assert classes([CHILD], [dose(1, "RV1-1", "2023-09-22")], "RV1-1") == {"on_time": 1}
    assert classes([CHILD], [dose(1, "RV1-1", "2023-09-23")], "RV1-1") == {"late_under_2m": 1}


def test_the_last_legal_day_where_there_are_no_standard_ages() -> None:
    child = resident(1, "2019-06-10")
    assert classes([child], [dose(1, "MR-2", "2026-03-31")], "MR-2", milestone="as_of") == {"on_time": 1}
    assert classes([child], [dose(1, "MR-2", "2026-04-01")], "MR-2", milestone="as_of") == {"late_under_2m": 1}


def test_a_combined_dose_counts_for_its_component() -> None:
    child = resident(1, "2024-06-10")
    assert classes([child], [dose(1, "DPT-IPV-HIB-11", "2024-08-09")], "HIB-1") == {"on_time": 1}


def test_the_milestone_is_that_of_coverage() -> None:
    assert classes([CHILD], [dose(1, "VAR-1", "2024-09-09")], milestone="12m") == {"not_vaccinated": 1}


def test_a_small_class_cannot_be_told_from_the_total_and_the_rest_of_a_public_table() -> None:
    spec = describe_measure(catalogue()["timeliness"])
    numbers = {"eligible": 120, **dict.fromkeys(CLASSES, 0), "on_time": 80, "late_under_2m": 35, "not_vaccinated": 5}
    counts = {f"{name}_count": number for name, number in numbers.items()}
    persons = {f"{name}_persons": numbers[name] for name in CLASSES} | {"privacy_count": 120}
    rules = load_disclosure(CONTRACTS)
    released = protect(pl.DataFrame([counts | persons]), dimensions=(), values=spec.rules, profile=rules.profiles["public"]).frame.row(
        0, named=True
    )
    shown = [name for name in CLASSES if released[f"{name}_count"]]
    assert released["not_vaccinated_count"] is None and shown == []

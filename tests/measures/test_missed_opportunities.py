"""Visits on which a stage was due and not given, worked out by hand."""

from __future__ import annotations

from typing import Any

from tests.measures.mart_factory import Event, Ledger, Person
from tests.measures.people import dose, resident, screening, table

MR1 = {"vaccine": ["MR"], "dose": ["MR-1"]}
BIRTH = "2024-02-10"  # MR 1期: 2025-02-09 to 2026-02-09


def visits(events: list[Event], *, persons: list[Person] | None = None, **request: Any) -> dict[str, tuple[int, int]]:
    wanted: dict[str, Any] = {"where": MR1, "as_of": "2025-10-01", **request}
    ledger = Ledger(persons or [resident(1, BIRTH)], events)
    return table(ledger, "missed_opportunities", by=("recovery",), values=("visits_count", "missed_count"), **wanted)


def test_a_visit_in_the_window_without_the_dose_is_missed() -> None:
    assert visits([dose(1, "VAR-1", "2025-02-08")]) == {}
    assert visits([dose(1, "VAR-1", "2025-02-09")]) == {"recoverable": (1, 1)}
    assert visits([dose(1, "VAR-1", "2025-02-09"), dose(1, "MR-1", "2025-02-09")]) == {"given": (1, 0)}
    assert visits([screening(1, "MR-1", "2025-03-01")]) == {"recoverable": (1, 1)}


def test_what_became_of_it() -> None:
    missed = dose(1, "VAR-1", "2025-03-01")
    assert visits([missed, dose(1, "MR-1", "2025-04-01")]) == {"recovered": (1, 1), "given": (1, 0)}
    assert visits([missed], as_of="2026-02-09") == {"recoverable": (1, 1)}
    assert visits([missed], as_of="2026-02-10") == {"lost": (1, 1)}
    # Nothing is due once the slot is filled.
    assert visits([dose(1, "MR-1", "2025-02-20"), missed]) == {"given": (1, 0)}


def test_several_records_of_a_day_are_one_visit_and_removal_ends_visits() -> None:
    events = [dose(1, "VAR-1", "2025-03-01"), dose(1, "HIB-A", "2025-03-01"), screening(1, "MR-1", "2025-03-01")]
    assert visits(events) == {"recoverable": (1, 1)}
    assert visits(events, persons=[resident(1, BIRTH, until="2025-03-01")]) == {}


def test_a_later_stage_is_due_only_after_the_earlier_one_and_its_interval() -> None:
    second = {"vaccine": ["VAR"], "dose": ["VAR-2"]}
    first = dose(1, "VAR-1", "2025-03-01")
    # 3月以上: from 2025-06-01 on.
    assert visits([dose(1, "HIB-A", "2025-06-01")], where=second) == {}
    assert visits([first, dose(1, "HIB-A", "2025-05-31")], where=second) == {}
    assert visits([first, dose(1, "HIB-A", "2025-06-01")], where=second) == {"recoverable": (1, 1)}


def test_a_course_begun_late_skips_the_stages_it_does_not_have() -> None:
    # PCV begun at 8 months (start 7-12月): 初回1, 初回2, 追加; 初回3 is no stage of it.
    born, course = resident(1, "2024-02-10"), [dose(1, "PCV-1", "2024-10-15"), dose(1, "PCV-2", "2024-11-20")]
    visit = dose(1, "BCG-1", "2025-01-20")
    assert visits([*course, visit], persons=[born], where={"vaccine": ["PCV"], "dose": ["PCV-3"]}) == {}


def test_a_fiscal_year_is_that_of_the_visit() -> None:
    events = [dose(1, "VAR-1", "2025-03-01"), dose(1, "HIB-A", "2025-04-10")]
    assert visits(events, fiscal_year=2024) == {"recoverable": (1, 1)}
    assert visits(events) == {"recoverable": (2, 2)}

"""Doses after a notice: windows to the day, whom a notice counts for, and the median."""

from __future__ import annotations

from typing import Any

import pytest
from tests.measures.mart_factory import Event, Ledger, Person, ask
from tests.measures.notices import Notice, mart_with_notices
from tests.measures.people import dose, resident

BIRTH = "2024-02-10"


def uptake(events: list[Event], notices: list[Notice], *, persons: list[Person] | None = None, **request: Any) -> tuple[Any, ...]:
    """Notices, doses within 30, 60 and 90 days, median days."""
    wanted: dict[str, Any] = {"where": {"vaccine": ["MR"], "dose": ["MR-1"]}, "as_of": "2026-03-31", **request}
    with mart_with_notices(Ledger(persons or [resident(n, BIRTH) for n in range(1, 5)], events), notices) as mart:
        return ask(mart, "uptake_after_notice", **wanted).row(0)[:5]


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2025-03-01", (1, 0, 0, 0, None)),  # the day of sending is before the notice arrives
        ("2025-03-02", (1, 1, 1, 1, 1.0)),
        ("2025-03-31", (1, 1, 1, 1, 30.0)),
        ("2025-04-01", (1, 0, 1, 1, 31.0)),
        ("2025-04-30", (1, 0, 1, 1, 60.0)),
        ("2025-05-01", (1, 0, 0, 1, 61.0)),
        ("2025-05-30", (1, 0, 0, 1, 90.0)),
        ("2025-05-31", (1, 0, 0, 0, None)),
    ],
)
def test_windows_run_from_the_day_after_sending(day: str, found: tuple[Any, ...]) -> None:
    assert uptake([dose(1, "MR-1", day)], [(1, "MR-1", "2025-03-01")]) == found


def test_the_median_is_of_those_within_ninety_days() -> None:
    events = [dose(1, "MR-1", "2025-03-11"), dose(2, "MR-1", "2025-03-21"), dose(3, "MR-1", "2025-12-01")]
    assert uptake(events, [(n, "MR-1", "2025-03-01") for n in (1, 2, 3, 4)]) == (4, 2, 2, 2, 15.0)


def test_a_valid_dose_before_the_notice_takes_it_out_and_an_invalid_one_does_not() -> None:
    notice: list[Notice] = [(1, "MR-1", "2025-03-01")]
    assert uptake([dose(1, "MR-1", "2025-02-28")], notice)[0] == 0
    assert uptake([dose(1, "MR-1", "2025-01-15")], notice)[0] == 1


def test_only_residents_of_the_day_up_to_the_as_of_day_and_each_notice_once() -> None:
    notice: list[Notice] = [(1, "MR-1", "2025-03-01"), (1, "MR-1", "2025-03-01")]
    assert uptake([], notice)[0] == 1
    assert uptake([], notice, persons=[resident(1, BIRTH, until="2025-03-01")])[0] == 0
    assert uptake([], notice, as_of="2025-02-28")[0] == 0
    assert uptake([], notice, fiscal_year=2024)[0] == 1
    assert uptake([], notice, fiscal_year=2025)[0] == 0


def test_notices_are_broken_down_by_kind_and_month_sent() -> None:
    with mart_with_notices(Ledger([resident(1, BIRTH)]), [(1, "MR-1", "2025-03-01")], kind="reminder") as mart:
        frame = ask(mart, "uptake_after_notice", by=["notice_kind", "month"], where={"vaccine": ["MR"]}, as_of="2026-03-31")
    assert frame.row(0)[:3] == ("reminder", 202503, 1)

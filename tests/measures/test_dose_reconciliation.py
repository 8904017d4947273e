"""Every dose of the year once: what became of its payment, and whether coverage counts it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from tests.effort import seeds
from tests.measures.brute_force import fy, residence_on
from tests.measures.brute_payments import PRICES, decide
from tests.measures.mart_factory import Event, Ledger
from tests.measures.people import dose, resident, screening, table
from tests.measures.random_ledgers import random_ledger

BY = ("decision", "coverage_state")
AS_OF = date(2026, 10, 1)
CHILD = resident(1, "2024-06-10")


def states(ledger: Ledger, year: int = 2025) -> dict[tuple[str, str], int]:
    return table(ledger, "dose_reconciliation", by=BY, values=("doses_count",), fiscal_year=year, as_of=AS_OF)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (dose(1, "MR-1", "2025-07-01", paid_month=202509), ("pay", "counted")),
        (dose(1, "MR-1", "2026-03-31", paid_month=202605), ("pay", "counted")),
        (dose(1, "MR-1", "2025-07-01", paid_month=None), ("unclaimed", "counted")),
        (dose(1, "MR-2", "2025-07-01", paid_month=202509), ("hold", "counted")),
        (dose(1, "MR-1", "2025-07-01", ward="unknown", paid_month=202509), ("hold", "counted")),
        (dose(1, "unknown", "2025-07-01", paid_month=202509), ("hold", "unknown_dose")),
    ],
)
def test_a_dose_stands_by_payment_and_by_coverage(event: Event, expected: tuple[str, str]) -> None:
    assert states(Ledger([CHILD], [event])) == {expected: 1}


def test_a_dose_before_moving_in_is_held_and_not_counted() -> None:
    newcomer = resident(1, "2024-06-10", since="2025-10-01")
    assert states(Ledger([newcomer], [dose(1, "MR-1", "2025-07-01", paid_month=202509)])) == {("hold", "not_resident"): 1}


def test_two_claims_of_one_dose_are_one_dose_paid() -> None:
    twice = [dose(1, "MR-1", "2025-07-01", paid_month=month, batch=month) for month in (202508, 202510)]
    assert states(Ledger([CHILD], twice)) == {("pay", "counted"): 1}


def test_a_screening_and_a_dose_of_another_year_are_none() -> None:
    events = [screening(1, "MR-1", "2025-07-01"), dose(1, "MR-1", "2025-03-31"), dose(1, "MR-1", "2026-04-01")]
    assert states(Ledger([CHILD], events)) == {}


@pytest.mark.parametrize("seed", seeds(4))
@pytest.mark.parametrize("year", [2024, 2025])
def test_random_ledgers_agree_with_plain_loops(seed: int, year: int) -> None:
    every = random_ledger(seed)
    ledger = replace(every, events=[event for event in every.events if event.vaccine in (*PRICES, "MR", "HB", "FLU-E")])
    persons = {person.person: person for person in ledger.persons}
    rank = {"pay": 1, "hold": 2, "unclaimed": 3, "reverse": 4, "reject": 5}
    best: dict[tuple[int, str, str, date], str] = {}
    for decided in decide(ledger, as_of=AS_OF):
        event = decided.event
        if event.given_on is None or event.is_screened_only or fy(event.given_on) != year:
            continue
        key = (event.person, event.vaccine, event.dose, event.given_on)
        best[key] = min(best.get(key, decided.decision), decided.decision, key=lambda name: rank[name])
    found = states(ledger, year)
    assert sum(found.values()) == len(best)
    assert Counter(best.values()) == Counter(
        {decision: sum(count for key, count in found.items() if key[0] == decision) for decision in {key[0] for key in found}}
    )
    away = sum(key[2] != "unknown" and residence_on(persons[key[0]], key[3]) is None for key in best)
    assert away == sum(count for key, count in found.items() if key[1] == "not_resident")


def test_what_is_not_paid_has_its_reason() -> None:
    events = [dose(1, "MR-1", "2025-07-01", ward="unknown", paid_month=202509), dose(1, "VAR-1", "2025-07-01", paid_month=None)]
    by = ("decision", "reason")
    found = table(Ledger([CHILD], events), "dose_reconciliation", by=by, values=("doses_count",), fiscal_year=2025, as_of=AS_OF)
    assert found == {("hold", "UNKNOWN_WARD"): 1, ("unclaimed", "NOT_CLAIMED"): 1}

"""Residents at the start and the end of a year, and every gain and loss between."""

from __future__ import annotations

from datetime import date

import pytest
from tests.effort import seeds
from tests.measures.mart_factory import Ledger, Person, Spell
from tests.measures.people import count, on, table
from tests.measures.random_ledgers import random_ledger

VALUES = (
    "opening_count", "births_count", "moved_in_count", "other_in_count", "deaths_count", "moved_out_count", "other_out_count", "closing_count",
)  # fmt: skip


def stay(number: int, since: str, until: str | None, came: str | None, went: str | None = None) -> Person:
    return Person(number, on("1980-06-01"), spells=(Spell(on(since), on(until) if until else None, from_reason=came, until_reason=went),))


def changes(*people: Person, **parameters: object) -> dict[str, int]:
    row = count(Ledger(people), "population_changes", fiscal_year=2025, **parameters)
    return {name: int(row[name]) for name in VALUES if row[name]}


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (stay(1, "2020-01-01", None, "moved_in"), {"opening_count": 1, "closing_count": 1}),
        (stay(1, "2025-03-31", None, "birth"), {"opening_count": 1, "closing_count": 1}),
        (stay(1, "2025-04-01", None, "birth"), {"births_count": 1, "closing_count": 1}),
        (stay(1, "2026-03-31", None, "from_abroad"), {"moved_in_count": 1, "closing_count": 1}),
        (stay(1, "2020-01-01", "2025-04-01", "birth", "death"), {"opening_count": 1, "deaths_count": 1}),
        (stay(1, "2020-01-01", "2026-03-31", "birth", "moved_abroad"), {"opening_count": 1, "moved_out_count": 1}),
        (stay(1, "2020-01-01", "2026-04-01", "birth", "moved_out"), {"opening_count": 1, "closing_count": 1}),
        (stay(1, "2025-06-01", "2025-09-01", "restored", "struck_off"), {"other_in_count": 1, "other_out_count": 1}),
        (stay(1, "2025-06-01", "2025-09-01", None, None), {"other_in_count": 1, "other_out_count": 1}),
    ],
)
def test_a_spell_counts_where_it_touches_the_year(person: Person, expected: dict[str, int]) -> None:
    assert changes(person) == expected


@pytest.mark.parametrize("person", [stay(1, "2020-01-01", "2025-03-31", "birth", "death"), stay(1, "2026-04-01", None, "birth")])
def test_a_spell_outside_the_year_counts_nowhere(person: Person) -> None:
    assert changes(person, stay(2, "2020-01-01", None, "birth")) == {"opening_count": 1, "closing_count": 1}


def test_a_running_year_ends_on_the_day_asked_for() -> None:
    person = stay(1, "2020-01-01", "2025-10-01", "birth", "moved_out")
    assert changes(person, as_of=on("2025-09-30")) == {"opening_count": 1, "closing_count": 1}
    assert changes(person, as_of=on("2025-10-01")) == {"opening_count": 1, "moved_out_count": 1}


@pytest.mark.parametrize("seed", seeds(5))
def test_opening_and_changes_give_closing_and_both_are_the_residents_of_the_day(seed: int) -> None:
    ledger = random_ledger(seed)
    for year in (2024, 2025):
        by_district = {name: table(ledger, "population_changes", by=("district",), values=(name,), fiscal_year=year) for name in VALUES}
        residents = {
            day: table(ledger, "residents", by=("district",), values=("residents_count",), as_of=day)
            for day in (date(year, 3, 31), date(year + 1, 3, 31))
        }
        for district in {district for column in by_district.values() for district in column}:
            opening, born, came, other, died, left, gone, closing = (by_district[name].get(district, 0) for name in VALUES)
            assert opening + born + came + other - died - left - gone == closing
            assert opening == residents[date(year, 3, 31)].get(district, 0)
            assert closing == residents[date(year + 1, 3, 31)].get(district, 0)

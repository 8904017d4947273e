"""The measures once more, in plain loops written from the domain texts (coverage.md, annual_counts.md, schedule.md): no SQL, no shared helpers.

Ages are found by walking the calendar day by day. Results map a tuple of dimension values to the figures of that cell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from tests.measures.mart_factory import Event, Ledger, Person, Spell

Cells = dict[tuple[Any, ...], tuple[int, ...]]
ONE_DAY = timedelta(days=1)
FAR = date(2200, 1, 1)

BANDS = ((0, 0), (1, 1), (2, 2), (3, 4), (5, 9), (10, 14), (15, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 64), (65, 69), (70, 74),
         (75, 79), (80, 84), (85, 89), (90, 94), (95, 99))  # fmt: skip

DISEASES = {
    "MR": "measles_rubella", "BCG": "tuberculosis", "DPT-IPV-HIB": "dpt_polio_hib", "DPT-IPV": "dpt_polio", "HB": "hepatitis_b", "HPV9": "hpv",
    "VAR": "varicella", "FLU-E": "influenza", "RV1": "rotavirus",
}  # fmt: skip


@cache
def month_days(birth: date) -> list[date]:
    """For n = 0, 1, 2, … the day 生後n月 is reached: the eve of the same day of the month; in a month without that day, its last day."""
    days, last = [birth], birth + timedelta(days=366 * 101)
    day = birth
    while day < last:
        tomorrow = day + ONE_DAY
        is_eve = tomorrow.day == birth.day
        is_short_month_over = tomorrow.day == 1 and birth.day > day.day
        if is_eve or is_short_month_over:
            days.append(day)
        day = tomorrow
    return days


def reached(birth: date, months: int) -> date:
    return month_days(birth)[months]


@cache
def age_on(birth: date | None, day: date) -> int | None:
    """Whole years on a day."""
    if birth is None or day < birth:
        return None
    years = 0
    while reached(birth, 12 * (years + 1)) <= day:
        years += 1
    return years


def band_of(age: int | None) -> str:
    if age is None:
        return "unknown"
    return next((f"{low:03d}-{high:03d}" for low, high in BANDS if low <= age <= high), "100-")


def fy(day: date) -> int:
    return day.year if day.month >= 4 else day.year - 1


def cohort(person: Person) -> int | None:
    """2 April to 1 April: the fiscal year of the day before the birth."""
    return None if person.birth_date is None else fy(person.birth_date - ONE_DAY)


def residence_on(person: Person, day: date) -> Spell | None:
    for spell in person.spells:
        if spell.resident_from <= day and (spell.resident_until is None or day < spell.resident_until):
            return spell
    return None


@cache
def window(dose: str, birth: date, sex: str) -> tuple[date, date] | None:
    """First and last day of the regular window (schedule.md B-1, B-2); None where the dose is not for this person."""
    first_fy_day = lambda age: date(fy(reached(birth, 12 * age)), 4, 1)  # noqa: E731
    last_fy_day = lambda age: date(fy(reached(birth, 12 * age)) + 1, 3, 31)  # noqa: E731
    if dose == "MR-1":
        return reached(birth, 12), reached(birth, 24)
    if dose == "MR-2":
        return first_fy_day(6), last_fy_day(6)
    if dose == "BCG-1":
        return birth, reached(birth, 12)
    if dose.startswith("DPT-IPV-HIB-"):
        found = max(reached(birth, 2), date(2024, 4, 1)), reached(birth, 90)
        return found if found[0] <= found[1] else None
    if dose.startswith("DPT-IPV-"):
        lower = max(reached(birth, 2), date(2023, 4, 1))
        return min(lower, reached(birth, 3)), reached(birth, 90)
    if dose.startswith("HB-"):
        return (birth, reached(birth, 12)) if birth >= date(2016, 4, 1) else None
    if dose.startswith("VAR-"):
        return reached(birth, 12), reached(birth, 36)
    if dose == "RV1-1":
        return (birth + timedelta(days=42), birth + timedelta(days=168)) if birth >= date(2020, 8, 1) else None
    if dose.startswith("HPV9-"):
        return (first_fy_day(12), last_fy_day(16)) if sex == "2" else None
    if dose == "FLU-E-1":
        return reached(birth, 12 * 65), FAR
    raise NotImplementedError(dose)


def is_usable(event: Event, person: Person) -> bool:
    """A dose with a date, not before birth; screenings are no doses."""
    if event.is_screened_only or event.given_on is None:
        return False
    return person.birth_date is None or event.given_on >= person.birth_date


def doses(ledger: Ledger) -> Iterator[tuple[Person, Event]]:
    """Each dose once, whatever the channels that reported it."""
    persons = {person.person: person for person in ledger.persons}
    seen = set()
    for event in ledger.events:
        key = (event.person, event.vaccine, event.dose, event.given_on)
        if is_usable(event, persons[event.person]) and key not in seen:
            seen.add(key)
            yield persons[event.person], event


def residents(ledger: Ledger, *, by: Sequence[str], as_of: date) -> Cells:
    cells: dict[tuple[Any, ...], int] = defaultdict(int)
    for person in ledger.persons:
        home = residence_on(person, as_of)
        if home is None:
            continue
        age = age_on(person.birth_date, as_of)
        facts = _facts(person, home) | {"age_years": age, "age_band": band_of(age)}
        cells[tuple(facts[name] for name in by)] += 1
    return {cell: (count,) for cell, count in cells.items()}


def annual_counts(ledger: Ledger, *, by: Sequence[str], fiscal_year: int, as_of: date | None = None) -> Cells:
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    people: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for person, event in doses(ledger):
        day = event.given_on
        assert day is not None
        home = residence_on(person, day)
        if fy(day) != fiscal_year or home is None or (as_of is not None and day > as_of):
            continue
        age = age_on(person.birth_date, day)
        facts = _facts(person, home) | {
            "vaccine": event.vaccine, "dose": event.dose, "disease": DISEASES[event.vaccine], "program_class": program_class(event.vaccine, day),
            "month": day.year * 100 + day.month, "age_years": age, "age_band": band_of(age),
            "age_category": category_of(event.vaccine, age),
        }  # fmt: skip
        cell = tuple(facts[name] for name in by)
        counts[cell] += 1
        people[cell].add(person.person)
    return {cell: (count, len(people[cell])) for cell, count in counts.items()}


def category_of(vaccine: str, age: int | None) -> str:
    """対象年齢区分: of these vaccines, the form divides influenza alone."""
    if vaccine != "FLU-E":
        return "all"
    if age is None:
        return "unknown"
    return "065-" if age >= 65 else "060-064" if age >= 60 else "outside"


def program_class(vaccine: str, day: date) -> str:
    if vaccine == "HB" and day < date(2016, 10, 1):
        return "任意"
    if vaccine == "RV1" and day < date(2020, 10, 1):
        return "任意"
    return "定期B" if vaccine == "FLU-E" else "定期A"


def _facts(person: Person, home: Spell) -> dict[str, Any]:
    return {"birth_fy": cohort(person), "sex": person.sex, "district": home.district, "resident_class": home.resident_class}

"""The form of the year once more, in plain loops written from annual_counts.md and schedule.md: no SQL, no shared helpers of the measures."""

from __future__ import annotations

from collections import Counter
from datetime import date

from tests.measures import brute_force
from tests.measures.mart_factory import Event, Ledger, Person, Welfare

# Rows of the form by the fiscal year in which they begin; the doses of random ledgers have one from then on.
ROWS_FROM = {"DPT-IPV-HIB": 2024}
NO_DOSE = ("screened_only", "duplicate", "no_year")


def records(ledger: Ledger) -> list[tuple[Event, bool]]:
    """Every record, and whether it is the first of its dose (or screening) and day: through another channel it is a repetition."""
    seen: set[tuple[object, ...]] = set()
    found = []
    for event in sorted(ledger.events, key=lambda e: (e.paid_month or 999999, e.location_flag or "9", e.batch)):
        key = (event.person, event.vaccine, event.dose, event.given_on or event.screened_on, event.is_screened_only)
        is_dated = bool(event.given_on or event.screened_on)
        found.append((event, not is_dated or key not in seen))
        seen.add(key)
    return found


def year_of(event: Event) -> int | None:
    """Fiscal year of the dose or screening; of an undated record that of its month of payment."""
    day = event.given_on or event.screened_on
    if day is not None:
        return brute_force.fy(day)
    if event.paid_month is None:
        return None
    return brute_force.fy(date(event.paid_month // 100, event.paid_month % 100, 1))


def place(event: Event, is_first: bool, person: Person, *, welfare: list[Welfare], year: int) -> tuple[str, str]:
    """("row", row code) or (reason, "")."""
    day = event.given_on
    if event.is_screened_only:
        return "screened_only", ""
    if not is_first:
        return "duplicate", ""
    if year_of(event) is None:
        return "no_year", ""
    if day is None:
        return "missing_date", ""
    if person.birth_date and day < person.birth_date:
        return "before_birth", ""
    if brute_force.residence_on(person, day) is None:
        return "not_resident", ""
    if event.dose == "unknown":
        return "unknown_dose", ""
    if brute_force.program_class(event.vaccine, day) == "任意":
        return "voluntary", ""
    if year < ROWS_FROM.get(event.vaccine, 0):
        return "no_row", ""
    if person.birth_date is None:
        return "age_unknown", ""
    return ("row", event.dose) if is_eligible(event, person, welfare=welfare, day=day) else ("outside_eligibility", "")


def is_eligible(event: Event, person: Person, *, welfare: list[Welfare], day: date) -> bool:
    birth = person.birth_date
    assert birth is not None
    if event.dose == "FLU-E-1":
        in_season = (day.month, day.day) >= (10, 1) or (day.month, day.day) <= (1, 31)
        has_handbook = any(
            w.person == person.person and w.handbook_class == "physical_1" and (w.valid_from or date.min) <= day <= (w.valid_to or date.max)
            for w in welfare
        )
        from_65, from_60 = brute_force.reached(birth, 12 * 65), brute_force.reached(birth, 12 * 60)
        return in_season and (day >= from_65 or (has_handbook and day >= from_60))
    window = brute_force.window(event.dose, birth, person.sex)
    if window and window[0] <= day <= window[1]:
        return True
    this_year = date(2025, 4, 1) <= day <= date(2027, 3, 31)
    if event.dose == "MR-1":
        short = date(2022, 4, 2) <= birth <= date(2023, 4, 1)
        return event.is_transitional and short and this_year and day >= brute_force.reached(birth, 12)
    if event.dose == "MR-2":
        return event.is_transitional and date(2018, 4, 2) <= birth <= date(2019, 4, 1) and this_year
    if event.vaccine == "HPV9" and person.sex == "2":
        caught_up = date(1997, 4, 2) <= birth <= date(2008, 4, 1) and date(2022, 4, 1) <= day <= date(2025, 3, 31)
        carried_on = date(1997, 4, 2) <= birth <= date(2009, 4, 1) and date(2025, 4, 1) <= day <= date(2026, 3, 31)
        return caught_up or (carried_on and event.is_transitional)
    return False


def form(ledger: Ledger, year: int) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """Doses by (row, column), and records by reason."""
    persons = {person.person: person for person in ledger.persons}
    rows: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    for event, is_first in records(ledger):
        if year_of(event) not in (year, None):
            continue
        person = persons[event.person]
        found, row = place(event, is_first, person, welfare=list(ledger.welfare), year=year)
        if found == "row":
            rows[row, column(event, person)] += 1
        else:
            reasons[found] += 1
    return rows, reasons


def column(event: Event, person: Person) -> str:
    if event.vaccine != "FLU-E":
        return "all"
    age = brute_force.age_on(person.birth_date, event.given_on or date.max)
    if age is None:
        return "unknown"
    return "065-" if age >= 65 else "060-064" if age >= 60 else "outside"

"""One case made ready for counting: every course walked once, and the questions the measures ask of a person (section 3 of the method)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from tests.coverage.reference_data import Row, Rules
from tests.coverage.reference_days import (
    FAR_FUTURE,
    birth_fy,
    first_legal_day,
    fiscal_year,
    last_legal_day,
    reached_months,
    reached_years,
    school_entry,
)
from tests.coverage.reference_people import Case, DoseRecord, Subject, read_subjects
from tests.coverage.reference_series import TIMING_UNKNOWN, Course, Walk, is_timing_unknown, walk_season
from tests.measures.mart_factory import Spell

Cell = dict[str, Any]


class Patient:
    """A subject with their courses."""

    def __init__(self, rules: Rules, subject: Subject) -> None:
        self.rules, self.subject, self.birth = rules, subject, subject.birth
        given = {record.dose for record in subject.doses}
        self.walks = {name: Walk(rules, subject, series) for name, series in rules.series.items() if given & set(series.position)}
        self.courses = {name: walk.run() for name, walk in self.walks.items()}
        seasonal = {record.vaccine for record in subject.doses} & rules.seasonal
        self.seasons = {vaccine: walk_season(rules, subject, vaccine) for vaccine in seasonal}

    def outcome(self, record: DoseRecord) -> str:
        """2.3, by the home series."""
        for course in self.home_courses(record.dose):
            if record in course.outcome:
                return course.outcome[record]
        return TIMING_UNKNOWN

    def home_courses(self, dose: str) -> Iterable[Course]:
        """The courses a dose code belongs to: its home series, or every season of its vaccine."""
        home = self.rules.home.get(dose)
        if home:
            return [self.courses[home]] if home in self.courses else []
        return self.seasons.get(self.rules.vaccine_of.get(dose, ""), {}).values()

    def credited(self, dose: str) -> list[DoseRecord]:
        """The records that count as a dose."""
        return [r for r in self.subject.doses if r.dose != "unknown" and dose in self.rules.credited_to(r.dose, r.given_on)]

    def timing_unknown(self, record: DoseRecord) -> bool:
        return is_timing_unknown(self.subject, record, self.rules.home_series(record.dose))

    def known_days(self, dose: str) -> list[date]:
        """Days of credited doses of known timing, in order."""
        return sorted(r.given_on for r in self.credited(dose) if r.given_on is not None and not self.timing_unknown(r))

    def valid_days(self, dose: str) -> list[date]:
        """Days on which the slot of a dose was filled by a dose credited to it: one at the most, except for seasonal vaccines."""
        home = self.rules.home_series(dose)
        position = home.position[dose] if home else 1
        fills = [course.slots[position] for course in self.home_courses(dose) if position in course.slots]
        return sorted(r.given_on for r in fills if r.given_on is not None and r in self.credited(dose))

    def is_vaccinated(self, dose: str, by: date, validity: str) -> bool:
        if validity == "valid":
            return any(day <= by for day in self.valid_days(dose))
        return any(self.timing_unknown(r) or (r.given_on is not None and r.given_on <= by) for r in self.credited(dose))

    def regular_rows(self, dose: str) -> list[Row]:
        """The regular rows for the person's sex and day of birth; none where no day can be told from a birth date (RSV)."""
        if self.birth is None:
            return []
        rows = [r for r in self.rules.schedule.get(dose, []) if r.rule == "regular" and r.fits(self.birth, self.subject.person.sex)]
        return [row for row in rows if "gestation_weeks" not in (row.window_from_kind, row.window_to_kind)]

    def regular_row(self, dose: str, as_of: date) -> tuple[Row, date] | None:
        """The regular row in force on its own last legal day, and that day; the as-of day stands for an open end."""
        for row in self.regular_rows(dose):
            assert self.birth is not None
            last = last_legal_day(row, self.birth)
            day = as_of if last == FAR_FUTURE else last
            if first_legal_day(row, self.birth) <= day and row.in_force(day):
                return row, day
        return None

    def first_legal_day(self, dose: str, as_of: date) -> date:
        """The first legal day by the row of `regular_row`, else by the earliest regular row."""
        assert self.birth is not None
        found = self.regular_row(dose, as_of)
        rows = [found[0]] if found else self.regular_rows(dose)
        return min(first_legal_day(row, self.birth) for row in rows)

    def milestone(self, dose: str, kind: str, as_of: date, age_months: int | None = None) -> date | None:
        """The milestone day; None where the person has none, or it lies after the as-of day."""
        found = self.regular_row(dose, as_of)
        if not found:
            return None
        if kind == "last_legal_day":
            return min(found[1], as_of)
        return milestone_by_age(self.birth, kind, as_of, age_months)

    def eligible_spell(self, milestone: date | None) -> Spell | None:
        """The spell of residence that holds the milestone, for those born by then."""
        if milestone is None or self.birth is None or self.birth > milestone:
            return None
        return self.subject.spell_on(milestone)

    def cell(self, spell: Spell | None, dose: str = "") -> Cell:
        """What figures may be broken down by."""
        return {
            "person": self.subject.person.person,
            "vaccine": self.rules.vaccine_of.get(dose),
            "dose": dose,
            "birth_fy": birth_fy(self.birth) if self.birth else None,
            "sex": self.subject.person.sex,
            "district": spell.district if spell else "unknown",
            "resident_class": spell.resident_class if spell else "unknown",
        }


def milestone_by_age(birth: date | None, kind: str, as_of: date, age_months: int | None = None) -> date | None:
    """A milestone that does not depend on a dose."""
    if birth is None:
        return None
    if kind == "as_of":
        return as_of
    if kind == "school_entry":
        day = school_entry(birth)
    elif kind == "5y":
        day = reached_years(birth, 5)
    else:
        months = {"12m": 12, "24m": 24, "age": age_months}[kind]
        assert months is not None
        day = reached_months(birth, months)
    return day if day <= as_of else None


class Study:
    """All patients of a case."""

    def __init__(self, rules: Rules, case: Case) -> None:
        self.rules, self.case = rules, case
        self.patients = [Patient(rules, subject) for subject in read_subjects(case)]


def tabulate(cells: Iterable[Cell], by: Sequence[str], sums: Sequence[str]) -> Mapping[tuple[Any, ...], dict[str, int]]:
    """Sums of the flags in `sums` for every combination of `by`; `cells_count` counts cells, `persons_count` persons."""
    table: dict[tuple[Any, ...], dict[str, int]] = {}
    persons: dict[tuple[Any, ...], set[int]] = {}
    for cell in cells:
        key = tuple(cell[name] for name in by)
        row = table.setdefault(key, dict.fromkeys((*sums, "cells_count"), 0))
        row["cells_count"] += 1
        for name in sums:
            row[name] += int(cell[name])
        persons.setdefault(key, set()).add(cell["person"])
    return {key: {**row, "persons_count": len(persons[key])} for key, row in table.items()}


def is_in_year(day: date | None, year: int, as_of: date | None) -> bool:
    """Dated in the fiscal year, to the as-of day where one is given."""
    return day is not None and fiscal_year(day) == year and (as_of is None or day <= as_of)

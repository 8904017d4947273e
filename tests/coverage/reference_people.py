"""Whom and what the calculation looks at: persons with their dose records, visits, evidence and notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from tests.coverage.reference_data import Row
from tests.measures.mart_factory import Event, Ledger, Person, Spell, Welfare, count_duplicates


@dataclass(frozen=True)
class Notice:
    """A form or reminder sent for one stage."""

    person: int
    vaccine: str
    dose: str
    sent_on: date | None
    notice_kind: str = "form"


@dataclass(frozen=True)
class Case:
    """A ledger with what the mart factory does not know: the day each batch was taken in, and notices."""

    ledger: Ledger
    received_on: Mapping[int, date]
    notices: Sequence[Notice] = ()


@dataclass(frozen=True)
class DoseRecord:
    """A row of the mart's `dose`."""

    key: int
    vaccine: str
    dose: str
    given_on: date | None
    received_on: date
    is_transitional: bool
    event: Event

    def __hash__(self) -> int:
        return self.key


@dataclass
class Subject:
    """One person with everything known of them."""

    person: Person
    doses: list[DoseRecord] = field(default_factory=list)
    visit_days: set[date] = field(default_factory=set)
    welfare: list[Welfare] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def birth(self) -> date | None:
        """The day of birth; None unless it is known to the day."""
        return self.person.birth_date if self.person.birth_precision == "day" else None

    def spell_on(self, day: date | None) -> Spell | None:
        return self.person.spell_on(day)

    def has_first_grade_handbook(self, day: date) -> bool:
        return any(
            w.handbook_class == "physical_1" and (w.valid_from is None or w.valid_from <= day) and (w.valid_to is None or day <= w.valid_to)
            for w in self.welfare
        )

    def proves(self, row: Row, record: DoseRecord) -> bool:
        """Whether the ledger proves the condition of a row for this dose, as in payments. Regimes of late starts are not its business."""
        assert record.given_on is not None
        if row.condition in ("disability_60_64", "hiv_60_64"):
            return self.has_first_grade_handbook(record.given_on)
        if row.condition in ("vaccine_shortage", "hpv_dose_2022_04_01_to_2025_03_31", "antibody_test_by_2025_03_31"):
            return record.is_transitional
        return True


def read_subjects(case: Case) -> list[Subject]:
    """The persons of a case; screenings are visits but no doses; the same dose from two channels is one."""
    subjects = {person.person: Subject(person) for person in case.ledger.persons}
    for key, (event, rank) in enumerate(count_duplicates(case.ledger.events)):
        subject = subjects[event.person]
        visit = event.screened_on if event.is_screened_only else event.given_on
        if visit:
            subject.visit_days.add(visit)
        if not event.is_screened_only and rank == 1:
            received = case.received_on[event.batch]
            subject.doses.append(DoseRecord(key, event.vaccine, event.dose, event.given_on, received, event.is_transitional, event))
    for row in case.ledger.welfare:
        subjects[row.person].welfare.append(row)
    for notice in dict.fromkeys(case.notices):
        subjects[notice.person].notices.append(notice)
    return list(subjects.values())

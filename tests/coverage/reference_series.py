"""Which doses are valid: the walk through a course, slot by slot (docs/coverage_method.md, section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.coverage.reference_data import Row, Rules, Series
from tests.coverage.reference_days import (
    first_legal_day,
    fiscal_year,
    in_window,
    interval_kept,
    last_legal_day,
    reached_months,
    reached_years,
)
from tests.coverage.reference_people import DoseRecord, Subject

TIMING_UNKNOWN, DUPLICATE, TOO_YOUNG = "timing_unknown", "duplicate", "too_young"
INTERVAL_TOO_SHORT, LIVE_INTERVAL, OUTSIDE_WINDOW, VALID = "interval_too_short", "live_interval", "outside_window", "valid"
BY_15_YEARS = "first_dose_by_15_years"
OUTCOMES = (TIMING_UNKNOWN, DUPLICATE, TOO_YOUNG, INTERVAL_TOO_SHORT, LIVE_INTERVAL, OUTSIDE_WINDOW, VALID)


@dataclass
class Course:
    """What became of the doses of one person in one series: outcomes by dose record, and the dose in each filled slot."""

    outcome: dict[DoseRecord, str]
    slots: dict[int, DoseRecord]


def has_plain_date(subject: Subject, record: DoseRecord) -> bool:
    """Dated, not before birth, not in the future (2.1 without the order of the series)."""
    return (
        subject.birth is not None
        and record.given_on is not None
        and subject.birth <= record.given_on
        and record.given_on <= record.received_on
    )


def is_timing_unknown(subject: Subject, record: DoseRecord, series: Series | None) -> bool:
    """2.1: no usable date, or on or before the date of a dose of a lower position."""
    if record.dose == "unknown" or not has_plain_date(subject, record):
        return True
    assert record.given_on is not None
    if series is None:
        return False
    return any(
        series.position[other.dose] < series.position[record.dose]
        and other.given_on is not None
        and has_plain_date(subject, other)
        and record.given_on <= other.given_on
        for other in subject.doses
        if other.dose in series.position
    )


def keeps_live_interval(rules: Rules, subject: Subject, record: DoseRecord) -> bool:
    """2.2 (3): no other live injectable too few days before; the same day is allowed."""
    days = rules.live_interval.get(record.vaccine)
    if days is None:
        return True
    assert record.given_on is not None
    return not any(
        other.given_on is not None
        and other.dose != "unknown"
        and other.vaccine != record.vaccine
        and other.vaccine in rules.live_interval
        and other.given_on < record.given_on
        and not interval_kept(other.given_on, record.given_on, days, None)
        for other in subject.doses
    )


def applicable(rules: Rules, subject: Subject, dose: str, record: DoseRecord) -> list[Row]:
    """Rows of a dose code that fit the person (an empty window fits nobody), are in force on the day and whose evidence is there."""
    assert subject.birth is not None and record.given_on is not None
    return [
        row
        for row in rules.schedule.get(dose, [])
        if row.fits(subject.birth, subject.person.sex)
        and first_legal_day(row, subject.birth) <= last_legal_day(row, subject.birth)
        and row.in_force(record.given_on)
        and subject.proves(row, record)
    ]


def is_start(row: Row) -> bool:
    return row.condition.startswith("start_")


def code_at(rules: Rules, series: Series, vaccine: str, position: int) -> str | None:
    """The dose code of a vaccine at a position of the series."""
    return next((code for code in series.codes[position] if rules.vaccine_of[code] == vaccine), None)


class Walk:
    """The doses of one person in one series, in order of their dates."""

    def __init__(self, rules: Rules, subject: Subject, series: Series) -> None:
        self.rules, self.subject, self.series = rules, subject, series
        self.positions = sorted(series.codes)
        self.regime: str | None = None
        self.course = Course({}, {})

    def run(self) -> Course:
        records = [record for record in self.subject.doses if record.dose in self.series.position]
        walkable = []
        for record in records:
            if is_timing_unknown(self.subject, record, self.series):
                self.course.outcome[record] = TIMING_UNKNOWN
            else:
                walkable.append(record)
        walkable.sort(key=lambda r: (r.given_on, self.series.position[r.dose], r.dose, r.key))
        for record in walkable:
            self.course.outcome[record] = self.judge(record)
        return self.course

    def judge(self, record: DoseRecord) -> str:
        """2.3, and the slot filled where it is."""
        filled = len(self.course.slots)
        if filled == len(self.positions):
            return DUPLICATE
        slot = self.positions[filled]
        if self.series.position[record.dose] < slot:
            return DUPLICATE
        rows = self.rows_for(record, slot)
        assert self.subject.birth is not None and record.given_on is not None
        old_enough = [row for row in rows if first_legal_day(row, self.subject.birth) <= record.given_on]
        if not old_enough:
            return TOO_YOUNG
        late_enough = [row for row in old_enough if self.is_late_enough(row, record, filled)]
        if not late_enough:
            return INTERVAL_TOO_SHORT
        if not keeps_live_interval(self.rules, self.subject, record):
            return LIVE_INTERVAL
        self.course.slots[slot] = record
        if slot == 1:
            self.choose_regime(record)
        if any(row.condition == BY_15_YEARS and row.vaccine == self.course.slots[1].vaccine for row in late_enough):
            self.positions = self.positions[:2]
        return VALID if any(in_window(row, self.subject.birth, record.given_on) for row in rows) else OUTSIDE_WINDOW

    def rows_for(self, record: DoseRecord, slot: int) -> list[Row]:
        """The rows a dose may rest on in a slot: of its vaccine's code at that position, of the regime from slot 2 on."""
        code = code_at(self.rules, self.series, record.vaccine, slot)
        rows = applicable(self.rules, self.subject, code, record) if code else []
        if slot == 1:
            return rows
        if self.regime:
            return [row for row in rows if row.condition == self.regime]
        return [row for row in rows if not is_start(row) and self.has_first_by_15(row)]

    def has_first_by_15(self, row: Row) -> bool:
        """2.4: HPV9 in two doses is for those whose first dose was given by the day 15歳 is reached."""
        if row.condition != BY_15_YEARS:
            return True
        assert self.subject.birth is not None and self.course.slots[1].given_on is not None
        return self.course.slots[1].given_on <= reached_years(self.subject.birth, 15)

    def is_late_enough(self, row: Row, record: DoseRecord, filled: int) -> bool:
        if filled == 0:
            return True
        assert record.given_on is not None
        previous = self.course.slots[self.positions[filled - 1]].given_on
        since = self.course.slots[1].given_on if row.interval_from == "first" else previous
        assert previous is not None and since is not None
        return record.given_on > previous and interval_kept(since, record.given_on, row.min_interval_days, row.min_interval_months)

    def choose_regime(self, record: DoseRecord) -> None:
        """2.4: a late start is a course of its own, unless the standard start still holds that day."""
        birth, day = self.subject.birth, record.given_on
        assert birth is not None and day is not None
        code = code_at(self.rules, self.series, record.vaccine, 1)
        rows = applicable(self.rules, self.subject, code, record) if code else []
        if any(row.rule == "regular" and in_standard_ages(row, birth, day) for row in rows):
            return
        late = [row for row in rows if is_start(row) and in_window(row, birth, day)]
        if not late:
            return
        regime = min(late, key=lambda row: first_legal_day(row, birth))
        self.regime = regime.condition
        kept = [k for k in self.positions if k == 1 or self.has_regime_row(k, regime.condition)]
        self.positions = kept[: regime.doses_required]

    def has_regime_row(self, position: int, condition: str) -> bool:
        return any(row.condition == condition for code in self.series.codes[position] for row in self.rules.schedule.get(code, []))


def in_standard_ages(row: Row, birth: date, day: date) -> bool:
    """Both months included: from the day the first is reached to the day the last is."""
    if row.std_from_months is None or row.std_to_months is None:
        return False
    return reached_months(birth, row.std_from_months) <= day <= reached_months(birth, row.std_to_months)


def walk_season(rules: Rules, subject: Subject, vaccine: str) -> dict[int, Course]:
    """2.5: each fiscal year is a course of one dose. Doses without a usable date stand under the year 0."""
    courses: dict[int, Course] = {}
    records = [r for r in subject.doses if r.vaccine == vaccine and r.dose != "unknown"]
    for record in sorted(records, key=lambda r: (r.given_on or date.min, r.dose, r.key)):
        if is_timing_unknown(subject, record, None):
            courses.setdefault(0, Course({}, {})).outcome[record] = TIMING_UNKNOWN
            continue
        assert subject.birth is not None and record.given_on is not None
        course = courses.setdefault(fiscal_year(record.given_on), Course({}, {}))
        rows = applicable(rules, subject, record.dose, record)
        if course.slots:
            course.outcome[record] = DUPLICATE
        elif not any(first_legal_day(row, subject.birth) <= record.given_on for row in rows):
            course.outcome[record] = TOO_YOUNG
        elif not keeps_live_interval(rules, subject, record):
            course.outcome[record] = LIVE_INTERVAL
        else:
            course.slots[1] = record
            inside = any(in_window(row, subject.birth, record.given_on) for row in rows)
            course.outcome[record] = VALID if inside else OUTSIDE_WINDOW
    return courses

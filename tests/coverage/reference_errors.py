"""The rules of `error_checks` once more (docs/error_checks.md), one record at a time, over the courses that the reference has walked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tests.coverage.reference_days import first_legal_day, in_season, last_legal_day
from tests.coverage.reference_people import DoseRecord
from tests.coverage.reference_series import (
    DUPLICATE,
    INTERVAL_TOO_SHORT,
    TIMING_UNKNOWN,
    VALID,
    applicable,
    has_plain_date,
    keeps_live_interval,
)
from tests.coverage.reference_study import Cell, Patient, Study


@dataclass(frozen=True)
class Notice:
    """What is known of a lot of a vaccine."""

    expires_on: date | None = None
    recalled_on: date | None = None


Notices = Mapping[tuple[str, str], Notice]


def errors_of(patient: Patient, record: DoseRecord, notices: Notices) -> set[str]:
    """Every rule that a record breaks."""
    day, event, birth = record.given_on, record.event, patient.birth
    is_plain = has_plain_date(patient.subject, record)
    found = set()
    if day is None:
        found.add("no_date")
    if day and birth and day < birth:
        found.add("before_birth")
    if day and day > record.received_on:
        found.add("after_receipt")
    if not patient.subject.person.is_registered:
        found.add("not_in_register")
    elif day and event.paid_month and not patient.subject.spell_on(day) and not (birth and day < birth):
        found.add("not_resident")
    if "unknown" in (record.dose, record.vaccine):
        found.add("unknown_dose")
    if day and sum(other.given_on == day and other.vaccine == record.vaccine for other in patient.subject.doses) > 1:
        found.add("same_day")
    if record.dose != "unknown" and is_plain and not keeps_live_interval(patient.rules, patient.subject, record):
        found.add("live_interval")
    notice = notices.get((record.vaccine, (event.lot or "").replace(" ", "").upper()), Notice())
    if day and notice.expires_on and day > notice.expires_on:
        found.add("lot_expired")
    if day and notice.recalled_on and day >= notice.recalled_on:
        found.add("lot_recalled")
    return found | (_of_course(patient, record) if record.dose != "unknown" and is_plain else set())


def _of_course(patient: Patient, record: DoseRecord) -> set[str]:
    """Age, sex, season, interval, count and order of a record with a plain date and a known stage that is not valid in its course."""
    outcome, day, birth = patient.outcome(record), record.given_on, patient.birth
    assert day is not None and birth is not None
    if outcome == VALID:
        return set()
    found = {{INTERVAL_TOO_SHORT: "interval_too_short", DUPLICATE: "too_many", TIMING_UNKNOWN: "order_reversed"}.get(outcome, "")} - {""}
    rows = applicable(patient.rules, patient.subject, record.dose, record)
    begun = [row for row in rows if first_legal_day(row, birth) <= day]
    inside = [row for row in begun if day <= last_legal_day(row, birth)]
    if rows and not begun:
        found.add("too_early")
    elif rows and not inside:
        found.add("too_late")
    elif rows and not any(in_season(row, day) for row in inside):
        found.add("out_of_season")
    sex = patient.subject.person.sex
    in_force = [
        row
        for row in patient.rules.schedule.get(record.dose, [])
        if row.in_force(day)
        and (row.birth_from is None or row.birth_from <= birth)
        and (row.birth_to is None or birth <= row.birth_to)
        and patient.subject.proves(row, record)
    ]
    if in_force and sex in ("1", "2") and all(row.sex and row.sex != sex for row in in_force):
        found.add("wrong_sex")
    return found


def checked_records(study: Study, notices: Notices) -> list[tuple[Cell, set[str], DoseRecord]]:
    """Every dose record, by what it may be broken down, with the rules it breaks."""
    found = []
    for patient in study.patients:
        for record in patient.subject.doses:
            month = record.given_on.year * 100 + record.given_on.month if record.given_on else None
            received = record.received_on.year * 100 + record.received_on.month
            cell: Cell = {
                "person": record.event.person,
                "vaccine": record.vaccine,
                "dose": record.dose,
                "month": month,
                "received_month": received,
                "ward": record.event.ward or "unknown",
                "institution": record.event.institution or "unknown",
            }
            found.append((cell, errors_of(patient, record, notices), record))
    return found

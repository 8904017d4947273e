"""Stages whose window is open on the as-of day, and who does not have them: the measure `unvaccinated` and the worklist `reminders`, in plain loops."""

from __future__ import annotations

from datetime import date, timedelta

from tests.coverage.reference_data import Row
from tests.coverage.reference_days import FAR_FUTURE, FAR_PAST, age_months, first_legal_day, fiscal_year, last_legal_day
from tests.coverage.reference_doses import regular_rows_open
from tests.coverage.reference_people import DoseRecord
from tests.coverage.reference_series import is_timing_unknown
from tests.coverage.reference_study import Cell, Patient, Study

CLOSINGS = ((30, "within_30_days"), (90, "within_90_days"), (180, "within_180_days"))


def unvaccinated(study: Study, dose: str, *, as_of: date, validity: str = "crude") -> list[Cell]:
    """Residents of the day whose window holds it and whose course needs the stage: with it, without it, or of unknown history."""
    cells = []
    for patient in study.patients:
        spell = patient.subject.spell_on(as_of)
        if patient.birth is None or patient.birth > as_of or spell is None:
            continue
        rows = regular_rows_open(patient, dose, as_of)
        if not rows:
            continue
        has_it = is_slot_filled(patient, dose, as_of) or (validity == "crude" and is_on_record(patient, dose, as_of))
        if not has_it and has_no_place(patient, dose, as_of):
            continue
        is_new = any(spell.resident_from > opens_on(row, patient.birth, as_of) for row in rows)
        left = max((closes_on(row, patient.birth, as_of) - as_of).days for row in rows)
        cells.append(
            {
                **patient.cell(spell, dose),
                "age_years": age_months(patient.birth, as_of) // 12,
                "closing": next((code for days, code in CLOSINGS if left < days), "over_180_days"),
                "open": True,
                "unvaccinated": not has_it and not is_new,
                "unknown_history": not has_it and is_new,
            }
        )
    return cells


def is_slot_filled(patient: Patient, dose: str, as_of: date) -> bool:
    home = patient.rules.home_series(dose)
    if home is None:
        season = patient.seasons.get(patient.rules.vaccine_of[dose], {}).get(fiscal_year(as_of))
        filled = season.slots.get(1) if season else None
    else:
        course = patient.courses.get(home.name)
        filled = course.slots.get(home.position[dose]) if course else None
    return filled is not None and filled.given_on is not None and filled.given_on <= as_of


def is_on_record(patient: Patient, dose: str, as_of: date) -> bool:
    """A record of the stage's position in its home series, or one that counts as it: by the day, or of unknown timing."""
    home = patient.rules.home_series(dose)
    for record in patient.subject.doses:
        if record.dose == "unknown":
            continue
        is_of_vaccine = record.vaccine == patient.rules.vaccine_of[dose]
        stands_there = home.position.get(record.dose) == home.position[dose] if home else is_of_vaccine
        unknown = stands_there and is_timing_unknown(patient.subject, record, home)
        if record in patient.credited(dose):
            stands_there, unknown = True, unknown or patient.timing_unknown(record)
        if stands_there and (home is not None or is_of_this_season(record, as_of)) and (unknown or is_by(record, as_of)):
            return True
    return False


def is_of_this_season(record: DoseRecord, as_of: date) -> bool:
    return record.given_on is not None and fiscal_year(record.given_on) == fiscal_year(as_of)


def is_by(record: DoseRecord, as_of: date) -> bool:
    return record.given_on is None or record.given_on <= as_of


def has_no_place(patient: Patient, dose: str, as_of: date) -> bool:
    """A course begun late leaves the stage out, or the course has ended in fewer doses."""
    home = patient.rules.home_series(dose)
    walk = patient.walks.get(home.name) if home else None
    if home is None or walk is None or home.position[dose] in walk.positions:
        return False
    filled = [k for k, record in walk.course.slots.items() if record.given_on is not None and record.given_on <= as_of]
    return 1 in filled if walk.regime else set(walk.positions) <= set(filled)


def opens_on(row: Row, birth: date, as_of: date) -> date:
    """The first legal day, or the first day of this season where it is later."""
    return max(first_legal_day(row, birth), edge_of_season(row.season_from, as_of, -1) or FAR_PAST)


def closes_on(row: Row, birth: date, as_of: date) -> date:
    return min(last_legal_day(row, birth), row.valid_to or FAR_FUTURE, edge_of_season(row.season_to, as_of, 1) or FAR_FUTURE)


def edge_of_season(edge: str, as_of: date, step: int) -> date | None:
    """The nearest day of that month and day, back or forward from the as-of day, itself included."""
    day = as_of
    while edge and f"{day.month:02d}-{day.day:02d}" != edge:
        day += timedelta(days=step)
    return day if edge else None

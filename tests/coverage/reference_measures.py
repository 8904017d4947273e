"""The measures of section 4 that count persons by a milestone, one plain function each. Every function gives cells: one for each counted unit."""

from __future__ import annotations

from datetime import date

from tests.coverage.reference_days import FAR_FUTURE, first_legal_day, last_legal_day, later_by_months, reached_months
from tests.coverage.reference_series import applicable
from tests.coverage.reference_study import Cell, Patient, Study, milestone_by_age

TOO_EARLY, ON_TIME, LATE, VERY_LATE = "too_early", "on_time", "late_under_2m", "late_over_2m"
TIMING_UNKNOWN, NOT_VACCINATED = "timing_unknown", "not_vaccinated"
TIMELINESS = (TOO_EARLY, ON_TIME, LATE, VERY_LATE, TIMING_UNKNOWN, NOT_VACCINATED)


def coverage_cohort(
    study: Study, dose: str, *, as_of: date, milestone: str = "last_legal_day", age_months: int | None = None, validity: str = "crude"
) -> list[Cell]:
    """Eligible, vaccinated, unknown history."""
    cells = []
    for patient in study.patients:
        day = patient.milestone(dose, milestone, as_of, age_months)
        spell = patient.eligible_spell(day)
        if day is None or spell is None:
            continue
        vaccinated = patient.is_vaccinated(dose, day, validity)
        moved_in_late = spell.resident_from > patient.first_legal_day(dose, as_of)
        cells.append(
            {
                **patient.cell(spell, dose),
                "eligible": True,
                "vaccinated": vaccinated,
                "unknown_history": not vaccinated and moved_in_late,
            }
        )
    return cells


def due_until(patient: Patient, dose: str, as_of: date) -> date | None:
    """The last day that is on time: days after birth where the schedule gives them, else the standard ages, else the legal window."""
    assert patient.birth is not None
    found = patient.regular_row(dose, as_of)
    row = found[0] if found else patient.regular_rows(dose)[0]
    if row.due_to_days is not None:
        return date.fromordinal(patient.birth.toordinal() + row.due_to_days)
    if row.std_to_months is not None:
        return reached_months(patient.birth, row.std_to_months)
    last = last_legal_day(row, patient.birth)
    return None if last == FAR_FUTURE else last


def same_day_or_month_end(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    return later_by_months(day, months) or reached_months(day, months)


def timeliness_class(patient: Patient, dose: str, milestone: date, as_of: date) -> str:
    """The class of one eligible person."""
    known = [day for day in patient.known_days(dose) if day <= milestone]
    if not known:
        return TIMING_UNKNOWN if any(patient.timing_unknown(r) for r in patient.credited(dose)) else NOT_VACCINATED
    day = known[0]
    record = next(r for r in patient.credited(dose) if r.given_on == day and not patient.timing_unknown(r))
    assert patient.birth is not None
    rows = applicable(patient.rules, patient.subject, dose, record)
    if not any(first_legal_day(row, patient.birth) <= day for row in rows):
        return TOO_EARLY
    due = due_until(patient, dose, as_of)
    if due is None or day <= due:
        return ON_TIME
    return LATE if day <= same_day_or_month_end(due, 2) else VERY_LATE


def timeliness(study: Study, dose: str, *, as_of: date, milestone: str = "last_legal_day", age_months: int | None = None) -> list[Cell]:
    """The eligible of coverage_cohort, each in one class."""
    cells = []
    for patient in study.patients:
        day = patient.milestone(dose, milestone, as_of, age_months)
        spell = patient.eligible_spell(day)
        if day is None or spell is None:
            continue
        found = timeliness_class(patient, dose, day, as_of)
        cells.append({**patient.cell(spell, dose), "class": found, **{name: name == found for name in TIMELINESS}})
    return cells


def dropout(
    study: Study,
    first: str,
    last: str,
    *,
    as_of: date,
    milestone: str = "last_legal_day",
    age_months: int | None = None,
    validity: str = "crude",
) -> list[Cell]:
    """The eligible of the last stage's milestone with the first stage by then; of these, those without the last."""
    cells = []
    for patient in study.patients:
        day = patient.milestone(last, milestone, as_of, age_months)
        spell = patient.eligible_spell(day)
        if day is None or spell is None:
            continue
        began = patient.is_vaccinated(first, day, validity)
        ended = began and patient.is_vaccinated(last, day, validity)
        cells.append({**patient.cell(spell, last), "eligible": True, "first": began, "both": ended, "dropped": began and not ended})
    return cells


def zero_dose(study: Study, *, as_of: date, milestone: str = "12m", age_months: int | None = None) -> list[Cell]:
    """Eligible children without any dose of the definition."""
    doses = [line["dose_code"] for line in study.rules.definition if line["kind"] == "zero_dose"]
    cells = []
    for patient in study.patients:
        day = milestone_by_age(patient.birth, milestone, as_of, age_months)
        spell = patient.eligible_spell(day)
        if day is None or spell is None:
            continue
        has_any = any(patient.is_vaccinated(dose, day, "crude") for dose in doses)
        cells.append({**patient.cell(spell), "eligible": True, "zero_dose": not has_any})
    return cells


def fully_immunised(study: Study, *, as_of: date, definition: str, validity: str = "crude") -> list[Cell]:
    """Eligible at the definition's age with every group satisfied by then."""
    lines = [line for line in study.rules.definition if line["kind"] == "fully_immunised" and line["definition"] == definition]
    groups: dict[str, list[str]] = {}
    for line in lines:
        groups.setdefault(line["group"], []).append(line["dose_code"])
    cells = []
    for patient in study.patients:
        day = milestone_by_age(patient.birth, "age", as_of, int(lines[0]["age_months"]))
        spell = patient.eligible_spell(day)
        if day is None or spell is None:
            continue
        full = all(any(patient.is_vaccinated(dose, day, validity) for dose in doses) for doses in groups.values())
        cells.append({**patient.cell(spell), "eligible": True, "fully_immunised": full})
    return cells

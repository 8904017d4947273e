"""The measures of section 4 that count doses, visits and notices, one plain function each."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from math import floor

from tests.coverage.reference_data import Row
from tests.coverage.reference_days import first_legal_day, in_window, interval_kept, last_legal_day, reached_months
from tests.coverage.reference_days import fiscal_year as fiscal_year_of
from tests.coverage.reference_series import applicable
from tests.coverage.reference_study import Cell, Patient, Study, is_in_year


def dose_validity(study: Study, *, as_of: date | None = None, fiscal_year: int | None = None) -> list[Cell]:
    """Dose records by outcome, dated in the fiscal year; all of them, the undated too, when none is asked for."""
    cells = []
    for patient in study.patients:
        for record in patient.subject.doses:
            if fiscal_year is not None and not is_in_year(record.given_on, fiscal_year, as_of):
                continue
            if fiscal_year is None and as_of is not None and record.given_on is not None and record.given_on > as_of:
                continue
            spell = patient.subject.spell_on(record.given_on)
            month = record.given_on.year * 100 + record.given_on.month if record.given_on else None
            of_record = {"vaccine": record.vaccine, "month": month, "outcome": patient.outcome(record)}
            cells.append({**patient.cell(spell, record.dose), **of_record})
    return cells


def doses_of_year(study: Study, dose: str, *, fiscal_year: int, as_of: date | None = None) -> list[Cell]:
    """The numerator of coverage_fiscal_year: credited doses given to residents at a legal age."""
    cells = []
    for patient in study.patients:
        if patient.birth is None:
            continue
        for record in patient.credited(dose):
            if record.given_on is None or not is_in_year(record.given_on, fiscal_year, as_of):
                continue
            spell = patient.subject.spell_on(record.given_on)
            rows = applicable(study.rules, patient.subject, record.dose, record)
            if spell and any(in_window(row, patient.birth, record.given_on) for row in rows):
                cells.append(patient.cell(spell, dose))
    return cells


def target_of_year(study: Study, dose: str, *, fiscal_year: int) -> list[Cell]:
    """The residents of 1 October in the standard ages, not yet scaled."""
    day = date(fiscal_year, 10, 1)
    cells = []
    for patient in study.patients:
        spell = patient.subject.spell_on(day)
        if spell and any(row.in_force(day) and is_of_target_age(patient, row, day) for row in patient.regular_rows(dose)):
            cells.append(patient.cell(spell, dose))
    return cells


def is_of_target_age(patient: Patient, row: Row, day: date) -> bool:
    assert patient.birth is not None
    if row.std_from_months is not None and row.std_to_months is not None:
        return reached_months(patient.birth, row.std_from_months) <= day <= reached_months(patient.birth, row.std_to_months)
    return first_legal_day(row, patient.birth) <= day <= last_legal_day(row, patient.birth)


def width_in_months(row: Row) -> int | None:
    """Months of the standard ages or of the legal window; None where the count is taken as it is (fiscal years, no end)."""
    if row.std_from_months is not None and row.std_to_months is not None:
        return row.std_to_months - row.std_from_months
    edges = [(row.window_from_kind, row.window_from_value), (row.window_to_kind, row.window_to_value)]
    months = [{"birth": 0, "months": value, "years": 12 * (value or 0)}.get(kind) for kind, value in edges]
    return months[1] - months[0] if months[0] is not None and months[1] is not None else None


def scaled(count: int, width: int | None) -> int:
    """count × 12 / width, rounded half up."""
    return count if width is None else floor(Fraction(count * 12, width) + Fraction(1, 2))


def visits(patient: Patient, as_of: date) -> list[date]:
    """Days with a dated record of a dose or a screening, of residents, to the as-of day."""
    return sorted(day for day in patient.subject.visit_days if day <= as_of and patient.subject.spell_on(day))


def regular_rows_open(patient: Patient, dose: str, day: date) -> list[Row]:
    """The regular rows in force with the day inside their window and season."""
    assert patient.birth is not None
    return [row for row in patient.regular_rows(dose) if row.in_force(day) and in_window(row, patient.birth, day)]


def is_due(patient: Patient, dose: str, day: date) -> bool:
    """A stage is due: inside the window, its slot not filled before, earlier slots filled before, the interval passed, not given that day."""
    rows = regular_rows_open(patient, dose, day)
    if not rows or any(record.given_on == day for record in patient.credited(dose)):
        return False
    home = patient.rules.home_series(dose)
    if home is None:
        season = patient.seasons.get(patient.rules.vaccine_of[dose], {}).get(fiscal_year_of(day))
        filled_on = season.slots[1].given_on if season and season.slots else None
        return filled_on is None or filled_on >= day
    position = home.position[dose]
    walk = patient.walks.get(home.name)
    positions = walk.positions if walk else sorted(home.codes)
    slots = walk.course.slots if walk else {}
    fills = {k: r.given_on for k, r in slots.items() if r.given_on is not None and r.given_on < day}
    if position not in positions or position in fills:
        return False
    earlier = [k for k in positions if k < position]
    if any(k not in fills for k in earlier):
        return False
    if not earlier:
        return True
    return any(
        interval_kept(fills[1] if r.interval_from == "first" else fills[earlier[-1]], day, r.min_interval_days, r.min_interval_months)
        for r in rows
    )


def missed_opportunities(study: Study, dose: str, *, as_of: date, fiscal_year: int | None = None) -> list[Cell]:
    """Visits on which the stage was due or given validly; missed where not given, and what became of it by the as-of day."""
    cells = []
    for patient in study.patients:
        if patient.birth is None:
            continue
        given_on = [day for day in patient.valid_days(dose) if day <= as_of]
        for day in visits(patient, as_of):
            if fiscal_year is not None and not is_in_year(day, fiscal_year, as_of):
                continue
            missed = is_due(patient, dose, day)
            if not missed and day not in given_on:
                continue
            recovery = "given"
            if missed:
                is_open = bool(regular_rows_open(patient, dose, as_of))
                recovery = "recovered" if any(later > day for later in given_on) else "recoverable" if is_open else "lost"
            cells.append({**patient.cell(patient.subject.spell_on(day), dose), "visit": True, "missed": missed, "recovery": recovery})
    return cells


def uptake_after_notice(study: Study, dose: str, *, as_of: date, fiscal_year: int | None = None) -> list[Cell]:
    """Notices to residents without a valid dose of the stage before; days to the first credited dose after it."""
    cells = []
    for patient in study.patients:
        for notice in patient.subject.notices:
            sent = notice.sent_on
            if (
                notice.dose != dose
                or sent is None
                or sent > as_of
                or (fiscal_year is not None and not is_in_year(sent, fiscal_year, as_of))
            ):
                continue
            spell = patient.subject.spell_on(sent)
            if spell is None or any(day < sent for day in patient.valid_days(dose)):
                continue
            later = sorted(r.given_on for r in patient.credited(dose) if r.given_on and sent < r.given_on <= as_of)
            waited = (later[0] - sent).days if later else None
            within = {f"within_{n}": bool(later) and later[0] <= sent + timedelta(days=n) for n in (30, 60, 90)}
            month = sent.year * 100 + sent.month
            of_notice = {"notice_kind": notice.notice_kind, "month": month, "sent": True, "days": waited}
            cells.append({**patient.cell(spell, dose), **of_notice, **within})
    return cells

"""coverage_cumulative: Kaplan–Meier by month of age, with late entry, written as it stands in a textbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, floor, log, sqrt
from typing import Any

from tests.coverage.reference_days import age_months
from tests.coverage.reference_study import Cell, Patient, Study

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Point:
    """One month of a curve."""

    at_risk: int
    events: int
    coverage: float
    low: float | None
    high: float | None


def spells_at_risk(patient: Patient, dose: str, *, as_of: date, validity: str) -> list[Cell]:
    """One cell for each spell that contributes: month of entry, month of exit, and whether it ends with the dose."""
    if patient.birth is None or not patient.regular_rows(dose):
        return []
    days = patient.valid_days(dose) if validity == "valid" else patient.known_days(dose)
    first = days[0] if days else None
    cells = []
    for spell in patient.subject.person.spells:
        begins = max(patient.birth, spell.resident_from)
        ends = min(spell.resident_until or date.max, as_of + timedelta(days=1))
        if begins >= ends or (first is not None and first < begins):
            continue
        is_event = first is not None and first < ends
        leaves = first if is_event and first is not None else ends
        cells.append(
            {
                **patient.cell(spell, dose),
                "entry": age_months(patient.birth, begins),
                "exit": age_months(patient.birth, leaves),
                "event": is_event,
            }
        )
    return cells


def coverage_cumulative(
    study: Study, dose: str, *, as_of: date, validity: str = "crude", to_months: int, step_months: int = 1, by: tuple[str, ...] = ()
) -> dict[tuple[Any, ...], dict[int, Point]]:
    """A curve for every combination of `by`."""
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for patient in study.patients:
        for cell in spells_at_risk(patient, dose, as_of=as_of, validity=validity):
            groups.setdefault(tuple(cell[name] for name in by), []).append(cell)
    whole = to_months - to_months % step_months
    curves = {key: (cells, curve(cells, whole)) for key, cells in groups.items()}
    return {key: in_steps(cells, points, step_months) for key, (cells, points) in curves.items()}


def curve(cells: list[Cell], to_months: int) -> dict[int, Point]:
    """Month by month from the first with anybody at risk to the last before nobody is."""
    points: dict[int, Point] = {}
    survival, variance = 1.0, 0.0
    for month in range(min(cell["entry"] for cell in cells), min(to_months, max(cell["exit"] for cell in cells)) + 1):
        at_risk = sum(cell["entry"] <= month <= cell["exit"] for cell in cells)
        events = sum(cell["event"] and cell["exit"] == month for cell in cells)
        if at_risk == 0:
            break
        survival *= 1 - events / at_risk
        if at_risk > events:
            variance += events / (at_risk * (at_risk - events))
        low, high = log_log_interval(survival, variance)
        points[month] = Point(at_risk, events, 1 - survival, low, high)
    return points


def in_steps(cells: list[Cell], points: dict[int, Point], step: int) -> dict[int, Point]:
    """One point for each step, named by its last month: all who were at risk in it, its events, and the curve where the step ends."""
    if step == 1:
        return points
    found: dict[int, Point] = {}
    for end in sorted({-(-month // step) * step for month in points}):
        inside = [month for month in points if end - step < month <= end]
        at_risk = sum(cell["entry"] <= inside[-1] and inside[0] <= cell["exit"] for cell in cells)
        last = points[inside[-1]]
        rounded = [None if figure is None else floor(figure * 1000 + 0.5) / 1000 for figure in (last.coverage, last.low, last.high)]
        found[end] = Point(at_risk, sum(points[month].events for month in inside), *rounded)  # type: ignore[arg-type]
    return found


def log_log_interval(survival: float, variance: float) -> tuple[float | None, float | None]:
    """The 95 % interval of 1 − S: Greenwood's variance of log S, on the scale log(−log S). None where S is 0 or 1."""
    if survival <= 0 or survival >= 1:
        return None, None
    width = Z_95 * sqrt(variance) / abs(log(survival))
    return 1 - survival ** exp(-width), 1 - survival ** exp(width)

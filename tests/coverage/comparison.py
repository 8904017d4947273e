"""What each measure of the catalogue should answer by the reference, in the catalogue's own column names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

from tests.coverage import reference_curve, reference_doses, reference_measures, reference_open
from tests.coverage.reference_study import Cell, Study, tabulate

Table = dict[tuple[Any, ...], tuple[Any, ...]]
Parameters = Mapping[str, Any]


def _table(cells: Sequence[Cell], by: Sequence[str], sums: Mapping[str, str]) -> Table:
    """Flags summed into columns: column of the catalogue to flag of the cell (or cells_count)."""
    flags = [flag for flag in sums.values() if flag != "cells_count"]
    return {key: tuple(row[flag] for flag in sums.values()) for key, row in tabulate(cells, by, flags).items()}


def coverage_cohort(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    columns = {"eligible_count": "eligible", "vaccinated_count": "vaccinated", "unknown_history_count": "unknown_history"}
    return tuple(columns), _table(reference_measures.coverage_cohort(study, dose, **p), by, columns)


def timeliness(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    columns = {"eligible_count": "cells_count", **{f"{name}_count": name for name in reference_measures.TIMELINESS}}
    return tuple(columns), _table(reference_measures.timeliness(study, dose, **p), by, columns)


def dropout(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    rest = {name: value for name, value in p.items() if name not in ("from_dose", "to_dose")}
    cells = [cell for cell in reference_measures.dropout(study, p["from_dose"], p["to_dose"], **rest) if cell["first"]]
    columns = {"first_count": "first", "last_count": "both", "dropped_count": "dropped"}
    return tuple(columns), _table(cells, by, columns)


def zero_dose(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    columns = {"eligible_count": "eligible", "count": "zero_dose"}
    return tuple(columns), _table(reference_measures.zero_dose(study, **p), by, columns)


def fully_immunised(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    columns = {"eligible_count": "eligible", "count": "fully_immunised"}
    return tuple(columns), _table(reference_measures.fully_immunised(study, **p), by, columns)


def unvaccinated(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    columns = {"open_count": "open", "unvaccinated_count": "unvaccinated", "unknown_history_count": "unknown_history"}
    return tuple(columns), _table(reference_open.unvaccinated(study, dose, **p), by, columns)


def missed_opportunities(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    columns = {"visits_count": "visit", "missed_count": "missed"}
    return tuple(columns), _table(reference_doses.missed_opportunities(study, dose, **p), by, columns)


def coverage_fiscal_year(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    given = _table(reference_doses.doses_of_year(study, dose, **p), by, {"doses": "cells_count"})
    target = _table(reference_doses.target_of_year(study, dose, fiscal_year=p["fiscal_year"]), by, {"target": "cells_count"})
    rows = [row for row in study.rules.schedule[dose] if row.rule == "regular" and row.in_force(date(p["fiscal_year"], 10, 1))]
    width = reference_doses.width_in_months(rows[0]) if rows else None
    table = {
        key: (given.get(key, (0,))[0], reference_doses.scaled(target[key][0], width) if key in target else 0) for key in {**given, **target}
    }
    return ("doses_count", "target_count"), table


def uptake_after_notice(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    cells = reference_doses.uptake_after_notice(study, dose, **p)
    days = [f"vaccinated_within_{n}_days_count" for n in (30, 60, 90)]
    counts = _table(cells, by, {"notices_count": "sent", **dict(zip(days, ("within_30", "within_60", "within_90"), strict=True))})
    waits: dict[tuple[Any, ...], list[int]] = {}
    for cell in cells:
        if cell["within_90"]:
            waits.setdefault(tuple(cell[name] for name in by), []).append(cell["days"])
    table = {key: (*row, float(median(waits[key])) if key in waits else None) for key, row in counts.items()}
    return ("notices_count", *days, "median_days"), table


def coverage_cumulative(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    table: Table = {}
    for key, points in reference_curve.coverage_cumulative(study, dose, by=tuple(by), **p).items():
        for month, point in points.items():
            table[(*key, month)] = (point.at_risk, point.events, point.coverage, point.low, point.high)
    return ("at_risk_count", "events_count", "coverage_rate", "ci_low", "ci_high"), table


def dose_validity(study: Study, dose: str, by: Sequence[str], p: Parameters) -> tuple[tuple[str, ...], Table]:
    cells = [cell for cell in reference_doses.dose_validity(study, **p) if not dose or cell["dose"] == dose]
    return ("doses_count",), _table(cells, by, {"doses_count": "cells_count"})


EXPECTED = {
    function.__name__: function
    for function in (
        coverage_cohort, coverage_cumulative, coverage_fiscal_year, dose_validity, dropout, fully_immunised, missed_opportunities, timeliness,
        unvaccinated, uptake_after_notice, zero_dose,
    )
}  # fmt: skip
"""Measure to what the reference says: value columns and a table from dimensions to values."""

"""A table of persons with all its margins: counts, where wished their denominators, and what is withheld of it under a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from daicho.core.errors import DisclosureError
from daicho.gate.profiles import Profile
from daicho.gate.protection.complete import PATIENCE, Pattern, complete_pattern
from daicho.gate.protection.optimise import NoPattern
from daicho.gate.protection.primary import count_needs, few, uniform
from daicho.gate.protection.system import Marks, Numbers, Problem, Relation, System, information_cost
from daicho.gate.protection.tables import Key, column_relations, dimension_to_coarsen, margin_relations


@dataclass(frozen=True)
class CountTable:
    """Rows with their margins; `denominators` is empty where counts stand alone. `extra` relations and latent `atoms` join counts that
    are no plain sums (persons who appear in several cells): cells beyond the rows, in the order of `atoms`."""

    keys: tuple[Key, ...]
    dimensions: tuple[str, ...]
    counts: Numbers
    denominators: Numbers | None = None
    atoms: Numbers | None = None
    extra: tuple[Relation, ...] = ()


@dataclass(frozen=True)
class ProtectedTable:
    """What is withheld, row by row, and the proof."""

    counts_hidden: Marks
    denominators_hidden: Marks
    primary: int
    secondary: int
    pattern: Pattern
    problem: Problem


def protect_counts(
    table: CountTable,
    *,
    profile: Profile,
    thresholds: Numbers | None = None,
    cost: str = "bits",
    known: Marks | None = None,
    seconds: float = PATIENCE,
) -> ProtectedTable:
    """Withhold what a profile asks for, and what would tell it. `thresholds`: each row's own (an area's; inf: nothing is shown);
    `known` rows are public in any case. Raises DisclosureError naming the dimension to coarsen."""
    problem = count_problem(table, profile=profile, thresholds=thresholds, cost=cost, known=known)
    failing = -1
    try:
        pattern = complete_pattern(problem, seconds=seconds)
    except NoPattern as error:
        failing = error.cell
    rows = len(table.keys)
    if failing >= 0:
        dimension = dimension_to_coarsen(table.keys[failing % rows], table.keys, table.dimensions)
        raise DisclosureError(f"a protected figure follows from margins that are known: coarsen the dimension {dimension}, or drop it.")
    hidden = pattern.hidden
    has_denominators = table.denominators is not None
    of_hidden = hidden[rows : 2 * rows] if has_denominators else np.zeros(rows, dtype=bool)
    primary = int((problem.needs.is_primary & ~problem.is_latent).sum())
    shown = int((hidden & ~problem.is_latent).sum())
    return ProtectedTable(hidden[:rows], of_hidden, primary, shown - primary, pattern, problem)


def count_problem(
    table: CountTable, *, profile: Profile, thresholds: Numbers | None = None, cost: str = "bits", known: Marks | None = None
) -> Problem:
    """The system of a table: its counts, then denominators and what is missing to them (latent), then atoms (latent)."""
    rows = len(table.keys)
    columns = 1 if table.denominators is None else 3
    threshold = np.full(rows, float(profile.threshold or 0)) if thresholds is None else thresholds
    values, relations = table.counts, list(table.extra) or margin_relations(table.keys, len(table.dimensions))
    latent = np.zeros(rows * columns, dtype=bool)
    if table.denominators is not None:
        values = np.concatenate([table.counts, table.denominators, table.denominators - table.counts])
        relations = column_relations(relations, rows=rows, columns=columns)
        relations += [Relation((row + rows, row, row + 2 * rows), (-1.0, 1.0, 1.0)) for row in range(rows)]
        latent[2 * rows :] = True
    if table.atoms is not None:
        values, latent = np.concatenate([values, table.atoms]), np.concatenate([latent, np.ones(len(table.atoms), dtype=bool)])
    is_primary = _sensitive(values[: rows * columns], rows, columns, threshold=threshold, profile=profile)
    is_primary = np.concatenate([is_primary, np.zeros(len(values) - len(is_primary), dtype=bool)])
    all_thresholds = np.concatenate([np.tile(threshold, columns), np.zeros(len(values) - rows * columns)])
    needs = count_needs(
        values, is_primary, threshold=all_thresholds, width=profile.interval_width or 1, relations=relations, is_latent=latent
    )
    can_hide = (values > 0) & ~latent
    if known is not None:
        can_hide[: rows * columns] &= ~np.tile(known, columns)
    labels = tuple(f"{place % rows}:{place // rows}" for place in range(len(values)))
    return Problem(System(labels, tuple(relations)), values, needs, can_hide, latent, information_cost(values, kind=cost))


def _sensitive(values: Numbers, rows: int, columns: int, *, threshold: Numbers, profile: Profile) -> Marks:
    """Few persons; of a group, few beside them, nobody or everybody. All of it is one rule where the part that is missing is a cell."""
    is_primary = few(values, np.tile(threshold, columns))
    if columns == 1:
        return is_primary
    part, whole, rest = slice(0, rows), slice(rows, 2 * rows), slice(2 * rows, 3 * rows)
    if not profile.complement:
        is_primary[rest] = False
    if profile.protect_uniform_groups:
        alike = uniform(values[part], values[whole])
        is_primary[part] |= alike & (values[part] == 0)
        is_primary[rest] |= alike & (values[rest] == 0)
    return is_primary


def rates(counts: Numbers, denominators: Numbers, protected: ProtectedTable, *, decimals: int) -> dict[str, list[Any]]:
    """Rates of the rows that show both their counts, rounded half up; a rate tells nothing that its counts do not."""
    scale = 10**decimals
    found: list[float | None] = []
    status: list[str] = []
    for row, (part, whole) in enumerate(zip(counts.astype(int).tolist(), denominators.astype(int).tolist(), strict=True)):
        hidden = bool(protected.counts_hidden[row] or protected.denominators_hidden[row])
        found.append(None if hidden or not whole else ((2 * scale * part + whole) // (2 * whole)) / scale)
        status.append("suppressed" if hidden else "not_applicable" if not whole else "value" if part else "zero")
    return {"rate": found, "rate_status": status}

"""Public releases of one measure as one system of equations (disclosure.md 4, joint audit); a single release is a system too.

The atoms are the cells of the common refinement: all dimensions that any of the releases breaks down or filters by. Every released count
is a sum of atoms; no atom is shown, and every atom is protected as if it were a cell, so that no difference of sums gives few persons.
Where people stand in several atoms (two vaccines), a release counts them once: the attacker is taken to know how many these are. Where one
group of people has the same size under several events (the cohort of the first dose is that of the second), he is taken to know that too.
A system is only made where every published figure is found again; why it was not made is said in a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isinf, isnan
from typing import Any

import numpy as np
import polars as pl

from daicho.gate.bounds import Bound
from daicho.gate.engine import MeasureSpec
from daicho.gate.person_columns import PersonColumns, obeys_another_law, orders, overlap, person_columns
from daicho.gate.profiles import Profile
from daicho.gate.protection.attacker import bounds_of
from daicho.gate.protection.primary import count_needs, few
from daicho.gate.protection.system import Marks, Numbers, Problem, Relation, System, information_cost
from daicho.gate.release import status_of
from daicho.gate.suppression import THRESHOLD_COLUMN

MAX_CELLS = 40_000


@dataclass(frozen=True)
class Part:
    """One release: how it asked, its true counts (a row each, in the order of `statuses`), and the statuses of its released counts."""

    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]]
    counted: pl.DataFrame
    statuses: pl.DataFrame
    is_new: bool


@dataclass(frozen=True)
class Joint:
    """The system, and where each release's cells stand in it: its columns one after the other, row by row. The new release is the last."""

    problem: Problem
    starts: tuple[int, ...]
    rows: tuple[list[tuple[Any, ...]], ...]
    columns: PersonColumns

    def widened(self, hidden: Marks) -> Mapping[str, list[bool]]:
        """For each count of the new release, which rows are withheld."""
        found: dict[str, list[bool]] = {}
        for place, counts in enumerate(self.columns.counts.values()):
            start = self.starts[-1] + place * len(self.rows[-1])
            found |= dict.fromkeys(counts, hidden[start : start + len(self.rows[-1])].tolist())
        return found

    def bounds(self, hidden: Marks, *parts: int) -> list[list[Bound]]:
        """What an attacker can say of each withheld cell of releases: bounds of persons, not of their doses."""
        spans = [range(self.starts[part], self.starts[part] + len(self.columns.counts) * len(self.rows[part])) for part in parts]
        lower, upper = bounds_of(self.problem, hidden, [cell for span in spans for cell in span])
        found = []
        for part, span in zip(parts, spans, strict=True):
            named = [(counts[0], tuple(map(str, key))) for counts in self.columns.counts.values() for key in self.rows[part]]
            told = [(name, row, float(lower[cell]), float(upper[cell])) for (name, row), cell in zip(named, span, strict=True)]
            found.append(sorted(Bound(name, row, low, None if isinf(high) else high) for name, row, low, high in told if not isnan(low)))
        return found


def common_refinement(requests: Sequence[Mapping[str, Any]], *, spec: MeasureSpec) -> dict[str, Any] | None:
    """The request for the atoms: dimensions, and the filters that all releases share. None where no table holds them."""
    shared = {name: codes for name, codes in requests[0]["where"].items() if all(other["where"].get(name) == codes for other in requests)}
    differing = {name for request in requests for name in request["where"]} - set(shared)
    dimensions = sorted(differing | {name for request in requests for name in request["by"]})
    if not set(dimensions) <= set(spec.dimensions):
        return None
    # A filter that some requests have and some have not is a dimension; what all name is the filter of all.
    named = {
        name: sorted({code for request in requests for code in request["where"][name]})
        for name in differing
        if all(name in request["where"] for request in requests)
    }
    where = {**{name: list(codes) for name, codes in shared.items()}, **named}
    missing = [name for name in spec.required_filters if name not in where]
    return None if missing else {"measure": spec.name, "by": dimensions, "where": where}


def make_joint(
    parts: Sequence[Part],
    atoms: pl.DataFrame,
    *,
    dimensions: Sequence[str],
    spec: MeasureSpec,
    profile: Profile,
    event_dimensions: frozenset[str] = frozenset(),
) -> Joint | str:
    """The system of all parts over their atoms; a word where it would not be sure to be whole and true."""
    columns = person_columns(spec, [atoms, *(part.counted for part in parts)])
    if columns is None:
        return "not_persons"
    if obeys_another_law(columns, atoms):
        return "unknown_law"
    if atoms.height * (2 * len(columns.names) + len(columns.pairs)) > MAX_CELLS:
        return "too_large"
    builder = _Builder(profile)
    atom_cells = _add_atoms(builder, atoms, columns)
    if spec.is_stock:
        _add_equal_groups(builder, atoms, [name for name in dimensions if name not in event_dimensions], columns, atom_cells)
    keys = atoms.select(dimensions).rows() if dimensions else [()]
    starts: list[int] = []
    # The new release stands last.
    for part in sorted(parts, key=lambda part: part.is_new):
        members = _members(part, keys, dimensions)
        if members is None:
            return "not_found_again"
        starts.append(builder.size)
        for name in columns.names:
            shown_by = [value for count in columns.counts[name] for value in _showing(spec, count)]
            if not _add_column(builder, part, members, name, shown_by, atom_cells[name]):
                return "not_sums"
        for number, pair in enumerate(columns.pairs):
            if not _add_sums(builder, columns.rest(part.counted, pair), members, atom_cells[f"{number}"], _limits(part.counted, profile)):
                return "not_sums"
    ordered = sorted(parts, key=lambda part: part.is_new)
    rows = tuple(part.counted.select(part.by).rows() if part.by else [()] for part in ordered)
    return Joint(builder.problem(), tuple(starts), rows, columns)


class _Builder:
    """Cells and relations as they come; constants, which everybody knows, stand behind all others."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.values: list[float] = []
        self._thresholds: list[float] = []
        self._primary: list[bool] = []
        self._latent: list[bool] = []
        self._can_hide: list[bool] = []
        self._marked: list[bool] = []
        self._relations: list[tuple[int, tuple[int, ...], float]] = []
        self._equal: list[Relation] = []

    @property
    def size(self) -> int:
        return len(self.values)

    def add(self, value: float, *, threshold: float, primary: bool, latent: bool, can_hide: bool = False, marked: bool = False) -> int:
        self.values.append(value)
        self._thresholds.append(threshold)
        self._primary.append(primary)
        self._latent.append(latent)
        self._can_hide.append(can_hide)
        self._marked.append(marked)
        return len(self.values) - 1

    def sums(self, total: int, parts: Sequence[int], *, known: float = 0.0) -> None:
        """The parts add up to the total and a number that everybody knows."""
        self._relations.append((total, tuple(parts), known))

    def equal(self, one: int, other: int) -> None:
        self._equal.append(Relation((one, other), (-1.0, 1.0)))

    def problem(self) -> Problem:
        relations = list(self._equal)
        for total, parts, known in self._relations:
            constant = (self.add(known, threshold=0, primary=False, latent=False),) if known else ()
            relations.append(Relation((total, *constant, *parts), (*(-1.0 for _ in (total, *constant)), *([1.0] * len(parts)))))
        values, primary = np.array(self.values), np.array(self._primary)
        # Lone contributors are those of cells that a table marks as withheld; of cells that no table has, nobody knows that he is alone.
        needs = count_needs(
            values,
            primary,
            threshold=np.array(self._thresholds),
            width=self.profile.interval_width or 1,
            relations=relations,
            is_latent=~np.array(self._marked),
        )
        system = System(tuple(map(str, range(len(values)))), tuple(relations))
        return Problem(system, values, needs, np.array(self._can_hide), np.array(self._latent), information_cost(values))


def _limits(frame: pl.DataFrame, profile: Profile) -> Numbers:
    """Each row's threshold; infinite where an area is too small to show anything."""
    if THRESHOLD_COLUMN not in frame.columns:
        return np.full(frame.height, float(profile.threshold or 0))
    found: Numbers = frame[THRESHOLD_COLUMN].cast(pl.Float64).fill_null(float("inf")).to_numpy()
    return found


def _add_atoms(builder: _Builder, atoms: pl.DataFrame, columns: PersonColumns) -> dict[str, list[int]]:
    """The atoms' counts, what is missing to their denominators, the laws between counts, and every order that holds in all atoms."""
    limits, profile = _limits(atoms, builder.profile), builder.profile
    values = {name: atoms[name].fill_null(0).to_numpy().astype(float) for name in columns.names}
    cells: dict[str, list[int]] = {}
    for name in columns.names:
        sensitive = few(values[name], limits)
        for numerator, denominator, _ in columns.pairs:
            if name == numerator and profile.protect_uniform_groups:
                sensitive |= (values[name] == 0) & (values[denominator] > 0)
        cells[name] = _latent_cells(builder, values[name], limits, sensitive)
    for number, pair in enumerate(columns.pairs):
        rest = columns.rest(atoms, pair)
        sensitive = few(rest, limits) & profile.complement
        if profile.protect_uniform_groups:
            sensitive |= (rest == 0) & (values[pair[1]] > 0)
        cells[f"{number}"] = _latent_cells(builder, rest, limits, sensitive)
        both = overlap(columns, atoms, pair).tolist()
        for whole, part, missing, known in zip(cells[pair[1]], cells[pair[0]], cells[f"{number}"], both, strict=True):
            builder.sums(whole, (part, missing), known=known)
    for parts, total in columns.laws:
        for row in range(atoms.height):
            builder.sums(cells[total][row], [cells[part][row] for part in parts])
    for parts, total in orders(columns, atoms):
        slack = values[total] - np.sum([values[part] for part in parts], axis=0)
        for row, rest_cell in enumerate(_latent_cells(builder, slack, np.zeros(atoms.height), np.zeros(atoms.height, dtype=bool))):
            builder.sums(cells[total][row], [*(cells[part][row] for part in parts), rest_cell])
    return cells


def _latent_cells(builder: _Builder, values: Numbers, limits: Numbers, sensitive: Marks) -> list[int]:
    rows = zip(values.tolist(), limits.tolist(), sensitive.tolist(), strict=True)
    return [builder.add(value, threshold=limit, primary=is_primary, latent=True) for value, limit, is_primary in rows]


def _add_equal_groups(
    builder: _Builder, atoms: pl.DataFrame, people: Sequence[str], columns: PersonColumns, cells: Mapping[str, list[int]]
) -> None:
    """Denominators of the same people that are equal under several events are one group."""
    keys = atoms.select(people).rows() if people else [()] * atoms.height
    for name in {pair[1] for pair in columns.pairs}:
        seen: dict[Any, int] = {}
        for row, key in enumerate(keys):
            cell = cells[name][row]
            first = seen.setdefault((key, builder.values[cell]), cell)
            if first != cell:
                builder.equal(first, cell)


def _showing(spec: MeasureSpec, count: str) -> list[str]:
    """The released figures that tell a count: itself, else the rates of which it is the numerator."""
    own = [rule.name for rule in spec.rules if rule.name == count and rule.is_released]
    return own or [rule.name for rule in spec.rules if rule.kind == "rate" and rule.numerator == count and rule.is_released]


def _members(part: Part, keys: Sequence[tuple[Any, ...]], dimensions: Sequence[str]) -> list[list[int]] | None:
    """The atoms of each row of a release; None where an atom that its filter takes has no row."""
    at = {name: place for place, name in enumerate(dimensions)}
    rows = {key: number for number, key in enumerate(part.counted.select(part.by).rows())} if part.by else {(): 0}
    found: list[list[int]] = [[] for _ in range(part.counted.height)]
    filters = [(at[name], set(codes)) for name, codes in part.where.items() if name in at]
    for atom, key in enumerate(keys):
        if all(str(key[place]) in codes for place, codes in filters):
            row = rows.get(tuple(key[at[name]] for name in part.by))
            if row is None:
                return None
            found[row].append(atom)
    return found


def _add_column(
    builder: _Builder, part: Part, members: Sequence[Sequence[int]], name: str, shown_by: Sequence[str], atoms: Sequence[int]
) -> bool:
    """The persons of a released count; False where its atoms do not add up to it and the persons counted twice."""
    limits = _limits(part.counted, builder.profile)
    values = part.counted[name].fill_null(0).to_numpy().astype(float)
    marks = [part.statuses[status_of(value)] == "suppressed" for value in shown_by]
    # Shown where any of the figures that tell these persons is shown; what no figure tells is shown nowhere.
    hidden = [all(row) for row in zip(*marks, strict=True)] if marks else [True] * len(values)
    for value, limit, gone, row in zip(values.tolist(), limits.tolist(), hidden, members, strict=True):
        is_few = 0 < value < limit
        twice = sum(builder.values[atoms[atom]] for atom in row) - value
        # Shown though few: published under other rules. It cannot be taken back, and the system has no promise to keep.
        if twice < 0 or (is_few and not gone):
            return False
        can_hide = part.is_new and not gone and value > 0
        cell = builder.add(value, threshold=limit, primary=is_few, latent=gone, can_hide=can_hide, marked=gone and bool(marks))
        builder.sums(cell, [atoms[atom] for atom in row], known=twice)
    return True


def _add_sums(builder: _Builder, values: Numbers, members: Sequence[Sequence[int]], atoms: Sequence[int], limits: Numbers) -> bool:
    """What is missing to a released denominator: shown by no table, and few persons all the same."""
    for value, limit, row in zip(values.tolist(), limits.tolist(), members, strict=True):
        twice = sum(builder.values[atoms[atom]] for atom in row) - value
        if twice < 0:
            return False
        cell = builder.add(float(value), threshold=limit, primary=builder.profile.complement and 0 < value < limit, latent=True)
        builder.sums(cell, [atoms[atom] for atom in row], known=twice)
    return True

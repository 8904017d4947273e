"""Public releases of one measure as one system of equations (disclosure.md 4, joint audit).

The atoms are the cells of the common refinement: all dimensions that any of the releases breaks down or filters by. Every released count
is a sum of atoms; no atom is shown, and every atom is protected as if it were a cell, so that no difference of sums gives few persons. A
system is only made where that is sure: counts of persons that add up over atoms exactly, at one snapshot, with every published figure
found again. Where anything of this fails there is no system, and `publication` judges the releases pair by pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from daicho.gate.engine import MeasureSpec
from daicho.gate.profiles import Profile
from daicho.gate.protection.primary import count_needs, few, uniform
from daicho.gate.protection.system import Marks, Problem, Relation, System, information_cost
from daicho.gate.release import status_of
from daicho.gate.suppression import THRESHOLD_COLUMN

MAX_CELLS = 1500


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
    """The system, and where the cells of the new release stand in it: column by column, row by row from `new_from` on."""

    problem: Problem
    new_from: int
    new_rows: int
    columns: tuple[str, ...]

    def widened(self, hidden: Marks) -> Mapping[str, list[bool]]:
        """For each released count of the new release, which rows are withheld."""
        at = [self.new_from + place * self.new_rows for place in range(len(self.columns))]
        return {name: hidden[start : start + self.new_rows].tolist() for name, start in zip(self.columns, at, strict=True)}


def can_join(spec: MeasureSpec) -> bool:
    """Whether a measure's figures are counts of persons and rates of these, all of them released."""
    counts = {rule.name for rule in spec.rules if rule.kind == "count"}
    return bool(counts) and all(
        rule.is_personal and rule.is_released and not rule.may_exceed_one and not rule.along and rule.kind in ("count", "rate")
        for rule in spec.rules
    )


def common_refinement(
    requests: Sequence[Mapping[str, Any]], *, spec: MeasureSpec, event_dimensions: frozenset[str]
) -> dict[str, Any] | None:
    """The request for the atoms: dimensions, and the filters that all releases share. None where no table holds them.

    Where a measure has a denominator, what happened (vaccine, dose) must be the same in all: people of one dose are people of the next."""
    shared = {name: codes for name, codes in requests[0]["where"].items() if all(other["where"].get(name) == codes for other in requests)}
    differing = {name for request in requests for name in request["where"]} - set(shared)
    dimensions = sorted(differing | {name for request in requests for name in request["by"]})
    if not set(dimensions) <= set(spec.dimensions) or (spec.is_stock and event_dimensions & set(dimensions)):
        return None
    return {"measure": spec.name, "by": dimensions, "where": {name: list(codes) for name, codes in shared.items()}}


def make_joint(
    parts: Sequence[Part], atoms: pl.DataFrame, *, dimensions: Sequence[str], spec: MeasureSpec, profile: Profile
) -> Joint | None:
    """The system of all parts over their atoms; None where it would not be sure to be whole and true."""
    columns = tuple(rule.name for rule in spec.rules if rule.kind == "count")
    frames = [atoms, *(part.counted for part in parts)]
    if not all(_counts_persons(frame, spec, profile) for frame in frames):
        return None
    counts = atoms.select(columns).to_numpy().astype(float)
    if len(columns) > 1 and np.linalg.matrix_rank(counts) < len(columns):
        return None  # the counts obey a law of their own, which the system would not know
    pairs = _pairs(spec)
    if atoms.height * (len(columns) + len(pairs)) > MAX_CELLS:
        return None
    builder = _Builder(profile)
    atom_cells = _add_atoms(builder, atoms, counts, columns, pairs)
    keys = atoms.select(dimensions).rows()
    new_from, new_rows = 0, 0
    # The new release stands last.
    for part in sorted(parts, key=lambda part: part.is_new):
        members = _members(part, keys, dimensions)
        if members is None:
            return None
        start = builder.size
        for column in columns:
            if not _add_column(builder, part, members, column, atom_cells[column]):
                return None
        for number, (numerator, denominator) in enumerate(pairs):
            rest = part.counted[denominator].to_numpy() - part.counted[numerator].to_numpy()
            _add_sums(builder, rest, members, atom_cells[f"{number}"], _thresholds(part.counted, profile))
        if part.is_new:
            new_from, new_rows = start, part.counted.height
    return Joint(builder.problem(), new_from, new_rows, columns)


class _Builder:
    """Cells and relations as they come."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.values: list[float] = []
        self._thresholds: list[float] = []
        self._primary: list[bool] = []
        self._latent: list[bool] = []
        self._can_hide: list[bool] = []
        self._marked: list[bool] = []
        self.relations: list[Relation] = []

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

    def problem(self) -> Problem:
        values, primary = np.array(self.values), np.array(self._primary)
        # Lone contributors are those of cells that a table marks as withheld; of cells that no table has, nobody knows that he is alone.
        needs = count_needs(
            values,
            primary,
            threshold=np.array(self._thresholds),
            width=self.profile.interval_width or 1,
            relations=self.relations,
            is_latent=~np.array(self._marked),
        )
        system = System(tuple(map(str, range(len(values)))), tuple(self.relations))
        return Problem(system, values, needs, np.array(self._can_hide), np.array(self._latent), information_cost(values))


def _pairs(spec: MeasureSpec) -> tuple[tuple[str, str], ...]:
    """Every count that is a part of another."""
    rates = [(rule.numerator, rule.denominator) for rule in spec.rules if rule.kind == "rate"]
    return tuple(dict.fromkeys([*rates, *((rule.name, rule.part_of) for rule in spec.rules if rule.part_of)]))


def _counts_persons(frame: pl.DataFrame, spec: MeasureSpec, profile: Profile) -> bool:
    """Whether every count is there and is the number of the persons behind it, and no row is of an area too small to show anything."""
    counts = [rule for rule in spec.rules if rule.kind == "count"]
    if any(frame[rule.name].null_count() for rule in counts) or np.isinf(_thresholds(frame, profile)).any():
        return False
    behind = [(rule.name, name) for rule in counts for name in rule.contributors if name in frame.columns]
    return all(bool((frame[name] == frame[persons]).all()) for name, persons in behind)


def _thresholds(frame: pl.DataFrame, profile: Profile) -> np.ndarray[Any, Any]:
    if THRESHOLD_COLUMN not in frame.columns:
        return np.full(frame.height, float(profile.threshold or 0))
    found: np.ndarray[Any, Any] = frame[THRESHOLD_COLUMN].cast(pl.Float64).fill_null(float("inf")).to_numpy()
    return found


def _add_atoms(
    builder: _Builder, atoms: pl.DataFrame, counts: np.ndarray[Any, Any], columns: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> dict[str, list[int]]:
    """The atoms' counts, what is missing to their denominators, and every order between counts that holds in all atoms."""
    limits = _thresholds(atoms, builder.profile)
    cells: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        values = counts[:, place]
        sensitive = few(values, limits)
        for numerator, denominator in pairs:
            if column == numerator and builder.profile.protect_uniform_groups:
                sensitive |= (values == 0) & (atoms[denominator].to_numpy() > 0)
        cells[column] = [
            builder.add(value, threshold=limit, primary=bool(is_primary), latent=True)
            for value, limit, is_primary in zip(values.tolist(), limits.tolist(), sensitive.tolist(), strict=True)
        ]
    for number, (numerator, denominator) in enumerate(pairs):
        rest = atoms[denominator].to_numpy().astype(float) - atoms[numerator].to_numpy()
        sensitive = few(rest, limits) & builder.profile.complement
        if builder.profile.protect_uniform_groups:
            sensitive |= uniform(atoms[numerator].to_numpy(), atoms[denominator].to_numpy()) & (rest == 0)
        cells[f"{number}"] = [
            builder.add(value, threshold=limit, primary=bool(is_primary), latent=True)
            for value, limit, is_primary in zip(rest.tolist(), limits.tolist(), sensitive.tolist(), strict=True)
        ]
        for whole, part, missing in zip(cells[denominator], cells[numerator], cells[f"{number}"], strict=True):
            builder.relations.append(Relation((whole, part, missing), (-1.0, 1.0, 1.0)))
    _add_orders(builder, counts, columns, cells, set(pairs))
    return cells


def _add_orders(
    builder: _Builder, counts: np.ndarray[Any, Any], columns: Sequence[str], cells: Mapping[str, list[int]], pairs: set[tuple[str, str]]
) -> None:
    """One count never above another, or two never above a third: an attacker may know such a rule, so what holds everywhere counts as one."""
    at = {name: place for place, name in enumerate(columns)}
    lesser = [((part,), whole) for part in columns for whole in columns if part != whole and (part, whole) not in pairs]
    both = [(two, whole) for two in combinations(columns, 2) for whole in columns if whole not in two]
    for parts, whole in [*lesser, *both]:
        slack = counts[:, at[whole]] - sum(counts[:, at[part]] for part in parts)
        if (slack < 0).any():
            continue
        for row, value in enumerate(slack.tolist()):
            missing = builder.add(value, threshold=0, primary=False, latent=True)
            members = (cells[whole][row], *(cells[part][row] for part in parts), missing)
            builder.relations.append(Relation(members, (-1.0, *([1.0] * (len(parts) + 1)))))


def _members(part: Part, keys: Sequence[tuple[Any, ...]], dimensions: Sequence[str]) -> list[list[int]] | None:
    """The atoms of each row of a release; None where an atom that its filter takes has no row."""
    at = {name: place for place, name in enumerate(dimensions)}
    rows = {key: number for number, key in enumerate(part.counted.select(part.by).rows())} if part.by else {(): 0}
    found: list[list[int]] = [[] for _ in range(part.counted.height)]
    filters = [(at[name], set(codes)) for name, codes in part.where.items() if name in at]
    for atom, key in enumerate(keys):
        if all(key[place] in codes for place, codes in filters):
            row = rows.get(tuple(key[at[name]] for name in part.by))
            if row is None:
                return None
            found[row].append(atom)
    return found


def _add_column(builder: _Builder, part: Part, members: Sequence[Sequence[int]], column: str, atoms: Sequence[int]) -> bool:
    """A released count; False where its atoms do not add up to it."""
    limits = _thresholds(part.counted, builder.profile)
    values = part.counted[column].to_numpy().astype(float)
    hidden = (part.statuses[status_of(column)] == "suppressed").to_list()
    sums = [sum(builder.values[atoms[atom]] for atom in row) for row in members]
    if sums != values.tolist():
        return False
    for value, limit, gone, row in zip(values.tolist(), limits.tolist(), hidden, members, strict=True):
        if not gone and 0 < value < limit:
            return False  # published under other rules: it cannot be taken back, and the system has no promise to keep
        cell = builder.add(
            value, threshold=limit, primary=0 < value < limit, latent=gone, can_hide=part.is_new and not gone and value > 0, marked=gone
        )
        builder.relations.append(Relation((cell, *(atoms[atom] for atom in row)), (-1.0, *([1.0] * len(row)))))
    return True


def _add_sums(
    builder: _Builder, values: np.ndarray[Any, Any], members: Sequence[Sequence[int]], atoms: Sequence[int], limits: np.ndarray[Any, Any]
) -> None:
    """What is missing to a released denominator: shown by no table, and few persons all the same."""
    for value, limit, row in zip(values.tolist(), limits.tolist(), members, strict=True):
        cell = builder.add(float(value), threshold=limit, primary=builder.profile.complement and 0 < value < limit, latent=True)
        builder.relations.append(Relation((cell, *(atoms[atom] for atom in row)), (-1.0, *([1.0] * len(row)))))

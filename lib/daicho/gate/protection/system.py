"""The model of published tables: cells joined by linear equations, and what is promised of the sensitive ones.

Every margin, hierarchy (district within ward), denominator (vaccinated + unvaccinated = eligible), link between tables and overlap of
groupings is a relation: a sum of cells times coefficients that is zero. A cell that no table shows (the unvaccinated, an atom that two
tables share) is *latent*: free to the attacker, and sensitive all the same. Cells are known by their position.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Relation:
    """Sum of coefficient times cell is zero: a total has -1, its parts 1."""

    cells: tuple[int, ...]
    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class System:
    """`labels` name the cells for a reader. `is_whole`: every cell is a whole number (persons); amounts are not treated so."""

    labels: tuple[str, ...]
    relations: tuple[Relation, ...]
    is_whole: bool = True

    @property
    def size(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Needs:
    """What is promised of each cell, given that it is sensitive (`is_primary`): an attacker must think it possible that it is `upper` or
    more, and that it is `lower` or less, and his interval must be at least `width` wide. A promise that asks nothing is -inf, inf, 0.

    `contributor`: the number of the one person (or payee) behind a cell, who knows its value; -1 where there are several or none. What he
    knows must unlock no other sensitive cell.
    """

    is_primary: Marks
    upper: Numbers
    lower: Numbers
    width: Numbers
    contributor: Places


@dataclass(frozen=True)
class Problem:
    """A system with its true values, and which cells may be withheld at what cost (whole numbers, 1 or more).

    `is_latent` cells are never shown. What is neither latent, primary nor `can_hide` is known to everybody.
    """

    system: System
    values: Numbers
    needs: Needs
    can_hide: Marks
    is_latent: Marks
    cost: Places

    def always_hidden(self) -> Marks:
        return self.is_latent | self.needs.is_primary

    def price(self, hidden: Marks) -> int:
        """What a pattern costs beyond the cells that are hidden in any case."""
        return int(self.cost[hidden & ~self.always_hidden()].sum())


def sum_relation(total: int, parts: Sequence[int]) -> Relation:
    return Relation((total, *parts), (-1.0, *([1.0] * len(parts))))


def residuals(system: System, values: Numbers) -> Numbers:
    """By how much each relation fails to hold."""
    return np.array([np.dot(values[list(item.cells)], item.coefficients) for item in system.relations])


def information_cost(values: Numbers, *, kind: str = "bits") -> Places:
    """What it costs to withhold a cell: `cells` one each; `persons` its value; `bits` 16 and its length in bits.

    With `bits` few cells go, and of as many the smaller: a grand total of a million weighs as much as two small cells.
    """
    whole = np.maximum(values, 0)
    if kind == "cells":
        return np.ones(len(values), dtype=np.int64)
    if kind == "persons":
        return np.maximum(whole, 1).astype(np.int64)
    bits: Places = 16 + np.ceil(np.log2(whole + 1)).astype(np.int64)
    return bits


def lone_contributors(values: Numbers, counts: Numbers, relations: Iterable[Relation]) -> Places:
    """Number the contributors of cells with a single one (`counts` is 1); a part and its total that are equal have the same one."""
    leader = np.where(counts == 1, np.arange(len(values)), -1)
    changed = True
    while changed:
        changed = False
        for relation in relations:
            totals = [cell for cell, factor in zip(relation.cells, relation.coefficients, strict=True) if factor < 0 and leader[cell] >= 0]
            for total in totals:
                for cell, factor in zip(relation.cells, relation.coefficients, strict=True):
                    if factor > 0 and leader[cell] >= 0 and values[cell] == values[total] and leader[cell] != leader[total]:
                        leader[cell] = leader[total] = min(leader[cell], leader[total])
                        changed = True
    return leader.astype(np.int64)


def blocks(system: System, hidden: Marks) -> list[list[int]]:
    """Hidden cells that relations join, directly or through others: what is known of one block says nothing of another."""
    parent = list(range(system.size))

    def root(cell: int) -> int:
        while parent[cell] != cell:
            parent[cell] = parent[parent[cell]]
            cell = parent[cell]
        return cell

    for relation in system.relations:
        members = [cell for cell in relation.cells if hidden[cell]]
        for cell in members[1:]:
            parent[root(cell)] = root(members[0])
    found: dict[int, list[int]] = {}
    for cell in np.flatnonzero(hidden).tolist():
        found.setdefault(root(cell), []).append(cell)
    return list(found.values())

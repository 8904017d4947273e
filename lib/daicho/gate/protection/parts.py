"""A system in the parts that nothing joins: what is withheld in one says nothing of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from daicho.gate.protection.system import Needs, Places, Problem, Relation, System, blocks


@dataclass(frozen=True)
class PartOf:
    """A problem of its own, and where its cells stand in the whole one."""

    problem: Problem
    cells: Places


def parts_of(problem: Problem) -> Iterator[PartOf]:
    """The parts that hold a sensitive or withheld cell. Cells that everybody knows join nothing; a part holds those that it needs."""
    movable = problem.can_hide | problem.always_hidden()
    number = np.full(problem.system.size, -1)
    found = blocks(problem.system, movable)
    for position, cells in enumerate(found):
        number[cells] = position
    relations: list[list[Relation]] = [[] for _ in found]
    for relation in problem.system.relations:
        position = next((int(number[cell]) for cell in relation.cells if number[cell] >= 0), -1)
        if position >= 0:
            relations[position].append(relation)
    asked = problem.always_hidden()
    for cells, own in zip(found, relations, strict=True):
        if asked[cells].any():
            yield _part(problem, sorted({*cells, *(cell for relation in own for cell in relation.cells)}), own)


def _part(problem: Problem, cells: list[int], relations: list[Relation]) -> PartOf:
    places = np.array(cells, dtype=np.int64)
    at = {cell: place for place, cell in enumerate(cells)}
    system = System(
        tuple(problem.system.labels[cell] for cell in cells),
        tuple(Relation(tuple(at[cell] for cell in item.cells), item.coefficients) for item in relations),
        problem.system.is_whole,
    )
    needs = problem.needs
    own = Needs(needs.is_primary[places], needs.upper[places], needs.lower[places], needs.width[places], needs.contributor[places])
    return PartOf(
        Problem(system, problem.values[places], own, problem.can_hide[places], problem.is_latent[places], problem.cost[places]), places
    )

"""Small tables, and everything about them by enumeration: no linear programme, no solver."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from daicho.gate.protection.primary import count_needs, few
from daicho.gate.protection.system import Marks, Numbers, Problem, System, information_cost
from daicho.gate.protection.tables import TOTAL, Key, margin_relations, with_margins

K, WIDTH = 4, 4


def keys_of(shape: Sequence[int]) -> list[Key]:
    return with_margins([tuple(map(str, place)) for place in np.ndindex(*shape)], len(shape), {})


def incidence(keys: Sequence[Key], inner: Sequence[Key]) -> Numbers:
    """Which inner cells each row sums."""
    return np.array([[float(all(a in (TOTAL, b) for a, b in zip(key, row, strict=True))) for row in inner] for key in keys])


def counts_problem(
    keys: Sequence[Key], values: Sequence[int], *, k: int = K, width: int = WIDTH, cost: str = "cells"
) -> tuple[Problem, Numbers]:
    """A table of counts with its margins; `values` are those of the inner cells. Also the incidence of its rows."""
    inner = [key for key in keys if TOTAL not in key]
    sums = incidence(keys, inner)
    numbers = sums @ np.array(values, dtype=float)
    system = System(tuple(" ".join(key) for key in keys), tuple(margin_relations(keys, len(keys[0]))))
    primary = few(numbers, np.full(len(keys), float(k)))
    needs = count_needs(numbers, primary, threshold=np.full(len(keys), float(k)), width=width, relations=system.relations)
    problem = Problem(system, numbers, needs, numbers > 0, np.zeros(len(keys), dtype=bool), information_cost(numbers, kind=cost))
    return problem, sums


class Enumerated:
    """All tables whose inner cells are at most `most`, with their margins."""

    def __init__(self, problem: Problem, sums: Numbers, most: int) -> None:
        grid = np.array(list(itertools.product(range(most + 1), repeat=sums.shape[1])), dtype=float)
        self._problem, self.tables = problem, grid @ sums.T

    def consistent(self, hidden: Marks, known: Sequence[int] = ()) -> Numbers:
        fixed = ~hidden
        fixed[list(known)] = True
        return self.tables[(self.tables[:, fixed] == self._problem.values[fixed]).all(axis=1)]

    def keeps_promises(self, hidden: Marks, *, with_contributors: bool = True) -> bool:
        """Whether every sensitive cell is as uncertain as promised, to anybody and to each lone contributor of another cell."""
        needs = self._problem.needs
        if (needs.is_primary & ~hidden).any():
            return False
        numbers = set(needs.contributor[needs.contributor >= 0].tolist()) if with_contributors else set()
        groups = [[], *(np.flatnonzero(needs.contributor == number).tolist() for number in numbers)]
        for known in groups:
            tables = self.consistent(hidden, known)
            for cell in np.flatnonzero(needs.is_primary):
                if known and needs.contributor[cell] == needs.contributor[known[0]]:
                    continue
                low, high = tables[:, cell].min(), tables[:, cell].max()
                if high < needs.upper[cell] or low > needs.lower[cell] or high - low < needs.width[cell]:
                    return False
        return True

    def cheapest(self) -> int:
        """The price of the cheapest pattern that keeps every promise, by trying all."""
        problem = self._problem
        free = np.flatnonzero(problem.can_hide & ~problem.needs.is_primary)
        patterns = sorted(
            (sum(problem.cost[list(chosen)]), chosen) for size in range(len(free) + 1) for chosen in itertools.combinations(free, size)
        )
        for price, chosen in patterns:
            hidden = problem.needs.is_primary.copy()
            hidden[list(chosen)] = True
            if self.keeps_promises(hidden):
                return int(price)
        raise AssertionError("hiding everything keeps every promise")

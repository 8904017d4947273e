"""Tables that a programme has met: each is a possible table, so what they reach needs no further programme."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from daicho.gate.protection.system import Numbers

KEPT = 128


class TablesMet:
    """The last tables of a block, and the extremes of all of them."""

    def __init__(self, size: int) -> None:
        self._tables = np.zeros((KEPT, size))
        self._count = 0
        self._least, self._most = np.full(size, np.inf), np.full(size, -np.inf)

    def add(self, table: Numbers) -> None:
        self._tables[self._count % KEPT] = table
        self._count += 1
        np.minimum(self._least, table, out=self._least)
        np.maximum(self._most, table, out=self._most)

    def span(self, place: int, known: Sequence[int], values: Sequence[float] | float) -> tuple[float, float]:
        """Least and greatest value at a place, in the tables that have `values` at the places `known`; inf, -inf where none has."""
        if not len(known):
            return float(self._least[place]), float(self._most[place])
        tables = self._tables[: min(self._count, KEPT)]
        agree = (np.abs(tables[:, known] - values) < 1e-6).all(axis=1)
        found = tables[agree, place]
        return (float(found.min()), float(found.max())) if len(found) else (np.inf, -np.inf)

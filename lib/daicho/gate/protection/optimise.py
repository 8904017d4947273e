"""The cheapest pattern, exactly: an integer programme over "is this cell withheld", with the attacker's side as cuts.

After Fischetti and Salazar (2001). The attacker's greatest deviation of a sensitive cell is a linear programme; each of its dual solutions
d gives an inequality that every safe pattern keeps: the sum over withheld cells of d's price for moving them is at least the promise. The
programme starts with the inequalities of single relations, and takes in those that its own answer breaks, until the answer breaks none.
Every inequality holds for every safe pattern: the last answer is therefore the cheapest safe one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from daicho.gate.protection.patience import Patience
from daicho.gate.protection.solver import QuietSolver
from daicho.gate.protection.system import Marks, Numbers, Problem, blocks
from daicho.gate.protection.tables_met import TablesMet

ROUNDS = 80
NODES = 5000
WORK = 2_000_000  # inequalities taken in, times cells: beyond it the search is given up, on any machine at the same place
NEAR = 0.05  # while inequalities are still missing, an answer so near to the best is good enough
SMALL = 1e-7


class NoPattern(Exception):
    """No pattern keeps the promise of this cell: everything that could be withheld beside it is known."""

    def __init__(self, cell: int) -> None:
        self.cell = cell
        super().__init__("no pattern keeps every promise")


@dataclass(frozen=True)
class Optimum:
    """A pattern; `is_proven` when it breaks no promise and none is cheaper."""

    hidden: Marks
    is_proven: bool
    rounds: int


@dataclass(frozen=True)
class Cut:
    """Sum of weight over withheld `cells` is at least `least`."""

    cells: tuple[int, ...]
    weights: tuple[float, ...]
    least: float


class Master:
    """The integer programme over the cells that may be withheld."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._always = problem.always_hidden()
        self._candidates = np.flatnonzero(problem.can_hide & ~self._always)
        self._column = {int(cell): place for place, cell in enumerate(self._candidates)}
        count = len(self._candidates)
        self._model = QuietSolver()
        self._model.addVars(count, np.zeros(count), np.ones(count))
        if count:
            places = np.arange(count, dtype=np.int32)
            self._model.changeColsCost(count, places, problem.cost[self._candidates].astype(float))
            self._model.changeColsIntegrality(count, places, np.full(count, highspy.HighsVarType.kInteger))
        # Costs are whole numbers: an answer within less than one of the bound is the best.
        for option, value in (("mip_abs_gap", 0.999), ("mip_max_nodes", NODES)):
            self._model.setOptionValue(option, value)

    def add(self, cell: int, prices: Numbers, need: float) -> bool:
        """Add the inequality of a sensitive cell from the prices of moving each cell. Returns whether it says anything new.

        Raises NoPattern when nothing that may be withheld could keep it."""
        least = need - float(prices[self._always].sum())
        if least <= SMALL:
            return False
        found = [
            (self._column[place], min(float(prices[place]), least))
            for place in np.flatnonzero(prices > SMALL).tolist()
            if place in self._column
        ]
        if sum(weight for _, weight in found) < least - SMALL:
            raise NoPattern(cell)
        self._model.addRow(
            least, highspy.kHighsInf, len(found), np.array([c for c, _ in found], dtype=np.int32), np.array([w for _, w in found])
        )
        return True

    def forbid(self, hidden: Marks, cell: int) -> None:
        """At least one more cell than a pattern that was found unsafe: whatever it contains is unsafe too."""
        self.add(cell, (~hidden).astype(float), 1.0)

    def solve(self, patience: Patience, *, gap: float) -> tuple[Marks, bool] | None:
        """The cheapest pattern so far and whether that is proven; None where the nodes ran out without one."""
        if not len(self._candidates):
            return self._always.copy(), True
        self._model.setOptionValue("mip_rel_gap", gap)
        self._model.setOptionValue("time_limit", self._model.getRunTime() + patience.left)
        self._model.run()
        if self._model.getModelStatus() == highspy.HighsModelStatus.kTimeLimit:
            patience.check()
        if self._model.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        hidden = self._always.copy()
        hidden[self._candidates[np.array(self._model.getSolution().col_value) > 0.5]] = True
        return hidden, self._model.getModelStatus() == highspy.HighsModelStatus.kOptimal


def cheapest_pattern(problem: Problem, *, patience: Patience) -> Optimum:
    """Find the cheapest pattern that keeps every promise of linear bounds. Raises NoPattern, DisclosureError when time is over.

    Rounds, nodes and inequalities are limited by number, so that a table gets the same pattern every time."""
    master, prices = Master(problem), PriceList(problem)
    for cell, price, need in prices.of_single_relations():
        master.add(cell, price, need)
    hidden, work, gap = problem.always_hidden(), 0, NEAR
    for number in range(1, ROUNDS + 1):
        answer = master.solve(patience, gap=gap)
        if answer is None:
            return Optimum(hidden, False, number)
        hidden, is_best = answer
        taken = sum([master.add(cell, price, need) for cell, price, need in prices.broken(hidden, patience)])
        work += taken * problem.system.size
        if work > WORK or (not taken and not gap):
            return Optimum(hidden, is_best and not taken, number)
        gap = gap if taken else 0.0
    return Optimum(hidden, False, ROUNDS)


def needs_more(problem: Problem) -> bool:
    """Whether some relation alone shows that what is withheld in any case is not enough. Raises NoPattern."""
    master = Master(problem)
    return any(master.add(cell, price, need) for cell, price, need in PriceList(problem).of_single_relations())


class PriceList:
    """What it is worth to the attacker's uncertainty to withhold a cell, by dual solutions of his programme."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._cells = np.flatnonzero(problem.needs.is_primary).tolist()
        self._touching: list[list[tuple[int, float]]] = [[] for _ in range(problem.system.size)]
        for row, relation in enumerate(problem.system.relations):
            for cell, factor in zip(relation.cells, relation.coefficients, strict=True):
                self._touching[cell].append((row, factor))

    def of_single_relations(self) -> Iterator[tuple[int, Numbers, float]]:
        """The inequalities of each relation that a sensitive cell stands in: it moves only if another of them does."""
        for cell in self._cells:
            for row, factor in self._touching[cell]:
                relation = self._problem.system.relations[row]
                dual = {row: 1.0 / factor}
                yield from self._inequalities(
                    cell, self._prices(cell, dual, relation.cells), self._prices(cell, dual, relation.cells, sense=-1)
                )

    def broken(self, hidden: Marks, patience: Patience) -> Iterator[tuple[int, Numbers, float]]:
        """Inequalities that a pattern breaks, for sensitive cells and for what lone contributors know."""
        problem, needs = self._problem, self._problem.needs
        for cells in blocks(problem.system, hidden):
            inside = [cell for cell in cells if needs.is_primary[cell]]
            if not inside:
                continue
            programme = _Deviation(problem, cells, self._touching)
            knowers = sorted({int(needs.contributor[cell]) for cell in cells if needs.contributor[cell] >= 0})
            for cell in inside:
                patience.check()
                found = list(self._tested(programme, cell, ()))
                yield from found
                others = [number for number in knowers if number != needs.contributor[cell]]
                if not found:
                    yield from self._unlocked(programme, cell, [[c for c in cells if needs.contributor[c] == number] for number in others])

    def _unlocked(self, programme: _Deviation, cell: int, knowers: Sequence[Sequence[int]]) -> Iterator[tuple[int, Numbers, float]]:
        """Inequalities against lone contributors. What a group cannot do together none of it can do alone: groups are halved."""
        if not knowers:
            return
        found = list(self._tested(programme, cell, [each for known in knowers for each in known]))
        if not found or len(knowers) == 1:
            yield from found
            return
        half = len(knowers) // 2
        yield from self._unlocked(programme, cell, knowers[:half])
        yield from self._unlocked(programme, cell, knowers[half:])

    def _tested(self, programme: _Deviation, cell: int, known: Sequence[int]) -> Iterator[tuple[int, Numbers, float]]:
        value = float(self._problem.values[cell])
        if self._is_kept(cell, *programme.seen(cell, known)):
            return
        up, up_dual = programme.extreme(cell, 1, known)
        down, down_dual = programme.extreme(cell, -1, known)
        if self._is_kept(cell, up, down):
            return
        cells = range(self._problem.system.size)
        for found, need in self._needs(
            cell, self._prices(cell, up_dual, cells, known=known), self._prices(cell, down_dual, cells, sense=-1, known=known), value
        ):
            yield cell, found, need

    def _is_kept(self, cell: int, up: float, down: float) -> bool:
        needs = self._problem.needs
        reaches = up >= needs.upper[cell] - SMALL and down <= needs.lower[cell] + SMALL
        return bool(reaches and up - down >= needs.width[cell] - SMALL)

    def _inequalities(self, cell: int, up: Numbers, down: Numbers) -> Iterator[tuple[int, Numbers, float]]:
        for prices, need in self._needs(cell, up, down, float(self._problem.values[cell])):
            yield cell, prices, need

    def _needs(self, cell: int, up: Numbers, down: Numbers, value: float) -> Iterator[tuple[Numbers, float]]:
        needs = self._problem.needs
        for prices, need in (
            (up, needs.upper[cell] - value),
            (down, value - needs.lower[cell]),
            (up + down, needs.width[cell]),
        ):
            if need > SMALL:
                yield prices, float(need)

    def _prices(self, cell: int, dual: dict[int, float], cells: Sequence[int], *, sense: int = 1, known: Sequence[int] = ()) -> Numbers:
        """For each cell how far its moves can carry the sensitive one: without limit upwards, by its own value downwards."""
        reduced = np.zeros(self._problem.system.size)
        reduced[cell] = 1.0
        for row, weight in dual.items():
            relation = self._problem.system.relations[row]
            reduced[list(relation.cells)] -= weight * np.array(relation.coefficients)
        reduced *= sense
        far = 1e9
        prices = np.where(reduced > SMALL, far, np.where(reduced < -SMALL, -reduced * self._problem.values, 0.0))
        prices[list(known)] = 0.0
        return prices


class _Deviation:
    """The attacker's programme over one block, in the optimiser's own terms: tables around the true one, with duals."""

    def __init__(self, problem: Problem, cells: Sequence[int], touching: Sequence[Sequence[tuple[int, float]]]) -> None:
        self._values = problem.values
        self._column = {cell: place for place, cell in enumerate(cells)}
        self._rows = sorted({row for cell in cells for row, _ in touching[cell]})
        # Whatever a promise asks, this is farther.
        needs = problem.needs
        asked = [bound for bound in (needs.upper[needs.is_primary], needs.width[needs.is_primary]) if len(bound)]
        finite = np.concatenate(asked) if asked else np.zeros(0)
        self._far = 4 * (float(np.max(finite[np.isfinite(finite)], initial=0.0)) + float(problem.values.max(initial=0.0)) + 1000.0)
        self._model = QuietSolver()
        self._model.setOptionValue("presolve", "off")
        self._model.setOptionValue("simplex_strategy", 4)
        down = -problem.values[list(cells)]
        self._down = down
        self._tables = TablesMet(len(cells))
        self._model.addVars(len(cells), down, np.full(len(cells), self._far))
        for row in self._rows:
            relation = problem.system.relations[row]
            inside = [(self._column[c], f) for c, f in zip(relation.cells, relation.coefficients, strict=True) if c in self._column]
            self._model.addRow(0.0, 0.0, len(inside), np.array([c for c, _ in inside], dtype=np.int32), np.array([f for _, f in inside]))

    def seen(self, cell: int, known: Sequence[int]) -> tuple[float, float]:
        """The greatest and least value in tables met so far that leave the known cells alone."""
        down, up = self._tables.span(self._column[cell], [self._column[each] for each in known], 0.0)
        return up + float(self._values[cell]), down + float(self._values[cell])

    def extreme(self, cell: int, sense: int, known: Sequence[int]) -> tuple[float, dict[int, float]]:
        """The extreme value of a cell, and the dual weights of the relations that bound it."""
        place, model = self._column[cell], self._model
        fixed = np.array([self._column[each] for each in known], dtype=np.int32)
        if known:
            model.changeColsBounds(len(fixed), fixed, np.zeros(len(fixed)), np.zeros(len(fixed)))
        model.changeColCost(place, -float(sense))
        model.run()
        solution = model.getSolution()
        value = float(self._values[cell]) + solution.col_value[place]
        self._tables.add(np.array(solution.col_value))
        dual = {row: -sense * weight for row, weight in zip(self._rows, solution.row_dual, strict=True) if abs(weight) > 1e-9}
        model.changeColCost(place, 0.0)
        if known:
            model.changeColsBounds(len(fixed), fixed, self._down[fixed], np.full(len(fixed), self._far))
        return value, dual

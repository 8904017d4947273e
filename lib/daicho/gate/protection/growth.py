"""A safe pattern without search: cells are added one promise at a time, each time the cheapest that keep it.

For a sensitive cell a linear programme finds another table with the same relations in which the cell has the value that the promise asks
for, at the least cost of cells that would have to be withheld to make that table possible. Those cells are withheld; the table itself is
then the proof. What is once withheld only loosens what comes later, so the order matters for the price alone, never for safety.
"""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np

from daicho.gate.protection.optimise import NoPattern
from daicho.gate.protection.solver import QuietSolver
from daicho.gate.protection.system import Marks, Numbers, Problem
from daicho.gate.protection.tables_met import TablesMet

SMALL = 1e-6


def grow_pattern(problem: Problem, *, start: Marks | None = None, cells: Sequence[int] | None = None) -> Marks:
    """Withhold cells until every promise (or those of `cells`) is kept, whatever a lone contributor knows. Raises NoPattern.

    The programme's tables are not always of whole numbers: the caller audits the pattern.
    """
    hidden = (problem.always_hidden() if start is None else start | problem.always_hidden()).copy()
    movements = _Movements(problem, hidden)
    wanted = np.array(sorted(cells) if cells is not None else np.flatnonzero(problem.needs.is_primary), dtype=np.int64)
    # The hardest promises first: what they withhold serves the others.
    for cell in wanted[np.argsort(problem.needs.upper[wanted] - problem.values[wanted], kind="stable")[::-1]].tolist():
        _keep_promise(movements, problem, cell)
    return movements.hidden


def _keep_promise(movements: _Movements, problem: Problem, cell: int) -> None:
    """Two values that the cell must be able to have: far enough apart, far enough up and down; what is missing below is added above."""
    needs, value = problem.needs, float(problem.values[cell])
    width, floor = float(needs.width[cell]), min(float(needs.lower[cell]), value)
    up = max(float(needs.upper[cell]), value)
    down = max(min(floor, up - width), 0.0)
    is_reached = movements.reach(cell, max(up, down + width)) and movements.reach(cell, down)
    if not is_reached and not (movements.reach(cell, max(up, floor + width)) and movements.reach(cell, floor)):
        raise NoPattern(cell)


class _Movements:
    """The linear programme of moves away from the true table: a pair of columns (up, down) for each cell that may be withheld."""

    def __init__(self, problem: Problem, hidden: Marks) -> None:
        self.hidden = hidden
        self._problem = problem
        self._values = problem.values
        movable = np.flatnonzero(problem.can_hide | hidden)
        self._column = {int(cell): place for place, cell in enumerate(movable)}
        self._movable, self._count = movable, len(movable)
        count = self._count
        self._model = QuietSolver()
        self._model.setOptionValue("presolve", "off")
        asked = np.concatenate([problem.needs.upper, problem.needs.width, problem.values])
        self._far = 4 * float(np.max(asked[np.isfinite(asked)], initial=1000.0))
        self._lower = np.zeros(2 * count)
        self._upper = np.concatenate([np.full(count, self._far), problem.values[movable]])
        self._model.addVars(2 * count, self._lower, self._upper)
        # The price of a cell is paid by the person moved, and less where many can move.
        price = np.where(hidden[movable], 0.0, problem.cost[movable] / np.maximum(problem.values[movable], 1.0))
        self._model.changeColsCost(2 * count, np.arange(2 * count, dtype=np.int32), np.concatenate([price, price]))
        for relation in problem.system.relations:
            inside = [(self._column[c], f) for c, f in zip(relation.cells, relation.coefficients, strict=True) if c in self._column]
            columns = np.array([c for c, _ in inside], dtype=np.int32)
            factors = np.array([f for _, f in inside])
            self._model.addRow(
                0.0, 0.0, 2 * len(inside), np.concatenate([columns, columns + count]).astype(np.int32), np.concatenate([factors, -factors])
            )
        self._known = {int(cell): int(problem.needs.contributor[cell]) for cell in np.flatnonzero(problem.needs.contributor >= 0)}
        self._tables = TablesMet(self._count)

    def reach(self, cell: int, target: float) -> bool:
        """Withhold what is needed for the cell to have the target value in some table, in which no lone contributor sees his own changed."""
        frozen = [each for each, number in self._known.items() if number != self._problem.needs.contributor[cell] and each in self._column]
        step = target - float(self._values[cell])
        if abs(step) < SMALL or self._is_reached(cell, step, frozen):
            return True
        moves = self._moves(cell, step, frozen)
        if moves is not None or not frozen:
            return self._keep(moves)
        # Not with all of them at once; each alone is what matters.
        numbers = sorted({self._known[each] for each in frozen})
        return all(self._keep(self._moves(cell, step, [each for each in frozen if self._known[each] == number])) for number in numbers)

    def _is_reached(self, cell: int, step: float, frozen: Sequence[int]) -> bool:
        """Whether a table met before moves the cell as far, and no frozen one."""
        down, up = self._tables.span(self._column[cell], [self._column[each] for each in frozen], 0.0)
        return up >= step - SMALL if step >= 0 else down <= step + SMALL

    def _keep(self, moves: Numbers | None) -> bool:
        if moves is None:
            return False
        self._tables.add(moves)
        added = self._movable[(np.abs(moves) > SMALL)]
        fresh = added[~self.hidden[added]]
        self.hidden[fresh] = True
        for each in fresh.tolist():
            self._model.changeColCost(self._column[each], 0.0)
            self._model.changeColCost(self._column[each] + self._count, 0.0)
        return True

    def _moves(self, cell: int, step: float, known: list[int]) -> Numbers | None:
        place, count, model = self._column[cell], self._count, self._model
        fixed = np.array([column for each in known for column in (self._column[each], self._column[each] + count)], dtype=np.int32)
        if known:
            model.changeColsBounds(len(fixed), fixed, np.zeros(len(fixed)), np.zeros(len(fixed)))
        model.changeColBounds(place, max(step, 0.0), max(step, 0.0))
        model.changeColBounds(place + count, max(-step, 0.0), max(-step, 0.0))
        model.run()
        is_found = model.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        solution = np.array(model.getSolution().col_value) if is_found else np.zeros(2 * count)
        restored = np.array([*fixed, place, place + count], dtype=np.int32)
        model.changeColsBounds(len(restored), restored, self._lower[restored], self._upper[restored])
        return solution[:count] - solution[count:] if is_found else None

"""The attacker: what every published number, taken together, says of a withheld one. Written apart from the optimiser on purpose.

He knows all relations, all shown cells and that nothing is negative. For every hidden cell two linear programmes give the least and the
greatest value it can have; whole numbers are rounded inwards. A linear bound may still be met by no table of whole numbers: where the
programme's answer for a sensitive cell is no table of whole numbers, an integer programme gives the bound of whole tables. Whoever is
alone in a cell knows its value, and attacks the others with that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from daicho.core.errors import UsageError
from daicho.gate.protection.solver import QuietSolver
from daicho.gate.protection.system import Marks, Needs, Numbers, Problem, Relation, System, blocks
from daicho.gate.protection.tables_met import TablesMet

TOLERANCE = 1e-6
INTEGER_NODES = 2000  # a number, not a time: the same table gets the same answer on a slow day


@dataclass(frozen=True)
class Failure:
    """A sensitive cell that is bounded too closely; `knower` is the cell whose lone contributor can do it, None where anybody can."""

    cell: int
    lower: float
    upper: float
    knower: int | None = None


@dataclass(frozen=True)
class Audit:
    """Bounds of every hidden cell (nan where a cell is shown, inf where nothing bounds it) and the broken promises."""

    lower: Numbers
    upper: Numbers
    failures: tuple[Failure, ...]
    hidden: int
    seconds: float

    @property
    def narrowest(self) -> float:
        """Width of the narrowest interval of all hidden cells; inf where none is hidden or bounded."""
        widths = self.upper - self.lower
        return float(np.nanmin(widths)) if np.isfinite(widths).any() else np.inf


def audit(problem: Problem, hidden: Marks, *, is_complete: bool = True) -> Audit:
    """Attack a pattern with its true values at hand. `is_complete`: bound every hidden cell, not only the sensitive ones."""
    started = time.perf_counter()
    targets = np.flatnonzero(hidden & (problem.needs.is_primary | (is_complete & ~problem.is_latent))).tolist()
    shown = np.where(hidden, np.nan, problem.values)
    lower, upper = np.full(problem.system.size, np.nan), np.full(problem.system.size, np.nan)
    failures: list[Failure] = []
    for block in _blocks_of(problem.system, shown):
        inside = [cell for cell in targets if cell in block.column]
        for cell in inside:
            lower[cell], upper[cell] = block.seen(cell, {})
            if is_complete or not keeps(problem.needs, cell, lower[cell], upper[cell]):
                lower[cell], upper[cell] = block.bounds(cell, is_exact=bool(problem.needs.is_primary[cell]))
            if problem.needs.is_primary[cell] and not keeps(problem.needs, cell, lower[cell], upper[cell]):
                failures.append(Failure(cell, lower[cell], upper[cell]))
        failures += _contributors(block, problem, [cell for cell in inside if problem.needs.is_primary[cell]])
    # A sensitive cell that is shown is the plainest failure.
    failures += [
        Failure(int(cell), float(problem.values[cell]), float(problem.values[cell]))
        for cell in np.flatnonzero(problem.needs.is_primary & ~hidden)
    ]
    return Audit(lower, upper, tuple(failures), int((hidden & ~problem.is_latent).sum()), time.perf_counter() - started)


def bounds_of(problem: Problem, hidden: Marks, cells: Iterable[int]) -> tuple[Numbers, Numbers]:
    """Least and greatest value of those of the cells that are hidden, for anybody who reads a pattern; nan elsewhere."""
    wanted = {cell for cell in cells if hidden[cell]}
    shown = np.where(hidden, np.nan, problem.values)
    lower, upper = np.full(problem.system.size, np.nan), np.full(problem.system.size, np.nan)
    for block in _blocks_of(problem.system, shown) if wanted else ():
        for cell in (cell for cell in block.cells if cell in wanted):
            lower[cell], upper[cell] = block.bounds(cell, is_exact=bool(problem.needs.is_primary[cell]))
    return lower, upper


def bound_cells(system: System, shown: Numbers, *, targets: Iterable[int] | None = None) -> tuple[Numbers, Numbers]:
    """Least and greatest possible value of each hidden cell, hidden cells being nan in `shown`. Raises UsageError when the shown numbers
    contradict one another: no table has them."""
    wanted = set(np.flatnonzero(np.isnan(shown)).tolist() if targets is None else targets)
    lower, upper = shown.copy(), shown.copy()
    refuse_contradiction(system, shown)
    for block in _blocks_of(system, shown):
        for cell in (cell for cell in block.cells if cell in wanted):
            lower[cell], upper[cell] = block.bounds(cell, is_exact=False)
    return lower, upper


def refuse_contradiction(system: System, shown: Numbers) -> None:
    """Raise UsageError naming a margin that its parts do not add up to."""
    for relation in system.relations:
        values = shown[list(relation.cells)]
        if not np.isnan(values).any() and abs(float(np.dot(values, relation.coefficients))) > TOLERANCE * max(1.0, np.abs(values).max()):
            raise UsageError(
                f"the published numbers do not add up at {system.labels[relation.cells[0]]}: is every table whole, and of one day?"
            )


def keeps(needs: Needs, cell: int, lower: float, upper: float) -> bool:
    """Whether an interval keeps the promise of a sensitive cell."""
    reaches = upper >= needs.upper[cell] - TOLERANCE and lower <= needs.lower[cell] + TOLERANCE
    return bool(reaches and upper - lower >= needs.width[cell] - TOLERANCE)


def _contributors(block: _Block, problem: Problem, cells: Sequence[int]) -> list[Failure]:
    """What lone contributors learn of other sensitive cells. All of them together know more than each: one programme often settles it."""
    knowers: dict[int, list[int]] = {}
    for cell in block.cells:
        if problem.needs.contributor[cell] >= 0:
            knowers.setdefault(int(problem.needs.contributor[cell]), []).append(cell)
    failures = []
    for cell in cells if knowers else ():
        others = [known for number, known in knowers.items() if number != problem.needs.contributor[cell]]
        found = _unlocked(block, problem, cell, others)
        failures += [found] if found else []
    return failures


def _unlocked(block: _Block, problem: Problem, cell: int, knowers: Sequence[Sequence[int]]) -> Failure | None:
    """The first contributor found who unlocks a cell. What a group cannot do together, none of it can do alone: groups are halved."""
    known = {each: float(problem.values[each]) for cells in knowers for each in cells}
    if not knowers or keeps(problem.needs, cell, *block.seen(cell, known)):
        return None
    lower, upper = block.bounds(cell, known=known)
    if keeps(problem.needs, cell, lower, upper):
        return None
    if len(knowers) == 1:
        return Failure(cell, lower, upper, knowers[0][0])
    half = len(knowers) // 2
    return _unlocked(block, problem, cell, knowers[:half]) or _unlocked(block, problem, cell, knowers[half:])


def _blocks_of(system: System, shown: Numbers) -> list[_Block]:
    hidden = np.isnan(shown)
    number = np.full(system.size, -1)
    found = blocks(system, hidden)
    for position, cells in enumerate(found):
        number[cells] = position
    rows: list[list[int]] = [[] for _ in found]
    for index, relation in enumerate(system.relations):
        for cell in relation.cells:
            if number[cell] >= 0:
                rows[number[cell]].append(index)
                break
    return [_Block(system, shown, cells, rows[position]) for position, cells in enumerate(found)]


class _Block:
    """The linear programme of hidden cells that hang together. Only the objective changes from one question to the next."""

    def __init__(self, system: System, shown: Numbers, cells: Sequence[int], rows: Sequence[int]) -> None:
        self.cells = list(cells)
        self.column = {cell: place for place, cell in enumerate(cells)}
        self._is_whole = system.is_whole
        relations = [system.relations[row] for row in rows]
        # Larger than any table that the shown numbers allow to be told from an unbounded one.
        members = [cell for relation in relations for cell in relation.cells]
        self.far = 4 * (float(np.nansum(np.abs(shown[members]))) + 1000.0)
        self._linear = self._model(relations, shown)
        self._integer: highspy.Highs | None = None
        self._sources = (relations, shown)
        self._tables = TablesMet(len(cells))

    def bounds(self, cell: int, *, known: Mapping[int, float] | None = None, is_exact: bool = True) -> tuple[float, float]:
        """Least and greatest value of a cell. `is_exact`: of tables of whole numbers, else of any table, rounded inwards."""
        fixed = {self.column[each]: value for each, value in (known or {}).items() if each in self.column}
        low = self._extreme(self.column[cell], -1, fixed, is_exact=is_exact)
        high = self._extreme(self.column[cell], 1, fixed, is_exact=is_exact)
        return low, (np.inf if high >= self.far / 2 else high)

    def seen(self, cell: int, known: Mapping[int, float]) -> tuple[float, float]:
        """Least and greatest value of a cell in the tables met so far that agree with what is known: the true bounds are no closer."""
        return self._tables.span(self.column[cell], [self.column[each] for each in known], list(known.values()))

    def _extreme(self, place: int, sense: int, fixed: Mapping[int, float], *, is_exact: bool) -> float:
        value, point = self._solve(self._linear, place, sense, fixed)
        if not self._is_whole:
            return max(value, 0.0)
        if is_exact and point is not None and np.abs(point - np.round(point)).max() > 1e-5:
            nearest = float(np.floor(value + TOLERANCE) if sense > 0 else np.ceil(value - TOLERANCE))
            if self._tables.span(place, list(fixed), list(fixed.values()))[sense > 0] == nearest:
                return nearest  # a whole table met before reaches the bound of all tables
            value, point = self._whole_extreme(place, sense, fixed)
        if is_exact and point is not None:
            self._tables.add(np.round(point))
        return float(np.floor(value + TOLERANCE) if sense > 0 else np.ceil(value - TOLERANCE))

    def _whole_extreme(self, place: int, sense: int, fixed: Mapping[int, float]) -> tuple[float, Numbers | None]:
        if self._integer is None:
            self._integer = self._model(*self._sources)
            self._integer.changeColsIntegrality(
                len(self.cells), np.arange(len(self.cells), dtype=np.int32), np.full(len(self.cells), highspy.HighsVarType.kInteger)
            )
            self._integer.setOptionValue("mip_max_nodes", INTEGER_NODES)
            self._integer.setOptionValue("mip_abs_gap", 0.5)
            self._integer.setOptionValue("mip_rel_gap", 0.0)
        return self._solve(self._integer, place, sense, fixed)

    def _solve(self, model: highspy.Highs, place: int, sense: int, fixed: Mapping[int, float]) -> tuple[float, Numbers | None]:
        """The extreme value and a table that has it. Without an answer the interval is empty, and no promise is kept."""
        columns, values = np.array(list(fixed), dtype=np.int32), np.array(list(fixed.values()))
        if fixed:
            model.changeColsBounds(len(columns), columns, values, values)
        model.changeColCost(place, -float(sense))
        model.run()
        status, solution = model.getModelStatus(), np.array(model.getSolution().col_value)
        is_found = model.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        model.changeColCost(place, 0.0)
        if fixed:
            model.changeColsBounds(len(columns), columns, np.zeros(len(columns)), np.full(len(columns), self.far))
        if status == highspy.HighsModelStatus.kInfeasible and not fixed:
            raise UsageError("the published numbers contradict one another: no table has them. Is every table whole, and of one day?")
        if is_found:
            return float(solution[place]), solution  # of a search that ended early, a value that some table has
        # No answer protects nobody: an interval of nothing.
        return (-np.inf if sense > 0 else np.inf), None

    def _model(self, relations: Sequence[Relation], shown: Numbers) -> highspy.Highs:
        model = QuietSolver()
        model.setOptionValue("presolve", "off")
        model.setOptionValue("simplex_strategy", 4)  # primal: the last answer stays feasible when only the question changes
        count = len(self.cells)
        model.addVars(count, np.zeros(count), np.full(count, self.far))
        for relation in relations:
            columns, factors, rest = [], [], 0.0
            for cell, factor in zip(relation.cells, relation.coefficients, strict=True):
                if cell in self.column:
                    columns.append(self.column[cell])
                    factors.append(factor)
                else:
                    rest -= factor * float(shown[cell])
            model.addRow(rest, rest, len(columns), np.array(columns, dtype=np.int32), np.array(factors))
        return model

"""The whole of complementary suppression: the cheapest pattern where it can be found, a safe one otherwise, and the attacker over both.

A system falls into parts that no relation joins, directly or through cells that may be withheld: each is protected by itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from daicho.core.errors import DisclosureError
from daicho.gate.protection.attacker import Audit, Failure, audit
from daicho.gate.protection.growth import grow_pattern
from daicho.gate.protection.optimise import NoPattern, cheapest_pattern, needs_more
from daicho.gate.protection.parts import parts_of
from daicho.gate.protection.patience import Patience
from daicho.gate.protection.system import Marks, Problem

EXACT_CELLS = 6000
PATIENCE = 600.0
REPAIRS = 8


@dataclass(frozen=True)
class Pattern:
    """Which cells are withheld (latent ones included), how they were chosen (`exact` or `heuristic`), and the attacker's findings."""

    hidden: Marks
    method: str
    price: int
    audit: Audit
    seconds: float


def complete_pattern(problem: Problem, *, exact_cells: int = EXACT_CELLS, seconds: float = PATIENCE) -> Pattern:
    """Choose further cells so that every promise is kept, and prove it. Raises NoPattern where none exists, DisclosureError where none of
    the patterns that were found passes the audit, or where that took longer than `seconds`: a slow machine gets no other pattern."""
    started = time.perf_counter()
    hidden, method, patience = problem.always_hidden(), "exact", Patience(seconds)
    lower, upper = np.full(problem.system.size, np.nan), np.full(problem.system.size, np.nan)
    failures: list[Failure] = []
    for part in parts_of(problem):
        try:
            found = _complete_part(part.problem, exact_cells=exact_cells, patience=patience)
        except NoPattern as error:
            raise NoPattern(int(part.cells[error.cell])) from None
        hidden[part.cells], lower[part.cells], upper[part.cells] = found.hidden, found.audit.lower, found.audit.upper
        failures += [replace(each, cell=int(part.cells[each.cell])) for each in found.audit.failures]
        method = method if found.method == "exact" else found.method
    seconds = time.perf_counter() - started
    seen = Audit(lower, upper, tuple(failures), int((hidden & ~problem.is_latent).sum()), seconds)
    return Pattern(hidden, method, problem.price(hidden), seen, seconds)


def _complete_part(problem: Problem, *, exact_cells: int, patience: Patience) -> Pattern:
    started = time.perf_counter()
    hidden = problem.always_hidden()
    # Nothing is cheaper than nothing more: where that passes the audit, no programme is needed.
    seen = None if needs_more(problem) else audit(problem, hidden)
    is_proven = seen is not None and not seen.failures
    if not is_proven and problem.system.size <= exact_cells:
        optimum = cheapest_pattern(problem, patience=patience)
        hidden, is_proven = optimum.hidden, optimum.is_proven
        seen = audit(problem, hidden) if is_proven else None
    if seen is None or seen.failures:
        is_proven = False
        hidden = _grown(problem, hidden, patience)
        seen = audit(problem, hidden)
    told = hidden & ~problem.always_hidden() & (seen.upper == seen.lower)
    if told.any() and problem.system.is_whole:
        # What the attacker computes anyway protects nobody: it may as well be shown, and tells him nothing.
        hidden = hidden & ~told
        seen = audit(problem, hidden)
    if seen.failures:
        raise DisclosureError("no pattern of withheld cells passes the audit: coarsen the table.")
    method = "exact" if is_proven else "heuristic"
    return Pattern(hidden, method, problem.price(hidden), seen, time.perf_counter() - started)


def _grown(problem: Problem, hidden: Marks, patience: Patience) -> Marks:
    """More cells around whatever the attacker finds, until he finds nothing."""
    for number in range(REPAIRS):
        seen = audit(problem, hidden, is_complete=False)
        if not seen.failures:
            return hidden
        patience.check()
        cells = sorted({failure.cell for failure in seen.failures})
        grown = grow_pattern(problem, start=hidden, cells=cells)
        # The tables that growth found may not be of whole numbers: then the neighbours go too.
        hidden = _widened(problem, hidden, cells) if number and np.array_equal(grown, hidden) else grown
    raise DisclosureError("no pattern of withheld cells passes the audit: coarsen the table.")


def _widened(problem: Problem, hidden: Marks, cells: list[int]) -> Marks:
    """Withhold the neighbours of cells: everything that may be withheld in their relations; where that is nothing new, everything."""
    wider = hidden.copy()
    for relation in problem.system.relations:
        members = list(relation.cells)
        if any(cell in cells for cell in members):
            wider[members] |= problem.can_hide[members]
    if np.array_equal(wider, hidden):
        wider = hidden | problem.can_hide
    if np.array_equal(wider, hidden):
        raise NoPattern(cells[0])
    return wider

"""Printed tables as problems of the engine, and what the attacker finds in their patterns and in ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.published_tables import COUNTED, TABLES, Published, counted
from daicho.gate.protection.attacker import Audit, audit
from daicho.gate.protection.complete import Pattern, complete_pattern
from daicho.gate.protection.optimise import NoPattern
from daicho.gate.protection.system import Marks, Needs, Numbers, Problem, Relation, System, sum_relation

LEAST_WIDTH = 0.05  # of an amount that no one may compute exactly


@dataclass(frozen=True)
class Printed:
    """A printed table as a problem. `least` is what everybody knows a withheld cell to be at least: the problem's values are above it."""

    table: Published
    problem: Problem
    cells: tuple[str, ...]
    least: Numbers
    withheld: Marks
    shown: int

    def bounds(self, seen: Audit) -> tuple[Numbers, Numbers]:
        """What the attacker knows, in the table's own numbers."""
        return seen.lower + self.least, seen.upper + self.least


def printed(table: Published) -> Printed:
    """Read a grid. A zero that is always shown makes every withheld count 1 or more: values count from there, and one cell more, known to
    everybody, holds the difference of each relation."""
    cells, values, kinds = _read(table.grid)
    number = {cell: place for place, cell in enumerate(cells)}
    relations = list(_relations(table.sums, number))
    latent, known = np.array(kinds) == "?", np.array(kinds) == "s"
    is_amount = bool(table.sensitive)
    marked = _marks(table.sensitive, number)
    sensitive = marked if is_amount else (values <= table.most) & ((values > 0) | (table.zeros == "sensitive")) & ~latent & ~known
    free = ((values > 0) | (table.zeros == "free")) & ~latent & ~known
    least = np.where((values > 0) & ~latent & (table.zeros == "shown") & (not is_amount), 1.0, 0.0)
    width = LEAST_WIDTH if is_amount else table.width
    alone = np.where(_marks(table.alone, number), np.arange(len(cells)), -1).astype(np.int64)
    needs = Needs(sensitive, np.full(len(cells), -np.inf), np.full(len(cells), np.inf), np.where(sensitive, width, 0.0), alone)
    cost = np.ones(len(cells), dtype=np.int64)
    whole = Problem(System(cells, tuple(relations), not is_amount), values, needs, free, latent, cost)
    hidden = _marks(table.withheld, number) | whole.always_hidden()
    problem = _above(whole, least)
    more = problem.system.size - len(cells)
    return Printed(table, problem, cells, np.pad(least, (0, more)), np.pad(hidden, (0, more)), int((~latent & ~known).sum()))


def stricter(item: Printed) -> Problem:
    """The promise of a disclosure profile: a sensitive count could be k, the first that is not, and its interval is k wide."""
    problem, k = item.problem, item.table.most + 1.0
    is_primary = problem.needs.is_primary
    needs = replace(problem.needs, upper=np.where(is_primary, k - item.least, -np.inf), width=np.where(is_primary, k, 0.0))
    return replace(problem, needs=needs)


def found(problem: Problem) -> Pattern | None:
    """Our pattern; None where no pattern keeps the promise."""
    try:
        return complete_pattern(problem)
    except NoPattern:
        return None


def told(problem: Problem, seen: Audit) -> Marks:
    """Sensitive cells whose exact value anybody computes, or a lone contributor of another."""
    exact: Marks = problem.needs.is_primary & (seen.upper - seen.lower < LEAST_WIDTH / 2)
    exact[[each.cell for each in seen.failures if each.upper - each.lower < LEAST_WIDTH / 2]] = True
    return exact


def report() -> None:
    """One line of a Markdown table for each printed table."""
    print(
        "| table | printed in | cells | sensitive | theirs: more | computed | surely small | ours: more | computed | surely small "
        "| ours under k: more |\n|" + "---|" * 11
    )
    for table in TABLES:
        item = printed(table)
        problem, sensitive = item.problem, int(item.problem.needs.is_primary.sum())
        ours = found(problem)
        patterns = [item.withheld] + ([ours.hidden] if ours else [])
        figures = [figure for hidden in patterns for figure in _figures(item, hidden)]
        figures += [] if ours else ["none", "–", "–"]
        strict = None if table.sensitive else found(stricter(item))
        last = "–" if table.sensitive else str(strict.price) if strict else "none"
        print(f"| {table.name} | {table.where} | {item.shown} | {sensitive} | {' | '.join(figures)} | {last} |", flush=True)
    report_counts()


def report_counts() -> None:
    """All withheld cells where only their number is printed."""
    print("\n| z2 | zeros | sensitive up to | sensitive cells | Gauss | SIMPLEHEURISTIC | ours |\n|" + "---|" * 7)
    for is_grouped, zeros, most, gauss, heuristic in COUNTED:
        item = printed(counted(is_grouped=is_grouped, zeros=zeros, most=most))
        ours = complete_pattern(item.problem)
        sensitive = int(item.problem.needs.is_primary.sum())
        print(f"| {item.table.name} | {zeros} | {most} | {sensitive} | {gauss} | {heuristic} | {int(ours.hidden.sum())} |", flush=True)


def _figures(item: Printed, hidden: Marks) -> tuple[str, str, str]:
    """Cells withheld beside the sensitive ones, sensitive ones computed exactly, and those that everybody knows to be sensitive."""
    seen = audit(item.problem, hidden)
    _, upper = item.bounds(seen)
    small = item.problem.needs.is_primary & (upper <= item.table.most)
    return (
        str(item.problem.price(hidden)),
        str(int(told(item.problem, seen).sum())),
        "–" if item.table.sensitive else str(int(small.sum())),
    )


def _read(grid: str) -> tuple[tuple[str, ...], Numbers, list[str]]:
    """Cells named "row column", their values, and a letter: `?` never shown, `s` known by itself."""
    head, *lines = grid.splitlines()
    cells, values, kinds = [], [], []
    for line in lines:
        row, *entries = line.split()
        for column, entry in zip(head.split(), entries, strict=True):
            if entry != ".":
                cells.append(f"{row} {column}")
                values.append(float(entry.strip("?s")))
                kinds.append("?" if entry.startswith("?") else "s" if entry.endswith("s") else "")
    return tuple(cells), np.array(values), kinds


def _relations(sums: str, number: dict[str, int]) -> Iterator[Relation]:
    """Every total of rows in every column, every total of columns in every row, as far as the cells are there."""
    rows = dict.fromkeys(cell.split()[0] for cell in number)
    columns = dict.fromkeys(cell.split()[1] for cell in number)
    for line in sums.split(";"):
        total, parts = line.split("=")
        names = [total.strip(), *parts.split()]
        across = [[f"{name} {column}" for name in names] for column in columns]
        for cells in across + [[f"{row} {name}" for name in names] for row in rows]:
            if all(cell in number for cell in cells):
                yield sum_relation(number[cells[0]], [number[cell] for cell in cells[1:]])


def _marks(names: str, number: dict[str, int]) -> Marks:
    marks = np.zeros(len(number), dtype=bool)
    marks[[number[name.strip()] for name in names.split(",") if name.strip()]] = True
    return marks


def _above(problem: Problem, least: Numbers) -> Problem:
    """The problem in values above `least`; unchanged where that is nothing."""
    if not least.any():
        return problem
    size, needs = problem.system.size, problem.needs
    relations = []
    for relation in problem.system.relations:
        rest = float(np.dot(least[list(relation.cells)], relation.coefficients))
        relations.append(Relation((*relation.cells, size), (*relation.coefficients, rest)) if rest else relation)
    no, free = np.array([False]), np.array([-np.inf])
    return Problem(
        System((*problem.system.labels, "1"), tuple(relations), problem.system.is_whole),
        np.append(problem.values - least, 1.0),
        Needs(
            np.append(needs.is_primary, no),
            np.append(needs.upper, free),
            np.append(needs.lower, -free),
            np.append(needs.width, 0.0),
            np.append(needs.contributor, -1).astype(np.int64),
        ),
        np.append(problem.can_hide, no),
        np.append(problem.is_latent, no),
        np.append(problem.cost, 1).astype(np.int64),
    )

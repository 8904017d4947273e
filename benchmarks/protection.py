"""Complementary suppression by size: the cheapest pattern, and the attacker's audit of it.

`python -m benchmarks.protection [--dense]`: cross tables of skewed counts with their margins, at about 100, 1,159 (61 × 19) and 5,000 cells,
under k = 10 and a width of 10. `--dense` draws small counts, so that a third of the cells is sensitive. `--published`: the tables that other
packages' documentation prints, their patterns beside ours.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks import published
from daicho.gate.protection.attacker import audit
from daicho.gate.protection.complete import complete_pattern
from daicho.gate.protection.growth import grow_pattern
from daicho.gate.protection.primary import count_needs, few
from daicho.gate.protection.system import Problem, System, information_cost
from daicho.gate.protection.tables import margin_relations, with_margins

SHAPES = ((9, 9), (60, 18), (99, 49), (15, 15, 15))
K = 10


def drawn(shape: tuple[int, ...], *, is_dense: bool) -> Problem:
    """A table with margins over all its dimensions; gamma-distributed means, Poisson counts."""
    dice = np.random.default_rng(1)
    inner = dice.poisson(dice.gamma(0.6 if is_dense else 2.0, 30.0, size=shape)).astype(float)
    keys = with_margins([tuple(map(str, place)) for place in np.ndindex(*shape)], len(shape), {})
    sums = inner
    for axis in range(len(shape)):
        sums = np.concatenate([sums, sums.sum(axis=axis, keepdims=True)], axis=axis)
    values = np.array([sums[tuple(-1 if code == "計" else int(code) for code in key)] for key in keys])
    system = System(tuple(" ".join(key) for key in keys), tuple(margin_relations(keys, len(shape))))
    limits = np.full(len(keys), float(K))
    needs = count_needs(values, few(values, limits), threshold=limits, width=K, relations=system.relations)
    return Problem(system, values, needs, values > 0, np.zeros(len(keys), dtype=bool), information_cost(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dense", action="store_true")
    parser.add_argument("--published", action="store_true")
    asked = parser.parse_args()
    if asked.published:
        published.report()
    else:
        report_sizes(is_dense=asked.dense)


def report_sizes(*, is_dense: bool) -> None:
    """One line of a Markdown table for each size."""
    print("| table | cells | sensitive | more, cheapest | s, audit included | audit s | narrowest | more, grown | s |\n|" + "---|" * 9)
    for shape in SHAPES:
        problem = drawn(shape, is_dense=is_dense)
        sensitive = int(problem.needs.is_primary.sum())
        found = complete_pattern(problem)
        started = time.perf_counter()
        grown = grow_pattern(problem)
        taken = time.perf_counter() - started
        seen = audit(problem, found.hidden)
        print(
            f"| {' × '.join(map(str, shape))} | {problem.system.size:,} | {sensitive} | {int(found.hidden.sum()) - sensitive} ({found.method}) "
            f"| {found.seconds:.1f} | {seen.seconds:.1f} | {seen.narrowest:.0f} | {int(grown.sum()) - sensitive} | {taken:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""Published examples: the number of cells withheld, theirs and ours, and the audit of both.

Tables and patterns as printed in the vignette "Introduction to easySdcTable" (Ø. Langsrud, easySdcTable 1.1.2): example data z2, counts of
0 to 3 sensitive. Its methods promise that no sensitive cell is computed exactly; here that is a width of 1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from daicho.gate.protection.attacker import audit
from daicho.gate.protection.complete import complete_pattern
from daicho.gate.protection.primary import count_needs
from daicho.gate.protection.system import Marks, Needs, Problem, System, information_cost
from daicho.gate.protection.tables import TOTAL, Key, margin_relations, nested_dimensions, with_margins

REGIONS = {name: "400" if name in "IJK" else "300" for name in "ABCDEFGHIJK"}
KINDS = {
    "annet": (11, 7, 5, 13, 9, 12, 6, 9, 3, 9, 4),
    "arbeid": (11, 1, 8, 2, 14, 9, 4, 3, 0, 0, 2),
    "soshjelp": (55, 29, 35, 17, 63, 24, 22, 38, 9, 32, 18),
    "trygd": (36, 18, 25, 13, 52, 22, 8, 15, 2, 20, 11),
}
# Withheld for the sensitive cells' sake, as printed: method Gauss, SIMPLEHEURISTIC_OLD, and Gauss with the municipality groups.
GAUSS = {*((name, "annet") for name in "BDHJK"), ("G", "arbeid"), ("G", "trygd")}
HEURISTIC = {*((name, "annet") for name in "BHJK"), ("D", "trygd")}
GAUSS_GROUPED = {*((name, "annet") for name in "BDHJ"), ("K", "trygd"), ("300", "annet"), ("300", "arbeid"), ("400", "annet")}


def table(*, grouped: bool) -> tuple[Problem, list[Key]]:
    """Groups (where wished), regions and kinds with all margins."""
    rows = [((REGIONS[name],) if grouped else ()) + (name, kind) for kind in KINDS for name in REGIONS]
    width = len(rows[0])
    keys = with_margins(rows, width, nested_dimensions(rows, width))
    counts = {row: count for row, count in zip(rows, (count for counts in KINDS.values() for count in counts), strict=True)}
    values = np.array(
        [
            float(sum(count for row, count in counts.items() if all(code in (TOTAL, own) for code, own in zip(key, row, strict=True))))
            for key in keys
        ]
    )
    system = System(tuple(" ".join(key) for key in keys), tuple(margin_relations(keys, width)))
    primary = values <= 3
    quiet = np.full(len(keys), -1, dtype=np.int64)
    needs = Needs(primary, np.full(len(keys), -np.inf), np.full(len(keys), np.inf), np.where(primary, 1.0, 0.0), quiet)
    nothing = np.zeros(len(keys), dtype=bool)
    return Problem(system, values, needs, values > 0, nothing, information_cost(values, kind="cells")), keys


def pattern(problem: Problem, keys: list[Key], more: set[tuple[str, str]]) -> Marks:
    """The sensitive cells and those printed beside them; a region is named without its group, a group without regions."""
    names = [([code for code in key[:-1] if code != TOTAL] or [TOTAL])[-1] for key in keys]
    found: Marks = problem.needs.is_primary | np.array([(name, key[-1]) in more for name, key in zip(names, keys, strict=True)])
    return found


def test_no_more_cells_are_withheld_than_in_the_published_patterns_under_their_promise() -> None:
    for grouped, more, theirs, ours in [(False, GAUSS, 7, 5), (False, HEURISTIC, 5, 5), (True, GAUSS_GROUPED, 8, 8)]:
        problem, keys = table(grouped=grouped)
        printed = pattern(problem, keys, more)
        found = complete_pattern(problem)
        assert int((printed & ~problem.needs.is_primary).sum()) == theirs
        assert not audit(problem, printed).failures and not found.audit.failures
        assert found.method == "exact" and found.price == ours, (grouped, found.price)


def test_the_published_patterns_break_the_promise_that_a_cell_could_be_k() -> None:
    """k = 10 and a width of 10, of the cells they withhold as sensitive: what an attacker may still think possible is less."""
    for grouped, more in [(False, GAUSS), (False, HEURISTIC), (True, GAUSS_GROUPED)]:
        problem, keys = table(grouped=grouped)
        needs = count_needs(
            problem.values, problem.needs.is_primary, threshold=np.full(len(keys), 10.0), width=10, relations=problem.system.relations
        )
        strict = replace(problem, needs=needs)
        assert audit(strict, pattern(problem, keys, more)).failures
        assert not complete_pattern(strict).audit.failures

"""Patterns of withheld cells against enumeration of all tables of whole numbers, and published examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.effort import examples
from tests.gate.protection.small import Enumerated, counts_problem, keys_of

from daicho.gate.protection.attacker import audit, bound_cells
from daicho.gate.protection.complete import complete_pattern
from daicho.gate.protection.growth import grow_pattern
from daicho.gate.protection.optimise import NoPattern, cheapest_pattern
from daicho.gate.protection.patience import Patience
from daicho.gate.protection.tables import TOTAL, with_margins

SQUARE, OBLONG, CUBE = keys_of((2, 2)), keys_of((2, 3)), keys_of((2, 2, 2))
# Two districts, of two and of one town: the towns' dimension lies within the districts'.
HIERARCHY = with_margins([("A", "a", "1"), ("A", "b", "1"), ("B", "c", "1"), ("A", "a", "2"), ("A", "b", "2"), ("B", "c", "2")], 3, {1: 0})

values = st.integers(0, 6)


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(values, min_size=4, max_size=4))
def test_the_exact_pattern_is_the_cheapest_of_all(counts: list[int]) -> None:
    problem, sums = counts_problem(SQUARE, counts)
    found = complete_pattern(problem)
    everything = Enumerated(problem, sums, most=10)
    assert everything.keeps_promises(found.hidden)
    assert found.method == "exact"
    assert found.price == everything.cheapest()


@settings(max_examples=examples(16), deadline=None)
@given(st.sampled_from([(OBLONG, 4, 3, 7), (CUBE, 2, 2, 4)]), st.data())
@pytest.mark.long
def test_no_table_of_whole_numbers_betrays_a_sensitive_cell(form: tuple[list[tuple[str, ...]], int, int, int], data: st.DataObject) -> None:
    keys, most, k, far = form
    inner = sum(TOTAL not in key for key in keys)
    counts = data.draw(st.lists(st.integers(0, most), min_size=inner, max_size=inner))
    problem, sums = counts_problem(keys, counts, k=k, width=k, cost="bits")
    everything = Enumerated(problem, sums, most=far)
    exact = complete_pattern(problem)
    grown = grow_pattern(problem)
    assert everything.keeps_promises(exact.hidden)
    assert not audit(problem, exact.hidden).failures
    safe = complete_pattern(problem, exact_cells=0)
    assert everything.keeps_promises(safe.hidden)
    if exact.method == "exact":
        assert exact.price <= safe.price
        if not audit(problem, grown).failures:
            assert exact.price <= problem.price(grown)


@settings(max_examples=examples(12), deadline=None)
@given(st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_a_hierarchy_is_protected_as_one_table(counts: list[int]) -> None:
    problem, sums = counts_problem(HIERARCHY, counts, k=3, width=3)
    found = complete_pattern(problem)
    assert Enumerated(problem, sums, most=7).keeps_promises(found.hidden)
    assert found.price <= complete_pattern(problem, exact_cells=0).price


@settings(max_examples=examples(25), deadline=None)
@given(st.sampled_from([(OBLONG, 3), (CUBE, 2), (HIERARCHY, 3)]), st.data())
def test_the_attackers_bounds_are_those_of_enumeration(form: tuple[list[tuple[str, ...]], int], data: st.DataObject) -> None:
    keys, most = form
    inner = [place for place, key in enumerate(keys) if TOTAL not in key]
    counts = data.draw(st.lists(st.integers(0, most), min_size=len(inner), max_size=len(inner)))
    problem, sums = counts_problem(keys, counts, k=1)
    hidden = np.zeros(len(keys), dtype=bool)
    hidden[inner] = data.draw(st.lists(st.booleans(), min_size=len(inner), max_size=len(inner)))
    # Every margin is shown: no cell exceeds the least margin over it.
    largest = 2 * max(counts)
    assume(largest <= 6 and hidden.any() and (largest + 1) ** len(inner) < 600_000)
    tables = Enumerated(problem, sums, most=largest).consistent(hidden)
    everyone = replace(problem.needs, is_primary=hidden, upper=np.full(len(keys), -np.inf), contributor=np.full(len(keys), -1))
    seen = audit(replace(problem, needs=everyone), hidden)
    lower, upper = bound_cells(problem.system, np.where(hidden, np.nan, problem.values))
    for cell in np.flatnonzero(hidden):
        least, greatest = tables[:, cell].min(), tables[:, cell].max()
        assert lower[cell] <= least <= problem.values[cell] <= greatest <= upper[cell]  # linear bounds are never too narrow
        if greatest < largest:
            assert (seen.lower[cell], seen.upper[cell]) == (least, greatest)


@settings(max_examples=examples(10), deadline=None)
@given(st.lists(st.integers(0, 30), min_size=30, max_size=30), st.integers(2, 10))
def test_the_heuristic_passes_the_audit_and_the_exact_pattern_costs_no_more(counts: list[int], k: int) -> None:
    problem, _ = counts_problem(keys_of((5, 6)), counts, k=k, width=k, cost="bits")
    exact, heuristic = complete_pattern(problem), complete_pattern(problem, exact_cells=0)
    assert exact.method == "exact"
    assert not exact.audit.failures and not heuristic.audit.failures
    assert exact.price <= heuristic.price
    assert not audit(problem, grow_pattern(problem)).failures


def investment() -> tuple[object, list[tuple[str, ...]]]:
    keys = keys_of((3, 3))
    return counts_problem(keys, [20, 50, 10, 8, 19, 22, 17, 32, 12], k=1, cost="persons")[0], keys


def test_investment_by_activity_and_region() -> None:
    """Fischetti and Salazar, "Solving the cell suppression problem on tabular data with linear constraints" (2001), their first example:
    activity II in region C (22) is sensitive; with 8, 17 and 12 withheld beside it, it lies between 5 and 30."""
    problem, keys = investment()
    secret = keys.index(("1", "2"))
    pattern = {keys.index(key) for key in (("1", "2"), ("1", "0"), ("2", "0"), ("2", "2"))}
    hidden = np.array([place in pattern for place in range(len(keys))])
    lower, upper = bound_cells(problem.system, np.where(hidden, np.nan, problem.values))
    assert (lower[secret], upper[secret]) == (5, 30)
    is_primary = np.arange(len(keys)) == secret
    needs = replace(
        problem.needs,
        is_primary=is_primary,
        upper=np.where(is_primary, 27.0, -np.inf),
        lower=np.where(is_primary, 17.0, np.inf),
        width=np.where(is_primary, 10.0, 0.0),
    )
    found = cheapest_pattern(replace(problem, needs=needs), patience=Patience(60))
    assert found.is_proven
    assert problem.values[found.hidden].sum() == 59
    assert np.array_equal(found.hidden, hidden)


def test_one_alone_in_a_cell_does_not_unlock_the_other_of_its_row() -> None:
    """A row of 1 and 3 and a total: who is the 1 knows the 3, unless a third cell or the total is withheld."""
    problem, sums = counts_problem(keys_of((1, 3)), [1, 3, 6])
    everything = Enumerated(problem, sums, most=14)
    pair_and_third = problem.needs.is_primary | (problem.values == 6)
    assert everything.keeps_promises(pair_and_third)
    assert everything.keeps_promises(complete_pattern(problem).hidden)
    # Two sensitive cells whose sum is known: neither is told to the public, but the 1 tells itself the 9.
    problem, sums = counts_problem(keys_of((1, 3)), [1, 9, 30], k=10, width=10)
    problem = replace(problem, can_hide=np.zeros(len(problem.values), dtype=bool))
    seen = audit(problem, problem.needs.is_primary)
    assert seen.failures and all(failure.knower is not None for failure in seen.failures)


def test_where_every_margin_is_known_there_may_be_no_pattern() -> None:
    problem, _ = counts_problem(keys_of((2, 2)), [1, 0, 0, 50])
    with pytest.raises(NoPattern):
        cheapest_pattern(replace(problem, can_hide=np.zeros(len(problem.values), dtype=bool)), patience=Patience(60))
    with pytest.raises(NoPattern):
        complete_pattern(replace(problem, can_hide=np.zeros(len(problem.values), dtype=bool)), exact_cells=0)


def test_the_margin_of_a_cell_without_a_partner_goes() -> None:
    problem, _ = counts_problem(keys_of((2, 2)), [1, 0, 0, 50])
    hidden = complete_pattern(problem).hidden
    keys = keys_of((2, 2))
    assert hidden[keys.index(("0", TOTAL))] and hidden[keys.index((TOTAL, "0"))]


def test_a_sensitive_cell_that_is_shown_fails_the_audit() -> None:
    problem, _ = counts_problem(SQUARE, [1, 8, 8, 8])
    assert audit(problem, np.zeros(len(SQUARE), dtype=bool)).failures

"""Two tables beside one another that form no system: what they show of the same group is equal, or k or more persons apart."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from tests.gate.toy import MEASURES, REPOSITORY

from daicho.gate.close_figures import Shown, are_close
from daicho.gate.profiles import load_disclosure

RULES = load_disclosure(REPOSITORY / "data_contracts")
PUBLIC = RULES.profiles["public"]


def shown(rows: list[dict[str, Any]], *, by: tuple[str, ...] = (), measure: str = "residents", **where: list[str]) -> Shown:
    """A release of rows; a count of None is withheld."""
    spec = MEASURES[measure]
    names = [rule.name for rule in spec.rules if rule.kind == "count"]
    frame = pl.DataFrame(rows, schema={**dict.fromkeys(by, pl.String), **dict.fromkeys(names, pl.Int64)})
    statuses = [
        pl.when(pl.col(name).is_null()).then(pl.lit("suppressed")).otherwise(pl.lit("value")).alias(f"{name}_status") for name in names
    ]
    request = {"measure": measure, "by": list(by), "where": where, "parameters": {}, "is_stock": spec.is_stock}
    return Shown(request, frame.with_columns(statuses), spec)


def residents(count: int | None, **codes: str) -> dict[str, Any]:
    return {**codes, "residents_count": count}


def children(eligible: int | None, vaccinated: int | None, **codes: str) -> dict[str, Any]:
    return {**codes, "eligible_count": eligible, "vaccinated_count": vaccinated}


def close(one: Shown, other: Shown) -> bool:
    found = {
        are_close(mine, theirs, profile=PUBLIC, rules=RULES, limits=lambda rows, by, where: rows)
        for mine, theirs in ((one, other), (other, one))
    }
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize(
    ("before", "after", "told"), [(500, 500, False), (500, 501, True), (500, 491, True), (500, 510, False), (500, None, False)]
)
def test_a_group_of_another_day_is_equal_or_k_persons_apart(before: int, after: int | None, told: bool) -> None:
    assert close(shown([residents(before)]), shown([residents(after)])) is told


def test_rows_are_added_up_over_what_the_other_does_not_divide() -> None:
    cells = shown([residents(100, sex="1"), residents(120, sex="2")], by=("sex",))
    assert close(cells, shown([residents(223)])) and not close(cells, shown([residents(220)]))


def test_a_group_that_the_other_filters_for_is_held_against_it_alone() -> None:
    cells = shown([residents(100, district="A"), residents(120, district="B")], by=("district",))
    assert close(cells, shown([residents(101)], district=["A"])) and not close(cells, shown([residents(120)], district=["A"]))


def test_all_and_all_but_few_are_close() -> None:
    assert close(shown([residents(220)]), shown([residents(217)], district=["A", "B"]))


def test_groups_that_are_no_part_of_each_other_are_not_compared() -> None:
    assert not close(shown([residents(100)], district=["A", "B"]), shown([residents(101)], district=["B", "C"]))


def test_a_group_without_a_row_is_nobody() -> None:
    cells = shown([residents(100, sex="1")], by=("sex",))
    assert not close(cells, shown([residents(100, sex="1"), residents(10, sex="2")], by=("sex",)))


def test_a_withheld_part_leaves_the_sum_open() -> None:
    assert not close(shown([residents(None, sex="1"), residents(120, sex="2")], by=("sex",)), shown([residents(121)]))


def test_the_rest_of_those_in_between_is_not_few() -> None:
    """Twelve more children, ten of them vaccinated: two are not."""
    assert close(shown([children(100, 50)], measure="coverage_cohort"), shown([children(120, 68)], measure="coverage_cohort"))
    assert not close(shown([children(100, 50)], measure="coverage_cohort"), shown([children(120, 60)], measure="coverage_cohort"))


@pytest.mark.parametrize("vaccinated", [50, 70])
def test_those_in_between_are_not_all_of_one_kind(vaccinated: int) -> None:
    assert close(shown([children(100, 50)], measure="coverage_cohort"), shown([children(120, vaccinated)], measure="coverage_cohort"))


def test_the_people_of_one_event_are_those_of_another() -> None:
    one = shown([children(100, 50)], measure="coverage_cohort", dose=["1"])
    assert close(one, shown([children(103, 20)], measure="coverage_cohort", dose=["2"]))
    assert not close(one, shown([children(100, 51)], measure="coverage_cohort", dose=["2"]))  # vaccinated with something else
    by_dose = shown([children(102, 20, dose="2"), children(100, 51, dose="3")], by=("dose",), measure="coverage_cohort")
    assert close(one, by_dose)

"""Which persons a count stands for, which laws hold between counts, and what cannot be modelled is named."""

from __future__ import annotations

import polars as pl
import pytest
from tests.gate.toy import REPOSITORY

from daicho.gate.joint import Part, make_joint
from daicho.gate.ledger_engine import describe_measure
from daicho.gate.person_columns import obeys_another_law, person_columns, unmodelled
from daicho.gate.profiles import load_disclosure
from daicho.gate.protection.attacker import audit
from daicho.gate.protection.complete import complete_pattern
from daicho.gate.suppression import protect
from daicho.gate.withheld import Withheld, is_blind, tells
from daicho.measures import catalogue

RULES = load_disclosure(REPOSITORY / "data_contracts")
SPECS = {name: describe_measure(measure) for name, measure in catalogue().items()}
DOSES = pl.DataFrame(
    {
        "month": [1, 1, 2, 2],
        "vaccine": ["A", "B", "A", "B"],
        "doses_count": [40, 30, 12, 25],
        "persons_count": [20, 30, 4, 25],
        "privacy_count": [20, 30, 4, 25],
    }
)


def part(frame: pl.DataFrame, by: tuple[str, ...], *, is_new: bool) -> Part:
    measure = SPECS["annual_counts"]
    done = protect(frame, dimensions=by, values=measure.rules, profile=RULES.profiles["public"], with_siblings=False)
    return Part(by, {}, frame, done.frame, is_new)


@pytest.mark.parametrize(
    ("measure", "word"),
    [
        ("annual_counts", ""),
        ("coverage_cohort", ""),
        ("timeliness", ""),
        ("consignment_payments", "amounts"),
        ("coverage_cumulative", "estimates"),
        ("coverage_cohort_weighted", "estimates"),
        ("intake_quality", "nobody"),
    ],
)
def test_what_cannot_be_a_system_is_named(measure: str, word: str) -> None:
    assert unmodelled(SPECS[measure]) == word


def test_doses_stand_for_their_persons_and_arrivals_for_themselves() -> None:
    found = person_columns(SPECS["annual_counts"], [DOSES])
    assert found is not None and dict(found.counts) == {"privacy_count": ("doses_count", "persons_count")}
    changes = pl.DataFrame({rule.name: [5] for rule in SPECS["population_changes"].rules} | {"spells_count": [60], "privacy_count": [60]})
    stands = person_columns(SPECS["population_changes"], [changes])
    assert stands is not None and "births_count" in stands.counts


def test_a_total_that_is_the_sum_of_its_parts_is_a_law_and_another_law_is_noticed() -> None:
    names = ["open_count", "unvaccinated_count", "unknown_history_count", "vaccinated_count"]
    frame = pl.DataFrame(
        dict(zip(names, ([60, 90, 70, 80, 75], [20, 30, 15, 12, 33], [10, 15, 11, 14, 12], [30, 45, 44, 54, 30]), strict=True))
    )
    found = person_columns(SPECS["unvaccinated"], [frame])
    assert found is not None and found.laws == ((("unvaccinated_count", "unknown_history_count", "vaccinated_count"), "open_count"),)
    assert not obeys_another_law(found, frame)
    doubled = frame.with_columns(unknown_history_count=pl.col("unvaccinated_count") * 2, open_count=pl.lit(200))
    other = person_columns(SPECS["unvaccinated"], [doubled])
    assert other is not None and obeys_another_law(other, doubled)


def test_people_in_two_months_are_counted_once_in_their_margin_and_the_margin_tells_no_month() -> None:
    """24 people had vaccine A in two months, of whom none in both; 50 had B, five of them in both."""
    margin = pl.DataFrame({"vaccine": ["A", "B"], "doses_count": [52, 55], "persons_count": [24, 50], "privacy_count": [24, 50]})
    cells = part(DOSES, ("month", "vaccine"), is_new=False)
    joint = make_joint(
        [cells, part(margin, ("vaccine",), is_new=True)],
        DOSES,
        dimensions=["month", "vaccine"],
        spec=SPECS["annual_counts"],
        profile=RULES.profiles["public"],
    )
    assert not isinstance(joint, str)
    assert audit(joint.problem, joint.problem.always_hidden()).failures
    assert joint.widened(complete_pattern(joint.problem).hidden) == {
        "doses_count": [True, False],
        "persons_count": [True, False],
    }


def test_a_cohort_of_one_size_under_two_doses_is_one_group() -> None:
    """The first dose's table shows the cohort that the second dose's table would withhold."""
    frame = pl.DataFrame({"dose": ["1", "2"], "eligible_count": [60, 60], "vaccinated_count": [30, 25], "unknown_history_count": [0, 0]})
    frame = frame.with_columns(
        privacy_count="eligible_count", vaccinated_persons="vaccinated_count", unknown_history_persons="unknown_history_count"
    )
    spec, profile = SPECS["coverage_cohort"], RULES.profiles["public"]
    done = protect(frame, dimensions=["dose"], values=spec.rules, profile=profile, with_siblings=False)
    new = Part(("dose",), {}, frame, done.frame, is_new=True)
    joint = make_joint([new], frame, dimensions=["dose"], spec=spec, profile=profile, event_dimensions=RULES.event_dimensions)
    assert not isinstance(joint, str)
    cells = [joint.problem.values.tolist().index(60.0), joint.problem.values.tolist().index(60.0) + 1]
    assert any(relation.cells == tuple(cells) for relation in joint.problem.system.relations)


def cell(is_numerator: bool, **where: list[str]) -> Withheld:
    return Withheld({"measure": "coverage_cohort", "by": [], "where": where, "parameters": {}, "is_stock": True}, is_numerator)


def other(measure: str, by: list[str], **where: list[str]) -> dict[str, object]:
    return {"measure": measure, "by": by, "where": where, "parameters": {}, "is_stock": True}


def test_a_numerator_is_told_by_the_same_facts_only_a_denominator_by_any() -> None:
    mine = {"vaccine": ["MR"], "dose": ["MR-1"], "birth_fy": ["2022"]}
    for is_numerator, measure, where, told in [
        (True, "coverage_cohort", {"vaccine": ["MR"], "birth_fy": ["2022"]}, True),
        (True, "coverage_cohort", {"vaccine": ["HB"], "birth_fy": ["2022"]}, False),
        (False, "coverage_cohort", {"vaccine": ["HB"], "birth_fy": ["2022"]}, True),
        (True, "coverage_cohort", {"vaccine": ["MR"], "birth_fy": ["2023"]}, False),
        (True, "zero_dose", {}, False),
        (True, "residents", {}, False),
        (False, "residents", {}, True),
        (True, "timeliness", {}, True),
    ]:
        assert tells(other(measure, ["district"], **where), [cell(is_numerator, **mine)], rules=RULES) is told, (measure, where)


def test_a_table_that_divides_people_no_further_than_a_row_that_is_shown_tells_nothing_within_it() -> None:
    mine = cell(True, vaccine=["MR"], dose=["MR-1"], birth_fy=["2022"], district=["shiba"])
    ward = {"by": ["dose", "birth_fy"], "where": {"vaccine": ["MR"]}}
    shown = pl.DataFrame({"dose": ["MR-1"], "birth_fy": [2022], "vaccinated_count": [500], "vaccinated_count_status": ["value"]})
    curve = other("coverage_cumulative", ["birth_fy", "age_months"], vaccine=["MR"], birth_fy=["2022"])
    by_district = other("timeliness", ["district"], vaccine=["MR"], birth_fy=["2022"])
    hidden = shown.with_columns(vaccinated_count_status=pl.lit("suppressed"))
    blind = [
        is_blind(request, mine, [(ward, frame)], facts=facts, rules=RULES)
        for request, frame, facts in [
            (curve, shown, ["age_months"]),
            (curve, shown, []),
            (curve, hidden, ["age_months"]),
            (by_district, shown, []),
        ]
    ]
    assert blind == [True, False, False, False]

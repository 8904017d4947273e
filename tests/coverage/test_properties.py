"""What must always hold, whatever the rules say: more doses never lower coverage, parts sum to wholes, the curve never falls."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
from tests.coverage.mart_with_notices import build_case
from tests.coverage.random_ledgers import random_case
from tests.coverage.reference_data import Rules, read_rules
from tests.coverage.test_against_reference import opened
from tests.measures.mart_factory import Event, ask

AS_OF = date(2026, 11, 24)
SEEDS = (1, 2)
DOSES = ("DPT-IPV-11", "HIB-2", "MR-1", "HPV9-2", "FLU-E-1")


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules()


def dose_filter(rules: Rules, dose: str) -> dict[str, list[str]]:
    return {"vaccine": [rules.vaccine_of[dose]], "dose": [dose]}


def test_adding_doses_never_lowers_crude_coverage(rules: Rules) -> None:
    dice = random.Random(7)
    case = random_case(rules, 21, persons=150)
    persons = [person for person in case.ledger.persons if person.birth_date]
    more = [
        Event(person.person, rules.vaccine_of[dose], dose, date(2025, 1, 1).replace(month=dice.randrange(1, 13)), batch=4)
        for person in dice.sample(persons, 60)
        for dose in dice.sample(DOSES, 2)
    ]
    fuller = replace(case, ledger=replace(case.ledger, events=(*case.ledger.events, *more)))
    before, after = build_case(case), build_case(fuller)
    for dose in DOSES:
        was, now = (
            ask(mart, "coverage_cohort", where=dose_filter(rules, dose), as_of=AS_OF)["vaccinated_count"][0] for mart in (before, after)
        )
        assert was <= now


@pytest.mark.parametrize("seed", SEEDS)
def test_classes_of_timeliness_sum_to_the_eligible_of_coverage(rules: Rules, seed: int) -> None:
    _, connection = opened(seed)
    for dose in DOSES:
        by, where = ("district",), dose_filter(rules, dose)
        timely = ask(connection, "timeliness", by=by, where=where, as_of=AS_OF)
        covered = ask(connection, "coverage_cohort", by=by, where=where, as_of=AS_OF)
        classes = [name for name in timely.columns if name.endswith("_count") and name not in ("eligible_count", "privacy_count")]
        assert len(classes) == 6
        assert dict(timely.select("district", total=sum(timely[name] for name in classes)).rows()) == dict(
            covered.select("district", "eligible_count").rows()
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_sum_to_the_whole(rules: Rules, seed: int) -> None:
    _, connection = opened(seed)
    for dose in DOSES:
        where = dose_filter(rules, dose)
        for measure, column in (
            ("coverage_cohort", "eligible_count"),
            ("coverage_cohort", "vaccinated_count"),
            ("missed_opportunities", "visits_count"),
        ):
            whole = ask(connection, measure, where=where, as_of=AS_OF)[column][0]
            assert sum(ask(connection, measure, by=("birth_fy", "sex"), where=where, as_of=AS_OF)[column]) == whole


@pytest.mark.parametrize("seed", SEEDS)
def test_outcomes_sum_to_the_dose_records(seed: int) -> None:
    _, connection = opened(seed)
    [[records]] = connection.execute("SELECT count(*) FROM dose").fetchall()
    assert sum(ask(connection, "dose_validity", by=("outcome",))["doses_count"]) == records


@pytest.mark.parametrize("seed", SEEDS)
def test_the_curve_never_falls_and_recomputes_from_its_counts(rules: Rules, seed: int) -> None:
    _, connection = opened(seed)
    for dose in DOSES[:3]:
        curve = ask(connection, "coverage_cumulative", where=dose_filter(rules, dose), as_of=AS_OF).sort("age_months")
        survival, last = 1.0, 0.0
        for row in curve.iter_rows(named=True):
            survival *= 1 - row["events_count"] / row["at_risk_count"]
            assert row["coverage_rate"] == pytest.approx(1 - survival, abs=1e-9)
            assert row["coverage_rate"] >= last - 1e-12
            if row["ci_low"] is not None:
                assert row["ci_low"] <= row["coverage_rate"] <= row["ci_high"]
            last = row["coverage_rate"]


@pytest.mark.parametrize("seed", SEEDS)
def test_valid_doses_are_among_the_recorded_ones(rules: Rules, seed: int) -> None:
    _, connection = opened(seed)
    for dose in DOSES:
        where = dose_filter(rules, dose)
        crude, valid = (ask(connection, "coverage_cohort", where=where, as_of=AS_OF, validity=v) for v in ("crude", "valid"))
        assert crude["eligible_count"][0] == valid["eligible_count"][0]
        assert valid["vaccinated_count"][0] <= crude["vaccinated_count"][0]

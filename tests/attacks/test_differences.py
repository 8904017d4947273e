"""Differencing over days, ages, validity and measures: whatever is answered for public, no two answers lie within few persons of each other.

The attacker asks for the same groups again and again, a little otherwise each time, and subtracts every answer from every other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from tests.conftest import copy_unrecorded

from daicho.core.config import Config
from daicho.core.errors import DisclosureError
from daicho.gate.audit import audit_gate
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.gate.release import Release, status_of

MR = {"vaccine": "MR", "dose": "1期"}
DAYS = ("2026-03-31", "2026-03-30", "2026-03-01", "2026-04-01", "2026-04-30", "2025-12-31")

# Class of attack -> the same groups, asked for a little otherwise each time.
SERIES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "residents day by day": [("residents", {"as_of": day}) for day in DAYS],
    "residents day by day, by sex": [("residents", {"by": ["sex"], "as_of": day}) for day in DAYS],
    "vaccinated day by day": [("coverage_cohort", {"where": MR, "as_of": day}) for day in DAYS],
    "vaccinated by sex and in all": [
        ("coverage_cohort", {"where": MR, "as_of": day, "by": by}) for day in DAYS for by in ([], ["sex"], ["birth_fy"])
    ],
    "vaccinated by month of age": [
        ("coverage_cohort", {"where": MR, "as_of": DAYS[0], "milestone": "age", "age_months": age}) for age in range(15, 26)
    ],
    "vaccinated and validly vaccinated": [
        ("coverage_cohort", {"where": MR, "as_of": DAYS[0], "validity": validity}) for validity in ("crude", "valid")
    ],
    "doses of a year as known day by day": [
        ("annual_counts", {"fiscal_year": 2025, "as_of": day, "by": ["program_class"]}) for day in DAYS
    ],
    "doses counted by several measures": [
        (measure, {"fiscal_year": 2025, "where": {"vaccine": vaccine}})
        for vaccine in ("MR", "HB", "FLU-E")
        for measure in ("annual_counts", "form_rows", "ledger_doses", "dose_validity")
    ],
}


@pytest.fixture(scope="module")
def office(ward: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    config = copy_unrecorded(ward, tmp_path_factory.mktemp("differences") / "office")
    with running_gate(config):
        yield config


def asked_for(client: GateClient, series: list[tuple[str, dict[str, Any]]]) -> list[Release]:
    answers = []
    for measure, request in series:
        try:
            answers.append(client.measure(measure, profile="public", **request))
        except DisclosureError:
            continue
    return answers


def totals(release: Release) -> dict[tuple[Any, ...], int]:
    """What an attacker adds up: each count of the whole table where nothing is withheld, by the event it counts."""
    names = [column.name for column in release.facts.columns if column.kind == "count"]
    event = tuple(sorted((name, codes) for name, codes in release.facts.where.items()))
    whole = [name for name in names if not (release.frame[status_of(name)] == "suppressed").any()]
    return {(name, event): int(release.frame[name].sum()) for name in whole}


@pytest.mark.parametrize("attack", SERIES)
def test_no_two_answers_differ_by_few_persons(office: Config, attack: str) -> None:
    with GateClient.connect(office) as client:
        answers = asked_for(client, SERIES[attack])
    assert answers
    for one, other in combinations(answers, 2):
        mine, theirs = totals(one), totals(other)
        assert not [key for key in mine.keys() & theirs.keys() if 0 < abs(mine[key] - theirs[key]) < 10]


def test_the_audit_finds_nothing_in_all_of_it(office: Config) -> None:
    assert [finding for finding in audit_gate(office) if finding.severity == "error"] == []

"""Weighted coverage: hand-computed sums, and figures that are withheld with the counts they rest on."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from tests.measures.mart_factory import CONTRACTS, Ledger
from tests.measures.people import count, dose, on, resident

from daicho.gate.ledger_engine import describe_measure
from daicho.gate.profiles import load_disclosure
from daicho.gate.suppression import protect
from daicho.measures import catalogue

WEIGHTS = (1_500_000, 2_250_000, None)
PEOPLE = [replace(resident(n, "2023-06-10"), sampling_weight=weight) for n, weight in enumerate(WEIGHTS, start=1)]
ASKED = {"where": {"vaccine": ["MR"], "dose": ["MR-1"]}, "as_of": on("2026-03-31")}


def test_each_person_counts_as_the_weight_says_and_as_one_without() -> None:
    row = count(Ledger(PEOPLE, [dose(1, "MR-1", "2024-07-01"), dose(3, "MR-1", "2024-07-01")]), "coverage_cohort_weighted", **ASKED)
    assert (row["eligible_count"], row["vaccinated_count"]) == (3, 2)
    # 1.5 + 2.25 + 1 = 4.75, and 1.5 + 1 = 2.5: rounded half up to whole persons; the rate is of the sums before rounding.
    assert (row["weighted_eligible"], row["weighted_vaccinated"]) == (5, 3)
    assert row["weighted_coverage_rate"] == pytest.approx(2.5 / 4.75, abs=1e-15)


def test_valid_doses_only_where_asked() -> None:
    ledger = Ledger(PEOPLE, [dose(1, "MR-1", None), dose(2, "MR-1", "2024-07-01")])
    assert count(ledger, "coverage_cohort_weighted", **ASKED)["weighted_vaccinated"] == 4
    assert count(ledger, "coverage_cohort_weighted", validity="valid", **ASKED)["weighted_vaccinated"] == 2


def test_a_ledger_without_weights_gives_the_counts() -> None:
    people = [resident(n, "2023-06-10") for n in range(1, 6)]
    row = count(Ledger(people, [dose(1, "MR-1", "2024-07-01")]), "coverage_cohort_weighted", **ASKED)
    assert (row["weighted_eligible"], row["weighted_vaccinated"], row["weighted_coverage_rate"]) == (5, 1, 0.2)


def test_nobody_has_no_rate() -> None:
    row = count(Ledger(), "coverage_cohort_weighted", **ASKED)
    assert (row["eligible_count"], row["weighted_eligible"], row["weighted_coverage_rate"]) == (0, 0, None)


@pytest.mark.parametrize("profile", ["internal", "public"])
@pytest.mark.parametrize(
    ("eligible", "vaccinated", "shown"), [(120, 80, "all"), (120, 5, "eligible"), (120, 115, "eligible"), (7, 3, "none")]
)
def test_weighted_figures_are_withheld_with_the_counts(profile: str, eligible: int, vaccinated: int, shown: str) -> None:
    spec = describe_measure(catalogue()["coverage_cohort_weighted"])
    row = {
        "eligible_count": eligible,
        "vaccinated_count": vaccinated,
        "weighted_eligible": 40_000,
        "weighted_vaccinated": 30_000,
        "weighted_coverage_rate": 0.75,
        "privacy_count": eligible,
        "vaccinated_persons": vaccinated,
    }
    rules = load_disclosure(CONTRACTS).profiles[profile]
    released = protect(pl.DataFrame([row]), dimensions=(), values=spec.rules, profile=rules).frame.row(0, named=True)
    if (profile, vaccinated) == ("internal", 115):
        shown = "eligible" if rules.complement else "all"
    for weighted, plain in (("weighted_eligible", "eligible_count"), ("weighted_vaccinated", "vaccinated_count")):
        assert (released[weighted] is None) == (released[plain] is None)
    assert (released["weighted_coverage_rate"] is None) == (shown != "all")
    assert (released["weighted_eligible"] is None) == (shown == "none")

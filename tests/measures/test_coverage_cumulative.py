"""Kaplan–Meier curves worked out by hand: late entry, censoring, the interval, and who is in a curve at all."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import polars as pl
import pytest
from tests.measures.mart_factory import Event, Ledger, Person, Spell, ask, build_mart
from tests.measures.people import dose, on, resident

from daicho.core.errors import UsageError
from daicho.measures import compile_request
from daicho.measures.coverage_cumulative import COVERAGE_CUMULATIVE

MR1 = {"vaccine": ["MR"], "dose": ["MR-1"]}
BIRTH = "2023-05-10"


def curve(persons: list[Person], events: list[Event], **request: Any) -> pl.DataFrame:
    wanted: dict[str, Any] = {"where": MR1, "as_of": on("2026-03-31"), **request}
    with build_mart(Ledger(persons, events)) as connection:
        return ask(connection, "coverage_cumulative", **wanted)


def points(frame: pl.DataFrame) -> dict[int, tuple[int, int, float]]:
    return {
        row["age_months"]: (row["at_risk_count"], row["events_count"], round(row["coverage_rate"], 12))
        for row in frame.iter_rows(named=True)
    }


def textbook() -> tuple[list[Person], list[Event]]:
    """Ten children born on one day. 1 to 6 from birth; 7 and 8 move in at 13 months; 9 moves out at 12 months; 10 comes after its dose."""
    persons = [
        *(resident(n, BIRTH) for n in range(1, 7)),
        resident(7, BIRTH, since="2024-06-20"),
        resident(8, BIRTH, since="2024-06-20"),
        resident(9, BIRTH, until="2024-05-25"),
        resident(10, BIRTH, since="2024-09-01"),
    ]
    given = {1: "2024-05-12", 2: "2024-05-20", 3: "2024-06-15", 4: "2024-07-20", 7: "2024-07-20", 10: "2024-06-01"}
    return persons, [dose(n, "MR-1", day) for n, day in given.items()]


def test_a_curve_with_late_entry_and_censoring_is_the_textbooks() -> None:
    found = points(curve(*textbook(), to_months=15))
    # 12 months: 7 at risk (1-6 and 9), 2 vaccinated, 9 leaves. 13: 4 stay and 7 and 8 enter; 3 is vaccinated. 14: 5 at risk, 4 and 7.
    assert found[11] == (7, 0, 0.0)
    assert found[12] == (7, 2, round(1 - 5 / 7, 12))
    assert found[13] == (6, 1, round(1 - 5 / 7 * 5 / 6, 12))
    assert found[14] == (5, 2, round(1 - 5 / 7 * 5 / 6 * 3 / 5, 12))
    assert found[15] == (3, 0, round(1 - 5 / 14, 12))


def test_a_step_holds_everybody_at_risk_in_it_and_the_product_over_its_months() -> None:
    found = points(curve(*textbook(), to_months=15, step_months=3))
    assert list(found) == [0, 3, 6, 9, 12, 15]
    assert found[12] == (7, 2, round(1 - 5 / 7, 3))
    # 13 to 15 months: four stay and two move in; three are vaccinated.
    assert found[15] == (6, 3, round(1 - 5 / 7 * 5 / 6 * 3 / 5, 3))


def test_months_beyond_the_last_whole_step_are_left_out() -> None:
    assert list(points(curve(*textbook(), to_months=14, step_months=6))) == [0, 6, 12]


@pytest.mark.parametrize("step", [0, 2, 4, 5, 13])
def test_steps_that_do_not_divide_each_other_are_not_offered(step: int) -> None:
    parameters = {"as_of": "2026-03-31", "step_months": step}
    with pytest.raises(UsageError, match="does not offer"):
        compile_request(COVERAGE_CUMULATIVE, where={"vaccine": ["MR"], "dose": ["MR-1"]}, parameters=parameters)


def test_the_interval_is_the_log_log_one() -> None:
    row = curve(*textbook(), to_months=12).row(-1, named=True)
    survival, variance = 5 / 7, 2 / (7 * 5)
    width = 1.959963984540054 * sqrt(variance) / abs(log(survival))
    assert row["ci_low"] == pytest.approx(1 - survival ** exp(-width), abs=1e-12)
    assert row["ci_high"] == pytest.approx(1 - survival ** exp(width), abs=1e-12)
    # By hand: log(5/7) = -0.336472, sd = 0.239046, width = 1.392464.
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(0.080249, abs=1e-4), pytest.approx(0.741853, abs=1e-3))


def test_there_is_no_interval_where_nobody_or_everybody_is_vaccinated() -> None:
    frame = curve([resident(1, BIRTH), resident(2, BIRTH)], [dose(1, "MR-1", "2024-05-20"), dose(2, "MR-1", "2024-05-20")])
    assert frame.row(0, named=True)["ci_low"] is None
    last = frame.row(-1, named=True)
    assert (last["age_months"], last["coverage_rate"], last["ci_low"], last["ci_high"]) == (12, 1.0, None, None)


def test_the_month_of_age_is_reached_the_day_before() -> None:
    frame = curve([resident(1, BIRTH), resident(2, BIRTH)], [dose(1, "MR-1", "2024-05-08"), dose(2, "MR-1", "2024-05-09")])
    assert points(frame)[11][1] == 1
    assert points(frame)[12][1] == 1


def test_a_dose_on_the_day_of_moving_in_is_an_event_and_one_on_the_day_of_removal_is_none() -> None:
    came = curve([resident(1, BIRTH, since="2024-06-20")], [dose(1, "MR-1", "2024-06-20")])
    assert points(came) == {13: (1, 1, 1.0)}
    left = curve([resident(1, BIRTH, until="2024-06-20")], [dose(1, "MR-1", "2024-06-20")])
    assert left["events_count"].sum() == 0
    assert max(points(left)) == 13


def test_the_as_of_day_itself_still_counts() -> None:
    frame = curve([resident(1, BIRTH)], [dose(1, "MR-1", "2024-06-20")], as_of=on("2024-06-20"))
    assert points(frame)[13] == (1, 1, 1.0)
    assert curve([resident(1, BIRTH)], [dose(1, "MR-1", "2024-06-20")], as_of=on("2024-06-19"))["events_count"].sum() == 0


def test_a_curve_begins_with_the_first_month_at_risk_and_ends_before_a_month_without_anybody() -> None:
    persons = [resident(1, BIRTH, since="2023-08-10", until="2023-10-10"), resident(2, BIRTH, since="2024-08-10")]
    assert list(points(curve(persons, []))) == [3, 4, 5]


def test_doses_of_unknown_timing_are_no_events_and_validity_asks_for_the_valid_dose() -> None:
    persons = [resident(1, BIRTH), resident(2, BIRTH), resident(3, BIRTH)]
    events = [dose(1, "MR-1", None), dose(2, "MR-1", "2024-03-01"), dose(3, "MR-1", "2024-05-20")]
    crude, valid = curve(persons, events), curve(persons, events, validity="valid")
    assert {month: row[1] for month, row in points(crude).items() if row[1]} == {9: 1, 12: 1}
    assert {month: row[1] for month, row in points(valid).items() if row[1]} == {12: 1}


def test_a_combined_dose_counts_as_its_component() -> None:
    measles = {"vaccine": ["MEASLES"], "dose": ["MEASLES-1"]}
    assert curve([resident(1, BIRTH)], [dose(1, "MR-1", "2024-05-20")], where=measles)["events_count"].sum() == 1


def test_who_comes_back_within_the_month_is_one_person() -> None:
    back = Person(1, on(BIRTH), "1", (Spell(on(BIRTH), on("2023-08-20")), Spell(on("2023-08-25"))))
    row = curve([back, resident(2, BIRTH)], [], to_months=3).row(-1, named=True)
    assert (row["age_months"], row["at_risk_count"], row["privacy_count"]) == (3, 3, 2)


def test_every_curve_has_its_own_months_whatever_it_is_broken_down_by() -> None:
    frame = curve(*textbook(), by=["sex"], to_months=2)
    assert frame.columns[:2] == ["sex", "age_months"]
    assert frame["age_months"].to_list() == [0, 1, 2]
    assert curve(*textbook(), by=["age_months"], to_months=2).columns == curve(*textbook(), to_months=2).columns


@pytest.mark.parametrize(
    ("where", "parameters"), [({**MR1, "age_months": ["12"]}, {}), (MR1, {"to_months": 2000}), ({"vaccine": ["MR"]}, {})]
)
def test_months_are_no_filter_and_the_stage_must_be_named(where: dict[str, list[str]], parameters: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        compile_request(COVERAGE_CUMULATIVE, where=where, parameters={"as_of": "2026-03-31", **parameters})

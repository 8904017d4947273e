"""Estimates behind the gate: curves whose months rest on few people, counts that are parts of others, rates that may exceed one."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from tests.effort import seeds
from tests.gate.toy import REPOSITORY

from daicho.core.config import load_config
from daicho.core.errors import DisclosureError, UsageError
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.profiles import Profile, load_disclosure
from daicho.gate.publication import refuse_gaps
from daicho.gate.release_ledger import Recorded
from daicho.gate.request import parse_request
from daicho.gate.suppression import ValueRule, protect

RULES = load_disclosure(REPOSITORY / "data_contracts")
CURVE = (
    ValueRule("at_risk", "count", contributors=("at_risk",)),
    ValueRule("events", "count", contributors=("events",)),
    ValueRule("coverage", "estimate", rests_on=("events", "at_risk"), along="age_months"),
)
DOSES = (
    ValueRule("doses", "count", contributors=("persons",)),
    ValueRule("target", "count", contributors=("persons",)),
    ValueRule("rate", "rate", numerator="doses", denominator="target", may_exceed_one=True),
)
NOTICES = (
    ValueRule("notices", "count", contributors=("notices",)),
    ValueRule("within_30", "count", contributors=("within_30",), part_of="within_90"),
    ValueRule("within_90", "count", contributors=("within_90",), part_of="notices"),
    ValueRule("median", "estimate", contributors=("within_90",), rests_on=("within_90",)),
)


def profile(name: str) -> Profile:
    return RULES.profiles[name]


def written(frame: pl.DataFrame, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    marks = {"suppressed": "＊", "not_applicable": "－"}
    for name in columns:
        for row in frame.iter_rows(named=True):
            assert (row[name] is None) == (row[f"{name}_status"] in marks)
    return [tuple(marks.get(row[f"{name}_status"]) or f"{row[name]:.6g}" for name in columns) for row in frame.iter_rows(named=True)]


def curve(months: list[tuple[int, int]], under: str = "internal", **column: list[str]) -> list[tuple[str, ...]]:
    """At risk, events and coverage of each month as a reader sees them."""
    survival, points = 1.0, []
    for at_risk, events in months:
        survival *= 1 - events / at_risk if at_risk else 1
        points.append(1 - survival)
    frame = pl.DataFrame({"age_months": range(len(months)), "at_risk": [n for n, _ in months], "events": [e for _, e in months], **column})
    frame = frame.with_columns(pl.Series("coverage", points))
    dimensions = (*column, "age_months")
    return written(protect(frame, dimensions=dimensions, values=CURVE, profile=profile(under)).frame, ("at_risk", "events", "coverage"))


def test_a_curve_without_small_months_is_shown_whole_and_exact() -> None:
    assert curve([(300, 0), (300, 100), (200, 50)]) == [("300", "0", "0"), ("300", "100", "0.333333"), ("200", "50", "0.5")]


def test_a_small_month_is_pooled_with_the_months_behind_it_until_the_pool_is_large_enough() -> None:
    found = curve([(300, 0), (300, 3), (297, 4), (293, 5), (288, 44), (244, 0)])
    assert found == [
        ("300", "0", "0"),
        ("＊", "＊", "＊"),
        ("＊", "＊", "＊"),
        ("＊", "＊", "0.04"),  # 3 + 4 + 5 = 12: the point tells only their sum
        ("288", "44", "0.187"),  # from a pool on with few decimals
        ("244", "0", "0.187"),
    ]


def test_a_large_month_that_closes_a_pool_keeps_its_own_counts_back() -> None:
    # Its events beside the point would leave the three of the month before.
    assert curve([(300, 3), (297, 97), (200, 0)]) == [("＊", "＊", "＊"), ("＊", "＊", "0.333"), ("200", "0", "0.333")]


def test_an_open_pool_withholds_everything_but_zeros_to_the_end() -> None:
    assert curve([(300, 100), (200, 3), (197, 0), (197, 0)]) == [
        ("300", "100", "0.333333"),
        *[("＊", "＊", "＊")],
        *[("＊", "0", "＊")] * 2,
    ]


def test_few_people_at_risk_are_withheld_and_an_empty_pool_ends_by_itself() -> None:
    assert curve([(9, 0), (30, 0), (30, 15)]) == [("＊", "0", "＊"), ("30", "0", "0"), ("30", "15", "0.5")]


def test_every_curve_has_pools_of_its_own() -> None:
    found = curve([(300, 3), (300, 100), (200, 0), (200, 100)], district=["A", "B", "A", "B"])
    assert found == [("＊", "＊", "＊"), ("300", "100", "0.34"), ("＊", "0", "＊"), ("200", "100", "0.67")]


def test_statutory_curves_are_exact() -> None:
    assert curve([(300, 3)], "statutory") == [("300", "3", "0.01")]


@pytest.mark.parametrize("seed", seeds(20))
def test_no_two_shown_points_tell_fewer_than_ten_events(seed: int) -> None:
    months, at_risk = [], 400
    for number in range(25):
        events = min(at_risk, (seed * 7 + number * 13) % 23 if number % 3 else (seed + number) % 12)
        months.append((at_risk, events))
        at_risk -= events
        if at_risk < 12:
            break
    shown, pending = curve(months), 0
    for (risk, events), (risk_shown, events_shown, coverage) in zip(months, shown, strict=True):
        # What a reader can subtract: the events between two shown points of the curve, or of the people at risk.
        if risk_shown != "＊":
            assert pending == 0 or pending >= 10, months
            pending = 0
        pending += events
        if events_shown not in ("＊", "0"):
            pending -= events
        if coverage != "＊":
            assert pending == 0 or pending >= 10 or events_shown != "＊", months
            pending = 0
        assert risk >= 10 or risk_shown == "＊"


def test_public_tests_complements_along_a_curve() -> None:
    assert curve([(300, 0), (300, 150)], "public") == [("300", "0", "0"), ("300", "150", "0.5")]
    assert curve([(300, 295)], "public") == [("＊", "＊", "＊")]
    assert curve([(300, 300)], "public") == [("＊", "＊", "＊")]


def recorded(suppressed: int, by: list[str]) -> Recorded:
    request = {"measure": "coverage_cumulative", "by": by, "where": {}, "parameters": {}, "is_stock": True}
    return Recorded("R1", request, {"content": "c"}, "public", "", 10, suppressed, "")


def test_a_published_table_with_estimates_shows_every_figure_or_none() -> None:
    refuse_gaps(recorded(0, ["district", "age_months"]), has_estimates=True, implicit=("age_months",))
    refuse_gaps(recorded(3, ["district"]), has_estimates=False, implicit=())
    with pytest.raises(DisclosureError, match="drop the dimension district"):
        refuse_gaps(recorded(3, ["district", "age_months"]), has_estimates=True, implicit=("age_months",))
    with pytest.raises(DisclosureError, match="fewer months"):
        refuse_gaps(recorded(3, ["age_months"]), has_estimates=True, implicit=("age_months",))


def row(values: tuple[ValueRule, ...], under: str, **columns: Any) -> tuple[str, ...]:
    names = tuple(value.name for value in values)
    frame = pl.DataFrame({name: [value] for name, value in columns.items()})
    return written(protect(frame, dimensions=(), values=values, profile=profile(under)).frame, names)[0]


def test_a_rate_that_may_exceed_one_has_no_complement() -> None:
    assert row(DOSES, "public", doses=105, target=100, persons=100) == ("105", "100", "1.05")
    assert row(DOSES, "public", doses=97, target=100, persons=100) == ("97", "100", "0.97")
    assert row(DOSES, "public", doses=100, target=100, persons=100) == ("100", "100", "1")
    assert row(DOSES, "public", doses=0, target=100, persons=100) == ("＊", "100", "＊")
    assert row(DOSES, "internal", doses=9, target=100, persons=100) == ("＊", "100", "＊")
    # Twelve doses of four persons, a target of twelve made of five.
    assert row(DOSES, "internal", doses=12, target=12, persons=5) == ("＊", "＊", "＊")


def test_counts_within_counts_are_tested_as_parts_of_them() -> None:
    assert row(NOTICES, "public", notices=100, within_30=40, within_90=60, median=21.5) == ("100", "40", "60", "21.5")
    assert row(NOTICES, "public", notices=100, within_30=55, within_90=60, median=21.5) == ("100", "＊", "60", "21.5")
    assert row(NOTICES, "public", notices=100, within_30=40, within_90=95, median=21.5) == ("100", "40", "＊", "＊")


def test_an_estimate_goes_with_the_count_it_rests_on() -> None:
    assert row(NOTICES, "internal", notices=100, within_30=0, within_90=9, median=21.5) == ("100", "0", "＊", "＊")
    assert row(NOTICES, "internal", notices=100, within_30=0, within_90=0, median=None)[2:] == ("0", "－")


def test_implicit_dimensions_are_in_every_request_and_are_no_filters() -> None:
    measures = LedgerEngine(load_config(REPOSITORY)).measures()
    raw = {
        "measure": "coverage_cumulative",
        "by": ["sex"],
        "where": {"vaccine": ["MR"], "dose": ["MR-1"]},
        "parameters": {"as_of": date(2026, 3, 31).isoformat()},
    }
    assert parse_request(raw, measures=measures, profiles=()).by == ("sex", "age_months")
    with pytest.raises(UsageError):
        parse_request({**raw, "where": {**raw["where"], "age_months": ["12"]}}, measures=measures, profiles=())  # type: ignore[dict-item]

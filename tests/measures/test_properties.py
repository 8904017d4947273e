"""What must hold whatever the ledger holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.effort import examples
from tests.measures.mart_factory import Event, Ledger, Person, Spell, ask, build_mart
from tests.measures.random_ledgers import BIRTHS, random_ledger

from daicho.measures import catalogue

AS_OF = date(2026, 3, 31)
COHORT = {"where": {"vaccine": ["MR"], "dose": ["MR-1"]}, "as_of": AS_OF}
REQUESTS: dict[str, dict[str, Any]] = {
    "residents": {"as_of": AS_OF},
    "coverage_cohort": COHORT,
    "annual_counts": {"fiscal_year": 2025},
    "consignment_payments": {"as_of": AS_OF},
    "payment_holds": {"as_of": AS_OF},
}
# Persons of several vaccines or months stand in several cells.
NOT_ADDITIVE = {"persons_count"}
quick = settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)

days = st.dates(date(2019, 1, 1), date(2027, 1, 1))
births = st.one_of(st.none(), st.sampled_from(BIRTHS), st.dates(date(2015, 1, 1), date(2026, 3, 31)))


def _draw_event(draw: st.DrawFn, persons: int, batch: int) -> Event:
    dose = draw(st.sampled_from(("MR-1", "MR-2", "unknown")))
    return Event(draw(st.integers(1, persons)), "MR", dose, given_on=draw(st.one_of(st.none(), days)), batch=batch)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    people = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        first = draw(days)
        stay = draw(st.one_of(st.none(), st.integers(0, 2500)))
        until = None if stay is None else first + timedelta(days=stay)
        birth = draw(births)
        spell = Spell(first, until, draw(st.sampled_from(("shiba", "azabu", "unknown"))))
        people.append(Person(number, birth, draw(st.sampled_from("012")), (spell,), "day" if birth else "year"))
    events = [_draw_event(draw, len(people), batch) for batch in range(draw(st.integers(0, 6)))]
    return Ledger(people, events)


def total(ledger: Ledger, measure: str) -> dict[str, Any]:
    with build_mart(ledger) as connection:
        return ask(connection, measure, **REQUESTS[measure]).row(0, named=True)


@quick
@given(ledgers(), days, st.data())
def test_adding_a_dose_never_lowers_coverage_and_never_moves_the_denominator(ledger: Ledger, day: date, data: st.DataObject) -> None:
    person = data.draw(st.integers(1, len(ledger.persons)))
    more = replace(ledger, events=[*ledger.events, Event(person, "MR", "MR-1", given_on=day, batch=99)])
    before, after = total(ledger, "coverage_cohort"), total(more, "coverage_cohort")
    assert before["eligible_count"] == after["eligible_count"]
    assert before["vaccinated_count"] <= after["vaccinated_count"] <= before["vaccinated_count"] + 1
    assert after["vaccinated_count"] <= after["eligible_count"]


@quick
@given(ledgers(), st.data())
def test_reporting_a_dose_once_more_changes_no_count(ledger: Ledger, data: st.DataObject) -> None:
    dated = [event for event in ledger.events if event.given_on]
    again = [replace(data.draw(st.sampled_from(dated)), batch=99, paid_month=None, location_flag="2")] if dated else []
    more = replace(ledger, events=[*ledger.events, *again])
    for measure in ("coverage_cohort", "consignment_payments"):
        assert total(ledger, measure) == total(more, measure), measure


@quick
@given(ledgers())
def test_the_order_of_rows_changes_nothing(ledger: Ledger) -> None:
    turned = replace(ledger, persons=ledger.persons[::-1], events=ledger.events[::-1])
    for measure in ("residents", "annual_counts", "payment_holds"):
        assert total(ledger, measure) == total(turned, measure), measure


@quick
@given(ledgers())
def test_fiscal_years_partition_the_doses_of_all_days(ledger: Ledger) -> None:
    with build_mart(ledger) as connection:
        years = [ask(connection, "annual_counts", fiscal_year=year).row(0, named=True)["doses_count"] for year in range(2014, 2028)]
        row = connection.execute("SELECT count(*) FROM dose WHERE was_resident AND date_status = 'ok'").fetchone()
    assert row is not None and sum(years) == row[0]


@pytest.fixture(scope="module")
def big() -> Ledger:
    return random_ledger(99, persons=200)


def cuts(measure: str) -> list[str]:
    return list(catalogue()[measure].cuts)


@pytest.mark.parametrize(("measure", "dimension"), [(measure, dimension) for measure in REQUESTS for dimension in cuts(measure)])
def test_a_cut_partitions_the_total_and_unknown_values_lose_no_row(big: Ledger, measure: str, dimension: str) -> None:
    with build_mart(big) as connection:
        whole = ask(connection, measure, **REQUESTS[measure])
        parts = ask(connection, measure, by=(dimension,), **REQUESTS[measure])
    names = [value.name for value in catalogue()[measure].values if value.kind != "rate" and value.name not in NOT_ADDITIVE]
    assert whole.select(names).row(0) == parts.select(pl.col(names).sum()).row(0)
    assert parts[dimension].n_unique() == parts.height
    assert whole[names[0]][0] > 0


@pytest.mark.parametrize(("measure", "dimension"), [("residents", "birth_fy"), ("residents", "age_years"), ("annual_counts", "district")])
def test_what_is_not_known_can_be_asked_for(big: Ledger, measure: str, dimension: str) -> None:
    with build_mart(big) as connection:
        parts = ask(connection, measure, by=(dimension,), **REQUESTS[measure])
        unknown = ask(connection, measure, where={dimension: ["不明"]}, **REQUESTS[measure])
    figure = parts.columns[1]
    found = parts.filter(pl.col(dimension).is_null() if parts.schema[dimension].is_numeric() else pl.col(dimension) == "unknown")[
        figure
    ].to_list()
    assert found == unknown[figure].to_list() and found[0] > 0


def test_a_rate_is_nothing_but_its_two_counts(big: Ledger) -> None:
    rates = [value for measure in REQUESTS for value in catalogue()[measure].values if value.kind == "rate"]
    assert [(rate.name, rate.numerator, rate.denominator) for rate in rates] == [("coverage_rate", "vaccinated_count", "eligible_count")]
    with build_mart(big) as connection:
        frame = ask(connection, "coverage_cohort", by=("birth_fy", "sex"), **COHORT)
    assert "coverage_rate" not in frame.columns
    assert (frame["vaccinated_count"] <= frame["eligible_count"]).all() and (frame["eligible_count"] > 0).all()


@pytest.mark.parametrize(
    ("measure", "dimension"), [("annual_counts", "age_band"), ("consignment_payments", "vaccine"), ("coverage_cohort", "sex")]
)
def test_a_filter_gives_the_cell_of_the_table(big: Ledger, measure: str, dimension: str) -> None:
    with build_mart(big) as connection:
        parts = ask(connection, measure, by=(dimension,), **REQUESTS[measure])
        for row in parts.iter_rows(named=True):
            code = "unknown" if row[dimension] is None else str(row[dimension])
            where = {**REQUESTS[measure].get("where", {}), dimension: [code]}
            alone = ask(connection, measure, **{**REQUESTS[measure], "where": where}).row(0, named=True)
            assert alone == {name: row[name] for name in alone}, code

"""Every figure of the measures equals that of plain loops, on random ledgers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from tests.effort import seeds
from tests.measures import brute_force, brute_payments
from tests.measures.mart_factory import Event, Ledger, ask, build_mart, reference_tables
from tests.measures.random_ledgers import random_ledger

SEEDS = seeds(3)
AS_OF = date(2026, 3, 31)
RESIDENT_CUTS = ("district", "birth_fy", "age_years", "age_band", "sex", "resident_class")
COHORT_CUTS = ("vaccine", "dose", "birth_fy", "district", "sex", "resident_class")
ANNUAL_CUTS = (
    "vaccine", "dose", "disease", "program_class", "month", "district", "sex", "age_band", "age_years", "birth_fy", "resident_class",
    "age_category",
)  # fmt: skip
PAYMENT_CUTS = ("ward", "month", "vaccine", "dose", "institution", "scheme", "copay_class")
MONEY = ("doses_count", "screenings_count", "gross_yen", "copay_yen", "payable_yen")


def groupings(cuts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """No dimension, and all at once; that every cut between adds up to the same is proved in test_properties."""
    return [(), cuts]


def with_flu_copay(ledger: Ledger) -> Ledger:
    """Minato with a self-payment of 2,500 yen for influenza, none from 75 years at the end of the fiscal year."""
    is_flu = (pl.col("home_ward") == "131032") & (pl.col("vaccine_code") == "FLU-E")
    copay = reference_tables()["copay"].with_columns(
        pl.when(is_flu).then(2500).otherwise("amount_yen").cast(pl.Int32).alias("amount_yen"),
        pl.when(is_flu).then(75).otherwise("age_limit_years").cast(pl.Int32).alias("age_limit_years"),
        pl.when(is_flu).then(pl.lit("fiscal_year_end")).otherwise("age_basis").alias("age_basis"),
        pl.when(is_flu).then(pl.lit("welfare|returnee")).otherwise("exempt").alias("exempt"),
    )
    return Ledger(ledger.persons, ledger.events, ledger.welfare, ledger.institutions, reference={"copay": copay})


@pytest.fixture(scope="module", params=SEEDS)
def world(request: pytest.FixtureRequest) -> Iterator[tuple[Ledger, duckdb.DuckDBPyConnection]]:
    ledger = with_flu_copay(random_ledger(request.param))
    connection = build_mart(ledger)
    yield ledger, connection
    connection.close()


def cells(frame: pl.DataFrame, by: tuple[str, ...], values: tuple[str, ...]) -> brute_force.Cells:
    return {tuple(row[name] for name in by): tuple(row[name] for name in values) for row in frame.iter_rows(named=True)}


def without_zeros(found: brute_force.Cells) -> brute_force.Cells:
    """A request without dimensions has one row also where nothing is counted."""
    return {cell: values for cell, values in found.items() if cell or any(values)}


def test_residents(world: tuple[Ledger, duckdb.DuckDBPyConnection]) -> None:
    ledger, connection = world
    for as_of in (date(2019, 4, 1), date(2025, 10, 1), AS_OF):
        for by in groupings(RESIDENT_CUTS):
            found = cells(ask(connection, "residents", by=by, as_of=as_of), by, ("residents_count",))
            assert without_zeros(found) == brute_force.residents(ledger, by=by, as_of=as_of), (as_of, by)


def test_annual_counts(world: tuple[Ledger, duckdb.DuckDBPyConnection]) -> None:
    ledger, connection = world
    for year, as_of in ((2025, None), (2024, None), (2020, None), (2025, date(2025, 10, 1))):
        for by in groupings(ANNUAL_CUTS):
            found = cells(ask(connection, "annual_counts", by=by, fiscal_year=year, as_of=as_of), by, ("doses_count", "persons_count"))
            assert without_zeros(found) == brute_force.annual_counts(ledger, by=by, fiscal_year=year, as_of=as_of), (year, by)


def payable_ledger(ledger: Ledger) -> Ledger:
    """Rotavirus is left out: the examples name no price for it."""
    events = [event for event in ledger.events if event.vaccine != "RV1"]
    return Ledger(ledger.persons, events, ledger.welfare, ledger.institutions, reference=ledger.reference)


def payment_facts(event: Event) -> dict[str, Any]:
    return {
        "ward": event.ward or "unknown", "month": event.paid_month, "vaccine": event.vaccine, "dose": event.dose,
        "institution": event.institution or "unknown", "scheme": "own_ward" if event.ward == "131032" else "mutual_use",
        "copay_class": event.copay_class or "unknown",
    }  # fmt: skip


def in_cells(decided: list[brute_payments.Decided], by: tuple[str, ...]) -> brute_force.Cells:
    grouped: dict[tuple[Any, ...], list[brute_payments.Decided]] = {}
    for item in decided:
        if item.decision == "pay":
            facts = payment_facts(item.event)
            grouped.setdefault(tuple(facts[name] for name in by), []).append(item)
    return {cell: brute_payments.total(items) for cell, items in grouped.items()}


def test_payments_and_what_is_held_back(world: tuple[Ledger, duckdb.DuckDBPyConnection]) -> None:
    ledger = payable_ledger(world[0])
    with build_mart(ledger) as connection:
        for as_of in (AS_OF,):
            decided = brute_payments.decide(ledger, as_of=as_of)
            for by in groupings(PAYMENT_CUTS):
                found = cells(ask(connection, "consignment_payments", by=by, as_of=as_of), by, MONEY)
                assert without_zeros(found) == in_cells(decided, by), by
            held = cells(
                ask(connection, "payment_holds", by=("reason", "decision"), as_of=as_of),
                ("reason", "decision"),
                ("events_count", "held_yen"),
            )
            assert held == brute_payments.not_paid(decided)

"""The totals of payments.md, E4, over random ledgers; and every amount against a calculation event by event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from tests.effort import seeds
from tests.measures import brute_payments
from tests.measures.mart_factory import Event, Ledger, ask, build_mart
from tests.measures.random_payments import random_payments
from tests.measures.test_against_brute_force import with_flu_copay
from tests.measures.test_payment_close import close

from daicho.gate.close_record import canonical, totals
from daicho.measures import catalogue, compile_request

AS_OF = date(2026, 3, 31)
CUTS = (
    "ward",
    "month",
    "vaccine",
    "dose",
    "institution",
    "association",
    "scheme",
    "payee",
    "channel",
    "copay_class",
    "delay_months",
    "reason",
)
MONEY = ("gross_yen", "copay_yen", "payable_yen", "fee_yen")
MEASURES = ("consignment_payments", "payment_holds", "claim_differences", "payment_adjustments", "fiscal_bridge", "ward_settlement")
PAYMENT_CODE = (
    "measures/payment_*.py", "measures/consignment_payments.py", "measures/claim_differences.py", "measures/fiscal_bridge.py",
    "measures/ward_settlement.py", "gate/close*.py", "vault/mart_payments.py", "vault/append.py", "core/payment_rules.py", "core/money.py",
    "contracts/check_payments.py",
)  # fmt: skip


@pytest.fixture(scope="module", params=seeds(3))
def world(request: pytest.FixtureRequest) -> Iterator[tuple[Ledger, duckdb.DuckDBPyConnection]]:
    plain = random_payments(request.param)
    ledger = replace(with_flu_copay(plain), decisions=plain.decisions)
    connection = build_mart(ledger)
    yield ledger, connection
    connection.close()


def by_reason(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[int, int]]:
    frame = ask(connection, "payment_holds", by=("reason", "decision"), as_of=AS_OF)
    return {(row["reason"], row["decision"]): (row["events_count"], row["held_yen"]) for row in frame.iter_rows(named=True)}


def test_every_amount_and_decision_is_that_of_a_calculation_event_by_event(world: tuple[Ledger, duckdb.DuckDBPyConnection]) -> None:
    ledger, connection = world
    decided = brute_payments.decide(ledger, as_of=AS_OF)
    assert by_reason(connection) == brute_payments.not_paid(decided)
    paid = ask(connection, "consignment_payments", as_of=AS_OF).row(0, named=True)
    doses, screenings, gross, copay, payable = brute_payments.total(decided)
    expected = (doses, screenings, gross, copay, payable, sum(item.fee for item in decided))
    assert tuple(paid[name] for name in ("doses_count", "screenings_count", *MONEY)) == expected
    reasons = ask(connection, "consignment_payments", by=("reason",), as_of=AS_OF)
    found = {row["reason"]: row["doses_count"] + row["screenings_count"] for row in reasons.iter_rows(named=True)}
    assert found == _counted(item.reason or "NONE" for item in decided if item.decision == "pay")


def _counted(words: Iterator[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def test_total_1_each_event_is_in_exactly_one_state(world: tuple[Ledger, duckdb.DuckDBPyConnection]) -> None:
    ledger, connection = world
    paid = ask(connection, "consignment_payments", as_of=AS_OF).row(0, named=True)
    refused = sum(events for events, _ in by_reason(connection).values())
    assert paid["doses_count"] + paid["screenings_count"] + refused == len(ledger.events)
    assert {decision for _, decision in by_reason(connection)} <= {"hold", "reject", "reverse", "unclaimed"}


@pytest.mark.long
def test_total_3_gross_is_payable_and_copay_and_every_cut_has_one_grand_total(world: tuple[Ledger, duckdb.DuckDBPyConnection]) -> None:
    connection = world[1]
    whole = ask(connection, "consignment_payments", as_of=AS_OF).select(MONEY).row(0)
    for cut in CUTS:
        frame = ask(connection, "consignment_payments", by=(cut,), as_of=AS_OF)
        assert (frame["gross_yen"] == frame["payable_yen"] + frame["copay_yen"]).all(), cut
        assert (frame["payable_yen"] >= 0).all() and frame.select(MONEY).sum().row(0) == whole, cut


def test_total_5_an_event_is_paid_at_most_once_across_all_channels(world: tuple[Ledger, duckdb.DuckDBPyConnection]) -> None:
    ledger, _ = world
    month = 202512
    lines = close(replace(ledger, events=[replace(event, paid_month=month) for event in ledger.events], decisions=[]), month)
    paid = lines.filter((pl.col("decision") == "pay") & pl.col("event_on").is_not_null())
    assert paid.group_by("person", "vaccine", "dose", "event_on", "is_screened_only").len()["len"].max() == 1


@pytest.mark.parametrize("year", [2024, 2025])
def test_total_7_the_bridge_from_the_year_of_payment_to_the_year_of_the_dose_holds(
    world: tuple[Ledger, duckdb.DuckDBPyConnection], year: int
) -> None:
    for by in ((), ("vaccine",), ("budget",), ("ward", "scheme")):
        frame = ask(world[1], "fiscal_bridge", by=by, fiscal_year=year, as_of=AS_OF)
        assert (frame["paid_in_year_yen"] == frame["given_in_year_yen"] + frame["carried_in_yen"] - frame["carried_out_yen"]).all()
    paid = ask(world[1], "consignment_payments", fiscal_year=year, as_of=AS_OF)["payable_yen"][0]
    assert ask(world[1], "fiscal_bridge", fiscal_year=year, as_of=AS_OF)["paid_in_year_yen"][0] == paid


def test_total_9_closed_months_and_adjustments_always_add_up_to_what_the_ledger_supports(
    world: tuple[Ledger, duckdb.DuckDBPyConnection],
) -> None:
    ledger = world[0]
    months = (202512, 202601, 202603)
    whole = replace(ledger, events=[replace(event, paid_month=months[event.batch % 3]) for event in ledger.events])
    changed = replace(whole, events=[_corrected(event) for event in whole.events])
    first = close(whole, months[0])
    assert canonical(first) == canonical(close(whole, months[0]))
    second = close(replace(changed, closed=first), months[1])
    stored = pl.concat([first, second])
    last = close(replace(changed, closed=stored), months[2])
    closed = pl.concat([stored, last])
    assert close(replace(changed, closed=closed), 202604).filter(pl.col("line_kind") == "adjustment").height == 0
    posted = sum(totals(part, month=month, rounding="unit").total_yen - totals(part, month=month, rounding="unit").fee_yen
                 for part, month in ((first, months[0]), (second, months[1]), (last, months[2])))  # fmt: skip
    fees = sum(int(part.filter(pl.col("line_kind") == "adjustment")["fee_yen"].sum() or 0) for part in (first, second, last))
    with build_mart(changed) as connection:
        # As of the closes' own day; what stays first depends on what was paid first, never how much is paid for an event.
        supported = ask(connection, "consignment_payments", as_of=date(2026, 2, 10))["payable_yen"][0]
    assert abs(posted - fees - supported) <= _swapped(closed)


def _corrected(event: Event) -> Event:
    """Some claims turn out to be another product, or to have been charged otherwise."""
    if event.batch % 7 == 0 and event.vaccine == "HB":
        return replace(event, product="HB-B" if event.product == "HB-A" else "HB-A")
    return replace(event, charged_yen=None) if event.batch % 11 == 0 else event


def _swapped(closed: pl.DataFrame) -> int:
    """Twins of unequal worth (a receipt below the price) may be paid through the one or the other: by at most their differences."""
    keys = ["person", "vaccine", "dose", "event_on", "is_screened_only"]
    worth = (
        closed.filter(pl.col("line_kind") == "event")
        .group_by(keys)
        .agg((pl.col("gross_yen").max() - pl.col("gross_yen").min()).alias("yen"))
    )
    return int(worth["yen"].sum() or 0)


@pytest.mark.parametrize("measure", MEASURES)
def test_no_column_of_a_payment_measure_is_a_floating_point_number(measure: str, world: tuple[Ledger, duckdb.DuckDBPyConnection]) -> None:
    definition = catalogue()[measure]
    given = {"as_of": AS_OF} | ({"fiscal_year": 2025} if measure == "fiscal_bridge" else {})
    query = compile_request(definition, by=tuple(definition.cuts), parameters=given)
    described = world[1].execute(f"DESCRIBE {query.sql}", dict(query.parameters)).fetchall()
    assert [row[0] for row in described if row[1] in ("DOUBLE", "FLOAT", "HUGEINT") or row[1].startswith("DECIMAL")] == []


def test_the_payment_path_knows_no_floating_point() -> None:
    library = Path(__file__).parents[2] / "lib" / "daicho"
    paths = [path for pattern in PAYMENT_CODE for path in library.glob(pattern)]
    assert len(paths) > 12
    floats = re.compile(r"\bfloat\b|Float(32|64)|\bDOUBLE\b|\bDECIMAL\b|\b(avg|mean|median|round)\(|[^\"0-9.][0-9]+\.[0-9]")
    found = [(path.name, line.strip()) for path in paths for line in path.read_text(encoding="utf-8").splitlines() if floats.search(line)]
    assert found == []
    # A single stroke divides; in the SQL of measures there is none (elsewhere it joins paths).
    divided = [(path.name, line) for path in paths if path.parent.name == "measures" for line in path.read_text(encoding="utf-8").splitlines()
               if re.search(r"(?<!/)/(?!/)", re.sub(r"[a-z_]+/[a-z_]|「.*?」|[\u3040-\u9fff]/", "", line))]  # fmt: skip
    assert divided == []

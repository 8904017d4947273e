"""Short ways to write a worked example of payments: who, what was claimed, what was decided, and what is paid, held or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl
from tests.measures.mart_factory import MINATO, Event, Institution, Ledger, Person, Ruled, Welfare, ask, build_mart, reference_tables
from tests.measures.people import on, resident

from daicho.core.payment_rules import PaymentRules

ARAKAWA, KOTO, NAKANO = "131181", "131083", "131148"
TODDLER = resident(1, "2024-06-01")
BABY = resident(1, "2025-06-01")
SENIOR = resident(1, "1955-06-01", since="2010-01-01")
TERMS = "payment_rule"


@dataclass(frozen=True)
class Case:
    """One example. `number` is its number in payments.md, E3; `refused` maps (reason, decision) to (events, yen held)."""

    number: str
    events: Sequence[Event]
    payable: int
    refused: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    people: Sequence[Person] = (TODDLER,)
    home_ward: str = MINATO
    welfare: Sequence[Welfare] = ()
    institutions: Sequence[Institution] = ()
    decisions: Sequence[Ruled] = ()
    reference: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    as_of: str = "2026-11-24"
    request: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        numbered = [replace(event, batch=number) for number, event in enumerate(self.events, start=1)]
        return Ledger(
            self.people,
            numbered,
            self.welfare,
            self.institutions,
            home_ward=self.home_ward,
            reference=self.reference,
            decisions=self.decisions,
        )


def outcome(case: Case) -> tuple[int, dict[tuple[str, str], tuple[int, int]]]:
    """Yen payable, and what is not paid."""
    with build_mart(case.ledger) as connection:
        request = {"as_of": on(case.as_of), **case.request}
        paid = ask(connection, "consignment_payments", **request).row(0, named=True)
        refused = ask(connection, "payment_holds", by=("reason", "decision"), **request)
    assert paid["gross_yen"] == paid["payable_yen"] + paid["copay_yen"]
    return paid["payable_yen"], {
        (reason, decision): (events, yen)
        for reason, decision, events, yen in refused.select("reason", "decision", "events_count", "held_yen").iter_rows()
    }


def changed(table: str, is_row: pl.Expr, **values: Any) -> dict[str, pl.DataFrame]:
    """A reference table with other values in some rows."""
    frame = reference_tables()[table]
    columns = [
        pl.when(is_row).then(pl.lit(value)).otherwise(pl.col(name)).cast(frame.schema[name]).alias(name) for name, value in values.items()
    ]
    return {table: frame.with_columns(columns)}


def with_prices(*rows: Mapping[str, Any], without: pl.Expr | None = None) -> dict[str, pl.DataFrame]:
    """The shipped price list with further rows: each names what differs from a dose of ten percent tax without a fee."""
    frame = reference_tables()["price_list"]
    usual = {
        "kind": "DOSE",
        "tax_rate_percent": 10,
        "quoting": "gross",
        "admin_fee_yen": 0,
        "admin_fee_kind": "none",
        "valid_from": on("2019-10-01"),
    }
    added = pl.DataFrame([{**dict.fromkeys(frame.columns), **usual, **row} for row in rows], schema=frame.schema)
    return {"price_list": pl.concat([frame if without is None else frame.filter(~without), added])}


def terms(**switches: Any) -> dict[str, pl.DataFrame]:
    """Other contract terms than the defaults."""
    return {TERMS: pl.DataFrame([asdict(PaymentRules(**switches))])}


_IS_FLU = (pl.col("home_ward") == MINATO) & (pl.col("vaccine_code") == "FLU-E")
FLU_2500 = changed("copay", _IS_FLU, amount_yen=2500, exempt="welfare|returnee")
CHEAP_FLU = {
    **FLU_2500,
    **changed("price_list", (pl.col("vaccine_code") == "FLU-E") & (pl.col("kind") == "DOSE"), price_excl_yen=2091),
}

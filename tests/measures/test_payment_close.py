"""Closed months: what was paid stays, later changes are adjustments, and every yen is there once (examples 25, 27 and 38)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from tests.measures.mart_factory import Event, Institution, Ledger, Person, Ruled, ask, build_mart, keep_tables
from tests.measures.payment_cases import FLU_2500, TODDLER
from tests.measures.people import dose, on, resident, screening

from daicho.gate.close_record import canonical, figures, totals, with_header
from daicho.measures.payment_close import CloseQuery, close_adjustments, close_lines

MR = dose(1, "MR-1", "2025-11-15", paid_month=202511)
TODAY = on("2026-02-10")


def close(ledger: Ledger, month: int) -> pl.DataFrame:
    """The lines of a month, as the gate would store them."""

    def run(query: CloseQuery) -> pl.DataFrame:
        bound = {name: value for name, value in query.bound.items() if f"${name}" in query.sql}
        keep_tables(connection, query.sql)
        return connection.execute(query.sql, bound).pl()

    with build_mart(ledger) as connection:
        return with_header([run(close_lines(month, as_of=TODAY)), run(close_adjustments(as_of=TODAY))], month=month)


def ledger_of(*events: Event, people: Sequence[Person] = (TODDLER,), closed: Sequence[pl.DataFrame] = (), **more: Any) -> Ledger:
    numbered = [replace(event, batch=number) for number, event in enumerate(events, start=1)]
    return Ledger(
        people, numbered, institutions=[Institution()], closed=pl.concat(closed, how="vertical_relaxed") if closed else None, **more
    )


def ask_of(ledger: Ledger, measure: str, *, by: Sequence[str] = (), **request: Any) -> list[Mapping[str, Any]]:
    with build_mart(ledger) as connection:
        return ask(connection, measure, by=by, as_of=TODAY, **request).to_dicts()


def test_example_25_a_claim_withdrawn_after_the_close_is_taken_back_in_the_next_month() -> None:
    november = close(ledger_of(MR), 202511)
    assert totals(november, month=202511, rounding="unit").payable_yen == 12_457
    withdrawn = {"decisions": [Ruled(MR, "reverse", "WITHDRAWN")]}
    december = close(ledger_of(MR, closed=[november], **withdrawn), 202512)
    sums = totals(december, month=202512, rounding="unit")
    assert (sums.paid_count, sums.adjustments_count, sums.adjustments_yen, sums.total_yen) == (0, 1, -12_457, -12_457)
    line = december.filter(pl.col("line_kind") == "adjustment").row(0, named=True)
    assert (line["paid_month"], line["closed_month"], line["adjustment"], line["reason"]) == (202511, 202512, "withdrawn", "WITHDRAWN")


def test_what_was_closed_stays_as_it_was_and_the_change_is_shown_as_pending_until_it_is_posted() -> None:
    november = close(ledger_of(MR), 202511)
    changed = ledger_of(MR, closed=[november], decisions=[Ruled(MR, "reverse", "WITHDRAWN")])
    assert ask_of(changed, "consignment_payments", month=202511)[0]["payable_yen"] == 12_457
    pending = ask_of(changed, "payment_adjustments", by=("posting", "reference_month", "adjustment"))
    assert [(row["posting"], row["reference_month"], row["adjustment"], row["adjustment_yen"]) for row in pending] == [
        ("pending", 202511, "withdrawn", -12_457)
    ]
    december = close(changed, 202512)
    after = replace(changed, closed=pl.concat([november, december]))
    posted = ask_of(after, "payment_adjustments", by=("posting", "month"))
    assert [(row["posting"], row["month"], row["adjustment_yen"]) for row in posted] == [("posted", 202512, -12_457)]
    assert close(after, 202601).filter(pl.col("line_kind") == "adjustment").height == 0  # a posted adjustment is not posted again


def test_a_claim_that_left_the_ledger_is_taken_back_and_one_that_came_late_is_paid() -> None:
    november = close(ledger_of(MR), 202511)
    late = screening(1, "VAR-1", "2025-11-10", paid_month=202511)
    december = close(ledger_of(late, closed=[november]), 202512).filter(pl.col("line_kind") == "adjustment").sort("adjustment")
    assert december.select("adjustment", "gross_yen", "fee_yen").rows() == [("arrived", 4_031, 110), ("withdrawn", -12_457, 0)]


def test_a_late_claim_that_is_held_is_told_once_with_its_reason_and_paid_once_it_is_released() -> None:
    november = close(ledger_of(MR), 202511)
    late = dose(2, "MR-1", "2025-11-16", paid_month=202511)
    both = {"people": [TODDLER, resident(2, "2023-11-16")]}  # two years old on the day before: out of age
    december = close(ledger_of(MR, late, closed=[november], **both), 202512)
    arrived = december.filter(pl.col("line_kind") == "adjustment")
    assert arrived.select("adjustment", "decision", "reason", "gross_yen", "fee_yen").rows() == [("arrived", "hold", "OUT_OF_AGE", 0, 0)]
    assert totals(december, month=202512, rounding="unit").total_yen == 0
    stored = [november, december]
    again = close(ledger_of(MR, late, closed=stored, **both), 202601)
    assert again.filter(pl.col("line_kind") == "adjustment").height == 0
    released = close(ledger_of(MR, late, closed=[*stored, again], decisions=[Ruled(late, "pay", "APPROVED")], **both), 202602)
    paid = released.filter(pl.col("line_kind") == "adjustment")
    assert paid.select("adjustment", "gross_yen", "fee_yen").rows() == [("released", 12_457, 110)]


def test_total_1_every_claim_of_a_closed_month_is_a_line_of_it_or_an_adjustment() -> None:
    november = close(ledger_of(MR), 202511)
    late = [screening(1, "VAR-1", "2025-11-10", paid_month=202511), dose(1, "JE-1", "2025-11-12", paid_month=202511, ward="unknown")]
    ledger = ledger_of(MR, *late, closed=[november])
    pending = ask_of(ledger, "payment_adjustments", by=("reference_month",))
    assert [(row["reference_month"], row["adjustments_count"]) for row in pending] == [(202511, len(late))]


def test_a_hold_that_is_released_after_the_close_is_paid_as_an_adjustment() -> None:
    held = dose(1, "MR-1", "2025-11-16", paid_month=202511)
    people = [resident(1, "2023-11-16")]
    november = close(ledger_of(held, people=people), 202511)
    assert totals(november, month=202511, rounding="unit").payable_yen == 0
    december = close(ledger_of(held, people=people, closed=[november], decisions=[Ruled(held, "pay")]), 202512)
    line = december.filter(pl.col("line_kind") == "adjustment").row(0, named=True)
    assert (line["adjustment"], line["gross_yen"], line["fee_yen"], line["reason"]) == ("released", 12_457, 110, "CONFIRMED")


def test_an_event_paid_in_a_closed_month_stays_first_whatever_arrives_later() -> None:
    november = close(ledger_of(MR), 202511)
    earlier = replace(MR, paid_month=202510)
    found = ask_of(ledger_of(MR, earlier, closed=[november]), "payment_holds", by=("reason", "month"))
    assert [(row["reason"], row["month"], row["events_count"]) for row in found] == [("DUPLICATE", 202510, 1)]


def test_the_digest_is_of_what_was_decided_and_not_of_order_or_numbers_of_persons() -> None:
    events = [dose(n, "MR-1", "2025-11-15", paid_month=202511) for n in range(1, 6)]
    people = [resident(n, "2024-06-01") for n in range(1, 6)]
    lines = close(ledger_of(*events, people=people), 202511)
    renumbered = lines.with_columns(pl.col("person") + 100).reverse()
    assert canonical(lines) == canonical(renumbered)
    assert canonical(lines) != canonical(lines.with_columns(pl.col("gross_yen") + 1))


def test_a_month_without_claims_is_closed_too() -> None:
    empty = close(ledger_of(), 202511)
    assert empty.height == 1 and totals(empty, month=202511, rounding="unit").total_yen == 0
    assert ask_of(ledger_of(MR, closed=[empty]), "consignment_payments", month=202511)[0]["payable_yen"] == 0


@pytest.mark.parametrize(("stage", "yen"), [("unit", 0), ("line", 3), ("invoice", 3)])
def test_example_29_the_close_adds_what_the_contract_rounds_on_the_bill(stage: str, yen: int) -> None:
    events = [dose(n, "MR-1", "2025-11-15", paid_month=202511) for n in range(1, 8)]
    lines = close(ledger_of(*events, people=[resident(n, "2024-06-01") for n in range(1, 8)]), 202511)
    sums = totals(lines, month=202511, rounding=stage)
    assert (sums.payable_yen, sums.rounding_yen, sums.payable_yen + sums.rounding_yen) == (87_199, yen, 87_199 + yen)


def test_example_38_a_whole_month_from_units_to_the_amount_transferred() -> None:
    toddlers = [resident(n, "2024-06-01") for n in range(1, 13)]
    babies = [resident(n, "2025-06-01") for n in range(13, 33)]
    seniors = [resident(n, "1955-06-01", since="2010-01-01") for n in range(33, 73)]
    others = [resident(n, "2024-06-01") for n in range(73, 76)]
    november = [dose(76, "MR-1", "2025-10-15", paid_month=202511), dose(77, "HB-1", "2025-10-15", product="HB-A", paid_month=202511)]
    people = [*toddlers, *babies, *seniors, *others, resident(76, "2024-06-01"), resident(77, "2025-06-01")]
    december = [
        *(dose(n, "MR-1", "2025-11-15") for n in range(1, 13)),
        *(dose(n, "DPT-IPV-HIB-11", "2025-11-01") for n in range(13, 33)),
        *(dose(n, "FLU-E-1", "2025-11-01", copay_class="paid" if n < 58 else "exempt") for n in range(33, 73)),
        *(screening(n, "VAR-1", "2025-11-10") for n in range(73, 76)),
    ]
    closed = close(ledger_of(*november, people=people, reference=FLU_2500), 202511)
    corrected = [november[0], replace(november[1], product="HB-B")]
    whole = ledger_of(
        *corrected, *december, people=people, reference=FLU_2500, closed=[closed], decisions=[Ruled(november[0], "reverse", "WITHDRAWN")]
    )
    lines = close(whole, 202512)
    sums = totals(lines, month=202512, rounding="unit")
    assert (sums.gross_yen, sums.copay_yen, sums.payable_yen, sums.fee_yen) == (806_597, 62_500, 744_097, 8_250)
    assert sums.payable_yen + sums.fee_yen == 752_347
    assert (sums.adjustments_yen, sums.total_yen) == (-12_457 + 242, 740_132)
    table = {
        (row["vaccine"], row["kind"]): row["gross_yen"]
        for row in figures(lines)
        if row["kind"] != "adjustment" and row["vaccine"] != "FLU-E"
    }
    assert table == {("MR", "dose"): 149_484, ("DPT-IPV-HIB", "dose"): 424_820, ("VAR", "screening"): 12_093}


@pytest.mark.parametrize(
    ("paid_month", "out_of_2025", "budget_2025", "budget_2026", "budget"),
    [(202605, 12_457, 12_457, 0, "closing"), (202606, 12_457, 0, 12_457, "past_year"), (202603, 0, 12_457, 0, "current")],
)
def test_example_27_paid_by_31_may_it_is_of_the_year_of_the_dose_and_later_of_the_year_of_payment(
    paid_month: int, out_of_2025: int, budget_2025: int, budget_2026: int, budget: str
) -> None:
    ledger = ledger_of(dose(1, "MR-1", "2026-03-20", paid_month=paid_month))
    with build_mart(ledger) as connection:
        request = {"as_of": on("2026-07-01"), "by": ("budget",)}
        old = ask(connection, "fiscal_bridge", fiscal_year=2025, **request).to_dicts()[0]
        new = ask(connection, "fiscal_bridge", fiscal_year=2026, **request).to_dicts()
    assert (old["carried_out_yen"], old["budget_yen"], old["budget"]) == (out_of_2025, budget_2025, budget)
    assert sum(row["budget_yen"] for row in new) == budget_2026 and sum(row["carried_in_yen"] for row in new) == out_of_2025
    for row in (old, *new):
        assert row["paid_in_year_yen"] == row["given_in_year_yen"] + row["carried_in_yen"] - row["carried_out_yen"]

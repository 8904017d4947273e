"""Bills against the ledger: every yen between the two is itemised, and a bill far from the ledger or from its own history is blocked."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
import pytest
from tests.effort import seeds
from tests.measures.mart_factory import Bill, Event, Institution, Ledger, Person, ask, build_mart
from tests.measures.payment_cases import SENIOR, TODDLER, terms, with_prices
from tests.measures.people import dose, on, resident, screening

CLINICS = (Institution(),)
MR = dose(1, "MR-1", "2025-11-15")
NUMBERS = ("billed_count", "billed_yen", "supported_count", "supported_yen", "difference_count", "difference_yen")


def compared(
    events: Sequence[Event], bills: Sequence[Bill], *, people: Sequence[Person] = (TODDLER,), home_ward: str = "131032",
    reference: Mapping[str, pl.DataFrame] | None = None, by: Sequence[str] = ("difference",),
) -> list[tuple[object, ...]]:  # fmt: skip
    """Rows of the measure; fees are left out of the price list unless the bills have them."""
    numbered = [replace(event, batch=number) for number, event in enumerate(events, start=1)]
    ledger = Ledger(people, numbered, institutions=CLINICS, invoices=bills, home_ward=home_ward, reference=reference or {})
    with build_mart(ledger) as connection:
        frame = ask(connection, "claim_differences", by=by, where={"line_kind": ["dose", "screening"]}, as_of=on("2026-11-24"))
    return frame.select(*by, *NUMBERS).rows()


def mr(count: int) -> tuple[list[Event], list[Person]]:
    return [dose(number, "MR-1", "2025-11-15") for number in range(1, count + 1)], [resident(n, "2024-06-01") for n in range(1, count + 1)]


def test_a_bill_that_agrees_has_no_difference() -> None:
    assert compared([MR], [Bill("A01", 202512, "MR", 12_457, 1, 12_457)]) == [("billed", 1, 12_457, 1, 12_457, 0, 0)]


def test_example_29_rounding_on_the_bill_differs_by_3_yen_from_rounding_each_unit() -> None:
    events, people = mr(7)
    bill = [Bill("A01", 202512, "MR", 12_457, 7, 87_202)]
    assert compared(events, bill, people=people) == [("billed", 7, 87_202, 7, 87_199, 0, 0), ("rounding", 0, 0, 0, 0, 0, 3)]
    for stage in ("line", "invoice"):
        totals = compared(events, bill, people=people, reference=terms(rounding=stage), by=())
        assert totals == [(7, 87_202, 7, 87_202, 0, 0)], stage


def test_example_36_forty_seven_units_billed_for_thirty_three_in_the_ledger_are_blocked() -> None:
    people = [resident(number, "2025-06-01") for number in range(1, 34)]
    events = [dose(n, "HB-1", "2025-11-01", product="HB-A" if n <= 18 else "HB-B") for n in range(1, 34)]
    prices = with_prices(
        *(
            {"scheme": "own_ward", "vaccine_code": "HB", "product": product, "price_incl_yen": yen}
            for product, yen in (("HB-A", 8_225), ("HB-B", 8_224))
        ),
        without=(pl.col("vaccine_code") == "HB") & (pl.col("scheme") == "own_ward"),
    )
    bill = [Bill("A01", 202512, "HB", 190_485, 47, 8_952_795)]
    found = compared(events, bill, people=people, reference=prices, by=("claim_status",))
    assert found == [("blocked", 47, 8_952_795, 33, 271_410, 14 + 33, 8_681_385)]
    by_cause = {row[0]: row[5:] for row in compared(events, bill, people=people, reference=prices)}
    assert by_cause["not_in_ledger"] == (14, 14 * 190_485) and by_cause["price"][0] == 33


def test_a_bill_far_above_the_payees_own_months_is_blocked() -> None:
    events, people = mr(8)
    ledger = [replace(event, paid_month=202512 if n < 5 else 202508 + n % 3) for n, event in enumerate(events)]
    past = [Bill("A01", month, "MR", 12_457, 1, 12_457) for month in (202508, 202509, 202510)]
    found = compared(ledger, [*past, Bill("A01", 202512, "MR", 12_457, 5, 62_285)], people=people, by=("month", "claim_status"))
    assert [row[:2] for row in found] == [(202508, "within"), (202509, "within"), (202510, "within"), (202512, "blocked")]


def test_a_price_of_another_product_is_a_price_difference() -> None:
    events, people = [dose(1, "HB-1", "2025-11-01", product="HB-B")], [resident(1, "2025-06-01")]
    found = compared(events, [Bill("A01", 202512, "HB", 6_836, 1, 6_836)], people=people)
    assert found == [("billed", 1, 6_836, 1, 7_078, 0, 0), ("price", 0, 0, 0, 0, 1, -242)]


def test_a_bill_without_the_self_payment_taken_off_is_a_copay_difference() -> None:
    found = compared(
        [dose(1, "FLU-E-1", "2025-11-01", ward="131148")],
        [Bill("A01", 202512, "FLU-E", 5_505, 1, 5_505)],
        people=[SENIOR],
        home_ward="131148",
    )
    assert found == [("billed", 1, 5_505, 1, 3_005, 0, 0), ("copay", 0, 0, 0, 0, 1, 2_500)]


def test_held_rejected_and_missing_units_are_told_apart() -> None:
    events = [MR, dose(1, "MR-1", "2025-12-20"), replace(MR, paid_month=202512, location_flag="2"), screening(1, "VAR-1", "2025-11-15")]
    bill = [Bill("A01", 202512, "MR", 12_457, 5, 62_285)]
    assert compared(events, bill) == [
        ("billed", 5, 62_285, 2, 16_488, 0, 0),
        ("hold", 0, 0, 0, 0, 1, 12_457),
        ("not_billed", 0, 0, 0, 0, 1, -4_031),
        ("not_in_ledger", 0, 0, 0, 0, 2, 24_914),
        ("reject", 0, 0, 0, 0, 1, 12_457),
    ]


def test_claims_of_a_payee_without_a_bill_are_not_compared() -> None:
    assert compared([MR], [Bill("A02", 202512, "MR", 12_457, 1, 12_457)], by=("payee",)) == [("A02", 1, 12_457, 0, 0, 1, 12_457)]


@pytest.mark.parametrize("seed", seeds(6))
def test_whatever_is_billed_the_differences_add_up(seed: int) -> None:
    dice = random.Random(seed)
    events, people = mr(12)
    events = [replace(e, paid_month=dice.choice((202511, 202512)), copay_class=dice.choice(("paid", None))) for e in events]
    events += [dose(n, "MR-1", "2025-12-01", paid_month=202512) for n in range(1, dice.randrange(2, 6))]
    bills = [
        Bill("A01", month, dice.choice(("MR", "VAR")), unit, count, unit * count + dice.randrange(-2, 4), dice.choice(("dose", "screening")))
        for month in (202511, 202512) for unit, count in ((12_457, dice.randrange(0, 9)), (12_000, dice.randrange(1, 4)))
    ]  # fmt: skip
    for mode in ("unit", "line", "invoice"):
        for by in ((), ("payee", "month"), ("vaccine", "line_kind")):
            for row in compared(events, bills, people=people, reference=terms(rounding=mode), by=by):
                billed, supported, difference = row[-5], row[-3], row[-1]
                assert billed - supported == difference, (mode, by)  # type: ignore[operator]

"""The half-year settlement between wards: worked example 34, both files of one pair of wards, positions that cancel out, and loops over the claims."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import duckdb
import polars as pl
import pytest
from tests.effort import seeds
from tests.measures import brute_payments
from tests.measures.mart_factory import MINATO, Bill, Event, Ledger, Person, ask, build_mart
from tests.measures.payment_cases import ARAKAWA, KOTO, NAKANO, changed, terms
from tests.measures.people import dose, on, resident
from tests.measures.random_payments import random_payments
from tests.measures.test_against_brute_force import with_flu_copay
from tests.measures.test_payment_close import close

AS_OF = on("2026-11-24")
MONEY = ("gross_yen", "copay_yen", "payable_yen", "net_yen")
DOSES = {"line_kind": ["dose", "screening"]}
MR = 12_457
# Last month of payment of each half-year, by the shipped calendar.
SETTLED = {f"{year}H{half}": year * 100 + 11 if half == 1 else (year + 1) * 100 + 5 for year in range(2014, 2028) for half in (1, 2)}
Line = tuple[str, str, str, str, int | None]


def half_of(month: int) -> str:
    return min((last, half) for half, last in SETTLED.items() if month <= last)[1]


def settled(connection: duckdb.DuckDBPyConnection, by: Sequence[str] = (), **request: object) -> pl.DataFrame:
    return ask(connection, "ward_settlement", by=by, as_of=AS_OF, **request)


def given_in(host: str, doses: int, *, first: int = 1, month: int = 202605) -> list[Event]:
    return [dose(number, "MR-1", "2025-11-15", ward=host, paid_month=month, batch=number) for number in range(first, first + doses)]


def people(count: int) -> list[Person]:
    return [resident(number, "2024-06-01") for number in range(1, count + 1)]


def our_bill(payer: str, count: int, *, payee: str = MINATO, month: int = 202605, unit: int = MR) -> Bill:
    return Bill(payee, month, "MR", unit, count, unit * count, payer=payer)


def test_example_34_is_shown_gross_both_ways_and_net() -> None:
    ledger = Ledger(people(120), given_in(NAKANO, 120), invoices=[our_bill(NAKANO, 95)])
    with build_mart(ledger) as connection:
        lines = settled(connection, ("half_year", "ward", "direction", "vaccine", "unit_yen", "scheme"), where=DOSES)
        net = settled(connection, ("ward",), where=DOSES)
    assert lines.select("half_year", "ward", "direction", "vaccine", "unit_yen", "scheme", "units_count", "payable_yen").rows() == [
        ("2025H2", NAKANO, "claim", "MR", MR, "mutual_use", 95, 1_183_415),
        ("2025H2", NAKANO, "pay", "MR", MR, "mutual_use", 120, 1_494_840),
    ]
    assert net["net_yen"].to_list() == [311_425]


def test_the_administration_fee_is_a_line_of_its_own() -> None:
    with build_mart(Ledger(people(3), given_in(NAKANO, 3))) as connection:
        lines = settled(connection, ("line_kind", "unit_yen"))
    assert lines.select("line_kind", "unit_yen", "units_count", "payable_yen").rows() == [("dose", MR, 3, 37_371), ("fee", 110, 3, 330)]


@pytest.mark.parametrize(
    ("month", "half"),
    [(202506, "2025H1"), (202511, "2025H1"), (202512, "2025H2"), (202605, "2025H2"), (202606, "2026H1")],
)
def test_a_month_of_payment_belongs_to_the_first_half_year_paid_from_then_on(month: int, half: str) -> None:
    event = dose(1, "MR-1", "2025-06-15", ward=NAKANO, paid_month=month)
    with build_mart(Ledger(people(1), [event])) as connection:
        assert settled(connection, ("half_year",))["half_year"].to_list() == [half]
        found = settled(connection, fiscal_year=int(half[:4]), where=DOSES)["units_count"][0]
        other = settled(connection, fiscal_year=int(half[:4]) + 1, where=DOSES)["units_count"][0]
    assert (found, other) == (1, 0)


def test_what_is_held_is_not_settled_and_own_or_reimbursed_doses_never_are() -> None:
    events = [
        dose(1, "MR-1", "2026-08-15", ward=NAKANO, paid_month=202611),  # past the second birthday: held
        dose(2, "MR-1", "2025-11-15", paid_month=202512),
        replace(
            dose(3, "MR-1", "2025-11-15", ward=NAKANO, paid_month=202605), channel="reimbursement", charged_yen=9_800,
            requested_on=on("2025-10-01"), applied_on=on("2026-01-10"),
        ),
    ]  # fmt: skip
    with build_mart(Ledger(people(3), events)) as connection:
        assert settled(connection, ("ward",)).is_empty()


def test_where_the_ward_of_residence_pays_directly_there_is_nothing_to_settle() -> None:
    ledger = Ledger(people(2), given_in(NAKANO, 2), reference=terms(payer_mode="home_direct"))
    with build_mart(ledger) as connection:
        assert settled(connection, ("ward",)).is_empty()


def test_the_self_payment_stands_beside_the_unit_price() -> None:
    flu = dose(1, "FLU-E-1", "2025-11-01", ward=KOTO, paid_month=202605)
    ledger = Ledger([resident(1, "1955-06-01", since="2010-01-01")], [flu], home_ward=NAKANO)
    with build_mart(ledger) as connection:
        line = settled(connection, ("ward", "unit_yen"), where=DOSES)
    assert line.select("ward", "unit_yen", *MONEY).rows() == [(KOTO, 5_505, 5_505, 2_500, 3_005, 3_005)]


@pytest.mark.parametrize("stage", ["line", "invoice"])
def test_rounding_on_the_line_or_the_bill_is_a_line_of_3_yen(stage: str) -> None:
    with build_mart(Ledger(people(7), given_in(NAKANO, 7), reference=terms(rounding=stage))) as connection:
        lines = settled(connection, ("line_kind",), where={"line_kind": ["dose", "rounding"]})
    assert lines.select("line_kind", "units_count", "payable_yen").rows() == [("dose", 7, 87_199), ("rounding", 0, 3)]


def test_a_correction_of_a_closed_month_is_settled_with_the_month_that_posts_it() -> None:
    hepatitis = [dose(1, "HB-1", "2025-11-01", ward=NAKANO, product="HB-A", paid_month=202511, batch=1)]
    before = Ledger([resident(1, "2025-06-01")], hepatitis)
    first = close(before, 202511)
    after = replace(before, events=[replace(hepatitis[0], product="HB-B")], closed=first)
    second = close(after, 202512)
    with build_mart(replace(after, closed=pl.concat([first, second]))) as connection:
        lines = settled(connection, ("half_year", "line_kind", "unit_yen"), where={"line_kind": ["dose", "adjustment"]})
    assert lines.select("half_year", "line_kind", "unit_yen", "payable_yen").rows() == [
        ("2025H1", "dose", 6_836, 6_836),
        ("2025H2", "adjustment", None, 242),
    ]


def test_total_6_one_wards_file_is_the_others_and_all_net_positions_cancel_out() -> None:
    """Four wards, each with its own ledger; each bills the others from what was given there."""
    wards = (MINATO, NAKANO, KOTO, ARAKAWA)
    given = {(home, host): 3 + 2 * i + 5 * j for i, home in enumerate(wards) for j, host in enumerate(wards) if home != host}
    position: dict[str, int] = {}
    for home in wards:
        events: list[Event] = []
        for host in (ward for ward in wards if ward != home):
            events += given_in(host, given[home, host], first=len(events) + 1)
        theirs = [Bill(host, 202605, "MR", MR, given[home, host], MR * given[home, host]) for host in wards if host != home]
        ours = [our_bill(other, given[other, home], payee=home) for other in wards if other != home]
        free = changed("copay", (pl.col("home_ward") == MINATO) & (pl.col("vaccine_code") == "MR"), home_ward=home)
        crowd = people(len(events))
        with build_mart(Ledger(crowd, events, home_ward=home, invoices=[*theirs, *ours], reference=free)) as connection:
            lines = settled(connection, ("ward", "direction"), where=DOSES)
            bills = ask(connection, "claim_differences", by=("payee",), where=DOSES, as_of=AS_OF)
            position[home] = int(settled(connection, where=DOSES)["net_yen"][0])
        amounts = {(row["ward"], row["direction"]): row["payable_yen"] for row in lines.iter_rows(named=True)}
        for other in (ward for ward in wards if ward != home):
            # What the home's ledger owes is what the host bills; what this ward bills is what the other's ledger owes.
            assert amounts[other, "pay"] == MR * given[home, other]
            assert amounts[other, "claim"] == MR * given[other, home]
        assert dict(bills.select("payee", "billed_yen").rows()) == {other: amounts[other, "pay"] for other in wards if other != home}
        assert bills["difference_yen"].to_list() == [0, 0, 0], "our own bills are no bills to us"
        gross = sum(amount if direction == "pay" else -amount for (_, direction), amount in amounts.items())
        assert gross == position[home]
    assert sum(position.values()) == 0


def _by_hand(ledger: Ledger, as_of: date) -> dict[Line, list[int]]:
    """Units, gross, self-payment of each line: half-year, ward, direction, kind, unit price."""
    found: dict[Line, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(line: Line, units: int, gross: int, copay: int) -> None:
        cell = found[line]
        cell[0], cell[1], cell[2] = cell[0] + units, cell[1] + gross, cell[2] + copay

    for item in brute_payments.decide(ledger, as_of=as_of):
        event = item.event
        is_elsewhere = event.ward not in (None, "unknown", ledger.home_ward) and event.channel is None
        if item.decision != "pay" or not is_elsewhere or event.paid_month is None:
            continue
        half, kind = half_of(event.paid_month), "screening" if event.is_screened_only else "dose"
        add((half, str(event.ward), "pay", kind, item.gross), 1, item.gross, item.copay)
        if item.fee:
            add((half, str(event.ward), "pay", "fee", item.fee), 1, item.fee, 0)
    for bill in ledger.invoices:
        if bill.payee == ledger.home_ward and bill.payer not in (None, ledger.home_ward):
            add((half_of(bill.paid_month), str(bill.payer), "claim", bill.line_kind, bill.unit_yen), bill.units_count, bill.amount_yen, 0)
    return dict(found)


@pytest.mark.parametrize("seed", seeds(4))
def test_random_ledgers_agree_with_plain_loops(seed: int) -> None:
    dice = random.Random(seed)
    plain = random_payments(seed)
    wards = (MINATO, NAKANO, KOTO, ARAKAWA)
    events = [replace(event, ward=dice.choice(wards) if event.ward == MINATO else event.ward, paid_month=event.paid_month and dice.choice(
        (202505, 202509, 202511, 202512, 202603, 202605))) for event in plain.events]  # fmt: skip
    bills = [
        Bill(payee, dice.choice((202511, 202605)), "MR", unit, dice.randrange(1, 30), unit * dice.randrange(1, 30), kind, payer)
        for payee in (MINATO, NAKANO, "A01") for payer in (None, MINATO, NAKANO, KOTO)
        for unit, kind in ((MR, "dose"), (4_031, "screening"))
    ]  # fmt: skip
    ledger = with_flu_copay(replace(plain, events=events, decisions=[]))
    ledger = replace(ledger, invoices=bills)
    expected = _by_hand(ledger, date(2026, 10, 1))
    with build_mart(ledger) as connection:
        by = ("half_year", "ward", "direction", "line_kind", "unit_yen")
        frame = ask(connection, "ward_settlement", by=by, as_of=date(2026, 10, 1))
        paid = ask(connection, "consignment_payments", by=("payee",), as_of=date(2026, 10, 1))
    found: Mapping[Line, list[int]] = {row[:5]: list(row[5:8]) for row in frame.select(*by, "units_count", *MONEY).rows()}
    assert found == expected and any(line[2] == "pay" for line in found)
    assert (frame["payable_yen"] == frame["gross_yen"] - frame["copay_yen"]).all()
    # Held against the measure of all payments: what goes to wards is what they are settled.
    owed = frame.filter(pl.col("direction") == "pay").group_by("ward").agg(pl.col("payable_yen").sum()).sort("ward")
    to_wards = (
        paid.filter(pl.col("payee").is_in(owed["ward"].implode())).select("payee", pl.col("payable_yen") + pl.col("fee_yen")).sort("payee")
    )
    assert owed.rows() == to_wards.rows()

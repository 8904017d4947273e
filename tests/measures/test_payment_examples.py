"""The worked examples of payments.md, E3, by number, with their yen (the fictitious prices are the shipped illustrative ones).

Examples 29, 36 and 38 concern bills and closed months: see test_claim_differences and test_payment_close.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from tests.measures.mart_factory import Event, Institution, Ledger, Ruled, Welfare, ask, build_mart
from tests.measures.payment_cases import (
    ARAKAWA,
    BABY,
    CHEAP_FLU,
    KOTO,
    NAKANO,
    SENIOR,
    Case,
    changed,
    outcome,
    terms,
    with_prices,
)
from tests.measures.people import dose, on, resident, screening

FLU = dose(1, "FLU-E-1", "2025-11-01")
MR = dose(1, "MR-1", "2025-11-15")
NEWBORN_MR = resident(1, "2023-11-16")
RECEIPT = replace(
    MR, ward=None, institution=None, channel="reimbursement", charged_yen=14_300, requested_on=on("2025-10-01"), applied_on=on("2026-01-10")
)
NET_FLU = with_prices(
    {"scheme": "mutual_use", "vaccine_code": "FLU-E", "price_incl_yen": 3_005, "for_copay": "paying"},
    {"scheme": "mutual_use", "vaccine_code": "FLU-E", "price_incl_yen": 5_505, "for_copay": "exempt"},
    without=(pl.col("vaccine_code") == "FLU-E") & (pl.col("scheme") == "mutual_use"),
)
NATIONAL = with_prices({"scheme": "national", "vaccine_code": "MR", "price_excl_yen": 2_070})
CAPPED = with_prices({"scheme": "subsidised_cap", "vaccine_code": "MR", "price_incl_yen": 4_500})
WITH_FEE = with_prices(
    {"scheme": "reimbursement", "vaccine_code": "MR", "price_incl_yen": 12_457, "admin_fee_yen": 100, "admin_fee_kind": "included"},
    without=(pl.col("vaccine_code") == "MR") & (pl.col("scheme") == "reimbursement"),
)
CLAIMED_AS_A = dose(1, "HB-1", "2025-11-01", product="HB-B", charged_yen=6_836)
RETURNED, AGAIN = replace(MR, paid_month=202511), replace(MR, paid_month=202512)

CASES = (
    Case("1", [MR], 12_457),
    Case("2", [dose(1, "MR-1", "2026-03-31", paid_month=202605)], 12_457),
    Case("3", [dose(1, "MR-1", "2026-04-01", paid_month=202605)], 12_732),
    Case("4a", [screening(1, "MR-2", "2025-11-14")], 4_031, people=[resident(1, "2019-11-16")]),
    Case("4b", [screening(1, "MR-2", "2025-11-15")], 3_206, people=[resident(1, "2019-11-16")]),
    Case("5", [screening(1, "MR-1", "2025-11-10"), MR], 16_488),
    Case("6", [screening(1, "MR-1", "2025-11-15"), MR], 12_457, {("SAME_DAY", "reject"): (1, 0)}),
    Case("6 paid", [screening(1, "MR-1", "2025-11-15"), MR], 16_488, reference=terms(same_day_screening="pay")),
    Case("7", [dose(1, "DPT-IPV-HIB-11", "2025-11-01"), dose(1, "HB-1", "2025-11-01", product="HB-A")], 28_077, people=[BABY]),
    Case(
        "8", [dose(1, code, "2025-11-01") for code in ("DPT-IPV-HIB-11", "DPT-11", "IPV-11", "HIB-1")], 21_241,
        {("COMPONENT", "reject"): (3, 0)}, people=[BABY],
    ),
    Case("9 undecided", [CLAIMED_AS_A], 0, {("PRICE_DIFFERENCE", "hold"): (1, 7_078)}, people=[BABY]),
    Case("9 decided", [CLAIMED_AS_A], 7_078, people=[BABY], decisions=[Ruled(CLAIMED_AS_A, "pay")]),
    Case("10", [FLU], 5_505, people=[SENIOR]),
    Case("11", [FLU], 3_005, people=[SENIOR], home_ward=NAKANO),
    Case("12", [replace(FLU, copay_class="exempt")], 5_505, people=[SENIOR], home_ward=NAKANO, welfare=[Welfare(1)]),
    Case("13 year end", [FLU], 5_505, people=[resident(1, "1951-04-01", since="2010-01-01")], home_ward=KOTO),
    Case("13 day", [FLU], 3_005, people=[resident(1, "1951-04-01", since="2010-01-01")], home_ward=ARAKAWA),
    Case(
        "14", [replace(FLU, copay_class="paid")], 0, {("COPAY_CONTRADICTION", "hold"): (1, 5_505)}, people=[SENIOR], home_ward=NAKANO,
        welfare=[Welfare(1)],
    ),
    Case("15", [FLU], 0, people=[SENIOR], reference=CHEAP_FLU),
    Case("16", [dose(1, "FLU-E-1", "2026-02-01")], 0, {("NO_PRICE", "hold"): (1, 0)}, people=[SENIOR]),
    Case("17", [FLU, dose(1, "FLU-E-1", "2026-01-10")], 5_505, {("SECOND_DOSE", "reject"): (1, 0)}, people=[SENIOR]),
    Case("18", [replace(MR, paid_month=202601), replace(MR, paid_month=202512)], 12_457, {("DUPLICATE", "reject"): (1, 0)}),
    Case("19", [dose(1, "MR-1", "2025-06-10"), dose(1, "MR-1", "2025-07-20")], 12_457, {("SECOND_DOSE", "hold"): (1, 12_457)}),
    Case("20 inside", [MR], 12_457, people=[NEWBORN_MR]),
    Case("20 outside", [dose(1, "MR-1", "2025-11-16")], 0, {("OUT_OF_AGE", "hold"): (1, 12_457)}, people=[NEWBORN_MR]),
    Case(
        "21 short", [dose(1, "DPT-IPV-HIB-11", "2025-11-01"), dose(1, "DPT-IPV-HIB-12", "2025-11-21")], 21_241,
        {("SHORT_INTERVAL", "hold"): (1, 21_241)}, people=[BABY],
    ),
    Case("21 kept", [dose(1, "DPT-IPV-HIB-11", "2025-11-01"), dose(1, "DPT-IPV-HIB-12", "2025-11-22")], 42_482, people=[BABY]),
    Case("22 open", [dose(1, "HPV9-3", "2026-03-31", is_transitional=True)], 30_800, people=[resident(1, "2008-04-01", sex="2")]),
    Case(
        "22 closed", [dose(1, "HPV9-3", "2026-04-01", is_transitional=True)], 0, {("OUT_OF_AGE", "hold"): (1, 30_800)},
        people=[resident(1, "2008-04-01", sex="2")],
    ),
    Case("23 left", [MR], 0, {("WRONG_WARD", "hold"): (1, 12_457)}, people=[resident(1, "2024-06-01", until="2025-11-10")]),
    Case("23 stayed", [MR], 12_457, people=[resident(1, "2024-06-01", until="2025-11-20")]),
    Case(
        "24 November", [RETURNED, AGAIN], 0, {("RETURNED", "reject"): (1, 0)}, decisions=[Ruled(RETURNED, "reject", "RETURNED")],
        request={"month": 202511},
    ),
    Case("24 December", [RETURNED, AGAIN], 12_457, decisions=[Ruled(RETURNED, "reject", "RETURNED")], request={"month": 202512}),
    Case("25 withdrawn", [RETURNED], 0, {("WITHDRAWN", "reverse"): (1, 0)}, decisions=[Ruled(RETURNED, "reverse", "WITHDRAWN")]),
    Case("26", [dose(1, "MR-1", "2025-09-10", paid_month=202601)], 12_457, request={"month": 202601}),
    Case("28", [dose(1, "MR-1", "2019-09-30")], 12_231, people=[resident(1, "2018-06-01")]),
    Case("30 above", [RECEIPT], 12_457),
    Case("30 below", [replace(RECEIPT, charged_yen=9_800)], 9_800),
    Case("30 no request", [replace(RECEIPT, requested_on=None)], 0, {("NO_REQUEST", "hold"): (1, 12_457)}),
    Case("30 late", [replace(RECEIPT, applied_on=on("2026-12-15"))], 0, {("APPLIED_LATE", "reject"): (1, 0)}, as_of="2026-12-31"),
    Case("30 net of the fee", [RECEIPT], 12_347, reference=WITH_FEE),
    Case("31", [RECEIPT, replace(RECEIPT, paid_month=202601)], 12_457, {("DUPLICATE", "reject"): (1, 0)}),
    Case("32", [replace(RECEIPT, paid_month=202512), replace(MR, paid_month=202601)], 12_457, {("CROSS_CHANNEL", "hold"): (1, 12_457)}),
    Case("33", [replace(MR, ward=NAKANO, charged_yen=11_357)], 0, {("PRICE_DIFFERENCE", "hold"): (1, 12_457)}),
    Case("33 paid at the list's price", [replace(MR, ward=NAKANO, charged_yen=11_357)], 12_457, reference=terms(price_difference="pay")),
    Case("35", [replace(MR, channel="kokuho", fee_code="holiday")], 5_346, reference=NATIONAL),
    Case("37 institution", [MR], 0, {("UNKNOWN_INSTITUTION", "hold"): (1, 12_457)}, institutions=[Institution(valid_to=on("2025-11-14"))]),
    Case("37 blank day", [dose(1, "MR-1", None)], 0, {("NO_DATE", "hold"): (1, 0)}),
    Case("37 future day", [dose(1, "MR-1", "2025-11-25")], 0, {("FUTURE_DATE", "hold"): (1, 12_457)}, as_of="2025-11-24"),
    Case("37 ward", [replace(MR, ward="unknown")], 0, {("UNKNOWN_WARD", "hold"): (1, 12_457)}),
    Case("39 below", [replace(MR, charged_yen=4_000)], 4_000, reference=CAPPED),
    Case("39 above", [replace(MR, charged_yen=5_000)], 4_500, reference=CAPPED),
    Case("40 paying", [FLU], 3_005, people=[SENIOR], home_ward=NAKANO, reference={**NET_FLU, **terms(copay_mode="already_net")}),
    Case(
        "40 exempt", [replace(FLU, copay_class="exempt")], 5_505, people=[SENIOR], home_ward=NAKANO,
        reference={**NET_FLU, **terms(copay_mode="already_net")},
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"example_{case.number.replace(' ', '_')}" for case in CASES])
def test_worked_example(case: Case) -> None:
    assert outcome(case) == (case.payable, case.refused)


def test_example_9_the_difference_to_the_claim_is_242_yen() -> None:
    assert 7_078 - (CLAIMED_AS_A.charged_yen or 0) == 242


def test_example_11_the_ward_of_residence_pays_the_ward_where_it_was_given() -> None:
    case = Case("11", [FLU], 3_005, people=[SENIOR], home_ward=NAKANO)
    with build_mart(case.ledger) as connection:
        paid = ask(connection, "consignment_payments", by=("payee", "scheme"), as_of=on("2026-11-24"))
    assert paid.select("payee", "scheme", "payable_yen").rows() == [("131032", "mutual_use", 3_005)]


def test_example_24_keeps_the_month_of_the_dose_and_26_shows_the_delay() -> None:
    case = Case("26", [dose(1, "MR-1", "2025-09-10", paid_month=202601)], 12_457)
    with build_mart(case.ledger) as connection:
        assert ask(connection, "consignment_payments", by=("delay_months",), as_of=on("2026-11-24"))["delay_months"].to_list() == [4]


def test_example_33_the_difference_to_the_agreed_price_is_1100_yen() -> None:
    own = changed("price_list", (pl.col("scheme") == "own_ward") & (pl.col("vaccine_code") == "MR"), price_excl_yen=10_325)
    assert outcome(Case("33", [replace(MR, ward=NAKANO)], 12_457, reference=own))[0] - 1_100 == 11_357
    assert outcome(Case("33", [MR], 11_357, reference=own))[0] == 11_357


def test_example_34_two_wards_owe_each_other_both_amounts() -> None:
    def owed(home: str, host: str, doses: int) -> int:
        people = [resident(number, "2024-06-01") for number in range(1, doses + 1)]
        events = [dose(number, "MR-1", "2025-11-15", ward=host) for number in range(1, doses + 1)]
        # The self-payment rules shipped are Minato's; a dose of MR is free in every ward.
        free = changed("copay", (pl.col("home_ward") == "131032") & (pl.col("vaccine_code") == "MR"), home_ward=home)
        with build_mart(Ledger(people, events, home_ward=home, reference=free)) as connection:
            return int(ask(connection, "consignment_payments", as_of=on("2026-11-24"))["payable_yen"][0])

    ours, theirs = owed("131032", NAKANO, 120), owed(NAKANO, "131032", 95)
    assert (ours, theirs, ours - theirs) == (1_494_840, 1_183_415, 311_425)


def test_all_forty_examples_have_a_test() -> None:
    elsewhere = {27, 29, 36, 38}  # test_fiscal_bridge, test_claim_differences, test_payment_close
    here = {int(case.number.split()[0].rstrip("ab")) for case in CASES} | {34}
    assert here | elsewhere == set(range(1, 41)) and not here & elsewhere


def test_a_decision_to_pay_never_pays_an_event_twice() -> None:
    twice = [replace(MR, paid_month=202512), replace(MR, paid_month=202601)]
    case = Case("", twice, 12_457, {("DECISION_CONTRADICTION", "hold"): (1, 12_457)}, decisions=[Ruled(twice[1], "pay")])
    assert outcome(case) == (case.payable, case.refused)


def test_two_decisions_of_one_day_that_differ_are_held_and_the_later_of_two_days_holds() -> None:
    torn = Case("", [MR], 0, decisions=[Ruled(MR, "pay"), Ruled(MR, "reject", "RETURNED")])
    assert outcome(torn) == (0, {("DECISION_CONTRADICTION", "hold"): (1, 12_457)})
    later = replace(torn, decisions=[Ruled(MR, "reject", "RETURNED"), Ruled(MR, "pay", decided_on=on("2025-12-21"))])
    assert outcome(later) == (12_457, {})
    assert outcome(replace(later, as_of="2025-12-20")) == (0, {("RETURNED", "reject"): (1, 0)})


def test_what_has_no_amount_cannot_be_paid_by_decision() -> None:
    late = dose(1, "FLU-E-1", "2026-02-01")
    assert outcome(Case("", [late], 0, people=[SENIOR], decisions=[Ruled(late, "pay")])) == (0, {("NO_PRICE", "hold"): (1, 0)})


def test_a_confirmed_claim_outside_the_window_is_paid_with_its_reason() -> None:
    event: Event = dose(1, "MR-1", "2025-11-16")
    case = Case("", [event], 12_457, people=[NEWBORN_MR], decisions=[Ruled(event, "pay")])
    with build_mart(case.ledger) as connection:
        assert ask(connection, "consignment_payments", by=("reason",), as_of=on("2026-11-24"))["reason"].to_list() == ["CONFIRMED"]


@pytest.mark.parametrize(("choice", "payable", "decision"), [("pay", 12_457, None), ("hold", 0, "hold"), ("reject", 0, "reject")])
def test_the_contract_says_what_becomes_of_a_claim_outside_the_window(choice: str, payable: int, decision: str | None) -> None:
    case = Case("", [dose(1, "MR-1", "2025-11-16")], payable, people=[NEWBORN_MR], reference=terms(out_of_age=choice))
    paid, refused = outcome(case)
    assert paid == payable and [key for key in refused] == ([("OUT_OF_AGE", decision)] if decision else [])

"""What is not paid is listed with its reason; held yen are what would be paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from tests.measures.mart_factory import Event, Institution, Ledger, Person, Welfare, ask, build_mart, reference_tables
from tests.measures.people import dose, on, resident, screening

TODDLER = resident(1, "2024-06-01")
BABY = resident(1, "2025-06-01")
SENIOR = resident(1, "1955-06-01", since="2010-01-01")
NAKANO = "131148"


def held(
    *events: Event, people: Sequence[Person] = (TODDLER,), as_of: str = "2026-11-24", home_ward: str = "131032",
    welfare: Sequence[Welfare] = (), institutions: Sequence[Institution] = (), reference: Mapping[str, pl.DataFrame] | None = None, **request: Any,
) -> list[tuple[str, str, int, int]]:  # fmt: skip
    """Reason, decision, events, yen held."""
    numbered = [replace(event, batch=number) for number, event in enumerate(events, start=1)]
    ledger = Ledger(people, numbered, welfare, institutions, home_ward=home_ward, reference=reference or {})
    with build_mart(ledger) as connection:
        frame = ask(connection, "payment_holds", by=("reason", "decision"), as_of=on(as_of), **request)
    return list(frame.select("reason", "decision", "events_count", "held_yen").iter_rows())


def test_what_is_paid_is_not_listed() -> None:
    assert held(dose(1, "MR-1", "2025-11-15")) == []


def test_example_6_a_screening_on_the_day_of_the_dose_is_paid_with_it() -> None:
    assert held(screening(1, "MR-1", "2025-11-15"), dose(1, "MR-1", "2025-11-15")) == [("SAME_DAY", "reject", 1, 0)]


def test_example_8_components_are_rejected() -> None:
    codes = ("DPT-IPV-HIB-11", "DPT-11", "IPV-11", "HIB-1")
    assert held(*(dose(1, code, "2025-11-01") for code in codes), people=[BABY]) == [("COMPONENT", "reject", 3, 0)]


def test_example_14_a_self_payment_taken_from_somebody_on_welfare_is_held() -> None:
    event = dose(1, "FLU-E-1", "2025-11-01", copay_class="paid")
    assert held(event, people=[SENIOR], welfare=[Welfare(1)], home_ward=NAKANO) == [("COPAY_CONTRADICTION", "hold", 1, 5_505)]
    assert held(event, people=[SENIOR], welfare=[Welfare(1)]) == []  # Minato asks no self-payment


def test_example_16_a_dose_after_the_season_has_no_price() -> None:
    assert held(dose(1, "FLU-E-1", "2026-02-01"), people=[SENIOR]) == [("NO_PRICE", "hold", 1, 0)]


def test_example_17_a_second_dose_of_the_season_is_rejected_and_one_of_the_next_is_not() -> None:
    events = [dose(1, "FLU-E-1", "2025-10-10"), dose(1, "FLU-E-1", "2026-01-10"), dose(1, "FLU-E-1", "2026-10-10")]
    assert held(*events, people=[SENIOR]) == [("SECOND_DOSE", "reject", 1, 0)]


def test_example_18_the_second_channel_is_rejected() -> None:
    events = [dose(1, "MR-1", "2025-06-20", paid_month=202507), dose(1, "MR-1", "2025-06-20", paid_month=202509)]
    assert held(*events, month=202509) == [("DUPLICATE", "reject", 1, 0)]
    assert held(*events, month=202507) == []


def test_example_19_a_second_dose_of_the_stage_is_held() -> None:
    assert held(dose(1, "MR-1", "2025-06-10"), dose(1, "MR-1", "2025-07-20")) == [("SECOND_DOSE", "hold", 1, 12_457)]


def test_example_20_a_dose_outside_the_window_is_held() -> None:
    assert held(dose(1, "MR-1", "2025-11-16"), people=[resident(1, "2023-11-16")]) == [("OUT_OF_AGE", "hold", 1, 12_457)]


def test_example_21_a_short_interval_is_held() -> None:
    events = [dose(1, "DPT-IPV-HIB-11", "2025-11-01"), dose(1, "DPT-IPV-HIB-12", "2025-11-21")]
    assert held(*events, people=[BABY]) == [("SHORT_INTERVAL", "hold", 1, 21_241)]


def test_two_stages_of_a_vaccine_on_one_day_keep_no_interval() -> None:
    events = [dose(1, "HB-1", "2025-11-01", product="HB-A"), dose(1, "HB-2", "2025-11-01", product="HB-A")]
    assert held(*events, people=[BABY]) == [("SHORT_INTERVAL", "hold", 1, 6_836)]


def test_example_22_after_the_age_limit_and_the_rule_a_dose_is_held() -> None:
    event = dose(1, "HPV9-3", "2026-04-01", is_transitional=True)
    assert held(event, people=[resident(1, "2008-04-01", sex="2")]) == [("OUT_OF_AGE", "hold", 1, 30_800)]


def test_example_23_a_dose_after_moving_out_is_held() -> None:
    assert held(dose(1, "MR-1", "2025-11-15"), people=[resident(1, "2024-06-01", until="2025-11-10")]) == [
        ("WRONG_WARD", "hold", 1, 12_457)
    ]


@pytest.mark.parametrize(
    ("institution", "is_paid"),
    [
        (Institution(), True),
        (Institution(valid_to=on("2025-11-15")), True),
        (Institution(valid_to=on("2025-11-14")), False),
        (Institution(valid_from=on("2025-11-16")), False),
        (Institution("1310113723"), False),
    ],
)
def test_example_37_an_institution_unknown_or_not_in_operation_that_day_is_held(institution: Institution, is_paid: bool) -> None:
    found = held(dose(1, "MR-1", "2025-11-15"), institutions=[institution])
    assert found == ([] if is_paid else [("UNKNOWN_INSTITUTION", "hold", 1, 12_457)])


@pytest.mark.parametrize(
    ("event", "reason", "yen"),
    [
        (dose(1, "MR-1", None), "NO_DATE", 0),
        (dose(1, "MR-1", "2025-11-25"), "FUTURE_DATE", 12_457),
        (dose(1, "MR-1", "2025-11-15", ward="unknown"), "UNKNOWN_WARD", 12_457),
        (dose(1, "MR-1", "2025-11-15", ward=None), "UNKNOWN_WARD", 12_457),
        (dose(1, "MR-1", "2025-11-15", institution=None), "UNKNOWN_INSTITUTION", 12_457),
        (dose(1, "MR-1", "2025-11-15", is_institution_valid=False), "UNKNOWN_INSTITUTION", 12_457),
        (Event(1, "MR", "unknown", given_on=on("2025-11-15")), "UNKNOWN_DOSE", 12_457),
        (dose(1, "HB-1", "2025-11-15", product="HB-C"), "NO_PRICE", 0),
    ],
)
def test_example_37_what_cannot_be_told_is_held_with_its_reason(event: Event, reason: str, yen: int) -> None:
    assert held(event, as_of="2025-11-24") == [(reason, "hold", 1, yen)]


def test_an_age_that_cannot_be_told_is_held() -> None:
    assert held(dose(1, "MR-1", "2025-11-15"), people=[resident(1, None)]) == [("AGE_UNKNOWN", "hold", 1, 12_457)]


def test_two_prices_for_one_dose_are_none() -> None:
    prices = reference_tables()["price_list"]
    twice = {"price_list": pl.concat([prices, prices.filter(pl.col("vaccine_code") == "MR")])}
    assert held(dose(1, "MR-1", "2025-11-15"), reference=twice) == [("NO_PRICE", "hold", 1, 0)]


def test_no_rule_for_the_self_payment_is_held() -> None:
    assert held(dose(1, "MR-1", "2025-11-15"), home_ward=NAKANO)[0][:3] == ("NO_PRICE", "hold", 1)


def test_a_dose_without_month_of_payment_is_listed_as_not_claimed_in_the_year_of_its_day() -> None:
    event = dose(1, "MR-1", "2026-03-31", paid_month=None)
    assert held(event, fiscal_year=2025) == [("NOT_CLAIMED", "unclaimed", 1, 0)]
    assert held(event, fiscal_year=2026) == []


def test_every_event_is_in_exactly_one_state() -> None:
    events = [
        dose(1, "MR-1", "2025-11-15"), dose(1, "MR-1", "2025-11-15", location_flag="2"), dose(1, "VAR-1", None), screening(1, "VAR-1", "2025-11-01"),
        dose(1, "VAR-2", "2025-12-01", paid_month=None), dose(1, "MR-1", "2025-12-20"),
    ]  # fmt: skip
    numbered = [replace(event, batch=number) for number, event in enumerate(events, start=1)]
    with build_mart(Ledger([TODDLER], numbered)) as connection:
        paid = ask(connection, "consignment_payments", as_of=on("2026-11-24")).row(0, named=True)
        others = ask(connection, "payment_holds", as_of=on("2026-11-24")).row(0, named=True)
    assert (paid["doses_count"], paid["screenings_count"], others["events_count"]) == (1, 1, 4)

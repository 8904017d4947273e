"""The worked examples of payments.md, E3, with its fictitious prices (which are the shipped illustrative ones)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from tests.measures.mart_factory import Event, Ledger, Person, Welfare, ask, build_mart, reference_tables
from tests.measures.people import dose, on, resident, screening

ARAKAWA, KOTO, NAKANO = "131181", "131083", "131148"
TODDLER = resident(1, "2024-06-01")
SENIOR = resident(1, "1955-06-01", since="2010-01-01")


def changed(table: str, is_row: pl.Expr, **values: Any) -> dict[str, pl.DataFrame]:
    """A reference table with other values in some rows."""
    frame = reference_tables()[table]
    columns = [
        pl.when(is_row).then(pl.lit(value)).otherwise(pl.col(name)).cast(frame.schema[name]).alias(name) for name, value in values.items()
    ]
    return {table: frame.with_columns(columns)}


_IS_FLU = (pl.col("home_ward") == "131032") & (pl.col("vaccine_code") == "FLU-E")
FLU_2500 = changed("copay", _IS_FLU, amount_yen=2500, exempt="welfare|returnee")
CHEAP_FLU = {
    **FLU_2500,
    **changed("price_list", (pl.col("vaccine_code") == "FLU-E") & (pl.col("kind") == "DOSE"), price_excl_yen=2091),
}


def paid(
    *events: Event, people: Sequence[Person] = (TODDLER,), as_of: str = "2026-11-24", reference: Mapping[str, pl.DataFrame] | None = None,
    home_ward: str = "131032", welfare: Sequence[Welfare] = (), **request: Any,
) -> tuple[int, int, int]:  # fmt: skip
    """Gross, self-payment, payable."""
    numbered = [replace(event, batch=number) for number, event in enumerate(events, start=1)]
    with build_mart(Ledger(people, numbered, welfare, home_ward=home_ward, reference=reference or {})) as connection:
        row = ask(connection, "consignment_payments", as_of=on(as_of), **request).row(0, named=True)
    return row["gross_yen"], row["copay_yen"], row["payable_yen"]


def free(yen: int) -> tuple[int, int, int]:
    return yen, 0, yen


def test_example_1_a_dose_in_the_own_ward() -> None:
    assert paid(dose(1, "MR-1", "2025-11-15")) == free(12_457)


@pytest.mark.parametrize(("day", "yen"), [("2026-03-31", 12_457), ("2026-04-01", 12_732)], ids=["example_2", "example_3"])
def test_the_price_is_that_of_the_day_of_the_dose_whatever_the_month_of_payment(day: str, yen: int) -> None:
    assert paid(dose(1, "MR-1", day, paid_month=202605)) == free(yen)


@pytest.mark.parametrize(("day", "yen"), [("2025-11-14", 4_031), ("2025-11-15", 3_206)])
def test_example_4_the_tier_of_a_screening_turns_on_the_day_before_the_sixth_birthday(day: str, yen: int) -> None:
    assert paid(screening(1, "MR-2", day), people=[resident(1, "2019-11-16")]) == free(yen)


def test_example_5_a_screening_and_a_later_dose_are_both_paid() -> None:
    assert paid(screening(1, "MR-1", "2025-11-10"), dose(1, "MR-1", "2025-11-15")) == free(16_488)


def test_example_6_a_screening_on_the_day_of_the_dose_is_not_paid() -> None:
    assert paid(screening(1, "MR-1", "2025-11-15"), dose(1, "MR-1", "2025-11-15")) == free(12_457)


def test_a_screening_of_another_vaccine_on_that_day_is_paid() -> None:
    assert paid(screening(1, "VAR-1", "2025-11-15"), dose(1, "MR-1", "2025-11-15")) == free(16_488)


def test_example_7_simultaneous_doses_are_not_discounted() -> None:
    baby = resident(1, "2025-06-01")
    assert paid(dose(1, "DPT-IPV-HIB-11", "2025-11-01"), dose(1, "HB-1", "2025-11-01", product="HB-A"), people=[baby]) == free(28_077)


def test_example_8_components_written_out_beside_the_combined_dose_are_not_paid_again() -> None:
    codes = ("DPT-IPV-HIB-11", "DPT-11", "IPV-11", "HIB-1")
    assert paid(*(dose(1, code, "2025-11-01") for code in codes), people=[resident(1, "2025-06-01")]) == free(21_241)


@pytest.mark.parametrize(("product", "yen"), [("HB-A", 6_836), ("HB-B", 7_078)])
def test_the_product_decides_the_price_where_the_list_names_it(product: str, yen: int) -> None:
    assert paid(dose(1, "HB-1", "2025-11-01", product=product), people=[resident(1, "2025-06-01")]) == free(yen)


def test_example_10_influenza_is_free_for_residents_of_minato() -> None:
    assert paid(dose(1, "FLU-E-1", "2025-11-01"), people=[SENIOR]) == free(5_505)


def test_example_11_a_resident_of_another_ward_pays_what_that_ward_asks() -> None:
    assert paid(dose(1, "FLU-E-1", "2025-11-01"), people=[SENIOR], home_ward=NAKANO) == (5_505, 2_500, 3_005)


@pytest.mark.parametrize("copay_class", [None, "exempt", "free"])
def test_example_12_persons_on_welfare_pay_nothing(copay_class: str | None) -> None:
    event = dose(1, "FLU-E-1", "2025-11-01", copay_class=copay_class)
    assert paid(event, people=[SENIOR], home_ward=NAKANO, welfare=[Welfare(1)]) == free(5_505)


@pytest.mark.parametrize(
    ("welfare", "payable"),
    [
        (Welfare(1, valid_to=on("2025-11-01")), 5_505),
        (Welfare(1, valid_to=on("2025-10-31")), 3_005),
        (Welfare(1, valid_from=on("2025-11-01")), 5_505),
        (Welfare(1, valid_from=on("2025-11-02")), 3_005),
        (Welfare(1, "returnee"), 5_505),
        (Welfare(1, "none"), 3_005),
        (Welfare(2), 3_005),
    ],
)
def test_welfare_counts_when_in_force_on_the_day_of_the_dose(welfare: Welfare, payable: int) -> None:
    assert (
        paid(dose(1, "FLU-E-1", "2025-11-01"), people=[SENIOR, resident(2, "1950-01-01")], home_ward=NAKANO, welfare=[welfare])[2]
        == payable
    )


@pytest.mark.parametrize(("copay_class", "payable"), [("paid", 3_005), (None, 3_005), ("exempt", 5_505), ("free", 5_505)])
def test_who_is_marked_exempt_or_free_pays_nothing(copay_class: str | None, payable: int) -> None:
    assert paid(dose(1, "FLU-E-1", "2025-11-01", copay_class=copay_class), people=[SENIOR], home_ward=NAKANO)[2] == payable


@pytest.mark.parametrize(
    ("home_ward", "birth", "payable"),
    [
        (KOTO, "1951-04-01", 5_505),  # 75 reached 2026-03-31
        (KOTO, "1951-04-02", 3_005),
        (ARAKAWA, "1951-04-01", 3_005),  # still 74 on the day
        (ARAKAWA, "1950-11-02", 5_505),  # 75 reached the day before the birthday: on the day of the dose
        (ARAKAWA, "1950-11-03", 3_005),
    ],
)
def test_example_13_the_ward_decides_whether_the_age_of_the_day_or_of_the_year_end_counts(home_ward: str, birth: str, payable: int) -> None:
    senior = resident(1, birth, since="2010-01-01")
    assert paid(dose(1, "FLU-E-1", "2025-11-01"), people=[senior], home_ward=home_ward)[2] == payable


def test_example_15_the_self_payment_never_exceeds_the_price() -> None:
    assert paid(dose(1, "FLU-E-1", "2025-11-01"), people=[SENIOR], reference=CHEAP_FLU) == (2_300, 2_300, 0)


def test_a_screening_is_free_of_self_payment() -> None:
    assert paid(screening(1, "FLU-E-1", "2025-11-01"), people=[SENIOR], home_ward=NAKANO) == free(3_206)


def test_example_18_a_dose_in_two_monthly_batches_is_paid_with_the_first() -> None:
    events = [dose(1, "MR-1", "2025-06-20", paid_month=202509), dose(1, "MR-1", "2025-06-20", paid_month=202507)]
    assert paid(*events) == free(12_457)
    assert paid(*events, month=202507) == free(12_457)
    assert paid(*events, month=202509) == free(0)


def test_example_19_a_second_dose_of_the_stage_leaves_the_first_paid() -> None:
    assert paid(dose(1, "MR-1", "2025-06-10"), dose(1, "MR-1", "2025-07-20")) == free(12_457)


@pytest.mark.parametrize(("day", "yen"), [("2025-11-15", 12_457), ("2025-11-16", 0), ("2024-11-15", 12_457), ("2024-11-14", 0)])
def test_example_20_only_doses_inside_the_legal_window_are_paid(day: str, yen: int) -> None:
    """Born 2023-11-16: 12 months are reached on 2024-11-15, 24 months on 2025-11-15."""
    assert paid(dose(1, "MR-1", day), people=[resident(1, "2023-11-16")]) == free(yen)


@pytest.mark.parametrize(("day", "yen"), [("2025-11-21", 21_241), ("2025-11-22", 42_482)])
def test_example_21_twenty_days_lie_between_two_doses_when_their_dates_differ_by_21(day: str, yen: int) -> None:
    assert paid(dose(1, "DPT-IPV-HIB-11", "2025-11-01"), dose(1, "DPT-IPV-HIB-12", day), people=[resident(1, "2025-06-01")]) == free(yen)


@pytest.mark.parametrize(("day", "yen"), [("2025-10-19", 6_836), ("2025-10-20", 13_672)])
def test_the_third_dose_of_hepatitis_b_is_counted_from_the_first(day: str, yen: int) -> None:
    """139日以上: the twentieth week's same weekday, 140 days after 2025-06-02."""
    events = [dose(1, "HB-1", "2025-06-02", product="HB-A"), dose(1, "HB-3", day, product="HB-A")]
    assert paid(*events, people=[resident(1, "2025-03-01")]) == free(yen)


@pytest.mark.parametrize(("day", "flag", "yen"), [("2026-03-31", True, 30_800), ("2026-03-31", False, 0), ("2026-04-01", True, 0)])
def test_example_22_after_the_age_limit_the_transitional_flag_pays_while_the_rule_is_open(day: str, flag: bool, yen: int) -> None:
    woman = resident(1, "2008-04-01", sex="2")
    assert paid(dose(1, "HPV9-3", day, is_transitional=flag), people=[woman]) == free(yen)


@pytest.mark.parametrize(("until", "yen"), [("2025-11-10", 0), ("2025-11-15", 0), ("2025-11-16", 12_457), ("2025-11-20", 12_457)])
def test_example_23_the_ward_of_residence_on_the_day_of_the_dose_pays(until: str, yen: int) -> None:
    assert paid(dose(1, "MR-1", "2025-11-15"), people=[resident(1, "2024-06-01", until=until)]) == free(yen)


def test_example_26_a_late_claim_is_paid_in_its_own_month() -> None:
    event = dose(1, "MR-1", "2025-09-10", paid_month=202601)
    assert paid(event, month=202601) == paid(event, fiscal_year=2025) == free(12_457)
    assert paid(event, month=202509) == free(0)


def test_example_28_tax_is_that_of_the_day() -> None:
    people = [resident(1, "2018-06-01")]
    assert paid(dose(1, "MR-1", "2019-09-30"), people=people) == free(12_231)
    assert paid(dose(1, "MR-1", "2019-10-01"), people=people) == free(12_457)


def test_example_29_tax_is_rounded_down_for_each_unit() -> None:
    people = [resident(number, "2024-06-01") for number in range(1, 8)]
    assert paid(*(dose(number, "MR-1", "2025-11-15") for number in range(1, 8)), people=people) == free(87_199)


def test_a_dose_elsewhere_is_paid_at_the_price_of_mutual_use() -> None:
    price = changed("price_list", (pl.col("scheme") == "mutual_use") & (pl.col("vaccine_code") == "MR"), price_excl_yen=10_000)
    assert paid(dose(1, "MR-1", "2025-11-15", ward=NAKANO), reference=price) == free(11_000)
    assert paid(dose(1, "MR-1", "2025-11-15"), reference=price) == free(12_457)


def test_gross_is_payable_and_self_payment_at_every_cut_and_every_cut_has_the_same_total() -> None:
    people = [SENIOR, resident(2, "2024-06-01"), resident(3, "1948-01-01", since="2010-01-01")]
    events = [
        dose(1, "FLU-E-1", "2025-11-01", copay_class="paid"), dose(3, "FLU-E-1", "2025-12-01", ward=NAKANO, paid_month=202601),
        dose(2, "MR-1", "2025-11-15", copay_class="free"), screening(2, "VAR-1", "2025-11-15"),
    ]  # fmt: skip
    values = ("doses_count", "screenings_count", "gross_yen", "copay_yen", "payable_yen")
    with build_mart(Ledger(people, events, reference=FLU_2500)) as connection:
        for by in ("ward", "month", "vaccine", "dose", "institution", "association", "scheme", "copay_class"):
            frame = ask(connection, "consignment_payments", by=[by], as_of=on("2026-11-24"))
            assert (frame["gross_yen"] == frame["payable_yen"] + frame["copay_yen"]).all(), by
            assert frame.select(values).sum().row(0) == (3, 1, 27_498, 5_000, 22_498), by

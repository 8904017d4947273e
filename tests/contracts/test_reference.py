from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.contracts.folders import SHIPPED, copied, replaced

from daicho.contracts.codelists import codes_of
from daicho.contracts.reference import list_reference, load_reference
from daicho.core.errors import UsageError
from daicho.core.money import tax_included_yen

PRICES = load_reference(SHIPPED, "price_list")


def prices_including_tax(
    vaccine: str, day: str, *, kind: str = "DOSE", product: str = "", age: int = 2, scheme: str = "own_ward"
) -> list[int]:
    """Every price that holds for one event, with tax."""
    on = date.fromisoformat(day)
    rows = PRICES.filter(
        (pl.col("valid_from") <= on) & (pl.col("valid_to") >= on),
        pl.col("product").is_null() | (pl.col("product") == product),
        pl.col("age_from_years").fill_null(0) <= age,
        pl.col("age_to_years").fill_null(999) >= age,
        scheme=scheme,
        vaccine_code=vaccine,
        kind=kind,
    )
    return [tax_included_yen(row["price_excl_yen"], rate_percent=row["tax_rate_percent"]) for row in rows.rows(named=True)]


@pytest.mark.parametrize(
    ("vaccine", "day", "yen"),
    [
        ("MR", "2025-11-15", 12_457),
        ("MR", "2026-03-31", 12_457),
        ("MR", "2026-04-01", 12_732),
        ("MR", "2019-09-30", 12_231),
        ("MR", "2019-10-01", 12_457),
        ("DPT-IPV-HIB", "2025-11-01", 21_241),
        ("FLU-E", "2025-10-01", 5_505),
        ("FLU-E", "2026-01-31", 5_505),
        ("HPV9", "2026-04-01", 30_800),
    ],
)
def test_a_dose_has_the_price_of_its_day(vaccine: str, day: str, yen: int) -> None:
    assert prices_including_tax(vaccine, day) == [yen]
    assert prices_including_tax(vaccine, day, scheme="mutual_use") == [yen]


def test_products_of_hepatitis_b_have_their_own_prices() -> None:
    assert (
        prices_including_tax("HB", "2025-11-01", product="HB-A")
        == prices_including_tax("HB", "2025-11-01", product="ビームゲン")
        == [6_836]
    )
    assert (
        prices_including_tax("HB", "2025-11-01", product="HB-B")
        == prices_including_tax("HB", "2025-11-01", product="ヘプタバックス")
        == [7_078]
    )
    assert prices_including_tax("HB", "2025-11-01", product="another") == []


@pytest.mark.parametrize(("age", "yen"), [(0, 4_031), (5, 4_031), (6, 3_206), (12, 3_206)])
def test_screening_alone_costs_less_from_six_years_on(age: int, yen: int) -> None:
    assert prices_including_tax("MR", "2025-11-14", kind="SCREEN", age=age) == [yen]


def test_influenza_has_no_price_outside_its_season() -> None:
    assert prices_including_tax("FLU-E", "2026-02-01") == []


def test_every_other_vaccine_has_one_price_in_every_quarter() -> None:
    days = ["2019-10-01", *(f"{year}-{month:02d}-01" for year in range(2020, 2027) for month in (1, 4, 7, 10)), "2027-03-31"]
    for vaccine in codes_of(SHIPPED, "vaccine"):
        if vaccine != "FLU-E":
            product = "HB-A" if vaccine == "HB" else ""
            assert {len(prices_including_tax(vaccine, day, product=product)) for day in days} == {1}, vaccine


def test_no_shipped_price_pretends_to_be_approved() -> None:
    for name in ("price_list", "copay"):
        frame = load_reference(SHIPPED, name)
        assert set(frame["illustrative"]) == {"yes"}
        assert frame["approval_ref"].null_count() == 0


def test_self_payment_is_set_by_the_ward_of_residence() -> None:
    flu = load_reference(SHIPPED, "copay").filter(vaccine_code="FLU-E")
    amounts = dict(flu.select("home_ward", "amount_yen").iter_rows())
    assert amounts["131032"] == 0 and amounts["131083"] == 2_500
    assert flu.filter(home_ward="131083").select("age_basis", "age_limit_years", "exempt").row(0) == (
        "fiscal_year_end",
        75,
        "welfare|returnee",
    )


def test_no_return_to_the_governor_is_called_verified() -> None:
    assert set(load_reference(SHIPPED, "statutory")["verified"]) == {"no"}


def test_a_combined_vaccine_counts_for_its_components() -> None:
    pairs = set(load_reference(SHIPPED, "equivalence").select("dose_code", "counts_as_dose_code").iter_rows())
    assert {("DPT-IPV-HIB-11", "DPT-IPV-11"), ("DPT-IPV-HIB-1A", "HIB-A"), ("MR-2", "MEASLES-2"), ("MR-1", "RUBELLA-1")} <= pairs


def test_every_dose_has_a_row_on_the_form() -> None:
    form = load_reference(SHIPPED, "form_row")
    assert set(form["dose_code"]) == set(codes_of(SHIPPED, "dose_stage"))
    assert set(form.filter(pl.col("dose_code").is_in(["HPV2-1", "HPV4-1"]))["row_code"]) == {"HPV24-1"}
    assert set(form["row_code"]) == set(codes_of(SHIPPED, "form_line"))
    assert form.group_by("row_code").agg(pl.col("position").n_unique())["position"].max() == 1


def test_days_and_numbers_are_typed() -> None:
    assert PRICES.schema["valid_from"] == pl.Date and PRICES.schema["price_excl_yen"] == pl.Int32
    assert load_reference(SHIPPED, "schedule").schema["window_from_value"] == pl.Int32


def test_every_table_has_dates() -> None:
    for name in list_reference(SHIPPED):
        assert {"valid_from", "valid_to"} <= set(load_reference(SHIPPED, name).columns)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2026-04-01", "2026-4-31", r"price_list\.csv, row \d+: valid_from is no day"),
        ("11575", "11575.5", r"price_list\.csv, row \d+: price_excl_yen is no whole number"),
        ("scheme,", "plan,", "unknown column plan"),
        (",note\n", "\n", "cells where the first line"),
        (",yes,", ",perhaps,", r"price_list\.csv, row \d+: is_seasonal is no yes or no"),
    ],
)
def test_a_cell_that_does_not_read_is_named_by_row_and_column(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = copied(tmp_path)
    replaced(folder / "reference" / "price_list.csv", old, new)
    with pytest.raises(UsageError, match=message):
        load_reference(folder, "price_list")

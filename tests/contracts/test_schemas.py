from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from tests.contracts.folders import SHIPPED

from daicho.contracts.loader import load_contracts, load_output_contracts
from daicho.contracts.model import Classification
from daicho.contracts.schemas import pseudonymised_schema, released_schema, validate
from daicho.core.errors import DataError, UsageError

CONTRACTS = load_contracts(SHIPPED)
OUTPUTS = load_output_contracts(SHIPPED)
DAYS = (
    "birth_date",
    "address_since_on",
    "address_notified_on",
    "resident_from",
    "resident_until",
    "foreign_since_on",
    "foreign_notified_on",
)
TEXTS = ("birth_precision", "sex", "district", "resident_from_reason", "resident_until_reason", "resident_class")
RESIDENT = {"person": pl.Int32, **dict.fromkeys(DAYS, pl.Date), **dict.fromkeys(TEXTS, pl.String), "sampling_weight": pl.Int64}


def residents(**changes: object) -> pl.DataFrame:
    row: dict[str, object] = dict.fromkeys(RESIDENT)
    row |= {
        "person": 7,
        "birth_date": date(2020, 4, 1),
        "birth_precision": "day",
        "sex": "2",
        "district": "shiba",
        "resident_class": "japanese",
    }
    return pl.DataFrame([row | changes], schema=RESIDENT)


def coverage(**changes: object) -> pl.DataFrame:
    row: dict[str, object] = {
        "district": "shiba", "district_label": "芝", "eligible_count": 20, "eligible_count_status": "value", "vaccinated_count": 0,
        "vaccinated_count_status": "zero", "coverage_rate": 0.0, "coverage_rate_status": "zero",
        "unknown_history_count": 0, "unknown_history_count_status": "zero",
    }  # fmt: skip
    return pl.DataFrame(
        [row | changes],
        schema_overrides=dict.fromkeys(("eligible_count", "vaccinated_count", "unknown_history_count"), pl.Int64)
        | {"coverage_rate": pl.Float64},
    )


def test_a_frame_past_intake_follows_its_contract() -> None:
    schema = pseudonymised_schema(CONTRACTS["resident"])
    assert validate(residents(), schema).height == 1
    assert validate(residents().with_columns(pl.lit(2, dtype=pl.Int32).alias("line")), schema).height == 1
    assert validate(residents(district="unknown", resident_class="unknown", sex=None), schema).height == 1


@pytest.mark.parametrize("kind", sorted(CONTRACTS))
def test_schemas_hold_no_item_that_is_dropped(kind: str) -> None:
    names = set(pseudonymised_schema(CONTRACTS[kind]).columns)
    for column in CONTRACTS[kind].columns:
        if column.classification is Classification.DIRECT:
            assert column.header not in names and "" not in names


@pytest.mark.parametrize("stray", ["氏名", "full_name", "address", "voucher", "addressee_number", "note"])
def test_an_extra_column_is_refused_and_named(stray: str) -> None:
    with pytest.raises(DataError, match=f"the frame holds the column {stray}"):
        validate(residents().with_columns(pl.lit("x").alias(stray)), pseudonymised_schema(CONTRACTS["resident"]))


def test_a_number_in_clear_cannot_stand_as_a_person() -> None:
    in_clear = residents().with_columns(pl.lit("5100000000").alias("person"))
    with pytest.raises(DataError, match="column person, wrong_datatype"):
        validate(in_clear, pseudonymised_schema(CONTRACTS["resident"]))


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"sex": "3"}, "sex"),
        ({"district": "東京都港区芝五丁目"}, "district"),
        ({"resident_class": "日本人"}, "resident_class"),
        ({"birth_precision": "hour"}, "birth_precision"),
        ({"person": None}, "person"),
        ({"person": -1}, "person"),
    ],
)
def test_a_value_outside_its_list_or_range_is_refused_without_being_shown(changes: dict[str, object], column: str) -> None:
    with pytest.raises(DataError, match=f"column {column},") as error:
        validate(residents(**changes), pseudonymised_schema(CONTRACTS["resident"]))
    assert "五丁目" not in str(error.value) and "日本人" not in str(error.value) and "hour" not in str(error.value)
    assert error.value.__cause__ is None and error.value.__context__ is None


def test_unknown_vaccines_never_reach_a_frame_because_their_rows_are_quarantined() -> None:
    column = {column.name: column for column in CONTRACTS["vaccination"].columns}["vaccine_code"]
    assert column.on_unknown == "quarantine" and not column.nullable


def test_a_release_follows_the_contract_of_its_measure() -> None:
    assert validate(coverage(), released_schema(OUTPUTS["coverage_cohort"], by=["district"])).height == 1


@pytest.mark.parametrize("stray", ["person", "birth_date", "lot"])
def test_a_released_table_holds_nothing_beside_its_contract(stray: str) -> None:
    with pytest.raises(DataError, match=stray):
        validate(coverage().with_columns(pl.lit(1).alias(stray)), released_schema(OUTPUTS["coverage_cohort"], by=["district"]))


@pytest.mark.parametrize(
    "changes",
    [
        {"eligible_count_status": "suppressed"},
        {"eligible_count_status": "zero"},
        {"eligible_count": None},
        {"eligible_count": -1},
        {"vaccinated_count_status": "value"},
        {"coverage_rate": None},
        {"coverage_rate_status": "hidden"},
    ],
)
def test_values_agree_with_their_status(changes: dict[str, object]) -> None:
    with pytest.raises(DataError):
        validate(coverage(**changes), released_schema(OUTPUTS["coverage_cohort"], by=["district"]))


def test_a_withheld_value_is_empty() -> None:
    withheld = coverage(eligible_count=None, eligible_count_status="suppressed", coverage_rate=None, coverage_rate_status="not_applicable")
    assert validate(withheld, released_schema(OUTPUTS["coverage_cohort"], by=["district"])).height == 1


def test_a_correction_may_make_yen_negative() -> None:
    row: dict[str, object] = {}
    for value in OUTPUTS["consignment_payments"].values:
        row |= {value.name: -5 if value.kind == "yen" else 1, f"{value.name}_status": "value"}
    assert validate(pl.DataFrame([row]), released_schema(OUTPUTS["consignment_payments"], by=[])).height == 1


def test_a_dimension_outside_the_contract_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="residents has no dimension birth_date"):
        released_schema(OUTPUTS["residents"], by=["birth_date"])

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.contracts.folders import SHIPPED, Row, copied, replaced, rewritten

from daicho.contracts.check import check_contracts
from daicho.contracts.check_codelists import check_codelists
from daicho.contracts.check_reference import check_reference

Change = Callable[[list[Row]], None]


def errors(folder: Path) -> list[str]:
    """What a check of the whole folder finds wrong."""
    return [f"{finding.where}: {finding.message}" for finding in check_contracts(folder) if finding.severity == "error"]


def set_in(column: str, value: str, *, row: int = 0) -> Change:
    """Put a value into one cell."""

    def change(rows: list[Row]) -> None:
        rows[row][column] = value

    return change


def set_where(column: str, value: str, **match: str) -> Change:
    """Put a value into the first row that has the given cells."""

    def change(rows: list[Row]) -> None:
        next(row for row in rows if all(row[name] == cell for name, cell in match.items()))[column] = value

    return change


def drop_where(**match: str) -> Change:
    """Take out the rows that have the given cells."""

    def change(rows: list[Row]) -> None:
        rows[:] = [row for row in rows if not all(row[name] == cell for name, cell in match.items())]

    return change


def repeat_where(column: str, value: str, **match: str) -> Change:
    """Repeat a row with one cell changed."""

    def change(rows: list[Row]) -> None:
        row = next(row for row in rows if all(row[name] == cell for name, cell in match.items()))
        rows.append(row | {column: value})

    return change


def test_the_shipped_folder_has_no_error() -> None:
    assert errors(SHIPPED) == []


def test_unverified_and_illustrative_rows_are_notes() -> None:
    notes = {finding.where for finding in check_contracts(SHIPPED) if finding.severity == "note"}
    assert {"codelists/town.csv", "reference/schedule.csv", "reference/price_list.csv", "reference/statutory.csv"} <= notes


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("codelists/vaccine.csv", set_in("code", "MR"), "the code MR appears 2 times"),
        ("codelists/vaccine.csv", set_in("disease", "plague"), "disease plague is not in disease.csv"),
        ("codelists/vaccine.csv", set_in("program_class", "A類"), "program_class A類 is not in program_class.csv"),
        ("codelists/vaccine.csv", set_in("aliases", "BCG"), "the writing BCG stands for both"),
        ("codelists/vaccine.csv", set_in("label", ""), "code and label must both be filled"),
        ("codelists/sex.csv", set_in("code", "unknown"), "reserved"),
        ("codelists/dose_stage.csv", set_in("vaccine_code", "XX"), "vaccine_code XX is not in vaccine.csv"),
        ("codelists/dose_stage.csv", set_in("number", "2"), "two doses of DPT-IPV-HIB have the same stage and number"),
        ("codelists/dose_stage.csv", set_in("number", "one"), "number is no whole number"),
        ("codelists/vaccine.csv", set_in("code", "XX"), "the vaccine XX has no dose"),
        ("codelists/town.csv", set_where("district_code", "", code="赤坂"), "district_code (empty) is not in district.csv"),
        ("codelists/town.csv", set_where("chome_from", "3", code="三田-4"), "丁目 of 三田 overlap"),
        ("codelists/town.csv", set_where("chome_from", "", code="三田-4"), "filled together"),
        ("codelists/town.csv", drop_where(district_code="akasaka"), "the district akasaka has no town"),
        ("codelists/age_band.csv", drop_where(code="065-069"), "the age 65 lies in no band"),
        ("codelists/age_band.csv", set_where("age_to", "65", code="060-064"), "the age 65 lies in two bands"),
        ("codelists/ward.csv", set_in("code", "131017"), "no six-digit 自治体コード"),
        ("reference/schedule.csv", set_in("vaccine_code", "XX"), "vaccine_code XX is not in vaccine.csv"),
        ("reference/schedule.csv", set_in("dose_code", "XX-1"), "dose_code XX-1 is not in dose_stage.csv"),
        ("reference/schedule.csv", set_in("vaccine_code", "MR"), "is not one of MR"),
        ("reference/schedule.csv", set_in("window_to_kind", "weeks"), "window_to_kind must be one of"),
        ("reference/schedule.csv", set_in("window_to_value", ""), "window_to_value is missing"),
        ("reference/schedule.csv", set_in("mark", ""), "mark must be filled"),
        ("reference/schedule.csv", set_in("valid_to", "2020-01-01"), "valid_from is after valid_to"),
        ("reference/schedule.csv", drop_where(dose_code="BCG-1"), "the dose BCG-1 has no regular row"),
        ("reference/schedule.csv", repeat_where("window_to_value", "13", dose_code="BCG-1"), "overlaps with row"),
        ("reference/schedule.csv", repeat_where("sex", "1", dose_code="BCG-1"), "is a second regular row of BCG-1"),
        ("reference/price_list.csv", set_in("approval_ref", ""), "approval_ref must be filled"),
        ("reference/copay.csv", set_in("approval_ref", ""), "approval_ref must be filled"),
        ("reference/copay.csv", set_in("home_ward", "999999"), "home_ward 999999 is not in ward.csv"),
        ("reference/copay.csv", set_where("exempt", "rich", vaccine_code="PNEUMO-E"), "exempt names rich"),
        ("reference/price_list.csv", set_where("valid_to", "2026-03-30", vaccine_code="MR", valid_to="2026-03-31"), "leaves a gap"),
        ("reference/price_list.csv", set_where("valid_to", "2026-04-01", vaccine_code="MR", valid_to="2026-03-31"), "overlaps with row"),
        ("reference/price_list.csv", set_where("age_to_years", "6", vaccine_code="MR", kind="SCREEN", age_to_years="5"), "overlaps with"),
        ("reference/price_list.csv", repeat_where("product", "", vaccine_code="HB", product="HB-A", kind="DOSE"), "overlaps with row"),
        ("reference/price_list.csv", set_in("scheme", "private"), "scheme must be one of"),
        ("reference/price_list.csv", set_in("price_incl_yen", "21241"), "exactly one of price_excl_yen and price_incl_yen"),
        ("reference/price_list.csv", set_in("price_excl_yen", ""), "exactly one of price_excl_yen and price_incl_yen"),
        ("reference/price_list.csv", set_in("quoting", "net"), "must say in for_copay"),
        ("reference/price_list.csv", repeat_where("for_copay", "paying", vaccine_code="MR", kind="DOSE"), "overlaps with row"),
        ("reference/fee.csv", set_in("fee_code", "weekend"), "fee_code weekend is not in claim_fee.csv"),
        ("reference/fee.csv", set_in("approval_ref", ""), "approval_ref must be filled"),
        ("reference/payment_calendar.csv", set_in("kind", "quarter"), "kind must be one of month, half_year"),
        ("reference/payment_calendar.csv", set_in("period", "201405"), "period must be a month"),
        ("reference/payment_calendar.csv", set_in("closes_on", "2014-05-10"), "closes_on is after pays_on"),
        ("reference/payment_calendar.csv", set_where("pays_on", "2015-11-30", period="2015H2"), "in the month of the half-year before it"),
        ("reference/payment_calendar.csv", drop_where(period="202505"), "leaves a gap"),
        ("reference/payment_calendar.csv", repeat_where("note", "again", period="2025H1"), "overlaps with row"),
        ("reference/program.csv", set_in("program_class", "A"), "program_class A is not in program_class.csv"),
        ("reference/program.csv", set_in("valid_from", "someday"), "valid_from is no day"),
    ],
)  # fmt: skip
def test_a_planted_defect_is_found_where_it_lies(tmp_path: Path, file: str, change: Change, message: str) -> None:
    folder = copied(tmp_path)
    rewritten(folder / file, change)
    check = check_codelists if file.startswith("codelists") else check_reference
    findings = [finding for finding in check(folder) if finding.severity == "error"]
    assert [finding for finding in findings if finding.where.startswith(file) and message in finding.message], findings


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("extracts/welfare.odcs.yaml", "classification: sensitive", "classification: secret", "classification must be one of"),
        ("extracts/welfare.odcs.yaml", "status: active", "stat: active", "unknown key stat"),
        ("extracts/welfare.odcs.yaml", '"welfare_class"', '"benefit_class"', "names the code list benefit_class, which does not exist"),
        ("extracts/welfare.odcs.yaml", "First day.", "The first day.", "raise it, then write the lock"),
        ("outputs/residents.odcs.yaml", "classification: released", "classification: operational", "only columns of the class released"),
        ("classification.yaml", "kept_in_vault: false", "kept_in_vault: true", "kept_in_vault of the class direct_identifier"),
        ("classification.yaml", "  released:", "  published:", "there is no class published"),
        ("classification.yaml", "schema: 1", "scheme: 1", "unknown key scheme"),
    ],
)
def test_a_spoilt_contract_or_class_is_found(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    folder = copied(tmp_path)
    replaced(folder / file, old, new)
    assert any(message in text for text in errors(folder)), errors(folder)


def test_a_mapping_with_a_label_in_no_list_is_found(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "mappings" / "vendor_a_vaccine.csv").write_text("vendor_code,label\n1,はしか\n", encoding="utf-8")
    assert any("vendor_a_vaccine.csv, row 2: はしか" in text for text in errors(folder))


def test_several_spoilt_files_are_all_told(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(folder / "extracts" / "welfare.odcs.yaml", "status: active", "stat: active")
    rewritten(folder / "codelists" / "ward.csv", set_in("code", "131017"))
    (folder / "reference" / "copay.csv").write_text("home_ward\n131032\n", encoding="utf-8")
    places = {text.split(":")[0] for text in errors(folder)}
    assert {"extracts/welfare.odcs.yaml", "codelists/ward.csv, row 2", "reference/copay.csv"} <= places

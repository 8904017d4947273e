from __future__ import annotations

import json
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.contracts.folders import SHIPPED, copied, replaced

from daicho.contracts.loader import load_contracts, load_output_contracts, read_contract
from daicho.contracts.model import Classification, ColumnType
from daicho.core.errors import UsageError

# By class: D direct identifier, K link key, Q quasi-identifier, G generalised, S sensitive, O operational.
ITEMS = {
    "resident": {
        "K": "宛名番号",
        "D": "氏名 カナ氏名 漢字氏名 世帯主情報 続柄",
        "G": "住所",
        "Q": "生年月日 性別 住民となった日 消除日",
        "S": "住民区分",
        "O": "住所を定めた日 住所届出日 住民となった理由 消除事由 外国人住民となった日 外国人届出日 抽出ウェイト",
    },
    "vaccination": {
        "K": "宛名番号",
        "Q": "接種日 予診日",
        "S": "ワクチンロット番号 自己負担区分",
        "O": (
            "予防接種種別コード 接種期 接種回数 医療機関コード 区名コード 混合ワクチン種類 ワクチン種類 "
            "ワクチン名称 予診フラグ 支払月 医療機関所在地フラグ 経過措置フラグ 記録元 "
            "経路 請求額 加算区分 依頼書発行日 償還申請日"
        ),
    },
    "welfare": {
        "K": "宛名番号",
        "S": "生保区分 手帳区分",
        "O": "適用開始日 適用終了日",
    },
    "covid_record": {
        "K": "宛名番号",
        "D": "接種券番号 旅券 証明書ID",
        "Q": "接種日",
        "S": "ロット番号",
        "O": ("自治体コード 接種状況 接種回 ワクチンメーカー ワクチン種類 製品名 証明書発行年月日 証明書交付方法"),
    },
    "vrs_wide": {
        "K": "個別宛名番号",
        "D": "券番号 接種会場名 接種医師名",
        "Q": "接種日",
        "S": "ロット番号",
        "O": "接種回 接種履歴登録日時 接種自治体コード ワクチンメーカー",
    },
    "number_change": {
        "K": "旧宛名番号 新宛名番号",
        "O": "変更日",
    },
    "shared_copy": {
        "K": "宛名番号",
        "Q": "接種日",
        "O": "予防接種種別コード 接種回数 ワクチン名",
    },
    "notice_history": {
        "K": "宛名番号",
        "O": "予防接種種別コード 接種期 接種回数 送付日 送付種別",
    },
    "institution": {
        "O": "医療機関コード 名称 所在地自治体コード 医師会コード 有効開始日 有効終了日",
    },
    "payment_decision": {"O": "抽出ファイル 行番号 判定 判定理由 決裁者 決定日"},
    "invoice": {"O": "請求者コード 請求先コード 支払月 請求区分 予防接種種別コード 単価 件数 金額"},
}
PAYMENT_DIMENSIONS = {
    "ward", "month", "vaccine", "dose", "institution", "association", "scheme", "payee", "channel", "copay_class", "delay_months", "decision",
    "reason", "month_state",
}  # fmt: skip
RELEASED = {
    "residents": ({"residents_count"}, {"district", "birth_fy", "age_years", "age_band", "sex", "resident_class"}),
    "population_changes": (
        {f"{name}_count" for name in ("opening", "births", "moved_in", "other_in", "deaths", "moved_out", "other_out", "closing")},
        {"district", "birth_fy", "sex", "resident_class"},
    ),
    "dose_reconciliation": ({"doses_count"}, {"decision", "reason", "coverage_state", "vaccine", "dose", "month", "district"}),
    "coverage_cohort": (
        {"eligible_count", "vaccinated_count", "coverage_rate", "unknown_history_count"},
        {"vaccine", "dose", "birth_fy", "district", "sex", "resident_class"},
    ),
    "coverage_cohort_weighted": (
        {"eligible_count", "vaccinated_count", "coverage_rate", "weighted_eligible", "weighted_vaccinated", "weighted_coverage_rate"},
        {"vaccine", "dose", "birth_fy", "district", "sex", "resident_class"},
    ),
    "timeliness": (
        {
            "too_early_count",
            "on_time_count",
            "late_under_2m_count",
            "late_over_2m_count",
            "timing_unknown_count",
            "not_vaccinated_count",
        },
        {"vaccine", "dose", "birth_fy", "district", "sex", "resident_class"},
    ),
    "dropout": (
        {"first_count", "last_count", "dropout_rate"},
        {"vaccine", "birth_fy", "district", "sex", "resident_class"},
    ),
    "dose_validity": (
        {"doses_count"},
        {"vaccine", "dose", "outcome", "month", "district", "sex", "birth_fy", "resident_class"},
    ),
    "coverage_fiscal_year": (
        {"doses_count", "target_count", "coverage_rate"},
        {"vaccine", "dose", "birth_fy", "district", "sex", "resident_class"},
    ),
    "coverage_cumulative": (
        {"at_risk_count", "events_count", "coverage_rate", "ci_low", "ci_high"},
        {"age_months", "vaccine", "dose", "birth_fy", "district", "sex", "resident_class"},
    ),
    "zero_dose": ({"eligible_count", "count", "rate"}, {"birth_fy", "district", "sex", "resident_class"}),
    "fully_immunised": ({"eligible_count", "count", "rate"}, {"birth_fy", "district", "sex", "resident_class"}),
    "unvaccinated": (
        {"open_count", "unvaccinated_count", "unknown_history_count", "unvaccinated_rate"},
        {"vaccine", "dose", "closing", "district", "sex", "resident_class", "birth_fy", "age_years"},
    ),
    "covid_doses": (
        {"doses_count", "persons_count"},
        {"dose_number", "maker", "product", "month", "fiscal_year", "age_band", "sex", "district", "municipality", "source"},
    ),
    "covid_coverage": (
        {"eligible_count", "vaccinated_count", "coverage_rate"},
        {"dose_number", "age_band", "district", "sex", "resident_class"},
    ),
    "covid_certificates": ({"certificates_count", "persons_count"}, {"certificate_channel", "month", "fiscal_year"}),
    "covid_sources": ({"doses_count"}, {"outcome", "dose_number", "month"}),
    "shared_copy_check": ({"doses_count", "persons_count"}, {"outcome", "vaccine", "month"}),
    "missed_opportunities": (
        {"visits_count", "missed_count", "missed_rate"},
        {"vaccine", "dose", "recovery", "birth_fy", "district", "sex", "resident_class"},
    ),
    "uptake_after_notice": (
        {"notices_count", *(f"vaccinated_within_{days}_days_count" for days in (30, 60, 90)), "median_days"},
        {"notice_kind", "month", "vaccine", "dose", "birth_fy", "district", "sex", "resident_class"},
    ),
    "annual_counts": (
        {"doses_count", "persons_count"},
        {
            "vaccine",
            "dose",
            "disease",
            "program_class",
            "age_category",
            "month",
            "district",
            "sex",
            "age_band",
            "age_years",
            "birth_fy",
            "resident_class",
        },
    ),
    "form_rows": (
        {"doses_count", "persons_count"},
        {"row", "column", "vaccine", "dose", "disease", "program_class", "month", "district", "sex"},
    ),
    "form_exceptions": ({"doses_count", "records_count"}, {"reason", "vaccine", "dose", "disease", "month", "district"}),
    "ledger_doses": ({"doses_count", "records_count"}, {"vaccine", "dose", "month"}),
    "consignment_payments": (
        {"doses_count", "screenings_count", "gross_yen", "copay_yen", "payable_yen", "fee_yen"},
        PAYMENT_DIMENSIONS,
    ),
    "claim_differences": (
        {"billed_count", "billed_yen", "supported_count", "supported_yen", "difference_count", "difference_yen"},
        {"payee", "month", "line_kind", "vaccine", "difference", "claim_status"},
    ),
    "payment_adjustments": (
        {"adjustments_count", "adjustment_yen", "fee_yen"},
        {"posting", "month", "reference_month", "adjustment", "reason", "payee", "ward", "scheme", "vaccine"},
    ),
    "fiscal_bridge": (
        {"paid_in_year_yen", "given_in_year_yen", "carried_in_yen", "carried_out_yen", "budget_yen"},
        {"ward", "month", "vaccine", "scheme", "payee", "channel", "budget"},
    ),
    "payment_holds": ({"events_count", "held_yen"}, PAYMENT_DIMENSIONS),
    "ward_settlement": (
        {"units_count", "gross_yen", "copay_yen", "payable_yen", "net_yen"},
        {"half_year", "ward", "direction", "line_kind", "vaccine", "unit_yen", "scheme", "month", "month_state"},
    ),
    "intake_quality": ({"rows_count"}, {"kind", "batch", "rule", "outcome"}),
    "extract_arrivals": ({"files_count", "days_since_count", "interval_days_count", "delay_days_count"}, {"kind", "received_month"}),
    "error_checks": (
        {"doses_checked_count", "errors_count", "error_rate"},
        {"rule", "vaccine", "dose", "month", "fiscal_year", "received_month", "ward", "association", "institution"},
    ),
}


@cache
def odcs_validator() -> jsonschema.Draft201909Validator:
    schema = files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft201909Validator(json.loads(schema))


@pytest.mark.parametrize("path", sorted([*SHIPPED.glob("extracts/*.yaml"), *SHIPPED.glob("outputs/*.yaml")]), ids=lambda path: path.stem)
def test_every_contract_is_valid_odcs(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert not [error.message for error in odcs_validator().iter_errors(document)]
    assert document["apiVersion"] == "v3.1.0"


def test_the_kinds_hold_exactly_the_items_of_the_ledger_in_their_classes() -> None:
    found: dict[str, dict[str, set[str]]] = {}
    for kind, contract in load_contracts(SHIPPED).items():
        for column in contract.columns:
            found.setdefault(kind, {}).setdefault(column.rule.letter, set()).add(column.header)
    assert found == {kind: {letter: set(names.split()) for letter, names in items.items()} for kind, items in ITEMS.items()}


def test_every_item_has_japanese_and_english_names_and_a_source() -> None:
    for contract in load_contracts(SHIPPED).values():
        for column in contract.columns:
            assert column.label and column.label_en and column.description and column.source, (contract.kind, column.header)


def test_items_that_are_dropped_have_no_frame_name() -> None:
    for contract in load_contracts(SHIPPED).values():
        for column in contract.columns:
            assert (column.name == "") == (column.classification is Classification.DIRECT)


def test_released_tables_hold_the_promised_values_and_dimensions() -> None:
    outputs = load_output_contracts(SHIPPED)
    found = {
        name: ({column.name for column in table.values}, {column.name for column in table.dimensions}) for name, table in outputs.items()
    }
    assert found == RELEASED


def test_units_follow_the_kind_of_a_value() -> None:
    for table in load_output_contracts(SHIPPED).values():
        for value in table.values:
            suffix = value.name.rpartition("_")[2]
            assert value.kind in (suffix, "estimate")
            assert (value.unit == "円") == (value.kind == "yen") and (value.kind != "rate" or value.unit == "率")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("classification: quasi_identifier", "classification: public", "classification must be one of"),
        ("classification: quasi_identifier", "clasification: quasi_identifier", "unknown key clasification"),
        ('columnType, value: "partial_date"', 'columType, value: "partial_date"', "unknown key columType"),
        ('columnType, value: "partial_date"', "columnType, value: day", "columnType must be one of"),
        ("status: active", "status: active\nowner: nobody", "unknown key owner"),
        ("status: active", "status: active\nstatus: draft", "gives a key twice"),
        ("apiVersion: v3.1.0", "apiVersion: v2.0.0", "apiVersion v3.1.0"),
        ('physicalName: "続柄"', 'physicalName: "個人番号"', "個人番号"),
        ('physicalName: "続柄"', 'physicalName: "氏名"', "described twice"),
        ("classification: generalised", "classification: operational", "only an address is generalised"),
        ("classification: link_key", "classification: operational", "person_key is the type of link_key"),
        ("classification: sensitive", "classification: released", "for released tables"),
        ("logicalType: string", "logicalType: number", "logicalType"),
        ("value: [person]", "value: [persons]", "no kept column"),
    ],
)  # fmt: skip
def test_a_contract_that_is_misspelt_or_unsafe_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = Path(shutil.copy(SHIPPED / "extracts" / "resident.odcs.yaml", tmp_path))
    replaced(path, old, new)
    with pytest.raises(UsageError, match=message):
        read_contract(path)


def test_a_released_table_may_not_hold_a_column_of_the_vault(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "outputs" / "residents.odcs.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("classification: released", "classification: quasi_identifier", 1), encoding="utf-8"
    )
    with pytest.raises(UsageError, match="only columns of the class released"):
        load_output_contracts(folder)


def test_the_dose_number_of_a_wide_row_is_derived_and_its_dose_columns_repeat() -> None:
    columns = {column.name or column.header: column for column in load_contracts(SHIPPED)["vrs_wide"].columns}
    assert columns["number"].derived and not columns["number"].repeats
    assert columns["given_on"].repeats and columns["person"].nullable
    assert columns["registered_at"].type is ColumnType.TIMESTAMP

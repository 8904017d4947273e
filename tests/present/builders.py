"""Releases made by hand, and a gate client that answers requests with them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from string import Formatter
from typing import Any

import polars as pl

from daicho.core.errors import UsageError
from daicho.core.fiscal import months_of
from daicho.gate.release import ColumnFacts, Facts, Release
from daicho.present.check_words import CHECK_WORDS
from daicho.present.released import PresentedRelease

VALUES: Mapping[str, tuple[ColumnFacts, ...]] = {
    "residents": (ColumnFacts("residents_count", "住民数", "Residents", "count", "人"),),
    "coverage_cohort": (
        ColumnFacts("eligible_count", "対象者数", "Eligible", "count", "人"),
        ColumnFacts("vaccinated_count", "接種者数", "Vaccinated", "count", "人"),
        ColumnFacts("coverage_rate", "接種率", "Coverage", "rate", "率"),
        ColumnFacts("unknown_history_count", "接種歴不明者数", "History unknown", "count", "人"),
    ),
    "annual_counts": (
        ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),
        ColumnFacts("persons_count", "接種者数", "Persons", "count", "人"),
    ),
    "form_rows": (
        ColumnFacts("doses_count", "接種者数（延べ）", "Doses", "count", "人"),
        ColumnFacts("persons_count", "接種者数（実人数）", "Persons", "count", "人"),
    ),
    "form_exceptions": (
        ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),
        ColumnFacts("records_count", "記録件数", "Records", "count", "件"),
    ),
    "ledger_doses": (
        ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),
        ColumnFacts("records_count", "記録件数", "Records", "count", "件"),
    ),
    "consignment_payments": (
        ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),
        ColumnFacts("screenings_count", "予診のみ件数", "Screenings", "count", "件"),
        ColumnFacts("gross_yen", "委託料総額", "Gross", "yen", "円"),
        ColumnFacts("copay_yen", "自己負担額", "Copayment", "yen", "円"),
        ColumnFacts("payable_yen", "支払額", "Payable", "yen", "円"),
        ColumnFacts("fee_yen", "事務費", "Administration fee", "yen", "円"),
    ),
    "payment_holds": (
        ColumnFacts("events_count", "保留件数", "Events held", "count", "件"),
        ColumnFacts("held_yen", "保留額", "Amount held", "yen", "円"),
    ),
    "claim_differences": (
        ColumnFacts("billed_count", "請求件数", "Billed", "count", "件"),
        ColumnFacts("billed_yen", "請求額", "Billed", "yen", "円"),
        ColumnFacts("supported_count", "支払件数", "Payable", "count", "件"),
        ColumnFacts("supported_yen", "支払額", "Payable", "yen", "円"),
        ColumnFacts("difference_count", "差異件数", "Differing", "count", "件"),
        ColumnFacts("difference_yen", "差異額", "Difference", "yen", "円"),
    ),
    "ward_settlement": (
        ColumnFacts("units_count", "件数", "Units", "count", "件"),
        ColumnFacts("gross_yen", "総額", "Gross", "yen", "円"),
        ColumnFacts("copay_yen", "自己負担額", "Self-payment", "yen", "円"),
        ColumnFacts("payable_yen", "精算額", "Amount", "yen", "円"),
        ColumnFacts("net_yen", "差引支払額", "Net", "yen", "円"),
    ),
    "payment_adjustments": (
        ColumnFacts("adjustments_count", "訂正件数", "Adjustments", "count", "件"),
        ColumnFacts("adjustment_yen", "訂正額", "Adjustment", "yen", "円"),
        ColumnFacts("fee_yen", "事務費の訂正額", "Administration fee", "yen", "円"),
    ),
    "fiscal_bridge": tuple(
        ColumnFacts(f"{name}_yen", label, label_en, "yen", "円")
        for name, label, label_en in (
            ("paid_in_year", "支払月による支払額", "By month of payment"),
            ("given_in_year", "接種日による支払額", "By day of the dose"),
            ("carried_in", "前年度以前の接種", "Carried in"),
            ("carried_out", "翌年度以降の支払", "Carried out"),
            ("budget", "当該年度の予算による支払額", "From the year's budget"),
        )
    ),
    "fully_immunised": (
        ColumnFacts("eligible_count", "対象者数", "Eligible", "count", "人"),
        ColumnFacts("count", "完全接種者数", "Fully immunised", "count", "人"),
        ColumnFacts("rate", "完全接種率", "Fully immunised share", "rate", "率"),
    ),
    "zero_dose": (
        ColumnFacts("eligible_count", "対象者数", "Eligible", "count", "人"),
        ColumnFacts("count", "ゼロ接種者数", "Zero-dose", "count", "人"),
        ColumnFacts("rate", "ゼロ接種率", "Zero-dose share", "rate", "率"),
    ),
    "dropout": (
        ColumnFacts("first_count", "最初の回の接種者数", "With the first dose", "count", "人"),
        ColumnFacts("dropout_rate", "脱落率", "Drop-out", "rate", "率"),
    ),
    "timeliness": (
        ColumnFacts("too_early_count", "早すぎる接種", "Too early", "count", "人"),
        ColumnFacts("on_time_count", "標準的な時期", "On time", "count", "人"),
        ColumnFacts("not_vaccinated_count", "未接種", "Not vaccinated", "count", "人"),
    ),
    "unvaccinated": (
        ColumnFacts("open_count", "対象期間内の者", "Window open", "count", "人"),
        ColumnFacts("unvaccinated_count", "未接種者数", "Unvaccinated", "count", "人"),
        ColumnFacts("unknown_history_count", "接種歴不明者数", "History unknown", "count", "人"),
        ColumnFacts("unvaccinated_rate", "未接種率", "Unvaccinated share", "rate", "率"),
    ),
    "missed_opportunities": (
        ColumnFacts("visits_count", "来所日数", "Visits", "count", "回"),
        ColumnFacts("missed_count", "うち接種しなかった日数", "Of these, not given", "count", "回"),
        ColumnFacts("missed_rate", "逸失率", "Missed share", "rate", "率"),
    ),
    "uptake_after_notice": (ColumnFacts("notices_count", "送付件数", "Notices", "count", "件"),),
    "coverage_fiscal_year": (ColumnFacts("coverage_rate", "実施率", "Doses per target", "rate", "率"),),
    "coverage_cumulative": (
        ColumnFacts("coverage_rate", "累積接種率", "Cumulative coverage", "rate", "率"),
        ColumnFacts("ci_low", "下限", "Lower", "rate", "率"),
        ColumnFacts("ci_high", "上限", "Upper", "rate", "率"),
    ),
    "covid_doses": (
        ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),
        ColumnFacts("persons_count", "接種者数", "Persons vaccinated", "count", "人"),
    ),
    "covid_coverage": (
        ColumnFacts("eligible_count", "住民数", "Residents", "count", "人"),
        ColumnFacts("vaccinated_count", "接種者数", "Vaccinated", "count", "人"),
        ColumnFacts("coverage_rate", "接種率", "Coverage", "rate", "率"),
    ),
    "covid_certificates": (
        ColumnFacts("certificates_count", "発行件数", "Certificates", "count", "件"),
        ColumnFacts("persons_count", "発行を受けた者", "Persons", "count", "人"),
    ),
    "covid_sources": (ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),),
    "shared_copy_check": (
        ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),
        ColumnFacts("persons_count", "人数", "Persons", "count", "人"),
    ),
    "dose_reconciliation": (ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),),
    "dose_validity": (ColumnFacts("doses_count", "接種回数", "Doses", "count", "回"),),
    "population_changes": tuple(
        ColumnFacts(f"{name}_count", label, label_en, "count", "人")
        for name, label, label_en in (
            ("opening", "年度当初", "Opening"),
            ("births", "出生", "Births"),
            ("moved_in", "転入", "Moved in"),
            ("other_in", "その他の増", "Other gains"),
            ("deaths", "死亡", "Deaths"),
            ("moved_out", "転出", "Moved out"),
            ("other_out", "その他の減", "Other losses"),
            ("closing", "年度末", "Closing"),
        )
    ),
    "error_checks": (
        ColumnFacts("doses_checked_count", "点検した記録", "Records checked", "count", "件"),
        ColumnFacts("errors_count", "誤り", "Errors", "count", "件"),
        ColumnFacts("error_rate", "誤りの割合", "Share in error", "rate", "率"),
    ),
    "extract_arrivals": (
        ColumnFacts("files_count", "届いたファイル", "Files received", "count", "件"),
        ColumnFacts("days_since_count", "最後の受入からの日数", "Days since the last", "count", "日"),
        ColumnFacts("interval_days_count", "予定の間隔", "Expected every", "count", "日"),
        ColumnFacts("delay_days_count", "遅れ", "Days late", "count", "日"),
    ),
    "intake_quality": (ColumnFacts("rows_count", "行数", "Rows", "count", "件"),),
}

DIMENSIONS: Mapping[str, tuple[str, str, dict[Any, str]]] = {
    "district": ("地区", "District", {"shiba": "芝", "azabu": "麻布", "akasaka": "赤坂", "takanawa": "高輪", "shibaura_konan": "芝浦港南"}),
    "birth_fy": ("出生年度", "Birth cohort", {year: f"{year}年度生まれ" for year in range(2015, 2026)}),
    "vaccine": ("ワクチン", "Vaccine", {"BCG": "BCG", "DPT-IPV-HIB": "五種混合", "HB": "B型肝炎", "MR": "MR", "VAR": "水痘"}),
    "dose": (
        "接種期・回",
        "Dose",
        {"BCG-1": "1回目", "DPT-IPV-HIB-13": "1期初回3", "HB-3": "3回目", "MR-1": "1期", "MR-2": "2期", "VAR-2": "2回目"},
    ),
    "disease": ("疾病", "Disease", {"measles": "麻しん", "tb": "結核"}),
    "row": ("様式の行", "Row", {"BCG-1": "結核 BCG 1回目", "FLU-E-1": "高齢者インフルエンザ 1回目", "MR-1": "MR 1期", "MR-2": "MR 2期"}),
    "column": ("様式の欄", "Column", {"all": "対象者", "060-064": "60～64歳", "065-": "65歳以上"}),
    "program_class": ("定期・臨時の別", "Programme", {"定期A": "定期A", "定期B": "定期B", "臨時": "臨時"}),
    "received_month": ("受入月", "Month received", {202510: "2025年10月", 202511: "2025年11月"}),
    "month": ("月", "Month", {month: f"{month // 100}年{month % 100}月" for month in months_of(2025)}),
    "ward": ("区", "Ward", {"131016": "千代田区", "131032": "港区", "131041": "新宿区", "131121": "世田谷区"}),
    "reason": ("理由", "Reason", {"OUT_OF_AGE": "対象期間外", "NO_PRICE": "単価なし", "unknown": "不明"}),
    "decision": ("判定", "Decision", {"hold": "保留", "reject": "却下"}),
    "direction": ("支払・請求の別", "Direction", {"pay": "支払", "claim": "請求"}),
    "line_kind": ("請求区分", "Kind of line", {"dose": "接種", "screening": "予診のみ", "fee": "事務費"}),
    "unit_yen": ("単価", "Unit price", {12457: "12,457円"}),
    "payee": ("支払先", "Payee", {"1310301": "1310301", "131016": "千代田区", "131041": "新宿区"}),
    "scheme": ("契約区分", "Contract", {"own_ward": "区内", "mutual_use": "相互乗入"}),
    "association": ("医師会", "Medical association", {"A01": "A01", "unknown": "不明"}),
    "institution": ("医療機関", "Institution", {"1310113715": "みなと小児科"}),
    "channel": ("経路", "Channel", {"association": "医師会", "other_ward": "他区市"}),
    "difference": ("差異の種類", "Kind of difference", {"billed": "請求と支払", "price": "単価"}),
    "claim_status": ("請求の扱い", "Status of the bill", {"blocked": "止める（要確認）"}),
    "month_state": ("締めの状態", "State of the month", {"closed": "締め済み", "open": "未締め"}),
    "reference_month": ("訂正する支払月", "Month corrected", {202504: "2025年4月"}),
    "posting": ("計上の有無", "Posting", {"posted": "計上済み", "pending": "未計上"}),
    "adjustment": ("訂正の種類", "Kind of adjustment", {"amount": "金額の訂正"}),
    "budget": ("予算区分", "Budget", {"current": "現年度", "past_year": "過年度"}),
    "coverage_state": ("接種率の扱い", "Coverage", {"counted": "接種率に数える", "not_resident": "接種日に住民でない"}),
    "kind": ("種別", "Kind", {"resident": "住民記録", "vaccination": "接種記録", "vrs_wide": "VRS"}),
    "rule": (
        "規則",
        "Rule",
        {"bad_date": "bad_date", "missing_person": "missing_person", "accepted": "accepted", "too_early": "早すぎる", "any": "いずれか"},
    ),
    "recovery": ("その後", "Recovery", {"recoverable": "取り戻せる", "lost": "期間を過ぎた"}),
    "closing": ("対象期間の残り", "Window closes", {"within_30_days": "30日以内", "over_180_days": "181日以上・終期なし"}),
    "age_years": ("年齢", "Age", {1: "1歳", 6: "6歳"}),
    "notice_kind": ("通知の種別", "Kind of notice", {"form": "予診票", "reminder": "勧奨"}),
    "age_months": ("月齢", "Age in months", {month: str(month) for month in range(6)}),
    "outcome": (
        "結果",
        "Outcome",
        {"accepted": "受入", "quarantined": "隔離", "warning": "注意", "agree": "一致", "differs_date": "接種日が相違"},
    ),
    "dose_number": ("接種回", "Dose number", {1: "1回目", 2: "2回目", 3: "3回目"}),
    "fiscal_year": ("年度", "Fiscal year", {2021: "令和3年度", 2022: "令和4年度"}),
    "maker": ("メーカー", "Maker", {"pfizer": "ファイザー", "unknown": "不明"}),
    "product": ("製品", "Product", {"comirnaty": "コミナティ筋注（従来型）", "unknown": "不明"}),
    "municipality": ("接種した自治体", "Municipality of the dose", {"own": "自市区町村", "unknown": "不明"}),
    "certificate_channel": ("交付方法", "Channel", {"counter": "窓口", "store": "コンビニ"}),
    "batch": ("受領回", "Batch", {1: "1", 2: "2"}),
    "age_band": ("年齢階級", "Age band", {"65-69": "65〜69歳", "70-74": "70〜74歳"}),
    "sex": ("性別", "Sex", {"1": "男", "2": "女"}),
}
_PARENTS = {
    "dose": ("vaccine", {"BCG-1": "BCG", "DPT-IPV-HIB-13": "DPT-IPV-HIB", "HB-3": "HB", "MR-1": "MR", "MR-2": "MR", "VAR-2": "VAR"})
}

State = Callable[[str, int], str]


def shown(column: str, number: int) -> str:
    """Every value is released."""
    return "value"


def masked(column: str, number: int) -> str:
    """Every value is withheld."""
    return "suppressed"


def mixed(column: str, number: int) -> str:
    """All four states occur."""
    return ("value", "value", "suppressed", "value", "zero", "value", "not_applicable")[number % 7]


def make_facts(measure: str, *, by: Sequence[str], **changes: Any) -> Facts:
    columns = tuple(ColumnFacts(name, *DIMENSIONS[name][:2], "text", "") for name in by) + VALUES[measure]
    standard: dict[str, Any] = {
        "release_id": "r-0001", "measure": measure, "title": "試験の指標", "title_en": "A measure for tests", "by": tuple(by), "where": {},
        "parameters": {}, "profile": "internal", "profile_label": "庁内用", "marking": "庁内限り", "strictness": 1, "snapshot": 7,
        "as_of": date(2026, 3, 31), "purpose": "試験", "recipient": "港区みなと保健所", "legal_basis": "", "source": "予防接種法",
        "notes": ("分母は基準日の住民。",), "cells": 10, "suppressed_cells": 0, "audit": "", "columns": columns, "unverified": False,
    }  # fmt: skip
    return Facts(**{**standard, **changes})


def make_release(
    measure: str, *, by: Sequence[str] = (), state: State = shown, where: Mapping[str, Sequence[str]] | None = None, **changes: Any
) -> Release:
    """Build a release by the given dimensions over every code of the lists above that `where` lets through."""
    rows: list[dict[str, Any]] = []
    for number, codes in enumerate(itertools.product(*(_codes(name, where or {}) for name in by))):
        row: dict[str, Any] = {}
        for name, code in zip(by, codes, strict=True):
            row |= {name: code, f"{name}_label": DIMENSIONS[name][2][code]}
        if any(parents.get(row[child]) != row[parent] for child, (parent, parents) in _PARENTS.items() if child in row and parent in row):
            continue
        if "row" in row and (row.get("column", "all") == "all") == (row["row"] == "FLU-E-1") and "column" in row:
            continue
        for column in VALUES[measure]:
            status = state(column.name, number)
            value = (0.96 - 0.013 * (number % 9)) if column.kind == "rate" else 120 + 7 * (number % 11)
            row |= {column.name: {"value": value, "zero": 0}.get(status), f"{column.name}_status": status}
        rows.append(row)
    facts = make_facts(measure, by=by, **changes)
    suppressed = sum(row[f"{column.name}_status"] == "suppressed" for row in rows for column in VALUES[measure])
    frame = pl.DataFrame(rows, schema=_schema(measure, by), orient="row")
    return Release(frame=frame, facts=Facts(**{**facts.__dict__, "suppressed_cells": suppressed}))


def present(release: Release, *, language: str = "ja") -> PresentedRelease:
    return PresentedRelease(frame=release.frame, facts=release.facts, language=language)


def empty_release(measure: str, *, by: Sequence[str] = (), **changes: Any) -> Release:
    return Release(frame=pl.DataFrame(schema=_schema(measure, by)), facts=make_facts(measure, by=by, cells=0, **changes))


def _codes(dimension: str, where: Mapping[str, Sequence[str]]) -> list[Any]:
    codes = DIMENSIONS[dimension][2]
    wanted = where.get(dimension)
    return [code for code, label in codes.items() if not wanted or str(code) in wanted or label in wanted]


def _schema(measure: str, by: Sequence[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for name in by:
        schema |= {name: pl.Int64 if isinstance(next(iter(DIMENSIONS[name][2])), int) else pl.String, f"{name}_label": pl.String}
    for column in VALUES[measure]:
        schema |= {column.name: pl.Float64 if column.kind == "rate" else pl.Int64, f"{column.name}_status": pl.String}
    return schema


def examined_facts(*, is_empty: bool = False, **results: str) -> dict[str, Any]:
    """What the gate answers about itself: every check kept unless `results` says otherwise; of an empty workspace, nothing to check."""
    checks = {}
    for name, text in CHECK_WORDS.items():
        if text.seen[0] and name not in ("seal", "submissions"):
            fields = [field for _, field, _, _ in Formatter().parse(text.seen[0]) if field]
            counts = {
                field: "2026-11-25" if field in ("since", "last", "delivered") else "" if field == "backup" else 3 for field in fields
            }
            checks[name] = {"result": results.get(name, "not_applicable" if is_empty else "kept"), "counts": {} if is_empty else counts}
    statistics = {
        "releases": [["annual_counts", "statutory", 2, 40, 0], ["residents", "public", 1, 5, 1]],
        "months": [[202610, "public", 1], [202611, "statutory", 2]],
        "refusals": [[202611, "UsageError", 4], [202611, "connect", 1]],
        "quarters": [[2026, 3, 3, 45, 1, 5, 2, 6, 1, 2, 1]],
        "roles": [["analyst", 7], ["officer", 2]],
        "unclean_runs": 0,
    }
    points = [
        {"kind": "no_backup", "subject": "", "count": 0, "day": ""},
        {"kind": "role_ending", "subject": "analyst", "count": 1, "day": "2026-12-31"},
        {"kind": "illustrative", "subject": "price_list", "count": 504, "day": ""},
    ]
    nothing: dict[str, Any] = {name: [] for name in statistics} | {"unclean_runs": 0}
    return {
        "at": "2026-11-25T09:30:00+09:00",
        "checks": checks,
        "statistics": nothing if is_empty else statistics,
        "open_points": [] if is_empty else points,
    }


@dataclass
class FakeClient:
    """Answers like a gate: with releases in one state, or with empty ones; remembers what it was asked."""

    state: State = shown
    is_empty: bool = False
    default_profile: str = "internal"
    changes: Mapping[str, Any] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def measure(self, name: str, *, by: Sequence[str] = (), where: Mapping[str, Sequence[str]] | None = None, **rest: Any) -> Release:
        if unknown := [dimension for dimension in by if dimension not in DIMENSIONS]:
            raise UsageError(f"{name} has no dimension {unknown[0]}.")
        self.asked.append({"name": name, "by": by, "where": where, **rest})
        changes = {"release_id": f"r-{len(self.asked):04}", "profile": rest.get("profile") or self.default_profile, **self.changes}
        if self.is_empty:
            return empty_release(name, by=by, **changes)
        return make_release(name, by=by, where=where, state=self.state, **changes)

    def compliance(self, *, purpose: str) -> dict[str, Any]:
        self.asked.append({"name": "compliance", "purpose": purpose, "where": {}})
        return examined_facts(is_empty=self.is_empty)

    def catalogue(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "title": "指標", "title_en": "Measure", "values": [{"name": value.name} for value in values],
             "dimensions": ["district"], "required_filters": []}
            for name, values in VALUES.items()
        ]  # fmt: skip

"""The fixed texts of published documents, in Japanese and English: one catalogue, one line a text and language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.core.errors import UsageError

LANGUAGES = ("ja", "en")

# Marks of the three states of a table cell that are not an ordinary number. A true zero is printed as the digit.
SUPPRESSED_MARK = "＊"
NOT_APPLICABLE_MARK = "－"
ZERO_MARK = "0"

_TEXTS: Mapping[str, tuple[str, str]] = {
    "contents": ("目次", "Contents"),
    "figure": ("図{n}", "Figure {n}"),
    "table": ("表{n}", "Table {n}"),
    "part": ("（{n}/{total}）", " ({n}/{total})"),
    "caption": ("{label}　{title}", "{label}. {title}"),
    "page": ("{n} / {total} ページ", "Page {n} of {total}"),
    "legend": ("凡例", "Legend"),
    "suppressed": ("秘匿", "suppressed"),
    "zero": ("実数の0", "true zero"),
    "not_applicable": ("該当なし", "not applicable"),
    "suppressed_means": ("秘匿（少数のため数値を伏せています）", "suppressed (a small number is withheld)"),
    "zero_means": ("実際に0であるもの", "a true zero"),
    "not_applicable_means": ("該当なし（対象がない、または計算できません）", "not applicable (nothing to count or divide)"),
    "notes": ("注", "Notes"),
    "about": ("この文書について", "About this document"),
    "report": ("帳票", "Report"),
    "municipality": ("自治体", "Municipality"),
    "department": ("所管", "Department"),
    "profile": ("取扱区分", "Handling"),
    "purpose": ("利用目的", "Purpose"),
    "as_of": ("基準日", "As of"),
    "snapshot": ("台帳スナップショット", "Ledger snapshot"),
    "created_on": ("作成日", "Created"),
    "run_id": ("実行番号", "Run"),
    "seal": ("封止の自己検査", "Seal self-test"),
    "sealed": ("封止あり", "sealed"),
    "unsealed": ("封止なし", "unsealed"),
    "unsealed_means": (
        "この文書は封止されていない環境で作成されました。",
        "This document was made in an environment that was not sealed.",
    ),
    "check": ("検査項目", "Check"),
    "outcome": ("結果", "Outcome"),
    "passed": ("合格", "passed"),
    "not_passed": ("不合格", "failed"),
    "releases": ("使用したリリース", "Releases used"),
    "no_releases": ("使用したリリースはありません。", "No release was used."),
    "release_id": ("リリース番号", "Release"),
    "measure": ("統計", "Measure"),
    "cells": ("セル数", "Cells"),
    "suppressed_cells": ("秘匿セル数", "Suppressed"),
    "audit": ("監査", "Audit"),
    "audit_not_required": ("不要", "not required"),
    "audit_no_derivation": ("逆算不可を確認", "no derivation possible"),
    "audit_table": ("逆算不可を確認（表の中の関係式による）", "no derivation possible (audited as one system)"),
    "audit_rules_amounts": ("金額を含むため、規則による秘匿のみ", "amounts: protected by rules, no system"),
    "audit_rules_estimates": ("推計値を含むため、規則による秘匿のみ", "estimates: protected by rules, no system"),
    "audit_rules_nobody": ("人数を含まない", "counts nobody"),
    "audit_rules_not_persons": (
        "人数に直せない件数のため、規則による秘匿のみ",
        "counts that are no persons: protected by rules, no system",
    ),
    "audit_rules_unknown_law": (
        "件数の間に別の関係式があるため、規則による秘匿のみ",
        "counts with a law of their own: protected by rules, no system",
    ),
    "audit_rules_too_large": ("大きすぎる表のため、規則による秘匿のみ", "too large for a system: protected by rules"),
    "audit_rules_no_refinement": ("共通の細区分がないため、規則による秘匿のみ", "no common breakdown: protected by rules, no system"),
    "audit_rules_not_sums": ("足し合わせられないため、規則による秘匿のみ", "not additive: protected by rules, no system"),
    "audit_rules_not_found_again": (
        "公表済みの数値を再現できないため、規則による秘匿のみ",
        "published figures not found again: protected by rules, no system",
    ),
    "audit_joint": ("公表済みの表との同時監査済み", "audited with all published tables"),
    "breakdown": ("区分", "Breakdown"),
    "no_breakdown": ("総数", "total"),
    "source": ("出典", "Source"),
    "recipient": ("提供先", "Recipient"),
    "legal_basis": ("根拠", "Legal basis"),
    "unverified": ("未確認の参照データ", "Unconfirmed reference data"),
    "unverified_means": (
        "次の項目は、担当課の確認が済んでいない参照データによります。数値は確定前のものとして扱ってください。",
        "The following rests on reference data that the office has not confirmed. Treat the figures as provisional.",
    ),
    "cover_sheet": ("表紙", "Cover"),
    "sheets": ("収録している表", "Tables in this file"),
    "sheet": ("シート", "Sheet"),
    "title": ("表題", "Title"),
    "no_tables": ("この帳票に表はありません。", "This report has no tables."),
    "no_script": (
        "図の表示には JavaScript が必要です。図の内容: {alt}",
        "The chart needs JavaScript. What it shows: {alt}",
    ),
    "chart_failed": ("図を表示できませんでした。", "The chart could not be drawn."),
    "scroll": ("横にスクロールできる表", "table that scrolls sideways"),
    "skip": ("本文へ移動", "Skip to the text"),
    "index": ("帳票一覧", "Reports"),
    "status": ("状態", "Status"),
    "files": ("ファイル", "Files"),
    "status_done": ("完了", "done"),
    "status_failed": ("失敗", "failed"),
    "status_skipped": ("未実行", "not run"),
    "no_entries": ("帳票はありません。", "There are no reports."),
    "failed_count": ("失敗 {n} 件", "{n} failed"),
    "done_count": ("完了 {n} 件", "{n} done"),
}


class Texts:
    """The catalogue in one language: `texts["contents"]`, or `texts.fill("figure", n=1)` where a text has places to fill."""

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise UsageError(f"language {language!r} of a document is not one of {', '.join(LANGUAGES)}; correct daicho.toml")
        self.language = language
        self._position = LANGUAGES.index(language)

    def __getitem__(self, name: str) -> str:
        return _TEXTS[name][self._position]

    def get(self, name: str, otherwise: str) -> str:
        """A text of the catalogue, or other words where it has none of that name."""
        return self[name] if name in _TEXTS else otherwise

    def fill(self, name: str, **values: object) -> str:
        return self[name].format(**values)

    def caption(self, kind: str, number: int, title: str) -> str:
        """「図1　…」 or "Figure 1. …": `kind` is figure or table."""
        label = self.fill(kind, n=number)
        return self.fill("caption", label=label, title=title) if title else label

    def day(self, value: date | None) -> str:
        """2026年4月1日 or 1 April 2026; empty where there is no day."""
        if value is None:
            return ""
        if self.language == "ja":
            return f"{value.year}年{value.month}月{value.day}日"
        return f"{value.day} {_ENGLISH_MONTHS[value.month - 1]} {value.year}"

    def state(self, status: str) -> str:
        """The word for a cell status, for screen readers."""
        return self[status]


# Not strftime: month names there follow the locale of the machine, and documents must be the same on every machine.
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

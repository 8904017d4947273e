"""Open points of the compliance page, in words: what an officer should look at, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daicho.gate.kept_tables import TABLES
from daicho.present.labels import date_label
from daicho.present.sums import words
from daicho.present.tables import Table, TableColumn

_POINTS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "overdue": (
        ("保存期間を過ぎたものがある：{subject}", "Something is past its retention period: {subject}"),
        ("daicho retention で確かめ、--apply で消去する", "look with daicho retention, erase with --apply"),
    ),
    "no_backup": (
        ("現在の鍵の控えが記録されていない", "No backup of the present keys is noted"),
        (
            "鍵を別の場所に控え、daicho key backed-up で記録する",
            "copy the keys elsewhere and note it with daicho key backed-up",
        ),
    ),
    "old_backup": (
        ("鍵の控えの確認から1年を超えた（{day}）", "The backup of the keys was last noted more than a year ago ({day})"),
        ("控えから復元できることを確かめ、改めて記録する", "check that it can be restored, and note it anew"),
    ),
    "no_grants": (
        ("役割が付与されておらず、作成者がすべての役割を持つ", "No role is granted: the workspace's creator holds all of them"),
        ("daicho.toml の [[roles]] で期限付きの役割を付与する", "grant roles with an end in daicho.toml ([[roles]])"),
    ),
    "role_ending": (
        (
            "60日以内に期限が来る役割：{subject} {count}件（最も早い期限 {day}）",
            "Roles that end within 60 days: {subject}, {count} (first on {day})",
        ),
        ("続ける者について更新する", "renew for those who stay"),
    ),
    "role_ended": (
        ("期限の切れた付与が残っている：{subject} {count}件", "Grants that have ended are still listed: {subject}, {count}"),
        ("daicho.toml から外す", "remove them from daicho.toml"),
    ),
    "erasure_begun": (
        ("終わっていない消去がある：{count}件", "Erasures begun and not finished: {count}"),
        ("daicho retention --apply で終わらせる", "finish with daicho retention --apply"),
    ),
    "unverified": (
        ("確認されていない基準データ：{subject} {count}行", "Reference data nobody verified: {subject}, {count} rows"),
        ("出典と照合し、verified を yes にする", "check against the source and set verified to yes"),
    ),
    "illustrative": (
        ("例示（架空）の基準データ：{subject} {count}行", "Illustrative (invented) reference data: {subject}, {count} rows"),
        ("承認された値に置き換える", "replace with approved values"),
    ),
}
_REFERENCE = {
    "copay": "自己負担額", "coverage_target": "接種率の目標", "definition": "指標の定義", "equivalence": "接種の読替え",
    "extract_interval": "抽出の予定間隔", "fee": "手数料", "form_column": "様式の欄", "form_row": "様式の行", "lot_notice": "ロットの有効期限・回収",
    "office_closed_day": "閉庁日", "payment_calendar": "支払日程", "price_list": "単価表",
    "program": "定期・臨時の別", "schedule": "接種スケジュール", "series": "接種の系列", "statutory": "法定報告",
}  # fmt: skip
_ROLES = {"analyst": "分析者", "report_runner": "報告実行者", "officer": "保護責任者"}


def open_table(points: Sequence[Mapping[str, Any]], *, language: str) -> Table:
    """Return open points in the order the gate gave them; a table without rows says so."""
    place = 0 if language == "ja" else 1
    heads = (("number", "番号", "No."), ("point", "確認を要する点", "Point"), ("act", "すること", "What to do"))
    columns = tuple(TableColumn(key, (ja, en)[place], "text") for key, ja, en in heads)
    rows = []
    for number, point in enumerate(points, start=1):
        said, act = _POINTS[point["kind"]]
        day = date_label(point["day"], language=language)
        text = said[place].format(subject=_subject(point["subject"], language), count=f"{point['count']:,}", day=day)
        rows.append((words(str(number)), words(text), words(act[place])))
    title = ("保護責任者が確認する点", "Open points for the officer")[place]
    return Table(name="open_points", title=title, columns=columns, rows=tuple(rows), language=language)


def _subject(subject: str, language: str) -> str:
    return subject if language == "en" else _ROLES.get(subject) or TABLES.get(subject) or _named(subject)


def _named(table: str) -> str:
    """A reference table by what it holds and by its file."""
    return f"{_REFERENCE[table]}（{table}.csv）" if table in _REFERENCE else table

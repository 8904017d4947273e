"""抽出ファイルの到着: how many files of each kind came, how long ago the last one, and how late the next one is. Unit: files, days."""

from __future__ import annotations

from collections.abc import Mapping

from daicho.measures.legal_windows import in_force
from daicho.measures.model import Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

# Every file taken in by the day, and every kind that is expected, whether it ever came or not.
_FILES = f"""
WITH today AS MATERIALIZED (
    SELECT coalesce(CAST($as_of AS DATE), (SELECT max(received_on) FROM batch)) AS day
),
expected AS (
    SELECT e.kind, min(e.interval_days) AS interval_days FROM reference.extract_interval AS e, today AS t WHERE {in_force("e", "t.day")} GROUP BY e.kind
)
SELECT b.kind, b.batch, b.received_on, x.interval_days, t.day
FROM batch AS b CROSS JOIN today AS t LEFT JOIN expected AS x ON x.kind = b.kind WHERE b.received_on <= t.day
UNION ALL
SELECT x.kind, NULL, NULL, x.interval_days, t.day FROM expected AS x CROSS JOIN today AS t
"""
_SINCE = "max(base.day) - max(base.received_on)"
_EVERY = "max(base.interval_days)"
_LATE = f"CASE WHEN {_SINCE} > {_EVERY} THEN {_SINCE} - {_EVERY} WHEN {_SINCE} <= {_EVERY} THEN 0 END"


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    return {"as_of": parameters.get("as_of")}


def _figure(name: str, label: str, label_en: str, unit: str, sql: str) -> ValueColumn:
    return ValueColumn(name, label, label_en, unit, "count", f"CAST({sql} AS BIGINT)", contributors=())


EXTRACT_ARRIVALS = Measure(
    name="extract_arrivals",
    title="抽出ファイルの到着",
    title_en="Arrival of extracts",
    description="抽出ファイルの種別ごとに、届いたファイルの数、最後の受入からの日数、予定の間隔と遅れを示す。",
    source="受入記録、抽出の予定間隔（extract_interval.csv）",
    privacy_unit="none",
    values=(
        _figure("files_count", "届いたファイル", "Files received", "件", "count(base.batch)"),
        _figure("days_since_count", "最後の受入からの日数", "Days since the last", "日", _SINCE),
        _figure("interval_days_count", "予定の間隔", "Expected every", "日", _EVERY),
        _figure("delay_days_count", "遅れ", "Days late", "日", _LATE),
    ),
    cuts={"kind": Cut("base.kind"), "received_month": Cut("fiscal_month(base.received_on)")},
    base_sql=_FILES,
    parameters=(Parameter("as_of", "date", required=False, description="基準日（省略時は、最も新しい受入の日）"),),
    notes=(
        "日数は基準日から数える。基準日の指定がないときは、いずれかの種別の最も新しい受入の日を基準日とする。",
        "遅れは、最後の受入からの日数が予定の間隔を超えた日数。予定の間隔の定めがない種別には示さない。",
        "置き換えられた抽出、他の抽出と同じ日に届いた抽出も、届いたファイルに数える。",
    ),
    bind=_bind,
    reference=("extract_interval",),
)

"""What intake did with the rows of every batch."""

from __future__ import annotations

from daicho.measures.dimensions import ROW_OUTCOMES
from daicho.measures.model import Cut, Measure, ValueColumn

_OUTCOMES_OF_BATCHES = """
SELECT kind, batch, rule, outcome, rows
FROM batch_outcome
"""

INTAKE_QUALITY = Measure(
    name="intake_quality",
    title="受入品質",
    title_en="Intake quality",
    description="抽出ファイルの行の扱い（受入・隔離・置換・重複・注意）を、受入番号と検査規則ごとに数える。",
    source="受入記録",
    privacy_unit="none",
    values=(ValueColumn("rows_count", "行数", "Rows", "件", "count", "CAST(coalesce(sum(base.rows), 0) AS BIGINT)", contributors=()),),
    cuts={
        "kind": Cut("coalesce(base.kind, 'unknown')"),
        "batch": Cut("CAST(base.batch AS INTEGER)"),
        "rule": Cut("coalesce(base.rule, 'unknown')"),
        "outcome": Cut("coalesce(base.outcome, 'unknown')", codes=ROW_OUTCOMES),
    },
    base_sql=_OUTCOMES_OF_BATCHES,
    notes=("行の数であり、人の数ではない。「注意」の行は受け入れた行に含まれる。",),
)

"""How much the ledger holds of a fiscal year, whatever any form makes of it: the other side of the identity rows + exceptions = doses."""

from __future__ import annotations

from daicho.measures.form_records import FORM_PARAMETERS, bind_year
from daicho.measures.model import Cut, Measure, ValueColumn

# Counted apart from `ledger_records` on purpose: from the ledger's own rows, the year by its number.
_YEAR = "coalesce(fiscal_year(event_on), CAST(paid_month // 100 AS INTEGER) - CAST(paid_month % 100 < 4 AS INTEGER))"
_HELD = f"""
SELECT e.person, e.vaccine, e.dose, e.event_on, e.year IS NOT NULL AND NOT e.is_screened_only AND e.duplicate_rank = 1 AND e.is_in_use AS is_dose
FROM (SELECT *, {_YEAR} AS year FROM event) AS e
WHERE {{record_filters}} AND (e.year = $fiscal_year OR e.year IS NULL)
"""

LEDGER_DOSES = Measure(
    name="ledger_doses",
    title="台帳の接種回数",
    title_en="Doses in the ledger",
    description="台帳にある年度内の接種の回数と記録の件数。住民かどうか、定期接種の対象かどうかを問わない。",
    source="予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn(
            "doses_count", "接種回数", "Doses", "回", "count", "count(*) FILTER (WHERE base.is_dose)", contributors=("dose_persons",),
            part_of="records_count",
        ),
        ValueColumn("records_count", "記録件数", "Records", "件", "count", "count(*)"),
    ),
    cuts={
        "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
        "dose": Cut("coalesce(base.dose, 'unknown')"),
        "month": Cut("fiscal_month(base.event_on)", label="接種月", label_en="Month of the dose"),
    },
    base_sql=_HELD,
    parameters=FORM_PARAMETERS,
    notes=(
        "接種は、宛名番号の変更をたどって人を一つにし、同じ接種が複数の経路で届いたものを1回とした後の回数。予診のみは含まない。",
        "接種日のない記録は、予診日の年度、なければ支払月の年度とする。記録件数は、予診のみ・重複・年度を決められないものを含む。",
    ),
    early={
        "record_filters": {"vaccine": "coalesce(e.vaccine, 'unknown')", "dose": "coalesce(e.dose, 'unknown')"},
    },
    bind=bind_year,
    in_blocks=True,
    contributors={"dose_persons": "{persons} FILTER (WHERE base.is_dose)"},
)  # fmt: skip

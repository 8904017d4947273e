"""How much the ledger holds of a fiscal year, whatever any form makes of it: the other side of the identity rows + exceptions = doses."""

from __future__ import annotations

from daicho.measures.form_records import FORM_PARAMETERS, bind_year
from daicho.measures.model import Cut, Measure, ValueColumn

# Counted apart from `form_records` on purpose: the year by its number, doses from the view that every measure of doses reads.
_YEAR = """coalesce(fiscal_year({0}.event_on),
         CAST({0}.paid_month // 100 AS INTEGER) - CAST({0}.paid_month % 100 < 4 AS INTEGER))"""
_HELD = f"""
SELECT d.person, d.vaccine, d.dose, d.event_on, true AS is_dose
FROM dose AS d WHERE {{dose_filters}} AND {_YEAR.format("d")} = $fiscal_year
UNION ALL
SELECT e.person, e.vaccine, e.dose, e.event_on, false
FROM event AS e WHERE {{record_filters}} AND coalesce({_YEAR.format("e")}, $fiscal_year) = $fiscal_year
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
        ValueColumn("records_count", "記録件数", "Records", "件", "count", "count(*) FILTER (WHERE NOT base.is_dose)"),
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
        "dose_filters": {"vaccine": "coalesce(d.vaccine, 'unknown')", "dose": "coalesce(d.dose, 'unknown')"},
        "record_filters": {"vaccine": "coalesce(e.vaccine, 'unknown')", "dose": "coalesce(e.dose, 'unknown')"},
    },
    bind=bind_year,
    contributors={"dose_persons": "count(DISTINCT base.person) FILTER (WHERE base.is_dose)"},
)  # fmt: skip

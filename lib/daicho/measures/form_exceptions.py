"""Records of the fiscal year that are in no row of the form 地域保健・健康増進事業報告, by the reason why."""

from __future__ import annotations

from daicho.measures.dimensions import FORM_REASONS
from daicho.measures.form_records import FORM_EARLY, FORM_PARAMETERS, FORM_RECORDS, FORM_REFERENCE, bind_year
from daicho.measures.model import Cut, Measure, ValueColumn

_NOT_ON_THE_FORM = f"SELECT * FROM (\n{FORM_RECORDS}\n) AS placed WHERE reason IS NOT NULL"

FORM_EXCEPTIONS = Measure(
    name="form_exceptions",
    title="様式に計上しない記録",
    title_en="Records not on the form",
    description="年度内の記録のうち、様式の行に計上しないものを、理由ごとに数える。接種でない記録（予診のみ・重複など）は記録件数にだけ入る。",
    source="地域保健・健康増進事業報告（地域保健編）、予防接種法施行令3条",
    privacy_unit="person",
    values=(
        ValueColumn(
            "doses_count", "接種回数", "Doses", "回", "count", "count(*) FILTER (WHERE base.is_dose)", contributors=("dose_persons",),
            part_of="records_count",
        ),
        ValueColumn("records_count", "記録件数", "Records", "件", "count", "count(*)"),
    ),
    cuts={
        "reason": Cut("base.reason", label="計上しない理由", label_en="Reason", codes=FORM_REASONS),
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "disease": Cut("base.disease"),
        "month": Cut("base.event_month", label="接種月", label_en="Month of the dose"),
        "district": Cut("base.district"),
    },
    base_sql=_NOT_ON_THE_FORM,
    parameters=FORM_PARAMETERS,
    notes=(
        "理由が複数あるときは、予診のみ・重複・記録元・年度不明・接種日なし・出生前・非住民・受入後の日付・種別不明・接種期不明・任意・"
        "行なし・年齢不明・対象期間外の順で最初のものに数える。",
        "接種日のない記録は、予診日の年度、なければ支払月の年度とする。どちらもない記録は年度を決められず、毎年度に記録件数としてだけ示す。",
        "予診のみ、重複、記録元の定めにより数えない記録は接種でないため、接種回数に入らない。",
    ),
    early=FORM_EARLY,
    bind=bind_year,
    in_blocks=True,
    contributors={"dose_persons": "{persons} FILTER (WHERE base.is_dose)"},
    reference=FORM_REFERENCE,
)  # fmt: skip

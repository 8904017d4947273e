"""The rows of the form 地域保健・健康増進事業報告 (地域保健編): doses of the fiscal year by vaccine, stage and age category."""

from __future__ import annotations

from daicho.measures.form_records import FORM_EARLY, FORM_PARAMETERS, FORM_RECORDS, FORM_REFERENCE, bind_year
from daicho.measures.lookups import AGE_CATEGORY
from daicho.measures.model import Cut, Measure, ValueColumn

_ON_THE_FORM = f"SELECT * FROM (\n{FORM_RECORDS}\n) AS placed WHERE reason IS NULL"

FORM_ROWS = Measure(
    name="form_rows",
    title="様式の行",
    title_en="Rows of the form",
    description="年度内の接種を、地域保健・健康増進事業報告の行（ワクチン×接種期・回数）と欄（対象年齢区分）に分けて数える。",
    source="地域保健・健康増進事業報告（地域保健編）、予防接種法施行令3条",
    privacy_unit="person",
    values=(
        ValueColumn("doses_count", "接種者数（延べ）", "Persons vaccinated, by dose", "人", "count", "count(*)"),
        ValueColumn("persons_count", "接種者数（実人数）", "Distinct persons", "人", "count", "{persons}", is_person_count=True),
    ),
    cuts={
        "row": Cut("base.row_code"),
        "column": AGE_CATEGORY,
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "disease": Cut("base.disease"),
        "program_class": Cut("base.program_class"),
        "month": Cut("base.given_month", label="接種月", label_en="Month of the dose"),
        "district": Cut("base.district"),
        "sex": Cut("base.sex"),
    },
    base_sql=_ON_THE_FORM,
    parameters=FORM_PARAMETERS,
    notes=(
        "接種日が年度内にあり、接種日に住民であった者への接種で、その日に法定の対象期間（年齢・性別・期間・要件）にあったもの。",
        "行と欄は年度末に有効な様式による。年度内の接種は、様式の一つの行か、計上しない理由の一つに必ず入る。",
        "接種間隔の不足と同じ回の再接種は例外とせず、記録された接種期・回数の行に数える。妊娠週数は台帳にないため対象とみなす。",
        "同じ接種が複数の経路で届いたときは1回と数える。予診のみは含まない。",
    ),
    early=FORM_EARLY,
    bind=bind_year,
    in_blocks=True,
    reference=FORM_REFERENCE,
)

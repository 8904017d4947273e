"""Doses and persons of a fiscal year (予防接種法施行令7条の報告; 地域保健・健康増進事業報告)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.lookups import AGE_BAND, AGE_CATEGORY
from daicho.measures.model import Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

# Counted is what `dose` holds, screenings left out and a dose reported through two channels once, of residents of that day.
_DOSES_OF_THE_YEAR = "SELECT * FROM ledger_record WHERE given_on BETWEEN $first_day AND $last_day AND is_counted"


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    year = int(str(parameters["fiscal_year"]))
    last_day, as_of = fiscal_year_end(year), parameters.get("as_of")
    counted_to = min(last_day, as_of) if isinstance(as_of, date) else last_day
    return {"first_day": fiscal_year_start(year), "last_day": counted_to, "form_day": last_day}


ANNUAL_COUNTS = Measure(
    name="annual_counts",
    title="年次接種者数",
    title_en="Annual counts",
    description="年度内に住民が受けた接種の回数と、接種を受けた者の数。",
    source="予防接種法施行令7条の報告、地域保健・健康増進事業報告（市区町村）",
    privacy_unit="person",
    values=(
        ValueColumn("doses_count", "接種回数", "Doses", "回", "count", "count(*)"),
        ValueColumn("persons_count", "接種者数", "Persons vaccinated", "人", "count", "{persons}", is_person_count=True),
    ),
    cuts={
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "disease": Cut("base.disease"),
        "program_class": Cut("base.program_class"),
        "age_category": AGE_CATEGORY,
        "month": Cut("base.given_month", label="接種月", label_en="Month of the dose"),
        "district": Cut("base.district"),
        "sex": Cut("base.sex"),
        "age_band": AGE_BAND,
        "age_years": Cut("CAST(base.age_years AS INTEGER)"),
        "birth_fy": Cut("CAST(base.birth_fy AS INTEGER)"),
        "resident_class": Cut("base.resident_class"),
    },
    base_sql=_DOSES_OF_THE_YEAR,
    parameters=(
        Parameter("fiscal_year", "int", required=True, description="年度（令和7年度は2025）"),
        Parameter("as_of", "date", required=False, description="この日までの接種を数える（省略時は年度末まで）"),
    ),
    notes=(
        "接種日が年度内（4月1日から翌年3月31日）にあり、接種日に住民であった者への接種。",
        "予診のみは含まない。同じ接種が複数の経路で届いたときは1回と数える。",
        "対象年齢区分はその年度の様式による。区分のない疾病は対象者全員を一つの区分とする。",
        "接種者数は区分ごとの実人数のため、区分を合計しても全体の接種者数にならないことがある。",
    ),
    bind=_bind,
    in_blocks=True,
    reference=("age_band", "form_column", "program", "vaccine"),
)

"""新型コロナ接種率: residents of a day who had at least k doses by then. Unit: persons, once for each dose number.

A person has had k doses when a dose numbered k or higher is on record, or when k doses are. Source: 予防接種台帳, VRS, 住民基本台帳.
"""

from __future__ import annotations

from daicho.measures.covid_records import MOST_DOSES
from daicho.measures.lookups import AGE_BAND
from daicho.measures.model import Cut, Measure, Parameter, ValueColumn

_DOSES = " + ".join(f"CAST(coalesce(reached_{step}_on <= $as_of, false) AS UTINYINT)" for step in range(1, MOST_DOSES + 1))
# Residents of one kind stand in one row for each step: `residents` of them, of whom `is_lowest_step` says that no other row counts them.
_RESIDENTS_AND_STEPS = f"""
WITH step AS MATERIALIZED (
    SELECT dose_number, dose_number = min(dose_number) OVER () AS is_lowest_step
    FROM (SELECT CAST(unnest(generate_series(1, {MOST_DOSES})) AS INTEGER) AS dose_number) WHERE {{step_filters}}
),
resident AS MATERIALIZED (
    SELECT district, resident_class, sex, age_years_on(birth_date, $as_of) AS age_years, {_DOSES} AS doses, count(*) AS residents
    FROM covid_resident WHERE resident_from <= $as_of AND $as_of < resident_until
    GROUP BY 1, 2, 3, 4, 5
)
SELECT district, resident_class, sex, age_years, residents, dose_number, is_lowest_step, doses >= dose_number AS is_vaccinated
FROM resident CROSS JOIN step
"""

COVID_COVERAGE = Measure(
    name="covid_coverage",
    title="新型コロナ接種率",
    title_en="COVID-19 coverage",
    description="基準日の住民のうち、その日までに、その回数以上の新型コロナワクチンの接種を受けた者の割合。",
    source="予防接種台帳（新型コロナ接種記録）、VRS、住民基本台帳",
    privacy_unit="person",
    values=(
        ValueColumn("eligible_count", "住民数", "Residents", "人", "count", "count(*)", is_person_count=True),
        ValueColumn(
            "vaccinated_count", "接種者数", "Vaccinated", "人", "count", "count(*) FILTER (WHERE base.is_vaccinated)",
            is_person_count=True, contributors=("vaccinated_persons",),
        ),
        ValueColumn("coverage_rate", "接種率", "Coverage", "率", "rate", numerator="vaccinated_count", denominator="eligible_count"),
    ),
    cuts={
        "dose_number": Cut("base.dose_number", label="接種回（以上）", label_en="Doses (at least)"),
        "age_band": AGE_BAND,
        "district": Cut("base.district"),
        "sex": Cut("base.sex"),
        "resident_class": Cut("base.resident_class"),
    },
    base_sql=_RESIDENTS_AND_STEPS,
    parameters=(Parameter("as_of", "date", required=True, description="基準日"),),
    required_filters=("dose_number",),
    notes=(
        "分母は接種の対象年齢に満たない者を含む。複数の接種回では、接種回ごとに数える。",
        "分子：分母のうち、基準日までに、その回以上の接種回の記録があるか、その回数以上の接種の記録がある者。転入前の接種は記録があれば数える。",
        "個人に結び付かないVRSの記録と、接種日が不明な接種は分子に含まない。",
        "年齢・地区は基準日のもの。生年月日の一部が不明な者の年齢は「不明」とする。",
    ),
    early={"step_filters": {"dose_number": "dose_number"}},
    once_per=("dose_number",),
    weight="base.residents",
    own_weight="CASE WHEN base.is_lowest_step THEN base.residents END",
    contributors={"vaccinated_persons": "{persons} FILTER (WHERE base.is_vaccinated)"},
    reference=("age_band",),
)  # fmt: skip

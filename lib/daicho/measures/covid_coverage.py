"""新型コロナ接種率: residents of a day who had at least k doses by then. Unit: persons, once for each dose number.

A person has had k doses when a dose numbered k or higher is on record, or when k doses are. Source: 予防接種台帳, VRS, 住民基本台帳.
"""

from __future__ import annotations

from daicho.measures.lookups import SEX, age_band
from daicho.measures.model import Cut, Measure, Parameter, ValueColumn

MOST_DOSES = 10

_RESIDENTS_AND_STEPS = f"""
WITH reached AS (      -- how many doses each person had by the day; one without a date is of no day
    SELECT person, greatest(coalesce(max(number), 0), count(*)) AS doses FROM covid
    WHERE person IS NOT NULL AND given_on <= $as_of GROUP BY person
),
step AS (
    SELECT dose_number FROM (SELECT CAST(unnest(generate_series(1, {MOST_DOSES})) AS INTEGER) AS dose_number) WHERE {{step_filters}}
),
resident AS (
    SELECT r.person, r.district, r.resident_class, coalesce(d.doses, 0) AS doses
    FROM residence AS r LEFT JOIN reached AS d ON d.person = r.person
    WHERE r.resident_from <= $as_of AND (r.resident_until IS NULL OR $as_of < r.resident_until)
)
SELECT person, district, resident_class, dose_number, doses >= dose_number AS is_vaccinated FROM resident CROSS JOIN step
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
        "age_band": age_band("$as_of"),
        "district": Cut("coalesce(base.district, 'unknown')"),
        "sex": SEX,
        "resident_class": Cut("coalesce(base.resident_class, 'unknown')"),
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
    contributors={"vaccinated_persons": "{persons} FILTER (WHERE base.is_vaccinated)"},
    reference=("age_band",),
)  # fmt: skip

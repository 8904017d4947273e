"""到達コホート接種率: of the residents on their own milestone day, how many have the dose by then (coverage by birth cohort)."""

from __future__ import annotations

from collections.abc import Mapping

from daicho.core.errors import UsageError
from daicho.measures.legal_windows import OPEN_END, concerns, first_day, in_force, is_decidable, last_day
from daicho.measures.lookups import BIRTH_FY, SEX
from daicho.measures.model import NOT_OFFERED, Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

LAST_LEGAL_DAY, AS_OF, AGE = "last_legal_day", "as_of", "age_months"
_AGES = range(0, 12 * 120 + 1)

_ELIGIBLE_ON_THE_MILESTONE = f"""
WITH rule AS (       -- 定期の対象期間: the stage's regular windows, as the schedule dates them
    SELECT * FROM reference.schedule AS s
    WHERE s.rule = 'regular' AND {is_decidable("s")} AND {{rule_filters}}
),
legal_window AS MATERIALIZED (   -- worked out once for each birth date; partial birth dates have none
    SELECT b.birth_date, b.sex, r.vaccine_code, r.dose_code, r.valid_from, r.valid_to, {first_day("r", "b.birth_date")} AS opens_on,
           {last_day("r", "b.birth_date")} AS closes_on
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date <= $as_of) AS b
    JOIN rule AS r ON {concerns("r", birth="b.birth_date", sex="b.sex")}
),
milestone_of AS MATERIALIZED (   -- of several versions of a rule, the one in force on the window's last day; as-of where there is no end
    SELECT birth_date, sex, vaccine_code, dose_code,
           CASE $milestone WHEN '{LAST_LEGAL_DAY}' THEN least(closes_on, $as_of)
                           WHEN '{AS_OF}' THEN $as_of
                           WHEN '{AGE}' THEN reached_months_on(birth_date, CAST($age_months AS INTEGER)) END AS milestone_on
    FROM legal_window AS w
    WHERE {in_force("w", f"CASE WHEN closes_on = {OPEN_END} THEN $as_of ELSE closes_on END")}
      -- Whoever has not entered a window without an end by the as-of day has no milestone.
      AND (closes_on < {OPEN_END} OR opens_on <= $as_of)
),
milestone AS (
    SELECT p.person, p.birth_date, m.vaccine_code, m.dose_code, m.milestone_on
    FROM person AS p JOIN milestone_of AS m ON m.birth_date = p.birth_date AND m.sex = p.sex
    WHERE m.birth_date <= m.milestone_on AND m.milestone_on <= $as_of
),
first_dose AS (      -- crude: any recorded dose of the stage
    SELECT person, dose, min(given_on) AS first_on FROM dose AS given
    WHERE date_status = 'ok' AND given_on <= $as_of AND {{dose_filters}}
    GROUP BY person, dose
)
SELECT m.person, m.vaccine_code AS vaccine, m.dose_code AS dose, r.district, r.resident_class,
       coalesce(d.first_on <= m.milestone_on, false) AS is_vaccinated
FROM milestone AS m
JOIN residence AS r ON r.person = m.person AND r.resident_from <= m.milestone_on
                   AND (r.resident_until IS NULL OR m.milestone_on < r.resident_until)
LEFT JOIN first_dose AS d ON d.person = m.person AND d.dose = m.dose_code
"""


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    """An age in months goes with the milestone `age_months`, and only with it."""
    months = parameters.get("age_months")
    if (months is not None) != (parameters["milestone"] == AGE) or (months is not None and months not in _AGES):
        raise UsageError(NOT_OFFERED)
    return {"as_of": parameters["as_of"], "milestone": parameters["milestone"], "age_months": months}


COVERAGE_COHORT = Measure(
    name="coverage_cohort",
    title="到達コホート接種率",
    title_en="Cohort coverage",
    description="基準時点（その接種期の対象期間の最終日。基準日のほうが早いときは基準日）に住民である者のうち、その日までに接種を受けた者の割合。",
    source="予防接種法施行令3条の対象期間、住民基本台帳、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("eligible_count", "対象者数", "Eligible", "人", "count", "count(*)", is_person_count=True),
        ValueColumn(
            "vaccinated_count", "接種者数", "Vaccinated", "人", "count", "count(*) FILTER (WHERE base.is_vaccinated)",
            is_person_count=True, contributors=("vaccinated_persons",),
        ),
        ValueColumn("coverage_rate", "接種率", "Coverage", "率", "rate", numerator="vaccinated_count", denominator="eligible_count"),
    ),
    cuts={
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "birth_fy": BIRTH_FY,
        "district": Cut("coalesce(base.district, 'unknown')"),
        "sex": SEX,
        "resident_class": Cut("coalesce(base.resident_class, 'unknown')"),
    },
    base_sql=_ELIGIBLE_ON_THE_MILESTONE,
    parameters=(
        Parameter("as_of", "date", required=True, description="基準日"),
        Parameter(
            "milestone", "choice", required=False, default=LAST_LEGAL_DAY, choices=(LAST_LEGAL_DAY, AS_OF, AGE),
            description="基準時点：対象期間の最終日（基準日で打切り）・基準日・月齢",
        ),
        Parameter("age_months", "int", required=False, description="基準時点を月齢とするときの月数（24は満2歳に達した日）"),
    ),
    required_filters=("vaccine", "dose"),
    notes=(
        "分母：基準時点までに生まれ、その日に住民である者。分子：そのうち、基準時点までの日付の接種記録がある者（粗接種率）。",
        "基準時点は、その接種期の定期の対象期間の最終日。基準日のほうが早いときは基準日。",
        "生年月日の一部が不明な者は含まない。転入前の接種は記録されていないことがある。",
        "地区・住民区分は基準時点のもの。",
    ),
    early={
        "rule_filters": {"vaccine": "s.vaccine_code", "dose": "s.dose_code"},
        "dose_filters": {"vaccine": "given.vaccine", "dose": "given.dose"},
    },
    once_per=("dose",),
    bind=_bind,
    contributors={"vaccinated_persons": "{persons} FILTER (WHERE base.is_vaccinated)"},
    reference=("schedule",),
)  # fmt: skip

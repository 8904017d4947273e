"""完全接種: children who have every dose that a definition asks for by its age (VCQI RI_COVG_03; reference/definition.csv)."""

from __future__ import annotations

from daicho.measures.credited_doses import HELD_DOSES, VALIDITY
from daicho.measures.legal_windows import in_force
from daicho.measures.milestone_ages import ELIGIBLE
from daicho.measures.model import Cut, Measure, Parameter, ValueColumn

# The age is the definition's own; a definition that is not in force has no age, and so nobody is eligible by it.
_AGE_OF_THE_DEFINITION = "reached_months_on(birth_date, (SELECT CAST(max(age_months) AS INTEGER) FROM needed))"

_WITH_EVERY_GROUP = f"""
WITH needed AS MATERIALIZED (   -- the groups; any of its doses satisfies a group
    SELECT f.dose_code AS dose, f.age_months, CAST(1 AS BIGINT) << CAST(dense_rank() OVER (ORDER BY f."group") - 1 AS INTEGER) AS bit
    FROM reference.definition AS f
    WHERE f.kind = 'fully_immunised' AND f.definition = $definition AND {in_force("f", "$as_of")}
),
{ELIGIBLE.format(milestone_day=_AGE_OF_THE_DEFINITION)},
satisfied AS (       -- a bit a group, so that ten million doses are gone through once
    SELECT h.person, bit_or(n.bit) AS bits
    FROM ({HELD_DOSES}) AS h
    JOIN needed AS n ON n.dose = h.dose
    JOIN eligible AS e ON e.person = h.person AND h.held_on <= e.milestone_on
    GROUP BY h.person
)
SELECT e.*, coalesce(s.bits = (SELECT bit_or(bit) FROM needed), false) AS is_full
FROM eligible AS e LEFT JOIN satisfied AS s ON s.person = e.person
"""

FULLY_IMMUNISED = Measure(
    name="fully_immunised",
    title="完全接種",
    title_en="Fully immunised for age",
    description="定義の月齢に達した日に住民である者のうち、その日までに定義のすべての接種を受けた者の割合。",
    source="定義は本システムのもの（reference/definition.csv）。住民基本台帳、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("eligible_count", "対象者数", "Eligible", "人", "count", "count(*)", is_person_count=True),
        ValueColumn(
            "count", "完全接種者数", "Fully immunised", "人", "count", "count(*) FILTER (WHERE base.is_full)",
            is_person_count=True, contributors=("fully_immunised_persons",),
        ),
        ValueColumn(
            "rate", "完全接種率", "Fully immunised share", "率", "rate",
            numerator="count", denominator="eligible_count",
        ),
    ),
    cuts={
        "birth_fy": Cut("base.birth_fy"),
        "district": Cut("base.district"),
        "sex": Cut("base.sex"),
        "resident_class": Cut("base.resident_class"),
    },
    base_sql=_WITH_EVERY_GROUP,
    parameters=(
        Parameter("as_of", "date", required=True, description="基準日（この日までに定義の月齢に達した者を数える）"),
        Parameter(
            "definition", "choice", required=False, default="24m", choices=("12m", "24m", "5y"), description="定義：満1歳・満2歳・満5歳まで",
        ),
        VALIDITY,
    ),
    notes=(
        "分母：定義の月齢に達した日に住民である者。分子：そのうち、その日までに定義のすべての区分について接種の記録がある者。",
        "区分は、それに属するいずれかの接種で満たされる。混合ワクチンは成分の接種として数える。",
        "粗接種では日付のない接種、日付が使えない接種も数える。転入前の接種は記録されていないことがある。",
        "生年月日の一部が不明な者は含まない。地区・住民区分は定義の月齢に達した日のもの。",
    ),
    once_per=(),
    contributors={"fully_immunised_persons": "{persons} FILTER (WHERE base.is_full)"},
    reference=("definition", "equivalence", "schedule", "series"),
)  # fmt: skip

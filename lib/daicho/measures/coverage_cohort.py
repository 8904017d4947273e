"""到達コホート接種率: of the residents on their own milestone day, how many have the dose by then (coverage by birth cohort).

Source: UKHSA COVER (milestones), WHO (crude and valid doses); docs/coverage_method.md 3. Unit: persons.
"""

from __future__ import annotations

from daicho.measures.coverage_base import COVERAGE_CUTS, EARLY, ELIGIBLE_STEPS, HELD_STEP, MILESTONE_PARAMETERS, bind_milestone
from daicho.measures.credited_doses import VALIDITY
from daicho.measures.model import Measure, ValueColumn

_WITH_OR_WITHOUT = f"""
WITH {ELIGIBLE_STEPS},
{HELD_STEP}
SELECT e.person, e.vaccine, e.dose, e.district, e.resident_class, coalesce(h.held_on <= e.milestone_on, false) AS is_vaccinated,
       -- 転入前の記録がないことがある: moved in after the first legal day, and no record
       e.resident_from > e.opens_on AND NOT coalesce(h.held_on <= e.milestone_on, false) AS is_unknown
FROM eligible AS e LEFT JOIN held AS h ON h.person = e.person AND h.dose = e.dose
"""

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
        ValueColumn(
            "unknown_history_count", "接種歴不明者数", "History unknown", "人", "count", "count(*) FILTER (WHERE base.is_unknown)",
            is_person_count=True, contributors=("unknown_history_persons",), part_of="eligible_count",
        ),
    ),
    cuts=COVERAGE_CUTS,
    base_sql=_WITH_OR_WITHOUT,
    parameters=(*MILESTONE_PARAMETERS, VALIDITY),
    required_filters=("vaccine", "dose"),
    notes=(
        "分母：基準時点までに生まれ、その日に住民である者。分子：そのうち、基準時点までの日付の接種、または時期の分からない接種の記録がある者（粗接種率）。",
        "有効な接種に限るとき（validity=valid）は、最低年齢・最短間隔・生ワクチンどうしの間隔を満たす接種だけを数える。",
        "混合ワクチンは成分の接種としても数える。",
        "基準時点は、その接種期の定期の対象期間の最終日。基準日のほうが早いときは基準日。",
        "接種歴不明：対象期間の初日より後に転入し、接種の記録がない者。分母に含む。",
        "生年月日の一部が不明な者は含まない。地区・住民区分は基準時点のもの。",
    ),
    early=EARLY,
    once_per=("dose",),
    bind=bind_milestone,
    contributors={
        "vaccinated_persons": "{persons} FILTER (WHERE base.is_vaccinated)",
        "unknown_history_persons": "{persons} FILTER (WHERE base.is_unknown)",
    },
    reference=("equivalence", "schedule", "series", "vaccine"),
)  # fmt: skip

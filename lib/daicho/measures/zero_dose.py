"""ゼロ接種: children who reached an age without the first dose of 五種混合, 四種混合 or DPT (WHO IA2030, impact goal 2.1)."""

from __future__ import annotations

from collections.abc import Mapping

from daicho.measures.credited_doses import CRUDE, HELD_DOSES
from daicho.measures.legal_windows import in_force
from daicho.measures.milestone_ages import AGE_MONTHS, ELIGIBLE, MILESTONE_DAY, MILESTONES, bind_milestone
from daicho.measures.model import Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

_WITHOUT_A_FIRST_DOSE = f"""
WITH {ELIGIBLE.format(milestone_day=MILESTONE_DAY)},
asked AS (           -- the doses of the definition
    SELECT DISTINCT dose_code AS dose FROM reference.definition AS f WHERE f.kind = 'zero_dose' AND {in_force("f", "$as_of")}
),
held AS (            -- any of them, recorded as itself or as a combined dose that counts as it; a dose without a usable date counts
    SELECT person, min(held_on) AS held_on FROM ({HELD_DOSES}) AS every
    WHERE dose IN (SELECT dose FROM asked) GROUP BY person
)
SELECT e.*, coalesce(h.held_on > e.milestone_on, true) AS is_zero_dose
FROM eligible AS e LEFT JOIN held AS h ON h.person = e.person
"""


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    return {**bind_milestone(parameters), "validity": CRUDE}


ZERO_DOSE = Measure(
    name="zero_dose",
    title="ゼロ接種",
    title_en="Zero-dose children",
    description="基準時点の月齢に達した日に住民である者のうち、五種混合・四種混合・三種混合のいずれの1回目の記録もない者の割合。",
    source="WHO 予防接種アジェンダ2030、住民基本台帳、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("eligible_count", "対象者数", "Eligible", "人", "count", "count(*)", is_person_count=True),
        ValueColumn(
            "count", "ゼロ接種者数", "Zero-dose", "人", "count", "count(*) FILTER (WHERE base.is_zero_dose)",
            is_person_count=True, contributors=("zero_dose_persons",),
        ),
        ValueColumn("rate", "ゼロ接種率", "Zero-dose share", "率", "rate", numerator="count", denominator="eligible_count"),
    ),
    cuts={
        "birth_fy": Cut("base.birth_fy"),
        "district": Cut("base.district"),
        "sex": Cut("base.sex"),
        "resident_class": Cut("base.resident_class"),
    },
    base_sql=_WITHOUT_A_FIRST_DOSE,
    parameters=(
        Parameter("as_of", "date", required=True, description="基準日（この日までに基準時点に達した者を数える）"),
        Parameter(
            "milestone", "choice", required=False, default="12m", choices=MILESTONES,
            description="基準時点：満1歳・満2歳・満5歳に達した日、就学の始期、月齢",
        ),
        AGE_MONTHS,
    ),
    notes=(
        "分母：基準時点に住民である者。分子：そのうち、基準時点までに定義の接種（五種混合・四種混合・三種混合の1期初回1回目）の記録がない者。",
        "日付のない接種、日付が使えない接種も接種ありと数える。転入前の接種は記録されていないことがある。",
        "生年月日の一部が不明な者は含まない。地区・住民区分は基準時点のもの。",
    ),
    once_per=(),
    bind=_bind,
    contributors={"zero_dose_persons": "{persons} FILTER (WHERE base.is_zero_dose)"},
    reference=("definition", "equivalence", "series"),
)  # fmt: skip

"""脱落: of those who began a course, how many did not have its last stage by the milestone (WHO: (DTP1 − DTP3) / DTP1).

Source: WHO/VCQI RI_CONT_01; docs/coverage_method.md 4. Unit: persons eligible for the last stage.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.measures.coverage_base import COVERAGE_CUTS, EARLY, ELIGIBLE_STEPS, HELD_STEP, MILESTONE_PARAMETERS, bind_milestone
from daicho.measures.credited_doses import VALIDITY
from daicho.measures.model import Bound, Measure, Parameter, ParameterValue, ValueColumn

_BEGUN = f"""
WITH {ELIGIBLE_STEPS},
{HELD_STEP},
asked AS (           -- from which stage to which; the first and the last of the vaccine's first series where none is named
    SELECT c.vaccine, coalesce(CAST($from_dose AS VARCHAR), arg_min(c.dose, c.position)) AS first_dose,
           coalesce(CAST($to_dose AS VARCHAR), arg_max(c.dose, c.position)) AS last_dose
    FROM course_dose AS c
    WHERE c.is_home AND {{course_filters}}
      AND c.series = (SELECT arg_min(h.series, CAST(g.position AS INTEGER)) FROM course_dose AS h JOIN reference.dose_stage AS g ON g.code = h.dose
                      WHERE h.is_home AND h.vaccine = c.vaccine)
    GROUP BY c.vaccine
)
SELECT e.person, e.vaccine, e.district, e.resident_class, coalesce(z.held_on <= e.milestone_on, false) AS is_complete
FROM asked AS q
JOIN eligible AS e ON e.vaccine = q.vaccine AND e.dose = q.last_dose
JOIN held AS a ON a.person = e.person AND a.dose = q.first_dose AND a.held_on <= e.milestone_on
LEFT JOIN held AS z ON z.person = e.person AND z.dose = q.last_dose
"""


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    return {**bind_milestone(parameters), "from_dose": parameters.get("from_dose"), "to_dose": parameters.get("to_dose")}


DROPOUT = Measure(
    name="dropout",
    title="脱落率",
    title_en="Drop-out",
    description="基準時点に住民である対象者のうち、最初の回の接種を受けた者に占める、最後の回の接種を受けていない者の割合。",
    source="予防接種法施行令3条の対象期間、住民基本台帳、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("first_count", "最初の回の接種者数", "With the first dose", "人", "count", "count(*)", is_person_count=True),
        ValueColumn(
            "last_count", "最後の回も受けた者の数", "With the last dose too", "人", "count", "count(*) FILTER (WHERE base.is_complete)",
            is_person_count=True, contributors=("complete_persons",), part_of="first_count",
        ),
        ValueColumn(
            "dropped_count", "脱落者数", "Dropped out", "人", "count", "count(*) FILTER (WHERE NOT base.is_complete)",
            is_person_count=True, contributors=("dropped_persons",), is_released=False,
        ),
        ValueColumn("dropout_rate", "脱落率", "Drop-out", "率", "rate", numerator="dropped_count", denominator="first_count"),
    ),
    cuts={name: cut for name, cut in COVERAGE_CUTS.items() if name != "dose"},
    base_sql=_BEGUN,
    parameters=(
        *MILESTONE_PARAMETERS,
        VALIDITY,
        Parameter("from_dose", "dose", required=False, description="最初の回（コードまたは名称。省略時は第1期の最初の回）"),
        Parameter("to_dose", "dose", required=False, description="最後の回（コードまたは名称。省略時は第1期の最後の回）"),
    ),
    required_filters=("vaccine",),
    notes=(
        "対象者は、最後の回の基準時点に住民である者。そのうち、その日までに最初の回の接種がある者を分母とする。",
        "回数を減らせる接種（HPV9価の2回接種、Hib・肺炎球菌の途中開始）では、必要な回数を終えた者も脱落に数える。最後の回を指定する。",
        "混合ワクチンは成分の接種としても数える。地区・住民区分は基準時点のもの。",
    ),
    early={
        **{placeholder: {"vaccine": columns["vaccine"]} for placeholder, columns in EARLY.items()},
        "course_filters": {"vaccine": "c.vaccine"},
    },
    once_per=("vaccine",),
    bind=_bind,
    contributors={
        "complete_persons": "{persons} FILTER (WHERE base.is_complete)",
        "dropped_persons": "{persons} FILTER (WHERE NOT base.is_complete)",
    },
    reference=("equivalence", "schedule", "series", "vaccine"),
)  # fmt: skip

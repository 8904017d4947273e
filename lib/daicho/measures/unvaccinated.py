"""未接種者数: of the residents inside the legal window of a stage, how many do not have it, and how soon the window closes.

The persons of the worklist `reminders`, counted; those who moved in after the window had opened are counted apart. Rule:
docs/coverage_method.md 4. Source: 予防接種法施行令3条, 定期接種実施要領. Unit: persons, once for each stage.
"""

from __future__ import annotations

from daicho.measures.credited_doses import VALIDITY
from daicho.measures.lookups import BIRTH_FY, SEX, age_years
from daicho.measures.model import Cut, Measure, Parameter, ValueColumn
from daicho.measures.open_stages import OPEN_STAGE_FILTERS, OPEN_STAGE_STEPS

_OPEN = f"""
WITH {OPEN_STAGE_STEPS}
SELECT person, vaccine, dose, district, resident_class, is_vaccinated, is_unknown, NOT is_vaccinated AND NOT is_unknown AS is_unvaccinated,
       CASE WHEN days_left < 30 THEN 'within_30_days'
            WHEN days_left < 90 THEN 'within_90_days'
            WHEN days_left < 180 THEN 'within_180_days'
            ELSE 'over_180_days' END AS closing
FROM open_stage
"""


def _people(name: str, label: str, label_en: str, *, is_released: bool = True) -> ValueColumn:
    return ValueColumn(
        f"{name}_count", label, label_en, "人", "count", f"count(*) FILTER (WHERE base.is_{_FLAGS[name]})",
        is_person_count=True, contributors=(f"{name}_persons",), part_of="open_count", is_released=is_released,
    )  # fmt: skip


_FLAGS = {"unvaccinated": "unvaccinated", "unknown_history": "unknown", "vaccinated": "vaccinated"}

UNVACCINATED = Measure(
    name="unvaccinated",
    title="未接種者数",
    title_en="Unvaccinated",
    description="基準日に住民で、その接種期の対象期間内にある者のうち、まだ接種していない者の数。対象期間の残りの日数で分けられる。",
    source="予防接種法施行令3条の対象期間、住民基本台帳、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("open_count", "対象期間内の者", "Window open", "人", "count", "count(*)", is_person_count=True),
        _people("unvaccinated", "未接種者数", "Unvaccinated"),
        _people("unknown_history", "接種歴不明者数", "History unknown"),
        _people("vaccinated", "接種者数", "Vaccinated", is_released=False),
        ValueColumn("unvaccinated_rate", "未接種率", "Unvaccinated share", "率", "rate", numerator="unvaccinated_count", denominator="open_count"),
    ),
    cuts={
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "closing": Cut("base.closing"),
        "district": Cut("coalesce(base.district, 'unknown')"),
        "sex": SEX,
        "resident_class": Cut("coalesce(base.resident_class, 'unknown')"),
        "birth_fy": BIRTH_FY,
        "age_years": age_years("$as_of"),
    },
    base_sql=_OPEN,
    parameters=(Parameter("as_of", "date", required=True, description="基準日"), VALIDITY),
    required_filters=("vaccine", "dose"),
    notes=(
        "分母：基準日に住民で、その日が接種期の定期の対象期間（季節のあるものはその期間）内にある者。複数の接種期では、接種期ごとに数える。",
        "未接種：その接種期の接種の記録がなく、対象期間の初日以前から住民である者。混合ワクチンと、同じコースの同じ回の接種は、接種ありとする。",
        "接種歴不明：対象期間の初日（季節のあるものはその年度の期間の初日）より後に転入し、接種の記録がない者。分母に含み、未接種者数には含まない。",
        "コースを完了した者、及びコース上その回を要しない者は含まない。前の回との間隔は問わない。確認一覧（reminders）は未接種と接種歴不明の者を示す。",
        "残りの日数は基準日を含む。生年月日の一部が不明な者は含まない。地区・住民区分・年齢は基準日のもの。",
    ),
    early=OPEN_STAGE_FILTERS,
    once_per=("dose",),
    contributors={f"{name}_persons": f"{{persons}} FILTER (WHERE base.is_{flag})" for name, flag in _FLAGS.items()},
    reference=("equivalence", "schedule", "series", "vaccine"),
)  # fmt: skip

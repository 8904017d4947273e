"""到達コホート接種率（ウェイト付き）: coverage_cohort of a sample, each person counting as many times as their sampling weight says.

Source: WHO Vaccination Coverage Cluster Surveys: Reference Manual (weighted estimates); docs/coverage_method.md 4. Unit: persons. Weights
are whole millionths, so that sums are the same in any order.
"""

from __future__ import annotations

from daicho.measures.coverage_base import COVERAGE_CUTS, EARLY, ELIGIBLE_STEPS, HELD_STEP, MILESTONE_PARAMETERS, bind_milestone
from daicho.measures.credited_doses import VALIDITY
from daicho.measures.model import Measure, ValueColumn

# ウェイトのない者は1人として数える.
_WEIGHTED = f"""
WITH {ELIGIBLE_STEPS},
{HELD_STEP}
SELECT e.person, e.vaccine, e.dose, e.district, e.resident_class, coalesce(h.held_on <= e.milestone_on, false) AS is_vaccinated,
       coalesce(w.sampling_weight, 1000000) AS weight
FROM eligible AS e JOIN person AS w ON w.person = e.person LEFT JOIN held AS h ON h.person = e.person AND h.dose = e.dose
"""
_ALL, _VACCINATED = "coalesce(sum(base.weight), 0)", "coalesce(sum(base.weight) FILTER (WHERE base.is_vaccinated), 0)"


def _whole_persons(millionths: str) -> str:
    return f"CAST(({millionths} + 500000) // 1000000 AS BIGINT)"


COVERAGE_COHORT_WEIGHTED = Measure(
    name="coverage_cohort_weighted",
    title="到達コホート接種率（ウェイト付き）",
    title_en="Weighted cohort coverage",
    description="到達コホート接種率を、抽出ウェイト（標本の1人が代表する人数）を付けて推計したもの。ウェイトのない値と並べて示す。",
    source="抽出ウェイト付きの基本情報、予防接種台帳、接種スケジュールの対象期間",
    privacy_unit="person",
    values=(
        ValueColumn("eligible_count", "対象者数", "Eligible", "人", "count", "count(*)", is_person_count=True),
        ValueColumn(
            "vaccinated_count", "接種者数", "Vaccinated", "人", "count", "count(*) FILTER (WHERE base.is_vaccinated)",
            is_person_count=True, contributors=("vaccinated_persons",),
        ),
        ValueColumn("coverage_rate", "接種率", "Coverage", "率", "rate", numerator="vaccinated_count", denominator="eligible_count"),
        ValueColumn(
            "weighted_eligible", "対象者数（推計）", "Eligible, weighted", "人", "estimate", _whole_persons(_ALL), rests_on=("eligible_count",),
        ),
        ValueColumn(
            "weighted_vaccinated", "接種者数（推計）", "Vaccinated, weighted", "人", "estimate", _whole_persons(_VACCINATED),
            contributors=("vaccinated_persons",), rests_on=("vaccinated_count", "eligible_count"),
        ),
        ValueColumn(
            "weighted_coverage_rate", "接種率（ウェイト付き）", "Coverage, weighted", "率", "estimate",
            f"CAST({_VACCINATED} AS DOUBLE) / CAST(nullif({_ALL}, 0) AS DOUBLE)",
            contributors=("vaccinated_persons",), rests_on=("vaccinated_count", "eligible_count"),
        ),
    ),
    cuts=COVERAGE_CUTS,
    base_sql=_WEIGHTED,
    parameters=(*MILESTONE_PARAMETERS, VALIDITY),
    required_filters=("vaccine", "dose"),
    notes=(
        "対象者・接種者・基準時点は到達コホート接種率と同じ。",
        "推計は、対象者・接種者の抽出ウェイトの合計。人数は1人単位に四捨五入し、率は四捨五入の前の合計から求める。",
        "抽出ウェイトのない者は1人として数える。抽出ウェイトのない台帳では、推計は人数と同じになる。",
        "秘匿は標本の人数による。人数を秘匿するときは、それに基づく推計も秘匿する。標本誤差は示さない。",
    ),
    early=EARLY,
    once_per=("dose",),
    bind=bind_milestone,
    contributors={"vaccinated_persons": "{persons} FILTER (WHERE base.is_vaccinated)"},
    reference=("equivalence", "schedule", "series", "vaccine"),
)  # fmt: skip

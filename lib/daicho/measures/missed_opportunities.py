"""接種機会の逸失: visits on which a stage was due and not given (WHO MOV; VCQI RI_QUAL_08, 09). Rule: docs/coverage_method.md 4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.credited_doses import CREDIT_FILTERS
from daicho.measures.lookups import BIRTH_FY, SEX
from daicho.measures.model import Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn
from daicho.measures.open_slots import OPEN_SLOTS


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    year, as_of = parameters.get("fiscal_year"), parameters["as_of"]
    first_day, last_day = date(1900, 1, 1), as_of
    if isinstance(year, int) and isinstance(as_of, date):
        first_day, last_day = fiscal_year_start(year), min(fiscal_year_end(year), as_of)
    return {"as_of": as_of, "first_day": first_day, "last_day": last_day}


MISSED_OPPORTUNITIES = Measure(
    name="missed_opportunities",
    title="接種機会の逸失",
    title_en="Missed opportunities",
    description="接種・予診に来た日のうち、その接種期の接種を受けられたのに受けなかった日の数と割合。",
    source="予防接種法施行令3条の対象期間、定期接種実施要領の間隔、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("visits_count", "来所日数", "Visits", "回", "count", "count(*)"),
        ValueColumn(
            "missed_count", "うち接種しなかった日数", "Of these, not given", "回", "count", "count(*) FILTER (WHERE base.is_missed)",
            contributors=("missed_persons",),
        ),
        ValueColumn(
            "missed_rate", "逸失率", "Missed share", "率", "rate", numerator="missed_count", denominator="visits_count",
            contributors=("given_persons",),
        ),
    ),
    cuts={
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "recovery": Cut("base.recovery"),
        "district": Cut("coalesce(base.district, 'unknown')"),
        "birth_fy": BIRTH_FY,
        "sex": SEX,
        "resident_class": Cut("coalesce(base.resident_class, 'unknown')"),
    },
    base_sql=OPEN_SLOTS,
    parameters=(
        Parameter("as_of", "date", required=True, description="基準日（この日までの来所と接種を見る）"),
        Parameter("fiscal_year", "int", required=False, description="来所の年度（省略時は全期間）"),
    ),
    notes=(
        "来所日：住民に接種日のある接種または予診の記録がある日。その接種期が接種できる状態（対象期間内、前の回が有効に済み、最短間隔を経過、未接種）に"
        "あった日と、その接種期の有効な接種があった日を数える。",
        "その後：当日に接種（given）、後に接種（recovered）、基準日に対象期間内で未接種（recoverable）、対象期間を過ぎた（lost）。",
        "受けなかった理由（体調、同時接種を望まない等）は台帳にない。他の場所での受診は含まない。",
        "地区・住民区分は来所日のもの。生年月日の一部が不明な者は含まない。",
    ),
    early={**CREDIT_FILTERS, "course_filters": {"vaccine": "c.vaccine", "dose": "c.dose"}},
    bind=_bind,
    contributors={
        "missed_persons": "count(DISTINCT base.person) FILTER (WHERE base.is_missed)",
        "given_persons": "count(DISTINCT base.person) FILTER (WHERE NOT base.is_missed)",
    },
    reference=("equivalence", "schedule", "series"),
)  # fmt: skip

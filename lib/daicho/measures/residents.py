"""Residents on a day: the denominators of everything else."""

from __future__ import annotations

from daicho.measures.lookups import BIRTH_FY, SEX, age_band, age_years
from daicho.measures.model import Cut, Measure, Parameter, ValueColumn

# The day of removal (消除日) is no resident day, whatever the reason.
_RESIDENT_ON_THE_DAY = """
SELECT person, district, resident_class
FROM residence
WHERE resident_from <= $as_of AND (resident_until IS NULL OR $as_of < resident_until)
"""

RESIDENTS = Measure(
    name="residents",
    title="住民数",
    title_en="Residents",
    description="基準日に住民である者の数。住民となった日を含み、消除日を含まない。",
    source="住民基本台帳（予防接種台帳 基本情報）",
    privacy_unit="person",
    values=(ValueColumn("residents_count", "住民数", "Residents", "人", "count", "{persons}", is_person_count=True),),
    cuts={
        "district": Cut("coalesce(base.district, 'unknown')"),
        "birth_fy": BIRTH_FY,
        "age_years": age_years("$as_of"),
        "age_band": age_band("$as_of"),
        "sex": SEX,
        "resident_class": Cut("coalesce(base.resident_class, 'unknown')"),
    },
    base_sql=_RESIDENT_ON_THE_DAY,
    parameters=(Parameter("as_of", "date", required=True, description="基準日"),),
    notes=(
        "基準日に住民である者（住民となった日 ≦ 基準日 ＜ 消除日）。",
        "生年月日の一部が不明な者は、生まれ年度・年齢を「不明」として数える。",
        "年齢は誕生日の前日に達する（年齢計算ニ関スル法律）。",
    ),
    once_per=(),
    reference=("age_band",),
)

"""Residents at the start and the end of a fiscal year, and what made the difference: births, moves, deaths."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.model import Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

_BORN = "('birth')"
_MOVED_IN = "('moved_in', 'from_abroad', 'article_30_46', 'article_30_47')"
_DIED = "('death')"
_MOVED_OUT = "('moved_out', 'moved_abroad')"

# A spell of residence counts where it touches the year: it was there before, it began, it ended, it goes on. The day of removal (消除日) is
# no resident day, so a spell removed on 1 April was there on 31 March.
_SPELLS = """
SELECT person, district, resident_class, sex, birth_fy, is_sole, from_reason, until_reason,
       resident_from < $first_day AS is_opening,
       resident_from >= $first_day AS has_begun,
       resident_until <= $last_day AS has_ended
FROM resident_spell
WHERE resident_from <= $last_day AND resident_until >= $first_day
"""


def _count(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def _value(name: str, label: str, label_en: str, condition: str) -> ValueColumn:
    # opening + in - out = closing: where one is withheld from the public, the others are too, or it could be worked out.
    return ValueColumn(name, label, label_en, "人", "count", _count(condition), part_of="spells_count")


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    year = int(str(parameters["fiscal_year"]))
    last_day, as_of = fiscal_year_end(year), parameters.get("as_of")
    return {"first_day": fiscal_year_start(year), "last_day": min(last_day, as_of) if isinstance(as_of, date) else last_day}


POPULATION_CHANGES = Measure(
    name="population_changes",
    title="住民の異動",
    title_en="Changes of the population",
    description="年度当初と年度末の住民数、その間の出生・転入・死亡・転出。年度当初＋増－減＝年度末。",
    source="住民基本台帳（予防接種台帳 基本情報）",
    privacy_unit="person",
    values=(
        _value("opening_count", "年度当初", "Opening", "base.is_opening"),
        _value("births_count", "出生", "Births", f"base.has_begun AND base.from_reason IN {_BORN}"),
        _value("moved_in_count", "転入", "Moved in", f"base.has_begun AND base.from_reason IN {_MOVED_IN}"),
        _value(
            "other_in_count", "その他の増", "Other gains",
            f"base.has_begun AND base.from_reason NOT IN {_BORN} AND base.from_reason NOT IN {_MOVED_IN}",
        ),
        _value("deaths_count", "死亡", "Deaths", f"base.has_ended AND base.until_reason IN {_DIED}"),
        _value("moved_out_count", "転出", "Moved out", f"base.has_ended AND base.until_reason IN {_MOVED_OUT}"),
        _value(
            "other_out_count", "その他の減", "Other losses",
            f"base.has_ended AND base.until_reason NOT IN {_DIED} AND base.until_reason NOT IN {_MOVED_OUT}",
        ),
        _value("closing_count", "年度末", "Closing", "NOT base.has_ended"),
        ValueColumn("spells_count", "居住期間", "Spells", "件", "count", "count(*)", is_released=False),
    ),
    cuts={
        "district": Cut("base.district"),
        "birth_fy": Cut("CAST(base.birth_fy AS INTEGER)"),
        "sex": Cut("base.sex"),
        "resident_class": Cut("base.resident_class"),
    },
    base_sql=_SPELLS,
    parameters=(
        Parameter("fiscal_year", "int", required=True, description="年度（令和7年度は2025）"),
        Parameter("as_of", "date", required=False, description="この日までの異動を数える（省略時は年度末まで）"),
    ),
    notes=(
        "年度当初は前年度末日（3月31日）の住民、年度末は当年度末日（または基準日）の住民。消除日は住民の日に含まない。",
        "宛名番号の変更・統合で一人となった者の重なる居住期間、消除日と同じ日に始まる居住期間は、一続きとみなし異動に数えない。",
        "地区は居住期間の最後の住所による。年度の途中に転入して転出した者は、増と減の両方に数える。",
    ),
    bind=_bind,
    persons="count(*) FILTER (WHERE base.is_sole) + count(DISTINCT base.person) FILTER (WHERE NOT base.is_sole)",
)  # fmt: skip

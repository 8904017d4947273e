"""接種の有効性: dose records by what the appraisal found of them (WHO: valid doses; docs/coverage_method.md 2.3). Unit: doses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.dimensions import DOSE_OUTCOMES
from daicho.measures.lookups import BIRTH_FY, SEX
from daicho.measures.model import Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

# Each record once, by its home series; 地区・住民区分 of the day of the dose. An undated dose is of no year and no district.
# Only comparisons in the outer join: with an OR in it, every row would be compared with every row.
_APPRAISED = """
SELECT a.person, a.vaccine, a.dose, a.outcome, a.given_on, r.district, r.resident_class
FROM appraisal AS a
LEFT JOIN residence AS r ON r.person = a.person AND r.resident_from <= a.given_on
                        AND a.given_on < coalesce(r.resident_until, DATE '9999-12-31')
WHERE a.is_home AND {dose_filters}
  AND (a.given_on BETWEEN $first_day AND $last_day OR (a.given_on IS NULL AND $with_undated))
"""
_FIRST_DAY, _LAST_DAY = date(1, 1, 1), date(9999, 12, 31)


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    """The days of a request; undated doses only where no fiscal year is asked for."""
    year, as_of = parameters.get("fiscal_year"), parameters.get("as_of")
    days = (fiscal_year_start(year), fiscal_year_end(year)) if isinstance(year, int) else (_FIRST_DAY, _LAST_DAY)
    last_day = min(days[1], as_of) if isinstance(as_of, date) else days[1]
    return {"first_day": days[0], "last_day": last_day, "with_undated": int(year is None)}


DOSE_VALIDITY = Measure(
    name="dose_validity",
    title="接種の有効性",
    title_en="Validity of doses",
    description="記録された接種を、最低年齢・最短間隔などを満たすかどうかによって分けて数える。",
    source="予防接種法施行令3条・定期接種実施要領の接種年齢と接種間隔、予防接種台帳",
    privacy_unit="person",
    values=(ValueColumn("doses_count", "接種回数", "Doses", "回", "count", "count(*)"),),
    cuts={
        "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
        "dose": Cut("coalesce(base.dose, 'unknown')"),
        "outcome": Cut("base.outcome", label="有効性", label_en="Validity", codes=DOSE_OUTCOMES),
        "month": Cut("fiscal_month(base.given_on)", label="接種月", label_en="Month of the dose"),
        "district": Cut("coalesce(base.district, 'unknown')"),
        "sex": SEX,
        "birth_fy": BIRTH_FY,
        "resident_class": Cut("coalesce(base.resident_class, 'unknown')"),
    },
    base_sql=_APPRAISED,
    parameters=(
        Parameter("fiscal_year", "int", required=False, description="接種日の年度（省略時は全期間。日付のない接種を含む）"),
        Parameter("as_of", "date", required=False, description="この日までの接種を数える"),
    ),
    notes=(
        "1件の接種に当てはまる区分が複数あるときは、時期不明・重複・年齢・間隔・生ワクチンの間隔・対象期間の順で最初のものに数える。",
        "年齢不足には、その日に対象となる定めのない接種を含む。対象期間外の接種は、遅れても接種としては有効。",
        "住民でない時期の接種を含む（地区・住民区分は不明とする）。同じ接種が複数の経路で届いたときは1回と数える。",
    ),
    early={"dose_filters": {"vaccine": "coalesce(a.vaccine, 'unknown')", "dose": "coalesce(a.dose, 'unknown')", "outcome": "a.outcome"}},
    bind=_bind,
    reference=("equivalence", "schedule", "series", "vaccine"),
)

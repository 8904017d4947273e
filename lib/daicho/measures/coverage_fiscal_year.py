"""年度実施率: doses of a fiscal year over the residents of the standard ages, scaled to twelve months. It may exceed 1.

Source: 厚生労働省「定期の予防接種実施者数」(実施人員 / 対象人口, 対象人口 = population of the standard ages as a twelve-month equivalent);
地域保健・健康増進事業報告. Rule: docs/coverage_method.md 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.credited_doses import CREDIT_FILTERS
from daicho.measures.legal_windows import concerns, first_day, in_force, is_decidable, is_in_season, is_proved, last_day
from daicho.measures.model import Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

# Least common multiple of 1 to 24: shares of a year in whole numbers, so that no binary fraction decides a rounding.
_WHOLE_YEAR = 5_354_228_880

# Months of a legal window by ages; a window by fiscal years, seasons or without an end is counted as it is.
_BOUND_MONTHS = (
    "CASE s.window_{0}_kind WHEN 'birth' THEN 0 WHEN 'months' THEN s.window_{0}_value WHEN 'years' THEN 12 * s.window_{0}_value END"
)

_DOSES_AND_TARGET = f"""
WITH given AS MATERIALIZED (   -- credited doses of the year to residents of the day; the recorded dose's own rules decide whether it was legal
    SELECT d.person, p.birth_date, p.birth_fy, p.sex, c.counts_as_vaccine AS vaccine, c.counts_as AS dose, d.dose AS recorded, d.given_on,
           coalesce(d.is_transitional, false) AS is_transitional, d.district, d.resident_class
    FROM dose AS d
    JOIN credit AS c ON c.dose = d.dose AND {in_force("c", "d.given_on")}
    JOIN person AS p ON p.person = d.person
    WHERE d.given_on BETWEEN $first_day AND $last_day AND d.was_resident AND p.birth_date IS NOT NULL AND {{credit_filters}}
),
handbook AS (        -- 心臓・腎臓・呼吸器等の障害 (1級相当) on the day
    SELECT DISTINCT g.person, g.given_on FROM welfare AS w JOIN given AS g ON g.person = w.person AND {in_force("w", "g.given_on")}
    WHERE w.handbook_class = 'physical_1'
),
legal_window AS MATERIALIZED ( -- worked out once for each dose and birth date
    SELECT b.recorded, b.birth_date, b.sex, s.condition, s.valid_from, s.valid_to, s.season_from, s.season_to,
           {first_day("s", "b.birth_date")} AS opens_on, {last_day("s", "b.birth_date")} AS closes_on
    FROM (SELECT DISTINCT recorded, birth_date, sex FROM given) AS b
    JOIN reference.schedule AS s ON s.dose_code = b.recorded AND {concerns("s", birth="b.birth_date", sex="b.sex")}
),
legal AS (           -- at a legal age: inside the window of some row that applies
    SELECT g.* FROM given AS g
    LEFT JOIN handbook AS h ON h.person = g.person AND h.given_on = g.given_on
    WHERE EXISTS (SELECT 1 FROM legal_window AS w WHERE w.recorded = g.recorded AND w.birth_date = g.birth_date AND w.sex = g.sex
                  AND {in_force("w", "g.given_on")} AND g.given_on BETWEEN w.opens_on AND w.closes_on AND {is_in_season("w", "g.given_on")}
                  AND {is_proved("w", has_handbook="h.person IS NOT NULL", is_transitional="g.is_transitional")})
),
target_rule AS (     -- 標準的な接種期間 of the regular rows in force on 1 October; where there is none, the legal window
    SELECT s.*, s.std_from_months IS NOT NULL AND s.std_to_months IS NOT NULL AS has_standard_ages
    FROM reference.schedule AS s
    WHERE s.rule = 'regular' AND {is_decidable("s")} AND {in_force("s", "$october_first")} AND {{rule_filters}}
),
target_age AS MATERIALIZED (
    SELECT b.birth_date, b.sex, s.vaccine_code AS vaccine, s.dose_code AS dose,
           min(CASE WHEN s.has_standard_ages THEN s.std_to_months - s.std_from_months
                    ELSE {_BOUND_MONTHS.format("to")} - {_BOUND_MONTHS.format("from")} END) AS months
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date <= $october_first) AS b
    JOIN target_rule AS s ON {concerns("s", birth="b.birth_date", sex="b.sex")}
    WHERE CASE WHEN s.has_standard_ages
               THEN $october_first BETWEEN reached_months_on(b.birth_date, s.std_from_months) AND reached_months_on(b.birth_date, s.std_to_months)
               ELSE $october_first BETWEEN {first_day("s", "b.birth_date")} AND {last_day("s", "b.birth_date")} END
    GROUP BY ALL
)
SELECT person, CAST(birth_fy AS INTEGER) AS birth_fy, sex, vaccine, dose, district, resident_class, true AS is_dose, 0 AS target FROM legal
UNION ALL
SELECT p.person, CAST(p.birth_fy AS INTEGER), p.sex, t.vaccine, t.dose, r.district, r.resident_class, false,
       CASE WHEN t.months > 0 THEN 12 * CAST({_WHOLE_YEAR} AS BIGINT) // t.months ELSE {_WHOLE_YEAR} END
FROM target_age AS t
JOIN person AS p ON p.birth_date = t.birth_date AND p.sex = t.sex
JOIN residence AS r ON r.person = p.person AND r.resident_from <= $october_first
                   AND (r.resident_until IS NULL OR $october_first < r.resident_until)
"""

# Rounded half up, once for each figure.
_SCALED = f"CAST((2 * coalesce(sum(base.target), 0) + {_WHOLE_YEAR}) // (2 * {_WHOLE_YEAR}) AS BIGINT)"


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    year = int(str(parameters["fiscal_year"]))
    last_day, as_of = fiscal_year_end(year), parameters.get("as_of")
    return {
        "first_day": fiscal_year_start(year),
        "last_day": min(last_day, as_of) if isinstance(as_of, date) else last_day,
        "october_first": date(year, 10, 1),
    }


COVERAGE_FISCAL_YEAR = Measure(
    name="coverage_fiscal_year",
    title="年度実施率",
    title_en="Fiscal-year coverage",
    description="年度内に住民が対象期間内に受けた接種の回数を、標準的な接種期間の人口（12か月相当）で割ったもの。100%を超えることがある。",
    source="厚生労働省「定期の予防接種実施者数」の実施率の考え方、予防接種法施行令3条の対象期間、住民基本台帳、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("doses_count", "接種回数", "Doses", "回", "count", "count(*) FILTER (WHERE base.is_dose)", contributors=("doses_persons",)),
        ValueColumn("target_count", "対象人口", "Target", "人", "count", _SCALED, contributors=("target_persons",)),
        ValueColumn(
            "coverage_rate", "実施率", "Doses per target", "率", "rate",
            numerator="doses_count", denominator="target_count", may_exceed_one=True,
        ),
    ),
    cuts={
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "birth_fy": Cut("base.birth_fy"),
        "district": Cut("coalesce(base.district, 'unknown')"),
        "sex": Cut("base.sex"),
        "resident_class": Cut("coalesce(base.resident_class, 'unknown')"),
    },
    base_sql=_DOSES_AND_TARGET,
    parameters=(
        Parameter("fiscal_year", "int", required=True, description="年度（令和7年度は2025）"),
        Parameter("as_of", "date", required=False, description="この日までの接種を数える（省略時は年度末まで）"),
    ),
    notes=(
        "分子：年度内に、住民が対象期間内に受けた接種の回数（年齢を問わない）。混合ワクチンは成分の接種としても数える。",
        "分母：10月1日に標準的な接種期間（定めのないものは対象期間）にある住民を12か月相当に換算した数。年度で定める期間、終わりのない期間は換算しない。",
        "分子は分母の一部ではなく、率は100%を超えることがある。到達コホート接種率・累積接種率とは比べられない。",
        "分子の地区・住民区分は接種日、分母は10月1日のもの。生年月日の一部が不明な者は含まない。",
    ),
    early={**CREDIT_FILTERS, "rule_filters": {"vaccine": "s.vaccine_code", "dose": "s.dose_code"}},
    bind=_bind,
    contributors={
        "doses_persons": "count(DISTINCT base.person) FILTER (WHERE base.is_dose)",
        "target_persons": "count(DISTINCT base.person) FILTER (WHERE NOT base.is_dose)",
    },
    reference=("equivalence", "schedule", "series"),
)  # fmt: skip

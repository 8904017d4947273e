"""累積接種率: Kaplan–Meier by month of age, entry at 転入 (left truncation), censoring at 転出, death and the as-of day.

Source: Kaplan & Meier 1958; Greenwood 1926; log–log interval as in Kalbfleisch & Prentice; CDC NIS-Child. Rule: docs/coverage_method.md 4.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.core.errors import UsageError
from daicho.measures.credited_doses import CREDIT_FILTERS, DATED_DOSES, VALIDITY
from daicho.measures.legal_windows import concerns, is_decidable
from daicho.measures.model import NOT_OFFERED, Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

_MONTHS = range(0, 12 * 120 + 1)
STEPS = (1, 3, 6, 12)
"""Months of a step. Each divides the next: of two published curves with other steps (2 and 3), the difference would tell a single month."""

POOLED_DECIMALS = 3
_RESTS_ON = ("events_count", "at_risk_count")

# A spell of residence is two rows, its entry and its exit, so that nothing is written out month by month; a third kind of row, without
# anybody, gives every curve each of its months.
_ENTRIES_AND_EXITS = f"""
WITH concerned AS (  -- those for whom the stage has a regular row (HPV: girls)
    SELECT DISTINCT b.birth_date, b.sex, s.vaccine_code AS vaccine, s.dose_code AS dose
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date <= $as_of) AS b
    JOIN reference.schedule AS s ON s.rule = 'regular' AND {is_decidable("s")} AND {{rule_filters}}
     AND {concerns("s", birth="b.birth_date", sex="b.sex")}
),
first_dose AS (      -- the first dose of known timing, or the valid one
    SELECT person, dose, min(given_on) AS first_on FROM ({DATED_DOSES}) AS dated GROUP BY person, dose
),
stay AS (            -- residence to the as-of day; the day of removal is no day of residence
    SELECT p.person, p.birth_date, p.birth_fy, p.sex, n.vaccine, n.dose, r.district, r.resident_class,
           greatest(p.birth_date, r.resident_from) AS begins_on,
           least(coalesce(r.resident_until, DATE '9999-12-31'), CAST($as_of AS DATE) + 1) AS ends_on
    FROM person AS p
    JOIN concerned AS n ON n.birth_date = p.birth_date AND n.sex = p.sex
    JOIN residence AS r ON r.person = p.person
    -- Whoever is older than the last month on entering is never at risk; a month has 31 days at the most.
    WHERE r.resident_from <= $as_of AND r.resident_from - p.birth_date <= 31 * ($to_months + 1)
),
spell AS MATERIALIZED (   -- a spell that begins after the dose contributes nothing
    SELECT s.person, CAST(s.birth_fy AS INTEGER) AS birth_fy, s.sex, s.vaccine, s.dose, coalesce(s.district, 'unknown') AS district,
           coalesce(s.resident_class, 'unknown') AS resident_class, s.begins_on, age_months_on(s.birth_date, s.begins_on) AS entry_months,
           age_months_on(s.birth_date, least(coalesce(d.first_on, s.ends_on), s.ends_on)) AS exit_months,
           coalesce(d.first_on < s.ends_on, false) AS is_event
    FROM stay AS s LEFT JOIN first_dose AS d ON d.person = s.person AND d.dose = s.dose
    WHERE s.begins_on < s.ends_on AND (d.first_on IS NULL OR d.first_on >= s.begins_on)
),
returned AS (        -- back in the month of age in which the spell before ended: one person, not two
    SELECT *, coalesce(lag(exit_months) OVER (PARTITION BY person, dose ORDER BY begins_on) = entry_months, false) AS is_back
    FROM spell
),
months AS (          -- every month of every group that has anybody
    SELECT g.*, CAST(unnest(generate_series(0, least($to_months, (SELECT max(exit_months) FROM spell)))) AS INTEGER) AS age_months
    FROM (SELECT DISTINCT birth_fy, sex, vaccine, dose, district, resident_class FROM spell WHERE entry_months <= $to_months) AS g
)
SELECT birth_fy, sex, vaccine, dose, district, resident_class, age_months, 0 AS entered, 0 AS gone, 0 AS vaccinated, 0 AS back FROM months
UNION ALL
SELECT birth_fy, sex, vaccine, dose, district, resident_class, entry_months, 1, 0, 0, CAST(is_back AS INTEGER)
FROM returned WHERE entry_months <= $to_months
UNION ALL
SELECT birth_fy, sex, vaccine, dose, district, resident_class, exit_months, 0, 1, CAST(is_event AS INTEGER), 0
FROM returned WHERE exit_months <= $to_months
"""

# At risk in a month: entered in it or before, and not gone before it. A curve runs from the first month with anybody to the next without.
_CURVE = """
WITH risk AS (
    SELECT *, CAST(sum(entered) OVER upto - coalesce(sum(gone) OVER before, 0) AS BIGINT) AS at_risk
    FROM cell
    WINDOW upto AS (PARTITION BY {curve} ORDER BY age_months ROWS UNBOUNDED PRECEDING),
           before AS (PARTITION BY {curve} ORDER BY age_months ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
begun AS (
    SELECT *, bool_or(at_risk > 0) OVER (PARTITION BY {curve} ORDER BY age_months ROWS UNBOUNDED PRECEDING) AS has_begun FROM risk
),
running AS (
    SELECT *, bool_or(at_risk = 0 AND has_begun) OVER (PARTITION BY {curve} ORDER BY age_months ROWS UNBOUNDED PRECEDING) AS has_ended
    FROM begun
),
survival AS (
    SELECT *, product(1 - vaccinated / at_risk) OVER upto AS s,
           -- Greenwood: the variance of log S. It has no value once everybody at risk is vaccinated (S = 0).
           sum(CASE WHEN vaccinated < at_risk THEN vaccinated / (at_risk * (at_risk - vaccinated)) END) OVER upto AS variance
    FROM running WHERE has_begun AND NOT has_ended
    WINDOW upto AS (PARTITION BY {curve} ORDER BY age_months ROWS UNBOUNDED PRECEDING)
),
band AS (            -- half the 95 % interval of log(-log S)
    SELECT *, CASE WHEN s > 0 AND s < 1 THEN 1.959963984540054 * sqrt(variance) / abs(ln(s)) END AS width FROM survival
)
"""


def _told(estimate: str) -> str:
    """SQL: an estimate at the end of its step. Of longer steps it has few decimals, so that nobody works out how a step divides into months."""
    return f"round(arg_max_null({estimate}, age_months), CASE WHEN $step_months > 1 THEN {POOLED_DECIMALS} ELSE 15 END)"


# One point for each step of months: who was at risk at any time in it, its doses, and the product over the months to its end.
_POINTS = f"""
SELECT {{curve}}, CAST(ceil(age_months / $step_months) AS INTEGER) * $step_months AS age_months,
       CAST(arg_min(at_risk - entered, age_months) + sum(entered) AS BIGINT) AS at_risk_count, CAST(sum(vaccinated) AS BIGINT) AS events_count,
       {_told("1 - s")} AS coverage_rate, {_told("1 - pow(s, exp(-width))")} AS ci_low, {_told("1 - pow(s, exp(width))")} AS ci_high,
       -- One person may stand in the curve once for each stage asked for, and in a step once more after coming back.
       CAST(max((at_risk - back) // stages) AS BIGINT) AS privacy_count, CAST(sum(vaccinated) // any_value(stages) AS BIGINT) AS events_persons
FROM band
GROUP BY ALL
"""


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    months, step = parameters["to_months"], parameters["step_months"]
    if not isinstance(months, int) or not isinstance(step, int) or months not in _MONTHS or step not in STEPS:
        raise UsageError(NOT_OFFERED)
    return {**parameters, "to_months": months // step * step}


def _estimate(name: str, label: str, label_en: str) -> ValueColumn:
    return ValueColumn(name, label, label_en, "率", "estimate", rests_on=_RESTS_ON, along="age_months")


COVERAGE_CUMULATIVE = Measure(
    name="coverage_cumulative",
    title="累積接種率",
    title_en="Cumulative coverage",
    description="月齢ごとの累積接種率（カプラン・マイヤー法）。転入で観察を始め、転出・死亡・基準日で打ち切る。",
    source="予防接種法施行令3条の対象期間、住民基本台帳、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("at_risk_count", "リスク集合", "At risk", "人", "count"),
        ValueColumn("events_count", "その月齢の接種者数", "Vaccinated in the month", "人", "count", contributors=("events_persons",)),
        _estimate("coverage_rate", "累積接種率", "Cumulative coverage"),
        _estimate("ci_low", "95%信頼区間（下限）", "95 % interval, lower"),
        _estimate("ci_high", "95%信頼区間（上限）", "95 % interval, upper"),
    ),
    cuts={
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "birth_fy": Cut("base.birth_fy"),
        "district": Cut("base.district"),
        "sex": Cut("base.sex"),
        "resident_class": Cut("base.resident_class"),
        "age_months": Cut("base.age_months"),
    },
    base_sql=_ENTRIES_AND_EXITS,
    parameters=(
        Parameter("as_of", "date", required=True, description="基準日（この日までの接種と居住を見る）"),
        VALIDITY,
        Parameter("to_months", "int", required=False, default=90, description="この月齢まで"),
        Parameter("step_months", "int", required=False, default=1, description="曲線の点の間隔（1・3・6・12か月）"),
    ),
    required_filters=("vaccine", "dose"),
    notes=(
        "観察の単位は居住期間。転入時の月齢から観察に入り、接種、転出・死亡、基準日のいずれか早いもので離れる（左側切断・右側打切り）。",
        "リスク集合：その月齢までに観察に入り、その月齢より前に離れていない者。接種後に始まる居住期間は含まない。",
        "累積接種率は1－Π(1－接種者数／リスク集合)。信頼区間はGreenwoodの分散によるlog–log変換の95%区間で、接種率が0または1のときは示さない。",
        "リスク集合が空になった月齢で曲線は終わる。日付が使えない接種は曲線に現れない。地区・住民区分は居住期間のもの。",
        "間隔を1か月より長くするとき、点はその月齢までの間隔の人数と、月ごとに計算した累積接種率（小数第3位まで）を示す。",
        "少人数の月齢は、前後の月齢と合わせて基準の人数に達するまで秘匿する。その後の率は小数第3位までとする。",
    ),
    early={**CREDIT_FILTERS, "rule_filters": {"vaccine": "s.vaccine_code", "dose": "s.dose_code"}},
    bind=_bind,
    contributors={"events_persons": ""},
    reference=("equivalence", "schedule", "series"),
    implicit=("age_months",),
    ingredients={
        "entered": "CAST(sum(base.entered) AS BIGINT)",
        "gone": "CAST(sum(base.gone) AS BIGINT)",
        "vaccinated": "CAST(sum(base.vaccinated) AS BIGINT)",
        "back": "CAST(sum(base.back) AS BIGINT)",
        "stages": "count(DISTINCT base.dose)",
    },
    finish=_CURVE + _POINTS,
)  # fmt: skip

"""Every record of a fiscal year and its place on the form 地域保健・健康増進事業報告: one row, or one reason why it has none.

The fiscal year is that of the day of the dose (of the screening where only that is known). A record without any date is of the fiscal year
of its 支払月, and without that of none: it is listed in every year and is a dose of no year. Doses are what `dose` holds: a screening, a
second record of one dose and a record that the rule on sources leaves out are listed, but are no doses.

The reasons stand in the order of the CASE below; the first that applies is the one given. The day rules are those of the law
(`legal_windows`): a dose on a day on which no row of the schedule was open for the person is no 定期接種, and is not on the form.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start, months_of
from daicho.measures.legal_windows import concerns, first_day, in_force, is_decidable, is_in_season, is_proved, last_day
from daicho.measures.model import Bound, Parameter, ParameterValue

FORM = "regional_health_report"
FORM_REFERENCE = ("form_column", "form_row", "program", "schedule", "vaccine")
FORM_PARAMETERS = (Parameter("fiscal_year", "int", required=True, description="年度（令和7年度は2025）"),)
FORM_EARLY = {"record_filters": {"vaccine": "coalesce(e.vaccine, 'unknown')", "dose": "coalesce(e.dose, 'unknown')"}}

_EVIDENCE = is_proved("w", has_handbook="c.has_first_grade_handbook", is_transitional="c.is_transitional")

FORM_RECORDS = f"""
WITH record AS MATERIALIZED (  -- what the ledger holds of the year
    SELECT row_number() OVER () AS record, e.person, e.vaccine, e.dose, e.given_on, e.event_on, e.district, e.is_transitional,
           NOT e.is_screened_only AND e.duplicate_rank = 1 AND e.is_in_use
             AND (e.event_on IS NOT NULL OR e.paid_month IS NOT NULL) AS is_dose,
           CASE WHEN e.is_screened_only THEN 'screened_only'
                WHEN e.duplicate_rank > 1 THEN 'duplicate'
                WHEN NOT e.is_in_use THEN 'other_source'
                WHEN e.event_on IS NULL AND e.paid_month IS NULL THEN 'no_year'
                WHEN e.date_status = 'missing' THEN 'missing_date'
                WHEN e.date_status = 'before_birth' THEN 'before_birth'
                WHEN NOT e.was_resident THEN 'not_resident'
                WHEN e.given_on > b.received_on THEN 'after_receipt'
                WHEN e.vaccine IS NULL OR e.vaccine NOT IN (SELECT code FROM reference.vaccine) THEN 'unknown_vaccine'
                WHEN e.dose IS NULL OR e.dose NOT IN (SELECT code FROM reference.dose_stage) THEN 'unknown_dose' END AS flaw
    FROM event AS e LEFT JOIN batch AS b ON b.batch = e.batch
    WHERE {{record_filters}}
      AND (e.event_on BETWEEN $first_day AND $last_day
           OR (e.event_on IS NULL AND coalesce(e.paid_month, $first_month) BETWEEN $first_month AND $last_month))
),
form AS (                      -- the form of the year: the rows in force on its last day
    SELECT dose_code, min(row_code) AS row_code FROM reference.form_row AS f WHERE form = '{FORM}' AND {in_force("f", "$form_day")} GROUP BY dose_code
),
first_grade AS (               -- 心臓・腎臓・呼吸器等の障害: the handbook in force that day, where the schedule asks for one
    SELECT DISTINCT r.record FROM record AS r JOIN welfare AS w ON w.person = r.person AND {in_force("w", "r.given_on")}
    WHERE w.handbook_class = 'physical_1'
      AND r.vaccine IN (SELECT vaccine_code FROM reference.schedule WHERE condition IN ('disability_60_64', 'hiv_60_64'))
),
candidate AS MATERIALIZED (    -- what may have a row
    SELECT r.record, r.dose, r.given_on, r.is_transitional, p.birth_date, p.sex, g.record IS NOT NULL AS has_first_grade_handbook
    FROM record AS r JOIN form AS f ON f.dose_code = r.dose
    LEFT JOIN person AS p ON p.person = r.person
    LEFT JOIN first_grade AS g ON g.record = r.record
    WHERE r.flaw IS NULL
),
legal_window AS MATERIALIZED ( -- worked out once for each dose and birth date
    SELECT b.dose, b.birth_date, b.sex, s.condition, s.valid_from, s.valid_to, s.season_from, s.season_to,
           {first_day("s", "b.birth_date")} AS opens_on, {last_day("s", "b.birth_date")} AS closes_on
    FROM (SELECT DISTINCT dose, birth_date, sex FROM candidate WHERE birth_date IS NOT NULL) AS b
    JOIN reference.schedule AS s ON s.dose_code = b.dose AND {is_decidable("s")} AND {concerns("s", birth="b.birth_date", sex="b.sex")}
),
eligible AS (                  -- a row of the schedule was open that day; one by weeks of gestation is taken to have been
    SELECT DISTINCT c.record FROM candidate AS c
    JOIN legal_window AS w ON w.dose = c.dose AND w.birth_date = c.birth_date AND w.sex = c.sex
    WHERE {in_force("w", "c.given_on")} AND c.given_on BETWEEN w.opens_on AND w.closes_on
      AND {is_in_season("w", "c.given_on")} AND {_EVIDENCE}
    UNION
    SELECT c.record FROM candidate AS c JOIN reference.schedule AS s ON s.dose_code = c.dose
    WHERE NOT {is_decidable("s")} AND {in_force("s", "c.given_on")}
)
SELECT r.person, r.vaccine, r.dose, r.given_on, r.event_on, r.district, r.is_dose, f.row_code,
       CASE WHEN r.flaw IS NOT NULL THEN r.flaw
            WHEN coalesce(d.program_class, v.program_class) = '任意' THEN 'voluntary'
            WHEN f.dose_code IS NULL THEN 'no_row'
            WHEN k.record IS NOT NULL THEN NULL
            WHEN p.birth_date IS NULL THEN 'age_unknown'
            ELSE 'outside_eligibility' END AS reason
FROM record AS r
LEFT JOIN form AS f ON f.dose_code = r.dose
LEFT JOIN eligible AS k ON k.record = r.record
LEFT JOIN person AS p ON p.person = r.person
LEFT JOIN reference.vaccine AS v ON v.code = r.vaccine
LEFT JOIN reference.program AS d ON d.vaccine_code = r.vaccine AND {in_force("d", "r.given_on")}
"""
"""One row for each record, with `is_dose`; `row_code` is its row where `reason` is NULL."""


def bind_year(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    """The days and months of the fiscal year; the form is the one in force on its last day."""
    year = int(str(parameters["fiscal_year"]))
    months, last = months_of(year), fiscal_year_end(year)
    return {
        "first_day": fiscal_year_start(year), "last_day": last, "form_day": last, "first_month": months[0], "last_month": months[-1],
        "fiscal_year": year,
    }  # fmt: skip

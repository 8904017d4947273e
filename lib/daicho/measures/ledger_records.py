"""What the measures of a fiscal year read: every record of the ledger, judged once for each snapshot.

`derived.ledger_record` holds one row for each row of `event`, by fiscal year and person, with the dimensions of its day written out: age, program
class, the first thing that keeps it off any form (`flaw`) and whether the law allowed it that day (`is_eligible`). None of this depends on a
request; which form is in force, and so which row a record has, does. The day rules are those of `legal_windows`.
"""

from __future__ import annotations

from daicho.measures.legal_windows import concerns, first_day, in_force, is_decidable, is_in_season, is_proved, last_day

RECORD_REFERENCE = ("dose_stage", "program", "schedule", "vaccine")
"""The code lists and reference tables that decide the table."""

_EVIDENCE = is_proved("w", has_handbook="c.has_first_grade_handbook", is_transitional="c.is_transitional")

RECORD_STATEMENTS = (
    """CREATE OR REPLACE TEMP TABLE judged AS
    SELECT row_number() OVER () AS record, e.person, coalesce(e.vaccine, 'unknown') AS vaccine, coalesce(e.dose, 'unknown') AS dose, e.given_on, e.event_on,
           e.is_transitional, coalesce(e.district, 'unknown') AS district, coalesce(e.resident_class, 'unknown') AS resident_class, p.birth_date,
           coalesce(p.sex, '0') AS sex, CAST(p.birth_fy AS SMALLINT) AS birth_fy, e.paid_month,
           NOT e.is_screened_only AND e.duplicate_rank = 1 AND e.is_in_use AS is_held,
           e.was_resident AND e.date_status = 'ok' AS is_placed,
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
    FROM event AS e LEFT JOIN batch AS b ON b.batch = e.batch LEFT JOIN person AS p ON p.person = e.person""",
    # 心臓・腎臓・呼吸器等の障害: the handbook in force that day, where the schedule asks for one.
    f"""CREATE OR REPLACE TEMP TABLE first_grade AS
    SELECT DISTINCT r.record FROM judged AS r JOIN welfare AS w ON w.person = r.person AND {in_force("w", "r.given_on")}
    WHERE w.handbook_class = 'physical_1'
      AND r.vaccine IN (SELECT vaccine_code FROM reference.schedule WHERE condition IN ('disability_60_64', 'hiv_60_64'))""",
    # Windows are worked out once for each dose and birth date. One by weeks of gestation is taken to have been open.
    f"""CREATE OR REPLACE TEMP TABLE eligible AS
    WITH legal_window AS MATERIALIZED (
        SELECT b.dose, b.birth_date, b.sex, s.condition, s.valid_from, s.valid_to, s.season_from, s.season_to,
               {first_day("s", "b.birth_date")} AS opens_on, {last_day("s", "b.birth_date")} AS closes_on
        FROM (SELECT DISTINCT dose, birth_date, sex FROM judged WHERE flaw IS NULL AND birth_date IS NOT NULL) AS b
        JOIN reference.schedule AS s ON s.dose_code = b.dose AND {is_decidable("s")} AND {concerns("s", birth="b.birth_date", sex="b.sex")}
    ),
    candidate AS (
        SELECT r.record, r.dose, r.given_on, r.is_transitional, r.birth_date, r.sex, g.record IS NOT NULL AS has_first_grade_handbook
        FROM judged AS r LEFT JOIN first_grade AS g ON g.record = r.record WHERE r.flaw IS NULL
    )
    SELECT DISTINCT c.record FROM candidate AS c
    JOIN legal_window AS w ON w.dose = c.dose AND w.birth_date = c.birth_date AND w.sex = c.sex
    WHERE {in_force("w", "c.given_on")} AND c.given_on BETWEEN w.opens_on AND w.closes_on
      AND {is_in_season("w", "c.given_on")} AND {_EVIDENCE}
    UNION
    SELECT c.record FROM candidate AS c JOIN reference.schedule AS s ON s.dose_code = c.dose
    WHERE NOT {is_decidable("s")} AND {in_force("s", "c.given_on")}""",
    f"""CREATE TABLE derived.ledger_record AS
    SELECT CAST(coalesce(fiscal_year(r.event_on), r.paid_month // 100 - CAST(r.paid_month % 100 < 4 AS INTEGER)) AS SMALLINT) AS fiscal_year,
           r.person, r.vaccine, r.dose, coalesce(v.disease, 'unknown') AS disease, coalesce(d.program_class, v.program_class, 'unknown') AS program_class,
           r.given_on, fiscal_month(r.given_on) AS given_month, fiscal_month(r.event_on) AS event_month, r.district, r.resident_class, r.sex,
           r.birth_fy, r.birth_date IS NOT NULL AS is_birth_known, CAST(age_years_on(r.birth_date, r.given_on) AS SMALLINT) AS age_years,
           CAST(age_years_on(r.birth_date, make_date(fiscal_year(r.given_on) + 1, 3, 31)) AS SMALLINT) AS year_end_age,
           r.is_held AND r.is_placed AS is_counted, r.is_held AND (r.event_on IS NOT NULL OR r.paid_month IS NOT NULL) AS is_dose, r.flaw,
           k.record IS NOT NULL AS is_eligible
    FROM judged AS r
    LEFT JOIN eligible AS k ON k.record = r.record
    LEFT JOIN reference.vaccine AS v ON v.code = r.vaccine
    LEFT JOIN reference.program AS d ON d.vaccine_code = r.vaccine AND {in_force("d", "r.given_on")}
    ORDER BY fiscal_year NULLS FIRST, r.person""",
    "DROP TABLE judged",
    "DROP TABLE first_grade",
    "DROP TABLE eligible",
)

"""What the appraisal of doses rests on: courses, credits and the schedule's rows, worked out once for each birth date and sex.

docs/coverage_method.md 1 and 2.2. The tables made here are temporary, but `course_dose` and `credit`, which measures read too. Small
numbers stand for names (`course`, `seat`, `dose_no`, `cohort`) while millions of rows are compared.
"""

from __future__ import annotations

from daicho.measures.legal_windows import OPEN_END, OPEN_START, concerns, first_day, last_day

# What must be proved before a row `s` with a condition applies; a condition not named here is never met (as in payments).
PROOF_NEEDED = r"""CASE
        WHEN s.condition IS NULL OR s.condition IN ('je_suspension', 'age_100_or_over_in_fy2025', 'first_dose_by_15_years', 'high_dose')
          OR s.condition LIKE 'start\_%' ESCAPE '\' THEN 0
        -- 心臓・腎臓・呼吸器等の障害 (1級相当): the handbook in force that day
        WHEN s.condition IN ('disability_60_64', 'hiv_60_64') THEN 1
        -- 経過措置フラグ on the record of the dose
        WHEN s.condition IN ('vaccine_shortage', 'hpv_dose_2022_04_01_to_2025_03_31', 'antibody_test_by_2025_03_31') THEN 2 END"""

# Doses of each course in order. A vaccine with a season has a course of one dose in each fiscal year.
_COURSE_DOSE = """
CREATE TABLE derived.course_dose AS
SELECT s.series, g.vaccine_code AS vaccine, s.dose_code AS dose, CAST(s.position AS TINYINT) AS position, s.is_home = 'yes' AS is_home,
       false AS is_seasonal, s.valid_from, s.valid_to
FROM reference.series AS s JOIN reference.dose_stage AS g ON g.code = s.dose_code
UNION ALL
SELECT g.vaccine_code, g.vaccine_code, g.code, 1::TINYINT, true, true, NULL, NULL
FROM reference.dose_stage AS g
WHERE g.vaccine_code IN (SELECT vaccine_code FROM reference.schedule WHERE season_from IS NOT NULL)
ORDER BY ALL
"""

# A dose counts as itself and as each dose it is equivalent to, in the home series of what it counts as.
_CREDIT = """
CREATE TABLE derived.credit AS
SELECT c.dose, h.dose AS counts_as, h.vaccine AS counts_as_vaccine, h.series, h.position, c.valid_from, c.valid_to
FROM (SELECT dose, dose AS counts_as, NULL::DATE AS valid_from, NULL::DATE AS valid_to FROM derived.course_dose WHERE is_home
      UNION ALL SELECT dose_code, counts_as_dose_code, valid_from, valid_to FROM reference.equivalence) AS c
JOIN derived.course_dose AS h ON h.dose = c.counts_as AND h.is_home
ORDER BY ALL
"""

_DOSE_NUMBER = """
CREATE OR REPLACE TEMP TABLE dose_number AS
SELECT code AS dose, vaccine_code AS vaccine, CAST(row_number() OVER (ORDER BY code) AS SMALLINT) AS dose_no FROM reference.dose_stage
"""

# `seat` is a dose's place in a course; it orders the doses of one day: lower position first, then code.
_SEAT = """
CREATE OR REPLACE TEMP TABLE seat AS
SELECT c.*, n.dose_no, CAST(dense_rank() OVER (ORDER BY c.series) AS SMALLINT) AS course,
       CAST(row_number() OVER (ORDER BY c.series, c.position, c.dose) AS SMALLINT) AS seat,
       max(c.position) OVER (PARTITION BY c.series) AS last_slot
FROM derived.course_dose AS c JOIN dose_number AS n ON n.dose = c.dose
"""

# The dose of the same vaccine that stands at an earlier slot (or the same): whose rules hold when the dose is to fill that slot.
_SLOT_RULE = """
CREATE OR REPLACE TEMP TABLE slot_rule AS
SELECT DISTINCT m.seat, m.vaccine, k.position AS slot, CASE WHEN m.is_seasonal THEN m.dose_no ELSE k.dose_no END AS rule_no
FROM seat AS m JOIN seat AS k ON k.course = m.course AND k.vaccine = m.vaccine AND k.position <= m.position
"""

# 途中開始 (start_…): the slots such a course has, up to its number of doses; a regular course ('') has them all.
_REGIME_SLOT = r"""
CREATE OR REPLACE TEMP TABLE regime_slot AS
WITH every AS (
    SELECT m.course, s.condition AS regime, m.position AS slot, max(s.doses_required) AS doses_required
    FROM seat AS m JOIN reference.schedule AS s ON s.dose_code = m.dose
    WHERE s.condition LIKE 'start\_%' ESCAPE '\' GROUP BY ALL
),
kept AS (
    SELECT course, regime, slot FROM every
    QUALIFY row_number() OVER (PARTITION BY course, regime ORDER BY slot) <= coalesce(doses_required, 99)
    UNION SELECT course, '', position FROM seat
)
SELECT *, max(slot) OVER (PARTITION BY course, regime) AS last_slot FROM kept
"""

# Everybody with a known day of birth, by birth date and sex: windows are worked out once for each pair.
_COHORT = (
    """CREATE OR REPLACE TEMP TABLE cohort AS
    SELECT birth_date, sex, CAST(row_number() OVER () AS INTEGER) AS cohort
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date IS NOT NULL)""",
    """CREATE OR REPLACE TEMP TABLE member AS
    SELECT p.person, p.birth_date, c.cohort FROM person AS p LEFT JOIN cohort AS c ON c.birth_date = p.birth_date AND c.sex = p.sex""",
)

RULES: tuple[str, ...] = (_COURSE_DOSE, _CREDIT, _DOSE_NUMBER, _SEAT, _SLOT_RULE, _REGIME_SLOT, *_COHORT)

# A row allows a dose from `allowed_from` (minimum age, and in force) to `allowed_to` (in force); late is late, not void.
# Only for the vaccines that somebody of the cohort had. 対象者のいない行: a window that closes before it opens.
ROW_WINDOW = rf"""
CREATE OR REPLACE TEMP TABLE row_window AS
WITH rule AS (
    SELECT s.*, n.dose_no, n.vaccine, {PROOF_NEEDED} AS proof_needed FROM reference.schedule AS s JOIN dose_number AS n ON n.dose = s.dose_code
),
had AS MATERIALIZED (
    SELECT DISTINCT b.cohort, b.birth_date, b.sex, n.vaccine
    FROM (SELECT DISTINCT cohort, dose_no FROM record WHERE cohort IS NOT NULL) AS r
    JOIN dose_number AS n ON n.dose_no = r.dose_no JOIN cohort AS b ON b.cohort = r.cohort
),
opened AS (
    SELECT r.*, h.cohort, h.birth_date, {first_day("r", "h.birth_date")} AS opens_on, {last_day("r", "h.birth_date")} AS closes_on
    FROM had AS h JOIN rule AS r ON r.vaccine = h.vaccine
    WHERE r.proof_needed IS NOT NULL AND {concerns("r", birth="h.birth_date", sex="h.sex")}
)
SELECT dose_no AS rule_no, cohort, opens_on, closes_on, season_from, season_to, CAST(proof_needed AS UTINYINT) AS proof_needed,
       greatest(opens_on, coalesce(valid_from, {OPEN_START})) AS allowed_from, coalesce(valid_to, {OPEN_END}) AS allowed_to,
       coalesce(valid_from, {OPEN_START}) AS in_force_from,
       CASE WHEN condition LIKE 'start\_%' ESCAPE '\' THEN condition ELSE '' END AS regime,
       CASE WHEN rule = 'regular' THEN reached_months_on(birth_date, std_from_months) END AS standard_from,
       CASE WHEN rule = 'regular' THEN reached_months_on(birth_date, std_to_months) END AS standard_to,
       CAST(min_interval_days AS INTEGER) AS interval_days, CAST(min_interval_months AS INTEGER) AS interval_months,
       coalesce(interval_from = 'first', false) AS is_from_first,
       -- HPV9 in two doses: only after a first dose by the day 15歳 is reached.
       CASE WHEN condition = 'first_dose_by_15_years' THEN reached_years_on(birth_date, 15) END AS first_dose_by
FROM opened
WHERE opens_on <= closes_on
"""

"""Which doses are valid: every dose record appraised once for each snapshot (docs/coverage_method.md 2).

`appraisal_statements` gives the SQL that writes, over an opened mart, the tables `derived.appraisal`, `derived.slot_fill`,
`derived.course_dose`, `derived.credit` and `derived.dose_error`. The vault keeps them beside the mart; measures read them by their plain names.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from daicho.measures.appraisal_rules import ROW_WINDOW, RULES
from daicho.measures.appraisal_walk import EPOCH, walk
from daicho.measures.error_rules import ERROR_REFERENCE, ERROR_STATEMENTS
from daicho.measures.legal_windows import in_force

APPRAISAL_REFERENCE = ("dose_stage", "equivalence", "schedule", "series", "vaccine", *ERROR_REFERENCE)
"""The code lists and reference tables that decide the derived tables."""

# 接種日現在の手帳: only for vaccines whose schedule asks for it.
_HANDBOOK_DAY = f"""
CREATE OR REPLACE TEMP TABLE handbook_day AS
SELECT DISTINCT d.person, d.vaccine, d.given_on
FROM welfare AS w JOIN dose AS d ON d.person = w.person AND {in_force("w", "d.given_on")}
WHERE w.handbook_class = 'physical_1'
  AND d.vaccine IN (SELECT vaccine_code FROM reference.schedule WHERE condition IN ('disability_60_64', 'hiv_60_64'))
"""

# 注射生ワクチンどうしの間隔: another live injectable on an earlier day, with less than n full days between.
_LIVE_CLASH = """
CREATE OR REPLACE TEMP TABLE live_clash AS
WITH live AS (
    SELECT d.person, d.vaccine, d.given_on, CAST(v.live_interval_days AS INTEGER) AS days
    FROM dose AS d JOIN reference.vaccine AS v ON v.code = d.vaccine
    WHERE v.live_interval_days IS NOT NULL AND d.given_on IS NOT NULL AND d.dose <> 'unknown'
)
SELECT DISTINCT a.person, a.vaccine, a.given_on
FROM live AS a JOIN live AS b ON b.person = a.person
WHERE b.vaccine <> a.vaccine AND b.given_on < a.given_on AND a.given_on <= b.given_on + a.days
"""

# Every dose record of a known stage. Doubtful: no date, before birth, birth unknown, after the day the extract was taken in.
_RECORD = """
CREATE OR REPLACE TEMP TABLE record AS
SELECT d.person, n.dose_no, d.given_on, m.cohort, l.person IS NOT NULL AS has_live_clash,
       CAST((h.person IS NOT NULL)::INTEGER + 2 * d.is_transitional::INTEGER AS UTINYINT) AS proof,
       d.given_on IS NULL OR m.birth_date IS NULL OR d.given_on < m.birth_date OR coalesce(d.given_on > b.received_on, false) AS is_doubtful
FROM dose AS d
JOIN dose_number AS n ON n.dose = d.dose
JOIN member AS m ON m.person = d.person
LEFT JOIN batch AS b ON b.batch = d.batch
LEFT JOIN handbook_day AS h ON h.person = d.person AND h.vaccine = d.vaccine AND h.given_on = d.given_on
LEFT JOIN live_clash AS l ON l.person = d.person AND l.vaccine = d.vaccine AND l.given_on = d.given_on
"""

# Records of no known stage stand alone, in no series.
_TABLES = (
    """CREATE TABLE derived.appraisal AS
    SELECT NULL::VARCHAR AS series, true AS is_home, d.person, d.vaccine, 'unknown' AS dose, NULL::TINYINT AS position, d.given_on,
           'timing_unknown' AS outcome, NULL::TINYINT AS slot, NULL::VARCHAR AS regime,
           0::UTINYINT AS proof
    FROM dose AS d WHERE d.dose IS NULL OR d.dose NOT IN (SELECT dose FROM dose_number)""",
    """CREATE TABLE derived.slot_fill (
        series VARCHAR, slot TINYINT, person INTEGER, vaccine VARCHAR, dose VARCHAR, filled_on DATE, is_in_window BOOLEAN, regime VARCHAR,
        ends_course BOOLEAN)""",
)


# Clustered by series and within it by dose, so that a filter reads little.
_WRITE = (
    f"""INSERT INTO derived.appraisal
    SELECT a.series, a.is_home, v.person, a.vaccine, a.dose, a.position, v.given_on, v.outcome, v.slot, nullif(v.regime, '') AS regime,
           v.proof
    FROM (SELECT CAST(walker // 10_000 % 10_000_000_000 AS INTEGER) AS person, turn % 1000 AS seat, {EPOCH} + turn // 1000 AS given_on, outcome,
                 slot, regime, proof FROM verdict
          UNION ALL SELECT person, seat, given_on, 'timing_unknown', NULL, NULL, proof FROM standing WHERE is_in_doubt) AS v
    JOIN seat AS a ON a.seat = v.seat
    ORDER BY v.seat, v.person""",
    f"""INSERT INTO derived.slot_fill
    SELECT a.series, v.slot, CAST(v.walker // 10_000 % 10_000_000_000 AS INTEGER) AS person, a.vaccine, a.dose, {EPOCH} + v.turn // 1000,
           v.outcome = 'valid', nullif(v.regime, ''), v.ends_course
    FROM verdict AS v JOIN seat AS a ON a.seat = v.turn % 1000
    WHERE v.slot IS NOT NULL ORDER BY a.course, v.slot, person""",
)

_COURSES_AT_ONCE = 8
"""Courses walked together: memory holds the doses of so many series at a time."""


def appraisal_statements(reference: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """The statements in order, over a mart on the search path, `reference.<name>` and the legal macros, writing into `derived`.

    A few series are walked at a time, slot by slot.
    """
    lengths = _lengths(reference)
    courses = sorted(lengths)
    walks: list[str] = []
    for start in range(0, len(courses), _COURSES_AT_ONCE):
        names = courses[start : start + _COURSES_AT_ONCE]
        walks += [*walk(start + 1, start + len(names), max(lengths[name] for name in names)), *_WRITE]
    return (*RULES, _HANDBOOK_DAY, _LIVE_CLASH, _RECORD, ROW_WINDOW, *_TABLES, *walks, *ERROR_STATEMENTS)


def _lengths(reference: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """How many slots each series has; one where each season is a course (2.5)."""
    series = reference["series"].group_by("series").agg(pl.col("position").max())
    seasonal = reference["schedule"].filter(pl.col("season_from").is_not_null())["vaccine_code"].unique()
    return {str(name): int(slots) for name, slots in series.iter_rows()} | {str(name): 1 for name in seasonal}

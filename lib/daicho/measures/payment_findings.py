"""Whether the law had a place for a dose that day: the legal window, the interval to the doses before, doses had twice.

These facts of a claim depend on the ledger and the schedule alone, so they are found once for each snapshot (`derived.claim_finding`). Only
an officer's withdrawal of a dose changes them; the claims of such a person are looked into anew by the same rules (`FINDINGS`). Each rule is
written for few claims: first those are found that are plainly inside a window and far from every other dose of their vaccine.
"""

from __future__ import annotations

from daicho.measures.legal_windows import (
    OPEN_END,
    OPEN_START,
    concerns,
    first_day,
    in_force,
    is_between_month_days,
    is_decidable,
    is_proved,
    last_day,
    season_month_day,
)

FINDING_KEY = ("person", "dose", "event_on", "is_screened_only", "duplicate_rank")
"""What tells one row of `event` from another where stage and day are known."""
FINDING_FACTS = ("is_second", "is_seasonal", "is_with_dose", "is_component", "is_open", "is_interval_kept", "is_undecidable")


def same_row(one: str, other: str) -> str:
    """SQL: whether two rows tell of one row of `event`."""
    return " AND ".join(f"{one}.{column} = {other}.{column}" for column in FINDING_KEY)


_EVIDENCE = is_proved("s", has_handbook="coalesce(c.has_first_grade_handbook, false)", is_transitional="c.is_transitional")

# n 日以上の間隔: n full days lie between, so the dates differ by n + 1. n 月以上: from the same day n months later.
_INTERVAL_KEPT = """counted_from IS NULL
             OR (event_on > counted_from + coalesce(CAST(min_interval_days AS INTEGER), 0)
                 AND (min_interval_months IS NULL OR event_on > reached_months_on(counted_from, min_interval_months)))"""

KIND = """
seasonal AS MATERIALIZED (     -- 年度(シーズン)ごとに1回の接種
    SELECT DISTINCT vaccine_code FROM reference.schedule WHERE season_from IS NOT NULL
),
spacing AS MATERIALIZED (      -- the days after which no rule asks whether the interval to the dose before was kept; a month has at most 31
    SELECT dose_code AS dose, max(greatest(coalesce(CAST(min_interval_days AS INTEGER), 0), coalesce(CAST(min_interval_months AS INTEGER) * 31, 0))) AS days
    FROM reference.schedule
    WHERE vaccine_code IN (SELECT vaccine_code FROM reference.schedule GROUP BY vaccine_code
                           HAVING count(DISTINCT dose_code) > 1 OR count(min_interval_days) + count(min_interval_months) > 0)
    GROUP BY dose_code
),
kind AS MATERIALIZED (         -- small numbers for vaccines and doses; 0 is a dose of no known stage
    SELECT g.vaccine_code AS vaccine, g.code AS dose, CAST(dense_rank() OVER (ORDER BY g.vaccine_code) AS BIGINT) AS vaccine_no,
           CAST(row_number() OVER (ORDER BY g.code) AS SMALLINT) AS dose_no, CAST(g.position AS SMALLINT) AS position,
           s.vaccine_code IS NOT NULL AS is_seasonal, p.days,
           bool_or(p.dose IS NOT NULL) OVER (PARTITION BY g.vaccine_code) AS is_spaced
    FROM reference.dose_stage AS g LEFT JOIN seasonal AS s ON s.vaccine_code = g.vaccine_code LEFT JOIN spacing AS p ON p.dose = g.code
),
kind_of AS MATERIALIZED (
    SELECT * FROM kind
    UNION ALL
    SELECT vaccine, 'unknown', vaccine_no, 0, NULL, is_seasonal, NULL, is_spaced FROM kind GROUP BY ALL
),
cohort AS MATERIALIZED (
    SELECT CAST(row_number() OVER (ORDER BY birth_date, sex) AS INTEGER) AS cohort, birth_date, sex
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date IS NOT NULL)
)"""


ENTRY_COLUMNS = "person, vaccine, dose, event_on, is_screened_only, is_transitional, duplicate_rank, is_in_use, date_status"


def entry(rows: str) -> str:
    """SQL: rows of `event` (with `claim`) of a known vaccine and day in small numbers.

    `course` is person and vaccine, `slot` the stage or season, `window_no` stage and birth.
    """
    return f"""SELECT e.claim, CAST(e.person AS BIGINT) * 1024 + k.vaccine_no AS course, k.dose_no, k.position,
           CAST(CASE WHEN k.is_seasonal THEN fiscal_year(e.event_on) ELSE k.dose_no END AS SMALLINT) AS slot, e.event_on,
           CAST(b.cohort AS BIGINT) * 1024 + k.dose_no AS window_no, e.is_screened_only, e.is_transitional,
           e.duplicate_rank = 1 AND e.is_in_use AND e.date_status = 'ok' AND NOT e.is_screened_only AS is_dose
    FROM {rows} AS e
    JOIN kind_of AS k ON k.vaccine = e.vaccine AND k.dose = coalesce(e.dose, 'unknown')
    LEFT JOIN (SELECT p.person, c.cohort FROM person AS p JOIN cohort AS c ON c.birth_date = p.birth_date AND c.sex = p.sex) AS b ON b.person = e.person
    WHERE e.event_on IS NOT NULL"""


FINDINGS = f"""
close_by AS MATERIALIZED (     -- doses soon after another of the vaccine
    SELECT DISTINCT course, event_on
    FROM (SELECT e.course, e.event_on, k.days, e.event_on - lag(e.event_on) OVER (PARTITION BY e.course ORDER BY e.event_on) AS gap
          FROM entry AS e JOIN kind_of AS k ON k.vaccine_no = e.course % 1024 AND k.dose_no = e.dose_no
          WHERE e.is_dose AND k.is_spaced)
    WHERE gap <= days
),
often AS MATERIALIZED (        -- whoever has more doses of a vaccine than stages or seasons: one bit for each, two may share one
    SELECT course FROM entry WHERE is_dose GROUP BY course HAVING count(*) > bit_count(bit_or(1::BIGINT << (slot % 60)))
),
again AS MATERIALIZED (        -- which of them
    SELECT course, slot FROM entry WHERE is_dose AND course IN (SELECT course FROM often) GROUP BY ALL HAVING count(*) > 1
),
crowded AS MATERIALIZED (      -- claims to which an earlier dose may matter: near, of the same stage or season, or themselves no dose of the ledger
    SELECT c.claim, c.course, c.slot, c.event_on, c.position
    FROM entry AS c
    LEFT JOIN close_by AS b ON b.course = c.course AND b.event_on = c.event_on
    LEFT JOIN again AS g ON g.course = c.course AND g.slot = c.slot
    WHERE NOT c.is_screened_only AND c.dose_no > 0 AND (NOT c.is_dose OR b.course IS NOT NULL OR g.course IS NOT NULL)
),
earlier AS MATERIALIZED (      -- doses of the same vaccine before this one; of two stages on one day, the lower came first
    SELECT c.claim, min(d.event_on) AS first_on, max(d.event_on) AS previous_on, bool_or(d.slot = c.slot) AS is_second
    FROM crowded AS c JOIN had AS d ON d.course = c.course
    WHERE d.event_on < c.event_on OR (d.event_on = c.event_on AND d.position < c.position)
    GROUP BY c.claim
),
with_dose AS MATERIALIZED (    -- screenings on the day of a dose of the same vaccine
    SELECT DISTINCT c.claim FROM entry AS c JOIN had AS d ON d.course = c.course AND d.event_on = c.event_on
    WHERE c.is_screened_only AND c.dose_no > 0
),
part AS MATERIALIZED (         -- 混合ワクチン: what each holds as well
    SELECT a.dose_no AS whole_no, b.dose_no AS part_no, q.valid_from, q.valid_to
    FROM reference.equivalence AS q JOIN kind AS a ON a.dose = q.dose_code JOIN kind AS b ON b.dose = q.counts_as_dose_code
),
whole AS MATERIALIZED (
    SELECT course // 1024 AS person, event_on, dose_no FROM had WHERE dose_no IN (SELECT whole_no FROM part)
),
component AS MATERIALIZED (    -- 混合ワクチンの成分 written out as rows of their own beside the combined dose
    SELECT DISTINCT c.claim FROM entry AS c
    JOIN whole AS d ON d.person = c.course // 1024 AND d.event_on = c.event_on
    JOIN part AS q ON q.part_no = c.dose_no AND q.whole_no = d.dose_no
    WHERE {in_force("q", "c.event_on")} AND c.dose_no IN (SELECT part_no FROM part)
),
legal_window AS MATERIALIZED ( -- worked out once for each dose and birth date
    SELECT b.window_no, {is_decidable("s")} AS is_decidable, s.condition, s.valid_from, s.valid_to,
           {season_month_day("s", "from")} AS season_start, {season_month_day("s", "to")} AS season_end,
           s.min_interval_days, s.min_interval_months, s.interval_from,
           {first_day("s", "m.birth_date")} AS opens_on, {last_day("s", "m.birth_date")} AS closes_on
    FROM (SELECT DISTINCT window_no FROM entry WHERE dose_no > 0 AND window_no IS NOT NULL) AS b
    JOIN cohort AS m ON m.cohort = b.window_no // 1024
    JOIN kind AS k ON k.dose_no = b.window_no % 1024
    JOIN reference.schedule AS s ON s.dose_code = k.dose AND {concerns("s", birth="m.birth_date", sex="m.sex")}
),
plain_window AS MATERIALIZED ( -- of the rules that ask for no evidence, the one that is open longest
    SELECT window_no, season_start, season_end, greatest(opens_on, coalesce(valid_from, {OPEN_START})) AS opens_on,
           least(closes_on, coalesce(valid_to, {OPEN_END})) AS closes_on
    FROM legal_window AS s
    WHERE is_decidable AND {is_proved("s", has_handbook="false", is_transitional="false")}
    QUALIFY row_number() OVER (PARTITION BY window_no ORDER BY least(closes_on, coalesce(valid_to, {OPEN_END}))
                               - greatest(opens_on, coalesce(valid_from, {OPEN_START})) DESC) = 1
),
unsure AS MATERIALIZED (       -- claims not plainly inside that window, or with an earlier dose that may matter: the others are open and spaced
    SELECT c.claim, c.course, c.window_no, c.event_on, c.is_transitional, h.first_on, h.previous_on
    FROM entry AS c
    LEFT JOIN plain_window AS w ON w.window_no = c.window_no
    LEFT JOIN earlier AS h ON h.claim = c.claim
    WHERE c.dose_no > 0
      AND (h.claim IS NOT NULL
           OR NOT coalesce(c.event_on BETWEEN w.opens_on AND w.closes_on AND {is_between_month_days("c.event_on", "w.season_start", "w.season_end")}, false))
),
handbook AS MATERIALIZED (     -- 接種日現在の手帳
    SELECT DISTINCT u.claim FROM unsure AS u JOIN welfare AS w ON w.person = u.course // 1024 AND {in_force("w", "u.event_on")}
    WHERE w.handbook_class = 'physical_1'
),
rule_met AS (                  -- each such claim against each rule of its dose: regular, special, catch-up, transitional
    SELECT c.claim, s.is_decidable, c.event_on, s.min_interval_days, s.min_interval_months,
           CASE s.interval_from WHEN 'first' THEN c.first_on ELSE c.previous_on END AS counted_from,
           s.is_decidable AND {in_force("s", "c.event_on")} AND c.event_on BETWEEN s.opens_on AND s.closes_on
             AND {is_between_month_days("c.event_on", "s.season_start", "s.season_end")} AND {_EVIDENCE} AS is_open
    FROM (SELECT u.*, w.claim IS NOT NULL AS has_first_grade_handbook FROM unsure AS u LEFT JOIN handbook AS w ON w.claim = u.claim) AS c
    LEFT JOIN legal_window AS s ON s.window_no = c.window_no
),
eligibility AS MATERIALIZED (
    SELECT claim, coalesce(bool_or(is_open), false) AS is_open, coalesce(bool_or(is_open AND ({_INTERVAL_KEPT})), false) AS is_interval_kept,
           bool_or(NOT is_decidable) AS is_undecidable
    FROM rule_met GROUP BY claim
),
found AS (                     -- all that is not as usual; an earlier dose makes a claim unsure
    SELECT e.person, e.dose, e.event_on, e.is_screened_only, e.duplicate_rank, e.paid_month, h.is_second, k.is_seasonal,
           b.claim IS NOT NULL AS is_with_dose, q.claim IS NOT NULL AS is_component, g.is_open, g.is_interval_kept, g.is_undecidable
    FROM (SELECT claim FROM eligibility
          UNION ALL
          SELECT x.claim FROM (SELECT claim FROM with_dose UNION SELECT claim FROM component) AS x ANTI JOIN eligibility AS y ON y.claim = x.claim) AS n
    JOIN event AS e ON e.rowid = n.claim
    JOIN kind AS k ON k.dose = e.dose
    LEFT JOIN eligibility AS g ON g.claim = n.claim
    LEFT JOIN earlier AS h ON h.claim = n.claim
    LEFT JOIN with_dose AS b ON b.claim = n.claim
    LEFT JOIN component AS q ON q.claim = n.claim
)"""
"""CTEs up to `found`, after those of `KIND`, `entry` and `had` (of the entries the doses that stand)."""

FINDING_REFERENCE = ("dose_stage", "equivalence", "schedule")
"""The code lists and reference tables that decide the tables of the snapshot."""
FINDING_STATEMENTS = (
    f"CREATE OR REPLACE TEMP TABLE payment_entry AS WITH {KIND} {entry('(SELECT rowid AS claim, * FROM event)')}",
    f"""CREATE TABLE derived.claim_finding AS
    WITH {KIND},
    entry AS NOT MATERIALIZED (SELECT * FROM payment_entry), had AS NOT MATERIALIZED (SELECT * FROM payment_entry WHERE is_dose),{FINDINGS}
    SELECT * FROM found""",
    "DROP TABLE payment_entry",
    # Rows of one event, through one channel or several.
    """CREATE TABLE derived.repeated_claim AS
    SELECT e.person, e.vaccine, e.dose, e.event_on, e.is_screened_only, e.paid_month, e.institution, e.channel, e.duplicate_rank
    FROM event AS e
    JOIN (SELECT person, vaccine, dose, event_on, is_screened_only FROM event WHERE duplicate_rank = 2 AND dose <> 'unknown') AS k
      ON k.person = e.person AND k.vaccine = e.vaccine AND k.dose = e.dose AND k.event_on = e.event_on AND k.is_screened_only = e.is_screened_only""",
)
"""Over a mart on the search path, `reference.dose_stage`, `schedule`, `equivalence` and the legal macros: the tables of a snapshot, into `derived`."""

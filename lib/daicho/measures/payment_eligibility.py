"""Whether the law and the contract had a place for a dose that day: the legal window, the interval to the doses before, doses had twice.

Each rule is written for few claims. First those are found that are plainly inside a window and far from every other dose of their vaccine; only
the others are held against each rule of the schedule and each earlier dose.
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

_EVIDENCE = is_proved("s", has_handbook="coalesce(c.has_first_grade_handbook, false)", is_transitional="c.is_transitional")

# n 日以上の間隔: n full days lie between, so the dates differ by n + 1. n 月以上: from the same day n months later.
_INTERVAL_KEPT = """counted_from IS NULL
             OR (event_on > counted_from + coalesce(CAST(min_interval_days AS INTEGER), 0)
                 AND (min_interval_months IS NULL OR event_on > reached_months_on(counted_from, min_interval_months)))"""

# A dose withdrawn was none.
_NOT_WITHDRAWN = (
    """LEFT JOIN withdrawn AS v ON v.person = d.person AND v.vaccine = d.vaccine AND v.dose = d.dose AND v.event_on = d.given_on"""
)
_IS_HAD = "d.date_status = 'ok' AND v.person IS NULL"

ELIGIBILITY = f"""
seasonal AS MATERIALIZED (     -- 年度(シーズン)ごとに1回の接種
    SELECT DISTINCT vaccine_code FROM reference.schedule WHERE season_from IS NOT NULL
),
stage AS MATERIALIZED (        -- order of the stages of a vaccine
    SELECT code, CAST(position AS INTEGER) AS position FROM reference.dose_stage
),
spacing AS MATERIALIZED (      -- the days after which no rule asks whether the interval to the dose before was kept; a month has at most 31
    SELECT dose_code AS dose, max(greatest(coalesce(CAST(min_interval_days AS INTEGER), 0), coalesce(CAST(min_interval_months AS INTEGER) * 31, 0))) AS days
    FROM reference.schedule
    WHERE vaccine_code IN (SELECT vaccine_code FROM reference.schedule GROUP BY vaccine_code
                           HAVING count(DISTINCT dose_code) > 1 OR count(min_interval_days) + count(min_interval_months) > 0)
    GROUP BY dose_code
),
reach AS MATERIALIZED (        -- of vaccines had once a season only the seasons asked for matter
    SELECT (SELECT make_date(fiscal_year(min(event_on)), 4, 1) FROM brief) AS starts_on,
           (SELECT coalesce(list(DISTINCT vaccine_code), []) FROM reference.schedule
            WHERE vaccine_code IN (SELECT vaccine_code FROM seasonal) AND dose_code NOT IN (SELECT dose FROM spacing)) AS vaccines
),
dated AS NOT MATERIALIZED (    -- the doses of the claimants, also those withdrawn
    SELECT d.person, d.vaccine, d.dose, d.given_on FROM dose AS d CROSS JOIN reach AS r
    WHERE d.date_status = 'ok' AND CASE WHEN d.given_on >= r.starts_on THEN true ELSE NOT list_contains(r.vaccines, d.vaccine) END
      AND d.person IN (SELECT person FROM claimant)
),
close_by AS MATERIALIZED (     -- doses soon after another of the vaccine
    SELECT DISTINCT person, vaccine, given_on
    FROM (SELECT d.person, d.vaccine, d.given_on, s.days, d.given_on - lag(d.given_on) OVER (PARTITION BY d.person, d.vaccine ORDER BY d.given_on) AS gap
          FROM dated AS d LEFT JOIN spacing AS s ON s.dose = d.dose
          WHERE d.vaccine IN (SELECT vaccine_code FROM reference.schedule WHERE dose_code IN (SELECT dose FROM spacing)))
    WHERE gap <= days
),
often AS MATERIALIZED (        -- whoever has more doses of a vaccine than stages or seasons: one bit for each, two may share one
    SELECT d.person, d.vaccine FROM dated AS d
    LEFT JOIN seasonal AS s ON s.vaccine_code = d.vaccine
    LEFT JOIN stage AS g ON g.code = d.dose
    GROUP BY d.person, d.vaccine
    HAVING count(*) > bit_count(bit_or(1::BIGINT << (CASE WHEN s.vaccine_code IS NULL THEN coalesce(g.position, 0) ELSE fiscal_year(d.given_on) END % 60)))
),
again AS MATERIALIZED (        -- which of them
    SELECT d.person, coalesce(s.vaccine_code, d.dose) AS slot, CASE WHEN s.vaccine_code IS NULL THEN 0 ELSE fiscal_year(d.given_on) END AS season
    FROM dated AS d JOIN often AS o ON o.person = d.person AND o.vaccine = d.vaccine
    LEFT JOIN seasonal AS s ON s.vaccine_code = d.vaccine
    GROUP BY ALL HAVING count(*) > 1
),
crowded AS MATERIALIZED (      -- claims to which an earlier dose may matter: near, of the same stage or season, or themselves no dose of the ledger
    SELECT c.claim, c.person, c.vaccine, c.dose, c.event_on
    FROM brief AS c
    LEFT JOIN close_by AS b ON b.person = c.person AND b.vaccine = c.vaccine AND b.given_on = c.event_on
    LEFT JOIN seasonal AS s ON s.vaccine_code = c.vaccine
    LEFT JOIN again AS g ON g.person = c.person AND g.slot = coalesce(s.vaccine_code, c.dose)
     AND g.season = CASE WHEN s.vaccine_code IS NULL THEN 0 ELSE fiscal_year(c.event_on) END
    WHERE NOT c.is_screened_only AND (NOT c.is_dose OR b.person IS NOT NULL OR g.person IS NOT NULL)
),
earlier AS MATERIALIZED (      -- doses of the same vaccine before this one; of two stages on one day, the lower came first
    SELECT c.claim, min(d.given_on) AS first_on, max(d.given_on) AS previous_on,
           bool_or(CASE WHEN s.vaccine_code IS NULL THEN d.dose = c.dose
                        ELSE fiscal_year(d.given_on) = fiscal_year(c.event_on) END) AS is_second,
           bool_or(s.vaccine_code IS NOT NULL) AS is_seasonal
    FROM crowded AS c
    JOIN dose AS d ON d.person = c.person AND d.vaccine = c.vaccine
    {_NOT_WITHDRAWN}
    LEFT JOIN stage AS this ON this.code = c.dose
    LEFT JOIN stage AS other ON other.code = d.dose
    LEFT JOIN seasonal AS s ON s.vaccine_code = c.vaccine
    WHERE {_IS_HAD} AND (d.given_on < c.event_on OR (d.given_on = c.event_on AND other.position < this.position))
    GROUP BY c.claim
),
screening AS MATERIALIZED (
    SELECT claim, person, vaccine, event_on FROM brief WHERE is_screened_only
),
with_dose AS MATERIALIZED (    -- screenings on the day of a dose of the same vaccine
    SELECT DISTINCT c.claim FROM screening AS c
    JOIN dose AS d ON d.person = c.person AND d.vaccine = c.vaccine AND d.given_on = c.event_on
    {_NOT_WITHDRAWN}
    WHERE {_IS_HAD}
),
part AS MATERIALIZED (         -- claims for what a 混合ワクチン holds as well, with the doses that would hold it
    SELECT c.claim, c.person, c.event_on, q.dose_code FROM brief AS c
    JOIN reference.equivalence AS q ON q.counts_as_dose_code = c.dose AND {in_force("q", "c.event_on")}
),
component AS MATERIALIZED (    -- 混合ワクチンの成分 written out as rows of their own beside the combined dose
    SELECT DISTINCT c.claim FROM part AS c
    JOIN dose AS d ON d.person = c.person AND d.given_on = c.event_on AND d.dose = c.dose_code
    {_NOT_WITHDRAWN}
    WHERE {_IS_HAD}
),
legal_window AS MATERIALIZED ( -- worked out once for each dose and birth date
    SELECT b.dose, b.birth_date, b.sex, {is_decidable("s")} AS is_decidable, s.condition, s.valid_from, s.valid_to,
           {season_month_day("s", "from")} AS season_start, {season_month_day("s", "to")} AS season_end,
           s.min_interval_days, s.min_interval_months, s.interval_from,
           {first_day("s", "b.birth_date")} AS opens_on, {last_day("s", "b.birth_date")} AS closes_on
    FROM (SELECT DISTINCT c.dose, p.birth_date, p.sex FROM brief AS c JOIN person AS p ON p.person = c.person WHERE p.birth_date IS NOT NULL) AS b
    JOIN reference.schedule AS s ON s.dose_code = b.dose AND {concerns("s", birth="b.birth_date", sex="b.sex")}
),
plain_window AS MATERIALIZED ( -- of the rules that ask for no evidence, the one that is open longest
    SELECT dose, birth_date, sex, season_start, season_end, greatest(opens_on, coalesce(valid_from, {OPEN_START})) AS opens_on,
           least(closes_on, coalesce(valid_to, {OPEN_END})) AS closes_on
    FROM legal_window AS s
    WHERE is_decidable AND {is_proved("s", has_handbook="false", is_transitional="false")}
    QUALIFY row_number() OVER (PARTITION BY dose, birth_date, sex ORDER BY least(closes_on, coalesce(valid_to, {OPEN_END}))
                               - greatest(opens_on, coalesce(valid_from, {OPEN_START})) DESC) = 1
),
unsure AS MATERIALIZED (       -- claims not plainly inside that window, or with an earlier dose that may matter: the others are open and spaced
    SELECT c.claim, c.dose, c.event_on, c.is_transitional, p.birth_date, p.sex
    FROM brief AS c
    LEFT JOIN person AS p ON p.person = c.person
    LEFT JOIN plain_window AS w ON w.dose = c.dose AND w.birth_date = p.birth_date AND w.sex = p.sex
    LEFT JOIN earlier AS h ON h.claim = c.claim
    WHERE h.claim IS NOT NULL
       OR NOT coalesce(c.event_on BETWEEN w.opens_on AND w.closes_on AND {is_between_month_days("c.event_on", "w.season_start", "w.season_end")}, false)
),
rule_met AS (                  -- each such claim against each rule of its dose: regular, special, catch-up, transitional
    SELECT c.claim, s.is_decidable, c.event_on, s.min_interval_days, s.min_interval_months,
           CASE s.interval_from WHEN 'first' THEN h.first_on ELSE h.previous_on END AS counted_from,
           s.is_decidable AND {in_force("s", "c.event_on")} AND c.event_on BETWEEN s.opens_on AND s.closes_on
             AND {is_between_month_days("c.event_on", "s.season_start", "s.season_end")} AND {_EVIDENCE} AS is_open
    FROM (SELECT u.*, w.has_first_grade_handbook FROM unsure AS u LEFT JOIN welfare_on_day AS w ON w.claim = u.claim) AS c
    LEFT JOIN legal_window AS s ON s.dose = c.dose AND s.birth_date = c.birth_date AND s.sex = c.sex
    LEFT JOIN earlier AS h ON h.claim = c.claim
),
eligibility AS MATERIALIZED (
    SELECT claim, coalesce(bool_or(is_open), false) AS is_open, coalesce(bool_or(is_open AND ({_INTERVAL_KEPT})), false) AS is_interval_kept,
           bool_or(NOT is_decidable) AS is_undecidable
    FROM rule_met GROUP BY claim
)"""
"""CTEs up to `eligibility`, after those of `CLAIMS`: `earlier`, `with_dose`, `component`, `eligibility` say of single claims what is not as usual."""

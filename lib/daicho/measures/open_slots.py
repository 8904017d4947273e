"""What a visit leaves open (接種機会): whether a stage was due on a day, and whether it was given (docs/coverage_method.md 4).

Source: WHO, Planning guide to reduce missed opportunities for vaccination; VCQI RI_QUAL_08 and 09. `OPEN_SLOTS` gives one row for each
visit on which the stage asked for was due or given validly.
"""

from __future__ import annotations

from daicho.measures.credited_doses import VALID_DOSES
from daicho.measures.legal_windows import concerns, first_day, in_force, is_decidable, is_in_season, last_day

# A vaccine with a season has a course in each fiscal year; every other course is one.
_SEASON = "CASE WHEN {0}.is_seasonal THEN fiscal_year({1}) ELSE 0 END"

OPEN_SLOTS = rf"""
WITH asked AS (      -- the stages asked for, each in its home series
    SELECT c.series, c.vaccine, c.dose, c.position, c.is_seasonal FROM course_dose AS c WHERE c.is_home AND {{course_filters}}
),
course_slot AS (     -- the slots of a regular course, and of a course begun late up to its number of doses
    SELECT DISTINCT series, '' AS regime, position FROM course_dose WHERE series IN (SELECT series FROM asked)
    UNION ALL
    SELECT series, regime, position
    FROM (SELECT c.series, s.condition AS regime, c.position, max(s.doses_required) AS doses_required
          FROM course_dose AS c JOIN reference.schedule AS s ON s.dose_code = c.dose
          WHERE s.condition LIKE 'start\_%' ESCAPE '\' AND c.series IN (SELECT series FROM asked)
          GROUP BY ALL) AS late
    QUALIFY row_number() OVER (PARTITION BY series, regime ORDER BY position) <= coalesce(doses_required, 99)
),
before_slot AS MATERIALIZED (   -- for each stage and regime, the slot before it (null: it is the first)
    SELECT a.series, a.dose, k.regime,
           (SELECT max(e.position) FROM course_slot AS e WHERE e.series = a.series AND e.regime = k.regime AND e.position < a.position) AS previous
    FROM asked AS a JOIN course_slot AS k ON k.series = a.series AND k.position = a.position
),
legal_window AS MATERIALIZED (  -- the regular windows, worked out once for each birth date
    SELECT b.birth_date, b.sex, a.series, a.vaccine, a.dose, a.position, a.is_seasonal, s.season_from, s.season_to,
           s.min_interval_days, s.min_interval_months, s.interval_from,
           greatest({first_day("s", "b.birth_date")}, coalesce(s.valid_from, DATE '0001-01-01')) AS opens_on,
           least({last_day("s", "b.birth_date")}, coalesce(s.valid_to, DATE '9999-12-31')) AS closes_on
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date <= $as_of) AS b
    JOIN reference.schedule AS s ON s.rule = 'regular' AND {is_decidable("s")} AND {concerns("s", birth="b.birth_date", sex="b.sex")}
    JOIN asked AS a ON a.dose = s.dose_code
),
fill AS MATERIALIZED (          -- the slots of the series asked for; a course keeps the regime its first dose chose
    SELECT f.series, f.person, f.slot, f.filled_on, f.ends_course, coalesce(f.regime, '') AS regime, {_SEASON.format("s", "f.filled_on")} AS season
    FROM slot_fill AS f JOIN (SELECT DISTINCT series, is_seasonal FROM asked) AS s ON s.series = f.series
),
regime_of AS (
    SELECT series, person, max(regime) AS regime, min(filled_on) FILTER (WHERE slot = 1) AS first_on,
           min(filled_on) FILTER (WHERE ends_course) AS ended_on
    FROM fill GROUP BY series, person
),
valid_dose AS MATERIALIZED (
    SELECT person, dose, given_on FROM ({VALID_DOSES}) AS filled
),
credited_day AS MATERIALIZED (  -- days on which the stage was given, validly or not
    SELECT DISTINCT d.person, c.counts_as AS dose, d.given_on FROM dose AS d JOIN credit AS c ON c.dose = d.dose AND {in_force("c", "d.given_on")}
    WHERE {{credit_filters}}
),
reached AS MATERIALIZED (       -- everybody with the days between which a stage of theirs may be open; few of ten million events lie there
    SELECT p.person, p.birth_date, p.sex, min(w.opens_on) AS opens_on, max(w.closes_on) AS closes_on
    FROM person AS p JOIN legal_window AS w ON w.birth_date = p.birth_date AND w.sex = p.sex
    GROUP BY p.person, p.birth_date, p.sex
),
visit AS MATERIALIZED (         -- days with a dated dose or a screening, of residents
    SELECT DISTINCT e.person, p.birth_date, p.sex, e.event_on AS visited_on, e.district, e.resident_class
    FROM event AS e JOIN reached AS p ON p.person = e.person AND e.event_on BETWEEN p.opens_on AND p.closes_on
    WHERE e.event_on BETWEEN $first_day AND $last_day AND e.was_resident AND e.is_in_use AND (e.given_on IS NOT NULL OR e.is_screened_only)
),
considered AS (      -- each visit against each stage whose window is open, with the state of the course on the day
    SELECT v.person, v.visited_on, v.district, v.resident_class, w.series, w.vaccine, w.dose, w.birth_date, w.sex,
           own.filled_on IS NOT NULL AND own.filled_on < v.visited_on AS is_filled, b.dose IS NOT NULL AS is_in_course,
           (b.previous IS NULL OR previous.filled_on < v.visited_on) AND coalesce(v.visited_on <= c.ended_on, true) AS is_next,
           b.previous IS NULL OR v.visited_on > (CASE w.interval_from WHEN 'first' THEN c.first_on ELSE previous.filled_on END)
                                              + coalesce(CAST(w.min_interval_days AS INTEGER), 0)
             AND (w.min_interval_months IS NULL OR v.visited_on > reached_months_on(
                  CASE w.interval_from WHEN 'first' THEN c.first_on ELSE previous.filled_on END, w.min_interval_months)) AS is_spaced
    FROM visit AS v
    JOIN legal_window AS w ON w.birth_date = v.birth_date AND w.sex = v.sex
     AND v.visited_on BETWEEN w.opens_on AND w.closes_on AND {is_in_season("w", "v.visited_on")}
    LEFT JOIN regime_of AS c ON c.series = w.series AND c.person = v.person
    LEFT JOIN before_slot AS b ON b.series = w.series AND b.dose = w.dose AND b.regime = coalesce(c.regime, '')
    LEFT JOIN fill AS previous ON previous.series = w.series AND previous.person = v.person AND previous.slot = b.previous
    LEFT JOIN fill AS own ON own.series = w.series AND own.person = v.person AND own.slot = w.position
     AND own.season = {_SEASON.format("w", "v.visited_on")}
),
due AS (             -- no dose of the stage that day, whatever its outcome
    SELECT DISTINCT c.person, c.visited_on, c.district, c.resident_class, c.vaccine, c.dose, c.birth_date, c.sex
    FROM considered AS c
    LEFT JOIN credited_day AS g ON g.person = c.person AND g.dose = c.dose AND g.given_on = c.visited_on
    WHERE c.is_in_course AND c.is_next AND c.is_spaced AND NOT c.is_filled AND g.person IS NULL
),
last_valid AS (
    SELECT person, dose, max(given_on) AS given_on FROM valid_dose GROUP BY person, dose
),
still_open AS (      -- the window on the as-of day
    SELECT DISTINCT birth_date, sex, dose FROM legal_window AS w
    WHERE $as_of BETWEEN opens_on AND closes_on AND {is_in_season("w", "CAST($as_of AS DATE)")}
)
SELECT d.person, d.visited_on, d.district, d.resident_class, d.vaccine, d.dose, true AS is_missed,
       CASE WHEN l.given_on > d.visited_on THEN 'recovered' WHEN o.dose IS NOT NULL THEN 'recoverable' ELSE 'lost' END AS recovery
FROM due AS d
LEFT JOIN last_valid AS l ON l.person = d.person AND l.dose = d.dose
LEFT JOIN still_open AS o ON o.birth_date = d.birth_date AND o.sex = d.sex AND o.dose = d.dose
UNION ALL
SELECT g.person, g.given_on, r.district, r.resident_class, a.vaccine, g.dose, false, 'given'
FROM valid_dose AS g
JOIN asked AS a ON a.dose = g.dose
JOIN residence AS r ON r.person = g.person AND r.resident_from <= g.given_on AND (r.resident_until IS NULL OR g.given_on < r.resident_until)
WHERE g.given_on BETWEEN $first_day AND $last_day
"""

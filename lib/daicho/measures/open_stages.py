"""Open stages (対象期間内の接種期): residents of the as-of day inside a regular window, with or without the stage.

The rule of the worklist `reminders` and of the measure `unvaccinated`, written once (docs/coverage_method.md 4). Filters on vaccine and dose go
in through the placeholders of `OPEN_STAGE_FILTERS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.measures.credited_doses import CREDIT_FILTERS, CRUDE
from daicho.measures.legal_windows import OPEN_END, OPEN_START, concerns, first_day, in_force, is_decidable, is_in_season, last_day

_TODAY = "CAST($as_of AS DATE)"
_MONTH_DAY = f"strftime({_TODAY}, '%m-%d')"
# The first and the last day of the season that holds the as-of day; a season may run over the new year.
_SEASON_START = f"try_cast((year({_TODAY}) - CAST({_MONTH_DAY} < s.season_from AS INTEGER)) || '-' || s.season_from AS DATE)"
_SEASON_END = f"try_cast((year({_TODAY}) + CAST({_MONTH_DAY} > s.season_to AS INTEGER)) || '-' || s.season_to AS DATE)"
_THIS_SEASON = "(NOT q.is_seasonal OR fiscal_year({day}) = fiscal_year($as_of))"
_IS_GIVEN = "(a.given_on IS NULL OR a.given_on <= $as_of OR a.outcome = 'timing_unknown')"

OPEN_STAGE_FILTERS: Mapping[str, Mapping[str, str]] = {
    "course_filters": {"vaccine": "vaccine", "dose": "dose"},
    "rule_filters": {"vaccine": "s.vaccine_code", "dose": "s.dose_code"},
    **CREDIT_FILTERS,
}

OPEN_STAGE_STEPS = rf"""
asked AS (       -- the stages asked for, each in its home series
    SELECT series, vaccine, dose, position, is_seasonal FROM course_dose WHERE is_home AND {{course_filters}}
),
open_window AS MATERIALIZED (   -- the regular windows that hold the as-of day, worked out once for each birth date, with first and last day
    SELECT b.birth_date, b.sex, s.vaccine_code AS vaccine, s.dose_code AS dose,
           min(greatest({first_day("s", "b.birth_date")}, coalesce({_SEASON_START}, {OPEN_START}))) AS opens_on,
           max(least({last_day("s", "b.birth_date")}, coalesce(s.valid_to, {OPEN_END}), coalesce({_SEASON_END}, {OPEN_END}))) AS closes_on
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date <= $as_of) AS b
    JOIN reference.schedule AS s ON s.rule = 'regular' AND {is_decidable("s")} AND {concerns("s", birth="b.birth_date", sex="b.sex")}
    WHERE {{rule_filters}} AND {in_force("s", _TODAY)} AND {is_in_season("s", _TODAY)}
      AND {_TODAY} BETWEEN greatest({first_day("s", "b.birth_date")}, coalesce(s.valid_from, {OPEN_START})) AND {last_day("s", "b.birth_date")}
    GROUP BY b.birth_date, b.sex, s.vaccine_code, s.dose_code
),
had AS (              -- whoever has the stage: by a record of it or of one that counts as it, or because its slot is filled
    SELECT a.person, q.dose FROM appraisal AS a JOIN asked AS q ON q.series = a.series AND q.position = a.position
    WHERE $validity = '{CRUDE}' AND {_IS_GIVEN} AND {_THIS_SEASON.format(day="a.given_on")}
    UNION
    SELECT a.person, q.dose FROM appraisal AS a
    JOIN credit AS c ON c.dose = a.dose AND (a.given_on IS NULL OR {in_force("c", "a.given_on")}) AND {{credit_filters}}
    JOIN asked AS q ON q.dose = c.counts_as
    WHERE a.is_home AND $validity = '{CRUDE}' AND {_IS_GIVEN} AND {_THIS_SEASON.format(day="a.given_on")}
    UNION
    SELECT f.person, q.dose FROM slot_fill AS f JOIN asked AS q ON q.series = f.series AND q.position = f.slot
    WHERE f.filled_on <= $as_of AND {_THIS_SEASON.format(day="f.filled_on")}
),
late_slot AS (        -- the slots of a course begun late, up to its number of doses
    SELECT series, regime, position
    FROM (SELECT c.series, s.condition AS regime, c.position, max(s.doses_required) AS doses_required
          FROM course_dose AS c JOIN reference.schedule AS s ON s.dose_code = c.dose
          WHERE s.condition LIKE 'start\_%' ESCAPE '\' AND c.series IN (SELECT series FROM asked)
          GROUP BY ALL) AS late
    QUALIFY row_number() OVER (PARTITION BY series, regime ORDER BY position) <= coalesce(doses_required, 99)
),
passed AS (           -- whose course is complete without the stage, or has no place for it
    SELECT f.person, q.dose FROM slot_fill AS f JOIN asked AS q ON q.series = f.series AND NOT q.is_seasonal
    WHERE f.filled_on <= $as_of AND (f.ends_course OR (f.regime IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM late_slot AS l WHERE l.series = f.series AND l.regime = f.regime AND l.position = q.position)))
),
open_stage AS (       -- one row for each person and stage whose window is open, but for stages their course has no need of
    SELECT p.person, p.birth_date, w.vaccine, w.dose, r.district, r.resident_class, w.closes_on - {_TODAY} AS days_left,
           h.person IS NOT NULL AS is_vaccinated, h.person IS NULL AND r.resident_from > w.opens_on AS is_unknown
    FROM person AS p
    JOIN open_window AS w ON w.birth_date = p.birth_date AND w.sex = p.sex
    JOIN residence AS r ON r.person = p.person AND r.resident_from <= $as_of AND (r.resident_until IS NULL OR r.resident_until > $as_of)
    LEFT JOIN had AS h ON h.person = p.person AND h.dose = w.dose
    WHERE h.person IS NOT NULL OR NOT EXISTS (SELECT 1 FROM passed AS o WHERE o.person = p.person AND o.dose = w.dose)
)"""
"""SQL: steps of a WITH clause ending in `open_stage`; `days_left` counts the days after the as-of day, so that 0 is the last legal day."""

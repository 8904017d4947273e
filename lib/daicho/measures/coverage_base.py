"""What coverage_cohort, timeliness and dropout share: who is eligible for a stage on the milestone, and from when somebody holds a dose.

docs/coverage_method.md 3: 定期接種実施要領 (対象期間), UKHSA COVER (milestones), WHO (crude and valid doses). Filters on vaccine and dose go in
through the placeholders `rule_filters` and `credit_filters`.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.measures.credited_doses import CREDIT_FILTERS, CRUDE, VALID
from daicho.measures.legal_windows import OPEN_END, concerns, first_day, in_force, is_decidable, last_day
from daicho.measures.lookups import BIRTH_FY, SEX
from daicho.measures.milestone_ages import AGE, AGE_MONTHS, bind_milestone
from daicho.measures.milestone_ages import MILESTONES as AGES
from daicho.measures.model import Cut, Parameter

LAST_LEGAL_DAY, AS_OF = "last_legal_day", "as_of"

MILESTONE_PARAMETERS = (
    Parameter("as_of", "date", required=True, description="基準日"),
    Parameter(
        "milestone", "choice", required=False, default=LAST_LEGAL_DAY, choices=(LAST_LEGAL_DAY, AS_OF, *AGES),
        description="基準時点：対象期間の最終日（基準日で打切り）・基準日・満1歳・満2歳・満5歳・就学の始期・月齢",
    ),
    AGE_MONTHS,
)  # fmt: skip

COVERAGE_CUTS: Mapping[str, Cut] = {
    "vaccine": Cut("base.vaccine"),
    "dose": Cut("base.dose"),
    "birth_fy": BIRTH_FY,
    "district": Cut("coalesce(base.district, 'unknown')"),
    "sex": SEX,
    "resident_class": Cut("coalesce(base.resident_class, 'unknown')"),
}

EARLY: Mapping[str, Mapping[str, str]] = {"rule_filters": {"vaccine": "s.vaccine_code", "dose": "s.dose_code"}, **CREDIT_FILTERS}

ELIGIBLE_STEPS = f"""
rule AS (            -- 定期の対象期間: the stage's regular windows, as the schedule dates them
    SELECT * FROM reference.schedule AS s
    WHERE s.rule = 'regular' AND {is_decidable("s")} AND {{rule_filters}}
),
legal_window AS MATERIALIZED (   -- worked out once for each birth date; partial birth dates have none
    SELECT b.birth_date, b.sex, r.vaccine_code, r.dose_code, r.valid_from, r.valid_to, {first_day("r", "b.birth_date")} AS opens_on,
           {last_day("r", "b.birth_date")} AS closes_on, b.birth_date + CAST(r.due_to_days AS INTEGER) AS due_day,
           reached_months_on(b.birth_date, r.std_to_months) AS standard_to
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date <= $as_of) AS b
    JOIN rule AS r ON {concerns("r", birth="b.birth_date", sex="b.sex")}
),
milestone_of AS MATERIALIZED (   -- of several versions of a rule, the one in force on the window's last day; as-of where there is no end
    SELECT birth_date, sex, vaccine_code, dose_code, opens_on, coalesce(due_day, standard_to, closes_on) AS due_on,
           CASE $milestone WHEN '{LAST_LEGAL_DAY}' THEN least(closes_on, $as_of)
                           WHEN '{AS_OF}' THEN $as_of
                           WHEN '12m' THEN reached_months_on(birth_date, 12)
                           WHEN '24m' THEN reached_months_on(birth_date, 24)
                           WHEN '5y' THEN reached_years_on(birth_date, 5)
                           WHEN 'school_entry' THEN school_start_on(birth_date)
                           WHEN '{AGE}' THEN reached_months_on(birth_date, CAST($age_months AS INTEGER)) END AS milestone_on
    FROM legal_window AS w
    WHERE {in_force("w", f"CASE WHEN closes_on = {OPEN_END} THEN $as_of ELSE closes_on END")}
      -- A window that closes before it opens is none. Whoever has not entered one without an end by the as-of day has no milestone.
      AND opens_on <= closes_on
      AND (closes_on < {OPEN_END} OR opens_on <= $as_of)
),
eligible AS MATERIALIZED (       -- born by the milestone and resident on it
    SELECT p.person, p.birth_date, p.sex, m.vaccine_code AS vaccine, m.dose_code AS dose, m.milestone_on, m.opens_on, m.due_on,
           r.district, r.resident_class, r.resident_from
    FROM person AS p
    JOIN milestone_of AS m ON m.birth_date = p.birth_date AND m.sex = p.sex
    JOIN residence AS r ON r.person = p.person AND r.resident_from <= m.milestone_on
                       AND (r.resident_until IS NULL OR m.milestone_on < r.resident_until)
    WHERE m.birth_date <= m.milestone_on AND m.milestone_on <= $as_of
)"""
"""SQL: steps of a WITH clause; a person has at most one row of `eligible` for each dose."""

# 時期不明の接種 counts as given (crude), whatever its date says; valid asks for the slot at the dose's own position.
HELD_STEP = f"""
held AS (            -- the day from which somebody holds the dose, in the sense of `validity`
    SELECT person, dose, min(held_on) AS held_on FROM (
        SELECT a.person, c.counts_as AS dose, CASE WHEN a.outcome = 'timing_unknown' THEN DATE '0001-01-01' ELSE a.given_on END AS held_on
        FROM appraisal AS a JOIN credit AS c ON c.dose = a.dose AND (a.given_on IS NULL OR {in_force("c", "a.given_on")})
        WHERE a.is_home AND $validity = '{CRUDE}' AND {{credit_filters}}
        UNION ALL
        SELECT f.person, c.counts_as, f.filled_on
        FROM slot_fill AS f
        JOIN credit AS c ON c.dose = f.dose AND c.series = f.series AND c.position = f.slot AND {in_force("c", "f.filled_on")}
        WHERE $validity = '{VALID}' AND {{credit_filters}}
    ) AS every GROUP BY person, dose
)"""
"""SQL: a step of a WITH clause."""

__all__ = ["AS_OF", "COVERAGE_CUTS", "EARLY", "ELIGIBLE_STEPS", "HELD_STEP", "LAST_LEGAL_DAY", "MILESTONE_PARAMETERS", "bind_milestone"]

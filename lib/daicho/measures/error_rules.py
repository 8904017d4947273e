"""Dose records in error, worked out once for each snapshot beside the appraisal: the table `derived.dose_error` (docs/error_checks.md).

One row for each record that breaks a rule: `person, vaccine, dose, given_on, institution, ward, batch, line`, and `broken`, the sum of the BITS of
its rules. Age, interval and count rest on the appraisal: a dose that validly fills a stage of its course is in no error of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from daicho.measures.appraisal_rules import PROOF_NEEDED
from daicho.measures.error_vocabulary import ERROR_RULES
from daicho.measures.legal_windows import OPEN_END, OPEN_START, in_force, is_in_season

ERROR_REFERENCE = ("lot_notice",)
"""The reference tables that decide the errors beside those of the appraisal."""


def _key(person: str, dose_no: str, given_on: str) -> str:
    """SQL: one number for a dated record of a known stage, which is the only one of its person, stage and day."""
    return f"({person}::BIGINT * 1024 + {dose_no}) * 262144 + ({given_on} - DATE '1800-01-01')"


# What the walk through the courses did not find valid. A date is needed to say why.
_SUSPECT = f"""
CREATE OR REPLACE TEMP TABLE suspect AS
SELECT {_key("a.person", "n.dose_no", "a.given_on")} AS key, m.cohort, n.dose_no, a.given_on, a.outcome, a.proof
FROM derived.appraisal AS a JOIN dose_number AS n ON n.dose = a.dose JOIN member AS m ON m.person = a.person
WHERE a.is_home AND a.outcome <> 'valid' AND a.given_on IS NOT NULL
"""

# The recorded stage by the rows of the schedule in force that day for people of this birth date and sex; without a row nothing can be said.
_ELIGIBILITY = f"""
CREATE OR REPLACE TEMP TABLE eligibility AS
SELECT s.key, bool_or(s.given_on >= w.opens_on) AS is_old_enough, bool_or(s.given_on BETWEEN w.opens_on AND w.closes_on) AS is_inside,
       bool_or(s.given_on BETWEEN w.opens_on AND w.closes_on AND {is_in_season("w", "s.given_on")}) AS is_in_season
FROM suspect AS s JOIN row_window AS w ON w.rule_no = s.dose_no AND w.cohort = s.cohort
WHERE s.given_on BETWEEN w.in_force_from AND w.allowed_to AND (s.proof & w.proof_needed) = w.proof_needed
GROUP BY s.key
"""

# Stages that the schedule has on the day for people born then, but for the other sex alone.
_OTHER_SEX = f"""
CREATE OR REPLACE TEMP TABLE other_sex AS
WITH rule AS (
    SELECT n.dose_no, s.*, {PROOF_NEEDED} AS proof_needed FROM reference.schedule AS s JOIN dose_number AS n ON n.dose = s.dose_code
)
SELECT s.key
FROM suspect AS s JOIN cohort AS c ON c.cohort = s.cohort JOIN rule AS r ON r.dose_no = s.dose_no
WHERE c.sex IN ('1', '2') AND s.dose_no IN (SELECT dose_no FROM rule WHERE sex IS NOT NULL) AND {in_force("r", "s.given_on")}
  AND c.birth_date BETWEEN coalesce(r.birth_from, {OPEN_START}) AND coalesce(r.birth_to, {OPEN_END}) AND (s.proof & r.proof_needed) = r.proof_needed
GROUP BY s.key HAVING NOT bool_or(coalesce(r.sex, c.sex) = c.sex)
"""

_FINDING = """
CREATE OR REPLACE TEMP TABLE finding AS
SELECT s.key, s.outcome = 'interval_too_short' AS is_short, s.outcome = 'duplicate' AS is_beyond, s.outcome = 'timing_unknown' AS is_in_doubt,
       o.key IS NOT NULL AS is_of_other_sex, coalesce(NOT g.is_old_enough, false) AS is_early, coalesce(g.is_old_enough AND NOT g.is_inside, false) AS is_late,
       coalesce(g.is_inside AND NOT g.is_in_season, false) AS is_off_season
FROM suspect AS s LEFT JOIN eligibility AS g ON g.key = s.key LEFT JOIN other_sex AS o ON o.key = s.key
"""

# A number for person, vaccine and day: ten million groups of one number are quickly made.
_DAY = "hash(person, vaccine, given_on)"
_SAME_DAY = f"""
CREATE OR REPLACE TEMP TABLE same_day AS
SELECT {_DAY} AS day FROM dose WHERE given_on IS NOT NULL AND vaccine <> 'unknown' GROUP BY 1 HAVING count(*) > 1
"""


def _folded(lot: str) -> str:
    """SQL: a lot number as it is compared, without blanks and in capitals."""
    return f"upper(replace({lot}, ' ', ''))"


# Of several notices of one lot the newest counts.
_LOT = f"""
CREATE OR REPLACE TEMP TABLE lot AS
SELECT vaccine_code AS vaccine, {_folded("lot_number")} AS lot, expires_on, recalled_on, valid_from, valid_to FROM reference.lot_notice
QUALIFY row_number() OVER (PARTITION BY vaccine_code, {_folded("lot_number")} ORDER BY valid_from DESC NULLS LAST, expires_on, recalled_on) = 1
"""

_IS_PLAIN = "d.given_on >= p.birth_date AND NOT coalesce(d.given_on > b.received_on, false)"
_IS_NOTICED = in_force("o", "d.given_on")
_TESTS = {
    "no_date": "d.given_on IS NULL",
    "before_birth": "d.given_on < p.birth_date",
    "after_receipt": "d.given_on > b.received_on",
    "not_in_register": "NOT p.is_registered",
    # A dose before moving in is history, and no error, unless the municipality paid for it.
    "not_resident": "p.is_registered AND NOT d.was_resident AND d.paid_month IS NOT NULL AND d.given_on >= coalesce(p.birth_date, d.given_on)",
    "unknown_dose": "coalesce(d.dose, 'unknown') = 'unknown' OR coalesce(d.vaccine, 'unknown') = 'unknown'",
    "wrong_sex": f"f.is_of_other_sex AND {_IS_PLAIN}",
    "too_early": f"f.is_early AND {_IS_PLAIN}",
    "too_late": f"f.is_late AND {_IS_PLAIN}",
    "out_of_season": f"f.is_off_season AND {_IS_PLAIN}",
    "interval_too_short": "f.is_short",
    "live_interval": f"l.person IS NOT NULL AND n.dose_no IS NOT NULL AND {_IS_PLAIN}",
    "too_many": "f.is_beyond",
    "order_reversed": f"f.is_in_doubt AND {_IS_PLAIN}",
    "same_day": "y.day IS NOT NULL",
    "lot_expired": f"d.given_on > o.expires_on AND {_IS_NOTICED}",
    "lot_recalled": f"d.given_on >= o.recalled_on AND {_IS_NOTICED}",
}

BITS: Mapping[str, int] = MappingProxyType({name: 1 << place for place, name in enumerate(ERROR_RULES)})
"""The rules that a record breaks are bits of one number."""

_BROKEN = " + ".join(f"CASE WHEN {_TESTS[name]} THEN {bit} ELSE 0 END" for name, bit in BITS.items())
_ERRORS = f"""
CREATE TABLE derived.dose_error AS
SELECT d.person, d.vaccine, d.dose, d.given_on, d.institution, d.ward, d.batch, d.line, CAST({_BROKEN} AS INTEGER) AS broken
FROM dose AS d
JOIN person AS p ON p.person = d.person
LEFT JOIN batch AS b ON b.batch = d.batch
LEFT JOIN dose_number AS n ON n.dose = d.dose
LEFT JOIN finding AS f ON f.key = {_key("d.person", "n.dose_no", "d.given_on")}
LEFT JOIN live_clash AS l ON l.person = d.person AND l.vaccine = d.vaccine AND l.given_on = d.given_on
LEFT JOIN same_day AS y ON y.day = hash(d.person, d.vaccine, d.given_on)
LEFT JOIN lot AS o ON o.vaccine = d.vaccine AND o.lot = {_folded("d.lot")}
WHERE broken > 0
"""

ERROR_STATEMENTS = (_SUSPECT, _ELIGIBILITY, _OTHER_SEX, _FINDING, _SAME_DAY, _LOT, _ERRORS)
"""In order, after those of the appraisal, whose tables they read."""

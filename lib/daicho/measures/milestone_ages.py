"""Milestones that depend on the day of birth alone (基準時点): ages and school entry, by the legal day rules (docs/coverage_method.md 3).

Source: UKHSA COVER (residents on the day they reach 12 months, 24 months, 5 years); 学校教育法17条 for 就学の始期.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.core.errors import UsageError
from daicho.measures.model import NOT_OFFERED, Bound, Parameter, ParameterValue

AGE = "age"
MILESTONES = ("12m", "24m", "5y", "school_entry", AGE)
_AGES = range(0, 12 * 120 + 1)

AGE_MONTHS = Parameter("age_months", "int", required=False, description="基準時点を月齢とするときの月数（24は満2歳に達した日）")

MILESTONE_DAY = """CASE $milestone WHEN '12m' THEN reached_months_on(birth_date, 12)
                           WHEN '24m' THEN reached_months_on(birth_date, 24)
                           WHEN '5y' THEN reached_years_on(birth_date, 5)
                           WHEN 'school_entry' THEN school_start_on(birth_date)
                           WHEN 'age' THEN reached_months_on(birth_date, CAST($age_months AS INTEGER)) END"""
"""SQL: the milestone of a row with `birth_date`."""

# Born on or before the milestone is no test of its own here: every age is reached after birth, but for the age of no month at all.
ELIGIBLE = """
eligible AS MATERIALIZED (   -- residents on their own milestone, once it has come
    SELECT p.person, p.sex, CAST(p.birth_fy AS INTEGER) AS birth_fy, p.milestone_on, coalesce(r.district, 'unknown') AS district,
           coalesce(r.resident_class, 'unknown') AS resident_class
    FROM (SELECT *, {milestone_day} AS milestone_on FROM person) AS p
    JOIN residence AS r ON r.person = p.person AND r.resident_from <= p.milestone_on
                       AND (r.resident_until IS NULL OR p.milestone_on < r.resident_until)
    WHERE p.milestone_on <= $as_of
)"""
"""SQL: a step of a WITH clause; put the day of the milestone in with `format(milestone_day=…)`."""


def bind_milestone(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    """An age in months goes with the milestone `age`, and only with it. Raises UsageError."""
    months = parameters.get("age_months")
    if (months is not None) != (parameters["milestone"] == AGE) or (months is not None and months not in _AGES):
        raise UsageError(NOT_OFFERED)
    return {**parameters, "age_months": months}

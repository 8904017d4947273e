"""Joins that several measures share: what the register or a code list adds to a counted row, only where a request asks for it."""

from __future__ import annotations

from daicho.measures.legal_windows import in_force
from daicho.measures.model import Cut, Lookup

PERSON = Lookup("person", "LEFT JOIN person ON person.person = base.person")

_CLOSED_MONTH = Lookup(
    "closed_month_list",
    "LEFT JOIN (SELECT DISTINCT closed_month FROM closed_line) AS closed_month_list ON closed_month_list.closed_month = base.paid_month",
)

MONTH_STATE = Cut("CASE WHEN closed_month_list.closed_month IS NULL THEN 'open' ELSE 'closed' END", (_CLOSED_MONTH,))
SEX = Cut("coalesce(person.sex, '0')", (PERSON,))
BIRTH_FY = Cut("CAST(person.birth_fy AS INTEGER)", (PERSON,))

# 対象年齢区分: the form that is in force on $form_day divides some vaccines by age, on the day of the dose or at the end of its year.
_FORM_DIVISION = f"""(
    SELECT vaccine_code, category, age_basis,
           unnest(generate_series(CAST(age_from_years AS BIGINT), CAST(coalesce(age_to_years, 199) AS BIGINT))) AS age
    FROM reference.form_column AS f WHERE {in_force("f", "$form_day")}
)"""
_DIVIDED = Lookup(
    "divided",
    f"""LEFT JOIN (SELECT vaccine_code, min(age_basis) AS age_basis FROM {_FORM_DIVISION} GROUP BY vaccine_code) AS divided
  ON divided.vaccine_code = base.vaccine""",
)
_FORM_AGE = Lookup(
    "form_age",
    f"""LEFT JOIN {_FORM_DIVISION} AS form_age ON form_age.vaccine_code = base.vaccine
  AND form_age.age = CASE divided.age_basis WHEN 'fiscal_year_end' THEN base.year_end_age ELSE base.age_years END""",
)
AGE_CATEGORY = Cut(
    """CASE WHEN divided.vaccine_code IS NULL THEN 'all' WHEN NOT base.is_birth_known THEN 'unknown'
       ELSE coalesce(form_age.category, 'outside') END""",
    (_DIVIDED, _FORM_AGE),
)
"""The category of a dose on the form of its fiscal year; a measure that offers it binds `form_day`, the last day of that year."""


def age_years(day: str) -> Cut:
    """Age in years on a day (an SQL expression), by the legal day rule; null where the day of birth is not known."""
    return Cut(f"age_years_on(person.birth_date, {day})", (PERSON,))


def age_band(day: str) -> Cut:
    """Age band on a day (an SQL expression)."""
    return _band(f"age_years_on(person.birth_date, {day})", (PERSON,))


def _band(age: str, lookups: tuple[Lookup, ...] = ()) -> Cut:
    """The code list, written out year by year, is joined by equality."""
    bands = Lookup(
        "age_bands",
        f"""LEFT JOIN (
    SELECT code, unnest(generate_series(CAST(age_from AS BIGINT), CAST(coalesce(age_to, '199') AS BIGINT))) AS age FROM reference.age_band
) AS age_bands ON age_bands.age = {age}""",
    )
    return Cut("coalesce(age_bands.code, 'unknown')", (*lookups, bands))


AGE_BAND = _band("base.age_years")
"""Age band where `base` has the age in years of the day it asks about."""

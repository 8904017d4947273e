"""Joins that several measures share: what the register or a code list adds to a counted row, only where a request asks for it."""

from __future__ import annotations

from daicho.measures.legal_windows import in_force
from daicho.measures.model import Cut, Lookup

PERSON = Lookup("person", "LEFT JOIN person ON person.person = base.person")

VACCINE = Lookup("vaccine_list", "LEFT JOIN reference.vaccine AS vaccine_list ON vaccine_list.code = base.vaccine")

PROGRAM_ON_DAY = Lookup(
    "program_on_day",
    f"""LEFT JOIN reference.program AS program_on_day
  ON program_on_day.vaccine_code = base.vaccine AND {in_force("program_on_day", "base.given_on")}""",
)

_CLOSED_MONTH = Lookup(
    "closed_month_list",
    "LEFT JOIN (SELECT DISTINCT closed_month FROM closed_line) AS closed_month_list ON closed_month_list.closed_month = base.paid_month",
)

MONTH_STATE = Cut("CASE WHEN closed_month_list.closed_month IS NULL THEN 'open' ELSE 'closed' END", (_CLOSED_MONTH,))
SEX = Cut("coalesce(person.sex, '0')", (PERSON,))
BIRTH_FY = Cut("CAST(person.birth_fy AS INTEGER)", (PERSON,))
DISEASE = Cut("coalesce(vaccine_list.disease, 'unknown')", (VACCINE,))
PROGRAM_CLASS = Cut("coalesce(program_on_day.program_class, vaccine_list.program_class, 'unknown')", (VACCINE, PROGRAM_ON_DAY))

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
  AND form_age.age = age_years_on(person.birth_date, CASE divided.age_basis
      WHEN 'fiscal_year_end' THEN make_date(fiscal_year(base.given_on) + 1, 3, 31) ELSE base.given_on END)""",
)
AGE_CATEGORY = Cut(
    """CASE WHEN divided.vaccine_code IS NULL THEN 'all' WHEN person.birth_date IS NULL THEN 'unknown'
       ELSE coalesce(form_age.category, 'outside') END""",
    (PERSON, _DIVIDED, _FORM_AGE),
)
"""The category of a dose on the form of its fiscal year; a measure that offers it binds `form_day`, the last day of that year."""


def age_years(day: str) -> Cut:
    """Age in years on a day (an SQL expression), by the legal day rule; null where the day of birth is not known."""
    return Cut(f"age_years_on(person.birth_date, {day})", (PERSON,))


def age_band(day: str) -> Cut:
    """Age band on a day (an SQL expression): the code list, written out year by year, is joined by equality."""
    bands = Lookup(
        "age_bands",
        f"""LEFT JOIN (
    SELECT code, unnest(generate_series(CAST(age_from AS BIGINT), CAST(coalesce(age_to, '199') AS BIGINT))) AS age FROM reference.age_band
) AS age_bands ON age_bands.age = age_years_on(person.birth_date, {day})""",
    )
    return Cut("coalesce(age_bands.code, 'unknown')", (PERSON, bands))

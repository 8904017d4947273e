"""Every record of a fiscal year and its place on the form 地域保健・健康増進事業報告: one row, or one reason why it has none.

The fiscal year is that of the day of the dose (of the screening where only that is known). A record without any date is of the fiscal year
of its 支払月, and without that of none: it is listed in every year and is a dose of no year. Doses are what `dose` holds: a screening, a
second record of one dose and a record that the rule on sources leaves out are listed, but are no doses.

The reasons stand in the order of the CASE of `ledger_records`, then of the one below; the first that applies is the one given. The day rules are
those of the law (`ledger_records`): a dose on a day on which no row of the schedule was open for the person is no 定期接種, and is not on the form.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start, months_of
from daicho.measures.legal_windows import in_force
from daicho.measures.model import Bound, Parameter, ParameterValue

FORM = "regional_health_report"
FORM_REFERENCE = ("form_column", "form_row", "program", "schedule", "vaccine")
FORM_PARAMETERS = (Parameter("fiscal_year", "int", required=True, description="年度（令和7年度は2025）"),)
FORM_EARLY = {"record_filters": {"vaccine": "e.vaccine", "dose": "e.dose"}}

# The form of the year: the rows in force on its last day.
FORM_RECORDS = f"""
WITH form AS MATERIALIZED (
    SELECT dose_code, min(row_code) AS row_code FROM reference.form_row AS f WHERE form = '{FORM}' AND {in_force("f", "$form_day")} GROUP BY dose_code
)
SELECT e.person, e.vaccine, e.dose, e.disease, e.program_class, e.given_month, e.event_month, e.district, e.sex, e.is_birth_known, e.age_years,
       e.year_end_age, e.is_dose, f.row_code,
       CASE WHEN e.flaw IS NOT NULL THEN e.flaw
            WHEN e.program_class = '任意' THEN 'voluntary'
            WHEN f.dose_code IS NULL THEN 'no_row'
            WHEN e.is_eligible THEN NULL
            WHEN NOT e.is_birth_known THEN 'age_unknown'
            ELSE 'outside_eligibility' END AS reason
FROM ledger_record AS e LEFT JOIN form AS f ON f.dose_code = e.dose
WHERE {{record_filters}} AND (e.fiscal_year = $fiscal_year OR e.fiscal_year IS NULL)
"""
"""One row for each record, with `is_dose`; `row_code` is its row where `reason` is NULL."""


def bind_year(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    """The days and months of the fiscal year; the form is the one in force on its last day."""
    year = int(str(parameters["fiscal_year"]))
    months, last = months_of(year), fiscal_year_end(year)
    return {
        "first_day": fiscal_year_start(year), "last_day": last, "form_day": last, "first_month": months[0], "last_month": months[-1],
        "fiscal_year": year,
    }  # fmt: skip

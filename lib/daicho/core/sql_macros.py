"""The day rules of `daicho.core.ages` and `daicho.core.fiscal` as DuckDB macros, so that measures state the law in SQL.

Every macro is plain arithmetic on its arguments and calls no other macro: it works whichever schema it is created in. Arguments
are DATE and whole numbers; an argument that is NULL, a negative age and an age before birth all give NULL.
The tests prove each macro equal to the Python rule of the same name.
"""

from __future__ import annotations

# Adding months clamps to the last day of a short month. Where it did, that day itself is the legal day; else the day before.
_REACHED = """CASE
    WHEN {months} > 0 THEN CAST(birth + to_months(CAST({months} AS INTEGER)) AS DATE)
        - CAST(day(birth + to_months(CAST({months} AS INTEGER))) = day(birth) AS INTEGER)
    WHEN {months} = 0 THEN birth
END"""

# The age reached on a day stands on the next day's calendar date.
_AGE_MONTHS = """CASE WHEN d >= birth THEN
    (year(d + 1) - year(birth)) * 12 + month(d + 1) - month(birth) - CAST(day(d + 1) < day(birth) AS INTEGER)
END"""

_BIRTH_FY = "year(birth - 1) - CAST(month(birth - 1) < 4 AS INTEGER)"

LEGAL_MACROS: tuple[str, ...] = (
    f"CREATE OR REPLACE MACRO reached_months_on(birth, n) AS {_REACHED.format(months='n')}",
    f"CREATE OR REPLACE MACRO reached_years_on(birth, n) AS {_REACHED.format(months='(n * 12)')}",
    "CREATE OR REPLACE MACRO days_after_birth(birth, n) AS CASE WHEN n >= 0 THEN birth + CAST(n AS INTEGER) END",
    f"CREATE OR REPLACE MACRO age_months_on(birth, d) AS CAST({_AGE_MONTHS} AS INTEGER)",
    f"CREATE OR REPLACE MACRO age_years_on(birth, d) AS CAST({_AGE_MONTHS} // 12 AS INTEGER)",
    f"CREATE OR REPLACE MACRO birth_fy(birth) AS CAST({_BIRTH_FY} AS INTEGER)",
    "CREATE OR REPLACE MACRO fiscal_year(d) AS CAST(year(d) - CAST(month(d) < 4 AS INTEGER) AS INTEGER)",
    "CREATE OR REPLACE MACRO fiscal_month(d) AS CAST(year(d) * 100 + month(d) AS INTEGER)",
    f"CREATE OR REPLACE MACRO school_start_on(birth) AS make_date({_BIRTH_FY} + 7, 4, 1)",
)

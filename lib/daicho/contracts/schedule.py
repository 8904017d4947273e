"""Legal windows: from a row of reference/schedule.csv and a birth date to the first and last legal day, both included.

The kinds of `window_from_kind` and `window_to_kind` (the value is in `window_from_value`, `window_to_value`):

==========================  =======================================================================================
birth                       the day of birth
days                        so many days after birth (6週0日 = 42)
months, years               the day on which the age is *reached*, the day before the birthday; included also where
                            the law says 未満 or 至るまで (事務連絡 2014-03-11)
fiscal_year_of_age_start    1 April of the fiscal year in which the age is reached
fiscal_year_of_age_end      31 March at the end of that fiscal year
gestation_weeks             week of pregnancy: cannot be told from a birth date, so there is no bound
none                        no bound
==========================  =======================================================================================

`absolute_from` and `absolute_to` narrow the window further: the later of the first days and the earlier of the last days counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from daicho.core.ages import days_after_birth, fiscal_year_of_age, reached_months_on, reached_years_on
from daicho.core.errors import UsageError
from daicho.core.fiscal import fiscal_year_end, fiscal_year_start

WINDOW_KINDS = ("birth", "days", "months", "years", "fiscal_year_of_age_start", "fiscal_year_of_age_end", "gestation_weeks", "none")
KINDS_WITH_VALUE = ("days", "months", "years", "fiscal_year_of_age_start", "fiscal_year_of_age_end", "gestation_weeks")
RULES = ("regular", "special", "catch_up", "transitional")
INTERVALS_FROM = ("previous", "first")

# The same rules in SQL, over the macros of daicho.core.sql_macros: NULL where there is no bound.
SCHEDULE_MACROS: tuple[str, ...] = (
    """CREATE OR REPLACE MACRO legal_window_day(kind, n, birth) AS CASE kind
    WHEN 'birth' THEN birth
    WHEN 'days' THEN days_after_birth(birth, n)
    WHEN 'months' THEN reached_months_on(birth, n)
    WHEN 'years' THEN reached_years_on(birth, n)
    WHEN 'fiscal_year_of_age_start' THEN make_date(birth_fy(birth) + n, 4, 1)
    WHEN 'fiscal_year_of_age_end' THEN make_date(birth_fy(birth) + n + 1, 3, 31)
END""",
)


def window_day(kind: str, value: int | None, *, birth: date) -> date | None:
    """The day a bound stands for; None where there is no bound. Raises UsageError for an unknown kind or a missing value."""
    if kind not in WINDOW_KINDS:
        raise UsageError(f"schedule.csv: {kind} is no kind of bound; known are {', '.join(WINDOW_KINDS)}.")
    if kind in ("none", "gestation_weeks"):
        return None
    if kind == "birth":
        return birth
    if value is None:
        raise UsageError(f"schedule.csv: a bound of the kind {kind} needs a value.")
    if kind == "days":
        return days_after_birth(birth, value)
    if kind == "months":
        return reached_months_on(birth, value)
    if kind == "years":
        return reached_years_on(birth, value)
    year = fiscal_year_of_age(birth, value)
    return fiscal_year_start(year) if kind == "fiscal_year_of_age_start" else fiscal_year_end(year)


def legal_window(row: Mapping[str, Any], birth: date) -> tuple[date | None, date | None]:
    """First and last legal day of one row of the schedule for a person born on `birth`; None where the side is open.

    Where the first day is after the last, nobody born that day is eligible by this row. Who the row is for (sex, `birth_from`,
    `birth_to`, `condition`) is told by `covers_birth` and by the caller.
    """
    first = window_day(row["window_from_kind"], row["window_from_value"], birth=birth)
    last = window_day(row["window_to_kind"], row["window_to_value"], birth=birth)
    firsts = [day for day in (first, row["absolute_from"]) if day is not None]
    lasts = [day for day in (last, row["absolute_to"]) if day is not None]
    return (max(firsts) if firsts else None, min(lasts) if lasts else None)


def covers_birth(row: Mapping[str, Any], birth: date, *, sex: str | None = None) -> bool:
    """Whether a row is for persons born on that day and, where a sex is given, of that sex."""
    if row["birth_from"] is not None and birth < row["birth_from"]:
        return False
    if row["birth_to"] is not None and birth > row["birth_to"]:
        return False
    return sex is None or row["sex"] is None or bool(row["sex"] == sex)

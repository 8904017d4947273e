"""Legal days, written out plainly: reached ages, windows of schedule rows, fiscal years. Nothing here is shared with the software.

Source: 事務連絡 2014-03-11; data_contracts/reference/README.md.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import cache

from tests.coverage.reference_data import Row

ONE_DAY = timedelta(days=1)
FAR_PAST = date(1, 1, 1)
FAR_FUTURE = date(9999, 12, 31)


def later_by_months(day: date, months: int) -> date | None:
    """The same day so many months later; None where that month has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if day.day > calendar.monthrange(year, month)[1]:
        return None
    return date(year, month, day.day)


@cache
def reached_months(birth: date, months: int) -> date:
    """The day on which 生後n月 is reached: the same day n months later less one day; in a month without that day, its last day."""
    same_day = later_by_months(birth, months)
    if same_day is not None:
        return same_day - ONE_DAY
    years, month = divmod(birth.month - 1 + months, 12)
    year, month = birth.year + years, month + 1
    return date(year, month, calendar.monthrange(year, month)[1])


def reached_years(birth: date, years: int) -> date:
    """The day on which n歳 is reached: the day before the birthday (28 February for those born on the 29th, in common years)."""
    return reached_months(birth, 12 * years)


def age_months(birth: date, day: date) -> int:
    """How many months of age are reached on the day."""
    months = max(0, (day.year - birth.year) * 12 + day.month - birth.month - 2)
    while reached_months(birth, months + 1) <= day:
        months += 1
    return months


def fiscal_year(day: date) -> int:
    """1 April to 31 March."""
    return day.year if day.month >= 4 else day.year - 1


def fiscal_year_reached(birth: date, years: int) -> int:
    """The fiscal year in which the age is reached."""
    return fiscal_year(reached_years(birth, years))


def birth_fy(birth: date) -> int:
    """The cohort: those born from 2 April to 1 April."""
    return fiscal_year(birth - ONE_DAY)


def school_entry(birth: date) -> date:
    """就学の始期: the first 1 April from the day after 満6歳 is reached."""
    day = reached_years(birth, 6) + ONE_DAY
    return date(day.year if (day.month, day.day) <= (4, 1) else day.year + 1, 4, 1)


def bound(kind: str, value: int | None, birth: date) -> date | None:
    """One end of a window; None where there is no bound or it cannot be told from a birth date."""
    if kind in ("none", "gestation_weeks"):
        return None
    if kind == "birth":
        return birth
    assert value is not None
    if kind == "days":
        return birth + timedelta(days=value)
    if kind == "months":
        return reached_months(birth, value)
    if kind == "years":
        return reached_years(birth, value)
    if kind == "fiscal_year_of_age_start":
        return date(fiscal_year_reached(birth, value), 4, 1)
    if kind == "fiscal_year_of_age_end":
        return date(fiscal_year_reached(birth, value) + 1, 3, 31)
    raise ValueError(kind)


@cache
def first_legal_day(row: Row, birth: date) -> date:
    """The later of the two first days; the beginning of time where there is none."""
    day = bound(row.window_from_kind, row.window_from_value, birth)
    return max(day or FAR_PAST, row.absolute_from or FAR_PAST)


@cache
def last_legal_day(row: Row, birth: date) -> date:
    """The earlier of the two last days; the end of time where there is none."""
    day = bound(row.window_to_kind, row.window_to_value, birth)
    return min(day or FAR_FUTURE, row.absolute_to or FAR_FUTURE)


def in_season(row: Row, day: date) -> bool:
    """Both days of the season included; a season may run over the turn of the year."""
    if not row.season_from:
        return True
    today = f"{day.month:02d}-{day.day:02d}"
    if row.season_from <= row.season_to:
        return row.season_from <= today <= row.season_to
    return today >= row.season_from or today <= row.season_to


def in_window(row: Row, birth: date, day: date) -> bool:
    """Inside the legal window of the row, and its season."""
    return first_legal_day(row, birth) <= day <= last_legal_day(row, birth) and in_season(row, day)


def interval_kept(since: date, day: date, days: int | None, months: int | None) -> bool:
    """n日以上: n full days lie between. n月以上: from the same day n months later."""
    if days is not None and day < since + timedelta(days=days + 1):
        return False
    return months is None or day > reached_months(since, months)

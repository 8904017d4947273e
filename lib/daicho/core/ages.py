"""The legal day rules: on which day an age is reached.

A person reaches an age at the end of the day *before* the birthday (年齢計算ニ関スル法律, 民法143条): ordinary birthday arithmetic
is one day late. Ages in months follow the same rule: the same day of the month, less one day; where the month has no such day,
its last day (厚労省 結核感染症課 事務連絡 2014-03-11 「定期の予防接種における対象者の解釈について」).

「至るまで」「達するまで」「未満」 all include the day computed here, so a legal window from a to b is
``reached(a) <= day <= reached(b)`` with both ends in it. The same rules as SQL stand in `daicho.core.sql_macros`.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from daicho.core.fiscal import fiscal_year, fiscal_year_start

_ONE_DAY = timedelta(days=1)
_SCHOOL_AGE_YEARS = 6


def reached_months_on(birth: date, months: int) -> date:
    """The day on which a person born on `birth` reaches 生後`months`月 (whole months, 0 or more).

    Born 2013-04-01, three months: 2013-06-30. Born 2013-01-31, one month: 2013-02-28. Age 0 is reached by being born.
    Raises ValueError for a negative number of months.
    """
    if months < 0:
        raise ValueError("an age in months is never negative")
    if months == 0:
        return birth
    years, month_index = divmod(birth.year * 12 + birth.month - 1 + months, 12)
    month = month_index + 1
    last_day = monthrange(years, month)[1]
    if birth.day > last_day:
        return date(years, month, last_day)
    return date(years, month, birth.day) - _ONE_DAY


def reached_years_on(birth: date, years: int) -> date:
    """The day on which a person born on `birth` reaches `years`歳: the day before the birthday.

    A child of 29 February reaches an age on 28 February of every year. Raises ValueError for a negative age.
    """
    return reached_months_on(birth, years * 12)


def days_after_birth(birth: date, days: int) -> date:
    """The day `days` days after birth, for the vaccines whose windows count days (ロタ: 6週0日 is 42).

    Raises ValueError for a negative number of days.
    """
    if days < 0:
        raise ValueError("a number of days after birth is never negative")
    return birth + timedelta(days=days)


def age_months(birth: date, *, on: date) -> int:
    """Age in whole months on a day: the largest n with ``reached_months_on(birth, n) <= on``.

    Raises ValueError for a day before birth.
    """
    if on < birth:
        raise ValueError("there is no age before birth")
    # An age reached on a day stands on the next day's calendar date; a missing day moves both to the first of the month.
    after = on + _ONE_DAY
    months = (after.year - birth.year) * 12 + after.month - birth.month
    return months - 1 if after.day < birth.day else months


def age_years(birth: date, *, on: date) -> int:
    """Age in whole years on a day, one higher already on the day before the birthday.

    Raises ValueError for a day before birth.
    """
    return age_months(birth, on=on) // 12


def birth_fiscal_year(birth: date) -> int:
    """The school-year cohort (生まれ年度): births from 2 April to 1 April, named by the first year.

    A child of 1 April belongs to the earlier year, because it reaches every age on 31 March.
    """
    return fiscal_year(birth - _ONE_DAY)


def fiscal_year_of_age(birth: date, years: int) -> int:
    """The fiscal year that contains the day on which a person reaches `years`歳 (n歳となる日の属する年度).

    For 0 it is the birth cohort. Raises ValueError for a negative age.
    """
    if years < 0:
        raise ValueError("an age in years is never negative")
    return birth_fiscal_year(birth) + years


def school_start_on(birth: date) -> date:
    """小学校就学の始期: the first 1 April after the day of reaching six (学校教育法17条)."""
    return fiscal_year_start(fiscal_year_of_age(birth, _SCHOOL_AGE_YEARS) + 1)

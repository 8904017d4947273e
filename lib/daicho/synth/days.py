"""Days as int32 counts since 1970-01-01, and the legal day rules of `daicho.core.ages` over whole arrays."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from daicho.synth.streams import Days, Floats, Indexes

DAYS_A_YEAR = 365.25
NEVER = np.int32(2_000_000)
_EPOCH = date(1970, 1, 1).toordinal()
_ERA_STARTS = (date(1873, 1, 1), date(1912, 7, 30), date(1926, 12, 25), date(1989, 1, 8), date(2019, 5, 1))
_ERA_YEAR_ZERO = np.array([1867, 1911, 1925, 1988, 2018])


def day(text: str) -> int:
    """YYYY-MM-DD as a day number."""
    return date.fromisoformat(text).toordinal() - _EPOCH


def parts(days: Days) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Year, month, day of the month."""
    stamps = days.astype("datetime64[D]")
    months = stamps.astype("datetime64[M]").astype(np.int64)
    return 1970 + months // 12, months % 12 + 1, days - _month_start(months) + 1


def reached_months(births: Days, months: int | npt.NDArray[np.int64]) -> Days:
    """The day on which 生後n月 is reached: same day n months later less one; in a month without that day, its last day."""
    stamps = births.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    within = births - _month_start(stamps)
    first = _month_start(stamps + months)
    length = _month_start(stamps + months + 1) - first
    reached: Days = np.where(within >= length, first + length - 1, first + within - 1).astype(np.int32)
    return reached


def fiscal_year(days: Days) -> Indexes:
    """The fiscal year (April to March) of each day."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (1970 + (months - 3) // 12).astype(np.int32)


def birth_fiscal_year(births: Days) -> Indexes:
    """The school-year cohort: births from 2 April to 1 April."""
    return fiscal_year((births - 1).astype(np.int32))


def april_first(years: Indexes) -> Days:
    """1 April of each fiscal year."""
    return _month_start((years.astype(np.int64) - 1970) * 12 + 3).astype(np.int32)


def year_month(days: Days, *, later: npt.NDArray[np.int64] | int = 0) -> Indexes:
    """YYYYMM of the month `later` months after the day's."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + later
    return ((1970 + months // 12) * 100 + months % 12 + 1).astype(np.int32)


def eight_digits(days: Days) -> Indexes:
    """YYYYMMDD as a number."""
    year, month, of_month = parts(days)
    return (year * 10000 + month * 100 + of_month).astype(np.int32)


def seven_digits(days: Days) -> Indexes:
    """The seven-digit era form (1 明治 … 5 令和, then year, month, day) as a number. Days from 1873 on."""
    year, month, of_month = parts(days)
    era = np.searchsorted([start.toordinal() - _EPOCH for start in _ERA_STARTS], days, side="right") - 1
    written: Indexes = ((era + 1) * 1_000_000 + (year - _ERA_YEAR_ZERO[era]) * 10000 + month * 100 + of_month).astype(np.int32)
    return written


def whole(values: Floats) -> Days:
    """Rounded down to whole days."""
    return np.floor(values).astype(np.int32)


def _month_start(months: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)

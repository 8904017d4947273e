"""Fiscal years (会計年度): 1 April to 31 March, named by the year in which they begin (地方自治法208条)."""

from __future__ import annotations

from datetime import date

from daicho.core.eras import format_era_year

_FIRST_MONTH = 4


def fiscal_year(day: date) -> int:
    """The fiscal year that contains a day: 2026-03-31 lies in 2025, 2026-04-01 in 2026."""
    return day.year if day.month >= _FIRST_MONTH else day.year - 1


def fiscal_year_start(year: int) -> date:
    """1 April of the fiscal year."""
    return date(year, _FIRST_MONTH, 1)


def fiscal_year_end(year: int) -> date:
    """31 March, the last day of the fiscal year."""
    return date(year + 1, _FIRST_MONTH - 1, 31)


def months_of(year: int) -> tuple[int, ...]:
    """The twelve months of a fiscal year as YYYYMM, April first."""
    first = tuple(year * 100 + month for month in range(_FIRST_MONTH, 13))
    return first + tuple((year + 1) * 100 + month for month in range(1, _FIRST_MONTH))


def fiscal_year_label(year: int, *, language: str = "ja") -> str:
    """The fiscal year as a report prints it: 令和7年度, or FY2025 when the language is "en".

    Raises ValueError for another language, or for a year before the eras known to `daicho.core.eras`.
    """
    if language == "en":
        return f"FY{year}"
    if language != "ja":
        raise ValueError("a fiscal year is written in Japanese (ja) or English (en)")
    # The whole of fiscal 2019 is 令和元年度 although its April was still 平成 (関係省庁連絡会議申合せ 2019-04-01); no other
    # era began in April, so the era of 1 May names every year.
    return f"{format_era_year(date(year, _FIRST_MONTH + 1, 1))}度"

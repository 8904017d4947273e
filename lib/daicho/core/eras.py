"""Dates as Japanese ledgers write them, read and written.

Accepted: ``YYYYMMDD``, ``YYYY-MM-DD``, ``YYYY/M/D``, the era forms ``R6.4.1`` and ``令和6年4月1日``, and the seven-digit era form
``5060401`` (1 明治, 2 大正, 3 昭和, 4 平成, 5 令和). Digits, letters and marks may be full-width; the first year may be 元.
A date outside its era is an error, for it is as impossible as 31 February: 平成 ended on 2019-04-30, 昭和 on 1989-01-07.

The days on which 明治 and 大正 ended (1912-07-30, 1926-12-25) are also the first days of the next era (明治45年・大正15年 改元の詔書):
both spellings are read, the newer is written. 明治 begins here with its year 6, when Japan adopted the Gregorian calendar.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Literal

import polars as pl

Precision = Literal["day", "month", "year"]

PARTIAL_DATE_DTYPE = pl.Struct({"date": pl.Date, "precision": pl.String})


@dataclass(frozen=True)
class PartialDate:
    """A birth date as far as it is known: the first day it can be, and whether the day, the month or only the year is known."""

    date: date
    precision: Precision


@dataclass(frozen=True)
class _Era:
    digit: str
    letter: str
    name: str
    year_zero: int
    first_day: date
    last_day: date


_ERAS = (
    _Era("5", "R", "令和", 2018, date(2019, 5, 1), date.max),
    _Era("4", "H", "平成", 1988, date(1989, 1, 8), date(2019, 4, 30)),
    _Era("3", "S", "昭和", 1925, date(1926, 12, 25), date(1989, 1, 7)),
    _Era("2", "T", "大正", 1911, date(1912, 7, 30), date(1926, 12, 25)),
    _Era("1", "M", "明治", 1867, date(1873, 1, 1), date(1912, 7, 30)),
)

_EIGHT_DIGITS = r"^[0-9]{8}$"
_WESTERN_FORMS = (
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
    re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"),
    re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"),
    # Some exports leave a space before an unknown day. Elsewhere a space between digits could hide a missing digit.
    re.compile(r"([0-9]{4}) *([0-9]{2}) *(00)"),
)
_ERA_FORMS = (
    re.compile(r"([1-5])([0-9]{2})([0-9]{2})([0-9]{2})"),
    re.compile(r"([MTSHR])([0-9]{1,2}|元)\.([0-9]{1,2})\.([0-9]{1,2})"),
    re.compile(r"(明治|大正|昭和|平成|令和) *([0-9]{1,2}|元) *年 *([0-9]{1,2}) *月 *([0-9]{1,2}) *日"),
    re.compile(r"([1-5])([0-9]{2}) *([0-9]{2}) *(00)"),
)


def parse_japanese_date(text: str) -> date:
    """Read a date in any accepted form.

    Raises ValueError, whose text never holds the value, for anything else: 00000000, 99999999, a day that does not exist or lies
    outside its era, an unknown day or month.
    """
    parsed = parse_partial_birth_date(text)
    if parsed.precision != "day":
        raise ValueError("the day or the month of the date is unknown")
    return parsed.date


def parse_partial_birth_date(text: str) -> PartialDate:
    """Read a birth date whose day or month may be unknown, written 00 (``19500000``, ``195005 00``, ``3250000``, ``S25.5.0``).

    Raises ValueError, whose text never holds the value, where no day fits what is written.
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    era, year, month, day = _read_parts(plain)
    for candidate in _days_that_fit(year, month, day):
        if era is None or era.first_day <= candidate <= era.last_day:
            return PartialDate(candidate, "year" if month == 0 else "month" if day == 0 else "day")
    raise ValueError("no such day exists, or it lies outside its era")


def format_era_date(day: date) -> str:
    """A day in the official long form: 令和7年4月1日, 令和元年5月1日.

    Raises ValueError for a day before 1873-01-01.
    """
    return f"{format_era_year(day)}{day.month}月{day.day}日"


def format_era_year(day: date) -> str:
    """The era and year of a day: 令和7年, 令和元年. Raises ValueError for a day before 1873-01-01."""
    for era in _ERAS:
        if era.first_day <= day:
            year = day.year - era.year_zero
            return f"{era.name}{'元' if year == 1 else year}年"
    raise ValueError("days before 1873-01-01 have no era form here")


def japanese_date_expr(column: str) -> pl.Expr:
    """`parse_japanese_date` for a text column: a Date, null where the text is null or not a date.

    Each distinct text is read once, so the cost follows the number of different dates, not the number of rows.
    """
    return pl.col(column).map_batches(_parse_dates, return_dtype=pl.Date)


def partial_birth_date_expr(column: str) -> pl.Expr:
    """`parse_partial_birth_date` for a text column: a struct of `date` (the first day possible) and `precision`.

    Precision is "day", "month" or "year"; both fields are null where the text is null or not a date.
    """
    return pl.col(column).map_batches(_parse_partial_dates, return_dtype=PARTIAL_DATE_DTYPE)


def _read_parts(plain: str) -> tuple[_Era | None, int, int, int]:
    """Era (None for a western year), western year, month and day as written; 0 stands for an unknown month or day."""
    for form in _WESTERN_FORMS:
        if match := form.fullmatch(plain):
            year, month, day = (int(part) for part in match.groups())
            return None, year, month, day
    for form in _ERA_FORMS:
        if match := form.fullmatch(plain):
            sign, year_text, month_text, day_text = match.groups()
            era = next(era for era in _ERAS if sign in (era.digit, era.letter, era.name))
            year = 1 if year_text == "元" else int(year_text)
            return era, era.year_zero + year, int(month_text), int(day_text)
    raise ValueError("the text is not a date in an accepted form")


def _days_that_fit(year: int, month: int, day: int) -> Iterator[date]:
    """Every day that year, month and day can mean, earliest first, where 0 leaves a month or a day open."""
    for month_, day_ in product([month] if month else range(1, 13), [day] if day else range(1, 32)):
        try:
            yield date(year, month_, day_)
        except ValueError:
            continue


def _parse_dates(texts: pl.Series) -> pl.Series:
    plain = texts.set(~texts.str.contains(_EIGHT_DIGITS), None).str.to_date("%Y%m%d", strict=False)
    # What the fast path leaves open, including year 0 that polars would allow, is decided by the rule itself.
    fast = plain.set(plain < date.min, None)
    distinct = texts.filter(fast.is_null()).drop_nulls().unique()
    if distinct.is_empty():
        return fast
    partial = [_partial_or_none(text) for text in distinct]
    days = pl.Series([each.date if each and each.precision == "day" else None for each in partial], dtype=pl.Date)
    return fast.zip_with(fast.is_not_null(), texts.replace_strict(distinct, days, default=None, return_dtype=pl.Date))


def _parse_partial_dates(texts: pl.Series) -> pl.Series:
    distinct = texts.drop_nulls().unique()
    partial = [_partial_or_none(text) for text in distinct]
    days = pl.Series([each.date if each else None for each in partial], dtype=pl.Date)
    precisions = pl.Series([each.precision if each else None for each in partial], dtype=pl.String)
    fields = [
        texts.replace_strict(distinct, days, default=None, return_dtype=pl.Date).alias("date"),
        texts.replace_strict(distinct, precisions, default=None, return_dtype=pl.String).alias("precision"),
    ]
    return pl.DataFrame(fields).to_struct(texts.name)


def _partial_or_none(text: str) -> PartialDate | None:
    try:
        return parse_partial_birth_date(text)
    except ValueError:
        return None

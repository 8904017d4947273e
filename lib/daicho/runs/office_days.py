"""Days on which the office works: no weekend, no national holiday, none of the office's own closed days.

Source: 地方自治法 第4条の2 (the holidays of a municipality are Saturdays and Sundays, the days of 国民の祝日に関する法律, and the days at the turn of
the year that its own ordinance names: reference table office_closed_day.csv). National holidays come from jpholiday.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import jpholiday

from daicho.contracts.reference import list_reference, load_reference
from daicho.core.config import Config

TABLE = "office_closed_day"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ClosedDays:
    """Days of every year from one day of the year to another (MM-DD, over the turn of the year too), while the rule holds."""

    first: str
    last: str
    valid_from: date
    valid_to: date

    def covers(self, day: date) -> bool:
        of_year = f"{day:%m-%d}"
        inside = self.first <= of_year <= self.last if self.first <= self.last else not self.last < of_year < self.first
        return inside and self.valid_from <= day <= self.valid_to


@dataclass(frozen=True)
class OfficeDays:
    """The office's calendar."""

    closed: Sequence[ClosedDays] = ()

    def is_open(self, day: date) -> bool:
        return day.isoweekday() < 6 and not jpholiday.is_holiday(day) and not any(rule.covers(day) for rule in self.closed)

    def next_open(self, day: date) -> date:
        """The day itself when the office works, else the next day on which it does."""
        return next(found for found in _days(day, ONE_DAY) if self.is_open(found))

    def previous_open(self, day: date) -> date:
        """The day itself when the office works, else the last day before on which it did."""
        return next(found for found in _days(day, -ONE_DAY) if self.is_open(found))

    def nth_open(self, year: int, month: int, number: int) -> date:
        """第n営業日 of a month; a negative number counts from its end (-1: the last). Numbers within ±15 exist in every month."""
        first = date(year, month, 1)
        start, step = (first, ONE_DAY) if number > 0 else (date(year + month // 12, month % 12 + 1, 1) - ONE_DAY, -ONE_DAY)
        opened = (day for day in _days(start, step) if self.is_open(day))
        return next(day for place, day in enumerate(opened, start=1) if place == abs(number))


def _days(start: date, step: timedelta) -> Iterator[date]:
    # Three closed weeks in a row would be an error of the table; a year is far beyond it.
    return (start + step * number for number in range(366))


def office_days(config: Config) -> OfficeDays:
    """The calendar of the workspace's office; without the table only weekends and national holidays are closed. Raises UsageError."""
    if TABLE not in list_reference(config.contracts_dir):
        return OfficeDays()
    rows = load_reference(config.contracts_dir, TABLE).iter_rows(named=True)
    return OfficeDays(
        tuple(
            ClosedDays(row["month_day_from"], row["month_day_to"], row["valid_from"] or date.min, row["valid_to"] or date.max)
            for row in rows
        )
    )

"""When a plan falls due: each week, month, quarter, half-year or fiscal year on a day of the calendar or of the office, or by a cron expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeGuard

from cronsim import CronSim, CronSimError

from daicho.core.errors import UsageError
from daicho.runs.office_days import OfficeDays

EVERY = ("week", "month", "quarter", "half_year", "fiscal_year")
SHIFTS = ("next_business_day", "previous_business_day")
KEYS = frozenset({"every", "day", "business_day", "shift", "delay_months", "at", "cron"})
_FIRST_MONTHS = {"month": tuple(range(1, 13)), "quarter": (1, 4, 7, 10), "half_year": (4, 10), "fiscal_year": (4,)}
# A shift passes over a closed stretch, the longest of which is the turn of the year or Golden Week.
_SHIFTED_DAYS = timedelta(days=31)


@dataclass(frozen=True)
class Due:
    """One period that a plan owes. `period` names it for good (2026-W48, 2026-10 after the month it begins in, or a day), also when the calendar changes;
    `nominal` is the day by the rule, from which relative parameters are counted, `day` the day after moving to a working day, `at` the time of it."""

    period: str
    nominal: date
    day: date
    at: time

    @property
    def moment(self) -> datetime:
        return datetime.combine(self.day, self.at)


@dataclass(frozen=True)
class Schedule:
    """A rule. Exactly one of `cron`, `day` (of the month, or ISO weekday) and `business_day` (第n営業日, negative from the month's end) is set;
    `delay_months` after the period has begun: the half-year that ended in September is settled in November."""

    every: str = ""
    day: int = 0
    business_day: int = 0
    shift: str = ""
    delay_months: int = 0
    at: time = time.min
    cron: str = ""

    def dues(self, first: date, last: date, office: OfficeDays) -> list[Due]:
        """Every period due from `first` to `last`, both included, in order."""
        reach = _SHIFTED_DAYS if self.shift else timedelta(0)
        found = [
            Due(period, nominal, self._moved(nominal, office), at)
            for period, nominal, at in self._nominal(first - reach, last + reach, office)
        ]
        return sorted((due for due in found if first <= due.day <= last), key=lambda due: (due.day, due.period))

    def _moved(self, day: date, office: OfficeDays) -> date:
        if not self.shift:
            return day
        return office.next_open(day) if self.shift == "next_business_day" else office.previous_open(day)

    def _nominal(self, first: date, last: date, office: OfficeDays) -> Iterator[tuple[str, date, time]]:
        if self.cron:
            yield from self._by_cron(first, last)
        elif self.every == "week":
            for day in _each(first, last):
                if day.isoweekday() == self.day:
                    year, week, _ = day.isocalendar()
                    yield f"{year}-W{week:02d}", day, self.at
        else:
            for begins in _each_month(first, last, back=self.delay_months):
                if begins.month in _FIRST_MONTHS[self.every]:
                    due = _months_later(begins, self.delay_months)
                    nominal = office.nth_open(due.year, due.month, self.business_day) if self.business_day else due.replace(day=self.day)
                    if first <= nominal <= last:
                        yield f"{begins:%Y-%m}", nominal, self.at

    def _by_cron(self, first: date, last: date) -> Iterator[tuple[str, date, time]]:
        """One run for each day on which the expression has a time, from the first such time on."""
        before = datetime.combine(first, time.min) - timedelta(minutes=1)
        previous = None
        for moment in CronSim(self.cron, before):
            if moment.date() > last:
                return
            if moment.date() != previous:
                previous = moment.date()
                yield previous.isoformat(), previous, moment.time()


def _each(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _each_month(first: date, last: date, *, back: int) -> Iterator[date]:
    """First days of the months in which a period begins that may fall due between the days."""
    month = _months_later(first.replace(day=1), -back)
    while month <= last:
        yield month
        month = _months_later(month, 1)


def _months_later(first_of_month: date, months: int) -> date:
    number = first_of_month.year * 12 + first_of_month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def read_schedule(raw: Mapping[str, Any], where: str) -> Schedule:
    """The rule of a plan's `schedule`. Raises UsageError naming the key that is wrong."""
    for key in raw:
        if key not in KEYS:
            raise UsageError(f"{where}: unknown key {key}; known are {', '.join(sorted(KEYS))}.")
    if "cron" in raw:
        return _read_cron(raw, where)
    every, shift, delay = raw.get("every"), raw.get("shift", ""), raw.get("delay_months", 0)
    if every not in EVERY:
        raise UsageError(f"{where}.every must be one of {', '.join(EVERY)}, unless a cron expression stands there.")
    if ("day" in raw) == ("business_day" in raw):
        raise UsageError(f"{where} needs one of day and business_day.")
    if shift and shift not in SHIFTS:
        raise UsageError(f"{where}.shift must be one of {', '.join(SHIFTS)}.")
    if not _is_whole(delay) or not 0 <= delay <= 11 or (delay and every == "week"):
        raise UsageError(f"{where}.delay_months must be a number of months from 0 to 11, and none for weeks.")
    return Schedule(
        every=every,
        day=_read_day(raw["day"], every, where) if "day" in raw else 0,
        business_day=_read_business_day(raw["business_day"], every, where) if "business_day" in raw else 0,
        shift=shift,
        delay_months=delay,
        at=_read_time(raw.get("at", "00:00"), where),
    )


def _read_cron(raw: Mapping[str, Any], where: str) -> Schedule:
    if len(raw) > 1:
        raise UsageError(f"{where}: beside cron no other key may stand; the expression says day and time.")
    try:
        # The first time also proves that there is one: 30 February never comes.
        next(CronSim(raw["cron"], datetime(2026, 1, 1)))
    except (CronSimError, StopIteration, AttributeError, TypeError):
        raise UsageError(f"{where}.cron must be a cron expression of five fields that has a time, such as 30 6 * * 1.") from None
    return Schedule(cron=raw["cron"])


def _read_day(day: object, every: str, where: str) -> int:
    if not _is_whole(day) or not 1 <= day <= (7 if every == "week" else 28):
        wanted = "a weekday from 1 (Monday) to 7" if every == "week" else "a day of the month from 1 to 28"
        raise UsageError(f"{where}.day must be {wanted}.")
    return day


def _read_business_day(number: object, every: str, where: str) -> int:
    if not _is_whole(number) or not 1 <= abs(number) <= 15 or every == "week":
        raise UsageError(
            f"{where}.business_day must be a number from 1 to 15, or from -1 (the last of the month) to -15, and none for weeks."
        )
    return number


def _read_time(at: object, where: str) -> time:
    if not isinstance(at, str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", at):
        raise UsageError(f'{where}.at must be a time of day such as "06:30".')
    return time.fromisoformat(at)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)

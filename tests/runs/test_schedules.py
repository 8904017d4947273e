"""When plans fall due: working days, holidays, shifts, cron, delays, and names of periods that do not move with the calendar."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from daicho.core.config import Config
from daicho.core.errors import UsageError
from daicho.runs.office_days import ClosedDays, OfficeDays, office_days
from daicho.runs.relative import resolve
from daicho.runs.schedules import read_schedule

YEAR_END = ClosedDays("12-29", "01-03", date.min, date.max)
OFFICE = OfficeDays((YEAR_END,))
FIRST, LAST = date(2026, 4, 1), date(2027, 3, 31)


def days(raw: dict[str, Any], *, first: date = FIRST, last: date = LAST, office: OfficeDays = OFFICE) -> list[str]:
    return [due.day.isoformat() for due in read_schedule(raw, "schedule").dues(first, last, office)]


# 国民の祝日 of 2026 as the Cabinet Office publishes them: with a substitute holiday (5/6) and a day between two holidays (9/22).
HOLIDAYS_2026 = [
    "01-01", "01-12", "02-11", "02-23", "03-20", "04-29", "05-03", "05-04", "05-05", "05-06", "07-20", "08-11", "09-21", "09-22", "09-23", "10-12",
    "11-03", "11-23",
]  # fmt: skip


def test_the_office_works_on_no_weekend_holiday_or_closed_day() -> None:
    every = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    closed = {date.fromisoformat(f"2026-{day}") for day in HOLIDAYS_2026}
    year_end = {date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3), date(2026, 12, 29), date(2026, 12, 30), date(2026, 12, 31)}
    assert [day for day in every if OFFICE.is_open(day)] == [day for day in every if day.weekday() < 5 and day not in closed | year_end]


def test_closed_days_hold_only_while_they_are_in_force() -> None:
    office = OfficeDays((ClosedDays("07-01", "07-01", date(2026, 7, 1), date(2026, 7, 1)),))
    assert not office.is_open(date(2026, 7, 1)) and office.is_open(date(2027, 7, 1))


def test_the_workspaces_own_table_is_read(workspace: Config) -> None:
    assert not office_days(workspace).is_open(date(2026, 12, 29))
    (workspace.contracts_dir / "reference" / "office_closed_day.csv").unlink()
    assert office_days(workspace).is_open(date(2026, 12, 29))


@pytest.mark.parametrize(
    ("number", "month", "expected"),
    [
        (3, 1, "2027-01-06"),
        (1, 1, "2027-01-04"),
        (-1, 12, "2026-12-28"),
        (3, 5, "2026-05-08"),
        (-1, 5, "2026-05-29"),
        (15, 9, "2026-09-24"),
    ],
)
def test_the_nth_working_day_of_a_month(number: int, month: int, expected: str) -> None:
    year = 2027 if month == 1 else 2026
    assert OFFICE.nth_open(year, month, number).isoformat() == expected


def test_every_month_has_fifteen_working_days_counted_from_either_end() -> None:
    for number in range(12 * 40):
        year, month = 2015 + number // 12, number % 12 + 1
        assert OFFICE.nth_open(year, month, 15).month == month == OFFICE.nth_open(year, month, -15).month


def test_the_tenth_or_the_next_working_day() -> None:
    raw = {"every": "month", "day": 10, "shift": "next_business_day"}
    assert days(raw)[:9] == [
        "2026-04-10", "2026-05-11", "2026-06-10", "2026-07-10", "2026-08-10", "2026-09-10", "2026-10-13", "2026-11-10", "2026-12-10",
    ]  # fmt: skip
    assert days({**raw, "shift": "previous_business_day"})[1] == "2026-05-08"
    assert days({"every": "month", "day": 10})[1] == "2026-05-10"


def test_a_day_moved_into_the_next_month_keeps_its_period_and_is_not_lost_at_the_edge() -> None:
    schedule = read_schedule({"every": "month", "day": 28, "shift": "next_business_day"}, "schedule")
    (moved,) = schedule.dues(date(2027, 3, 1), date(2027, 3, 1), OFFICE)
    assert (moved.period, moved.nominal, moved.day) == ("2027-02", date(2027, 2, 28), date(2027, 3, 1))
    assert resolve({"month": "previous_month"}, on=moved.nominal) == {"month": 202701}


def test_the_name_of_a_period_does_not_change_with_the_calendar() -> None:
    schedule = read_schedule({"every": "month", "business_day": 3}, "schedule")
    one = schedule.dues(date(2026, 12, 1), date(2026, 12, 31), OFFICE)
    other = schedule.dues(date(2026, 12, 1), date(2026, 12, 31), OfficeDays((YEAR_END, ClosedDays("12-01", "12-02", date.min, date.max))))
    assert [due.day for due in one] != [due.day for due in other] and [due.period for due in one] == [due.period for due in other] == [
        "2026-12"
    ]


def test_half_years_fall_due_after_their_delay() -> None:
    raw = {"every": "half_year", "day": 12, "delay_months": 1, "shift": "next_business_day"}
    assert days(raw, first=date(2026, 1, 1), last=date(2027, 12, 31)) == ["2026-05-12", "2026-11-12", "2027-05-12", "2027-11-12"]
    assert [due.period for due in read_schedule(raw, "s").dues(FIRST, LAST, OFFICE)] == ["2026-04", "2026-10"]


def test_weeks_quarters_and_fiscal_years() -> None:
    assert days({"every": "week", "day": 1}, last=date(2026, 4, 30)) == ["2026-04-06", "2026-04-13", "2026-04-20", "2026-04-27"]
    assert days({"every": "quarter", "business_day": -1}) == ["2026-04-30", "2026-07-31", "2026-10-30", "2027-01-29"]
    assert days({"every": "fiscal_year", "day": 20}) == ["2026-04-20"]


def test_a_cron_expression_owes_one_run_a_day_from_its_first_time_on() -> None:
    dues = read_schedule({"cron": "30 6,18 * * MON"}, "schedule").dues(date(2026, 4, 1), date(2026, 4, 14), OFFICE)
    assert [(due.period, due.moment) for due in dues] == [
        ("2026-04-06", datetime(2026, 4, 6, 6, 30)),
        ("2026-04-13", datetime(2026, 4, 13, 6, 30)),
    ]


def test_dues_of_a_long_time_are_those_of_its_parts() -> None:
    for raw in (
        {"every": "month", "day": 28, "shift": "next_business_day"},
        {"every": "month", "day": 1, "shift": "previous_business_day"},
        {"every": "week", "day": 7, "shift": "next_business_day"},
        {"every": "half_year", "business_day": -1, "delay_months": 2},
        {"cron": "0 0 1-7 * *"},
    ):
        whole = days(raw)
        parts = [day for offset in range(365) for day in days(raw, first=FIRST + timedelta(offset), last=FIRST + timedelta(offset))]
        assert parts == whole and len(set(whole)) == len(whole) > 1


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({}, "every"),
        ({"every": "day", "day": 1}, "every"),
        ({"every": "month"}, "business_day"),
        ({"every": "month", "day": 1, "business_day": 1}, "business_day"),
        ({"every": "month", "day": 29}, "day"),
        ({"every": "month", "day": True}, "day"),
        ({"every": "week", "day": 8}, "day"),
        ({"every": "week", "business_day": 1}, "business_day"),
        ({"every": "month", "business_day": 0}, "business_day"),
        ({"every": "month", "business_day": 16}, "business_day"),
        ({"every": "month", "day": 1, "shift": "holiday"}, "shift"),
        ({"every": "week", "day": 1, "delay_months": 1}, "delay_months"),
        ({"every": "month", "day": 1, "at": "6:30"}, "at"),
        ({"every": "month", "day": 1, "at": "24:00"}, "at"),
        ({"every": "month", "day": 1, "hour": 6}, "hour"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "* * *"}, "cron"),
        ({"cron": 5}, "cron"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "0 6 * * *", "at": "07:00"}, "cron"),
    ],
)
def test_what_is_no_schedule_is_refused_by_its_key(raw: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        read_schedule(raw, "plan.toml: schedule")


def test_the_time_of_day_is_kept() -> None:
    (due,) = read_schedule({"every": "fiscal_year", "day": 20, "at": "06:30"}, "s").dues(FIRST, LAST, OFFICE)
    assert due.at == time(6, 30)


@pytest.mark.parametrize(
    ("name", "on", "value"),
    [
        ("previous_month", "2026-01-15", 202512),
        ("this_month", "2026-01-15", 202601),
        ("half_year", "2026-03-31", "2025H2"),
        ("half_year", "2026-04-01", "2026H1"),
        ("half_year", "2026-10-01", "2026H2"),
        ("previous_half_year", "2026-09-30", "2025H2"),
        ("previous_half_year", "2026-10-01", "2026H1"),
        ("previous_half_year", "2027-01-01", "2026H1"),
        ("previous_fiscal_year", "2026-03-31", 2024),
        ("end_of_previous_fiscal_year", "2026-04-20", "2026-03-31"),
        ("end_of_previous_month", "2026-03-01", "2026-02-28"),
        ("today", "2026-03-01", "2026-03-01"),
        ("something", "2026-03-01", "something"),
    ],
)
def test_relative_parameters_follow_the_plans_day(name: str, on: str, value: object) -> None:
    assert resolve({"p": name}, on=date.fromisoformat(on)) == {"p": value}

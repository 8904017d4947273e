"""The legal day rules: every example of the notice, and an independent count of the days."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daicho.core.ages import (
    age_months,
    age_years,
    birth_fiscal_year,
    days_after_birth,
    fiscal_year_of_age,
    reached_months_on,
    reached_years_on,
    school_start_on,
)
from daicho.core.fiscal import fiscal_year, fiscal_year_end, fiscal_year_start

BIRTHS = st.dates(min_value=date(1995, 1, 1), max_value=date(2030, 12, 31))


@pytest.mark.parametrize(
    ("birth", "months", "reached"),
    [
        (date(2013, 4, 1), 3, date(2013, 6, 30)),
        (date(2013, 4, 1), 6, date(2013, 9, 30)),
        (date(2013, 1, 31), 1, date(2013, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 28)),
        (date(2013, 1, 29), 1, date(2013, 2, 28)),
        (date(2012, 1, 29), 1, date(2012, 2, 28)),
        (date(2013, 3, 31), 1, date(2013, 4, 30)),
        (date(2013, 3, 30), 1, date(2013, 4, 29)),
        (date(2013, 12, 15), 1, date(2014, 1, 14)),
    ],
)
def test_months_are_reached_on_the_day_before_or_the_last_day_of_a_short_month(birth: date, months: int, reached: date) -> None:
    assert reached_months_on(birth, months) == reached


def test_an_age_of_nothing_is_reached_at_birth() -> None:
    assert reached_months_on(date(2024, 4, 1), 0) == reached_years_on(date(2024, 4, 1), 0) == date(2024, 4, 1)


def test_years_are_reached_on_the_day_before_the_birthday() -> None:
    assert reached_years_on(date(2019, 11, 16), 6) == date(2025, 11, 15)
    assert age_years(date(2019, 11, 16), on=date(2025, 11, 14)) == 5
    assert age_years(date(2019, 11, 16), on=date(2025, 11, 15)) == 6


@pytest.mark.parametrize("year", [2025, 2026, 2027, 2028])
def test_a_child_of_29_february_ages_on_28_february_of_every_year(year: int) -> None:
    birth = date(2024, 2, 29)
    assert reached_years_on(birth, year - 2024) == date(year, 2, 28)
    assert age_years(birth, on=date(year, 2, 27)) == year - 2025
    assert age_years(birth, on=date(year, 2, 28)) == year - 2024


def test_mr_first_stage_window_ends_on_the_day_two_years_are_reached() -> None:
    birth = date(2023, 11, 16)
    assert reached_months_on(birth, 12) == date(2024, 11, 15)
    assert reached_months_on(birth, 24) == date(2025, 11, 15)


@pytest.mark.parametrize(
    ("days", "reached"), [(42, date(2024, 2, 12)), (104, date(2024, 4, 14)), (168, date(2024, 6, 17)), (224, date(2024, 8, 12))]
)
def test_rotavirus_windows_count_days_from_birth(days: int, reached: date) -> None:
    assert days_after_birth(date(2024, 1, 1), days) == reached


def test_a_child_of_1_april_belongs_to_the_earlier_cohort() -> None:
    assert birth_fiscal_year(date(2014, 4, 1)) == 2013
    assert birth_fiscal_year(date(2014, 4, 2)) == 2014
    assert birth_fiscal_year(date(2015, 3, 31)) == 2014


def test_mr_second_stage_window_is_the_year_before_school() -> None:
    start = school_start_on(date(2020, 4, 2))
    assert start == date(2027, 4, 1)
    window = fiscal_year(start) - 1
    assert (fiscal_year_start(window), fiscal_year_end(window)) == (date(2026, 4, 1), date(2027, 3, 31))


def test_school_starts_on_the_day_after_a_child_of_1_april_reaches_six() -> None:
    assert reached_years_on(date(2020, 4, 1), 6) == date(2026, 3, 31)
    assert school_start_on(date(2020, 4, 1)) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("birth", "opens", "closes"),
    [(date(2014, 4, 2), date(2026, 4, 1), date(2031, 3, 31)), (date(2014, 4, 1), date(2025, 4, 1), date(2030, 3, 31))],
)
def test_hpv_window_runs_over_the_fiscal_years_of_twelve_to_sixteen(birth: date, opens: date, closes: date) -> None:
    assert fiscal_year_start(fiscal_year_of_age(birth, 12)) == opens
    assert fiscal_year_end(fiscal_year_of_age(birth, 16)) == closes


def test_shingles_cohort_of_65_in_fiscal_2025_is_2_april_1960_to_1_april_1961() -> None:
    births = [date(1960, 4, 1), date(1960, 4, 2), date(1961, 4, 1), date(1961, 4, 2)]
    assert [fiscal_year_of_age(birth, 65) for birth in births] == [2024, 2025, 2025, 2026]


def test_an_age_before_birth_is_refused() -> None:
    with pytest.raises(ValueError, match="before birth"):
        age_months(date(2024, 1, 2), on=date(2024, 1, 1))
    with pytest.raises(ValueError, match="before birth"):
        age_years(date(2024, 1, 2), on=date(2024, 1, 1))


def test_negative_ages_are_refused() -> None:
    for rule in (reached_months_on, reached_years_on, days_after_birth, fiscal_year_of_age):
        with pytest.raises(ValueError, match="never negative"):
            rule(date(2024, 1, 1), -1)


def days_and_months_reached(birth: date, *, until: date) -> Iterator[tuple[date, int]]:
    """Walks day by day and counts a month whenever the law says one is complete at the end of the day."""
    months, day = 0, birth
    while day <= until:
        tomorrow = day + timedelta(days=1)
        is_missing_day = tomorrow.day == 1 and monthrange(day.year, day.month)[1] < birth.day
        if tomorrow.day == birth.day or is_missing_day:
            months += 1
        yield day, months
        day = tomorrow


@settings(deadline=None, derandomize=True, max_examples=60)
@given(birth=BIRTHS)
def test_ages_agree_with_counting_the_days_one_by_one(birth: date) -> None:
    previous = 0
    for day, months in days_and_months_reached(birth, until=birth + timedelta(days=7400)):
        assert age_months(birth, on=day) == months
        assert age_years(birth, on=day) == months // 12
        if months > previous:
            assert reached_months_on(birth, months) == day
            if months % 12 == 0:
                assert reached_years_on(birth, months // 12) == day
        previous = months
    assert previous > 240


@settings(deadline=None, derandomize=True)
@given(birth=BIRTHS, years=st.integers(min_value=1, max_value=110))
def test_the_fiscal_year_of_an_age_contains_the_day_it_is_reached(birth: date, years: int) -> None:
    assert fiscal_year_of_age(birth, years) == fiscal_year(reached_years_on(birth, years))


@settings(deadline=None, derandomize=True)
@given(birth=BIRTHS)
def test_school_starts_on_the_first_1_april_after_reaching_six(birth: date) -> None:
    day = reached_years_on(birth, 6) + timedelta(days=1)
    while (day.month, day.day) != (4, 1):
        day += timedelta(days=1)
    assert school_start_on(birth) == day

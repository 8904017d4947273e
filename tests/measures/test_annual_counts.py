"""Doses of the fiscal year to residents on the day of the dose."""

from __future__ import annotations

from typing import Any

import pytest
from tests.measures.mart_factory import Event, Ledger, Person
from tests.measures.people import count, dose, on, resident, screening, table

CHILD = resident(1, "2023-11-16")


def counted(*events: Event, people: tuple[Person, ...] = (CHILD,), year: int = 2025, **parameters: Any) -> tuple[int, int]:
    row = count(Ledger(people, events), "annual_counts", fiscal_year=year, **parameters)
    return row["doses_count"], row["persons_count"]


def doses_by(dimension: str, *events: Event, people: tuple[Person, ...] = (CHILD,), year: int = 2025) -> dict[Any, int]:
    return table(Ledger(people, events), "annual_counts", by=(dimension,), values=("doses_count",), fiscal_year=year)


@pytest.mark.parametrize(("day", "year"), [("2025-03-31", 2024), ("2025-04-01", 2025), ("2026-03-31", 2025), ("2026-04-01", 2026)])
@pytest.mark.parametrize("paid_month", [202503, 202605, None])
def test_the_day_of_the_dose_decides_the_year_whatever_the_month_of_payment(day: str, year: int, paid_month: int | None) -> None:
    event = dose(1, "MR-1", day, paid_month=paid_month)
    assert [counted(event, year=asked) for asked in (2024, 2025, 2026)] == [(int(asked == year),) * 2 for asked in (2024, 2025, 2026)]


def test_screened_only_is_not_counted() -> None:
    assert counted(screening(1, "MR-1", "2025-06-01")) == (0, 0)


def test_a_dose_through_a_second_channel_counts_once() -> None:
    assert counted(dose(1, "MR-1", "2025-06-01"), dose(1, "MR-1", "2025-06-01", location_flag="2", paid_month=202603, batch=2)) == (1, 1)


def test_doses_on_two_days_are_two_doses_of_one_person() -> None:
    assert counted(dose(1, "VAR-1", "2025-06-01"), dose(1, "VAR-2", "2025-12-01")) == (2, 1)


@pytest.mark.parametrize(("day", "expected"), [("2025-11-09", 1), ("2025-11-10", 0), ("2025-11-11", 0)])
def test_doses_before_leaving_count_and_from_the_day_of_removal_on_do_not(day: str, expected: int) -> None:
    assert counted(dose(1, "MR-1", day), people=(resident(1, "2023-11-16", until="2025-11-10"),)) == (expected, expected)


def test_a_dose_before_moving_in_does_not_count() -> None:
    people = (resident(1, "2023-11-16", since="2025-06-02"),)
    assert counted(dose(1, "MR-1", "2025-06-01"), dose(1, "VAR-1", "2025-06-02"), people=people) == (1, 1)


def test_doses_without_date_or_before_birth_do_not_count() -> None:
    people = (resident(1, "2025-11-16", since="2025-04-01"),)
    assert counted(dose(1, "BCG-1", None), dose(1, "BCG-1", "2025-11-15"), people=people) == (0, 0)


def test_a_dose_of_somebody_with_a_partial_birth_date_counts_with_unknown_age() -> None:
    event = dose(1, "MR-1", "2025-06-01")
    assert counted(event, people=(resident(1, None),)) == (1, 1)
    assert doses_by("age_band", event, people=(resident(1, None),)) == {"unknown": 1}
    assert doses_by("birth_fy", event, people=(resident(1, None),)) == {None: 1}


def test_an_as_of_day_cuts_the_year_short() -> None:
    events = [dose(1, "MR-1", "2025-09-30"), dose(1, "VAR-1", "2025-10-01"), dose(1, "VAR-2", "2026-03-01")]
    assert counted(*events, as_of=on("2025-10-01")) == (2, 1)
    assert counted(*events, as_of=on("2030-01-01")) == (3, 1)


def test_dose_on_the_day_before_the_birthday_counts_at_the_new_age() -> None:
    events = [dose(1, "MR-1", "2025-11-14"), dose(1, "VAR-1", "2025-11-15")]
    assert doses_by("age_years", *events) == {1: 1, 2: 1}
    assert doses_by("age_band", *events) == {"001-001": 1, "002-002": 1}


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("COVID-1", "2024-03-31", "臨時"),
        ("COVID-1", "2024-04-01", "任意"),
        ("COVID-1", "2024-09-30", "任意"),
        ("COVID-1", "2024-10-01", "定期B"),
        ("HB-1", "2016-09-30", "任意"),
        ("HB-1", "2016-10-01", "定期A"),
        ("ZOSTER-R-1", "2025-03-31", "任意"),
        ("ZOSTER-R-1", "2025-04-01", "定期B"),
        ("RSV-M-1", "2026-03-31", "任意"),
        ("RSV-M-1", "2026-04-01", "定期A"),
        ("MR-1", "2025-06-01", "定期A"),
        ("FLU-E-1", "2025-10-01", "定期B"),
    ],
)
def test_the_program_class_is_that_of_the_day_of_the_dose(code: str, day: str, expected: str) -> None:
    people = (resident(1, "1950-01-01", since="2010-01-01"),)
    year = on(day).year - (on(day).month < 4)
    assert doses_by("program_class", dose(1, code, day), people=people, year=year) == {expected: 1}


def test_month_is_that_of_the_dose_and_disease_that_of_the_vaccine() -> None:
    event = dose(1, "MR-1", "2025-06-30", paid_month=202509)
    assert doses_by("month", event) == {202506: 1}
    assert doses_by("disease", event) == {"measles_rubella": 1}


def test_a_dose_in_no_code_list_is_counted_as_unknown() -> None:
    assert doses_by("dose", Event(1, "MR", "unknown", given_on=on("2025-06-01"))) == {"unknown": 1}


def test_the_district_is_that_of_the_day_of_the_dose() -> None:
    person = Person(1, on("2023-11-16"), spells=(*resident(1, "2023-11-16", until="2025-07-01", district="shiba").spells,
                                                 *resident(1, "2023-11-16", since="2025-07-01", district="azabu").spells))  # fmt: skip
    assert doses_by("district", dose(1, "MR-1", "2025-06-30"), dose(1, "VAR-1", "2025-07-01"), people=(person,)) == {"shiba": 1, "azabu": 1}


@pytest.mark.parametrize(
    ("code", "birth", "day", "expected"),
    [
        ("MR-1", "2023-11-16", "2025-06-01", "all"),
        ("FLU-E-1", "1960-11-01", "2025-10-30", "060-064"),
        ("FLU-E-1", "1960-11-01", "2025-10-31", "065-"),
        ("FLU-E-1", "1990-01-01", "2025-10-31", "outside"),
        ("FLU-E-1", None, "2025-10-31", "unknown"),
        # 帯状疱疹: the age at the end of the fiscal year, which somebody born on 1 April reaches on its last day
        ("ZOSTER-R-1", "1961-04-01", "2025-04-01", "065-"),
        ("ZOSTER-R-1", "1961-04-02", "2025-04-01", "060-064"),
        # not divided before the vaccine is on the form
        ("ZOSTER-R-1", "1961-04-02", "2024-04-01", "all"),
    ],
)
def test_the_age_category_is_that_of_the_form_of_the_year(code: str, birth: str | None, day: str, expected: str) -> None:
    people = (resident(1, birth, since="2010-01-01"),)
    assert doses_by("age_category", dose(1, code, day), people=people, year=on(day).year) == {expected: 1}

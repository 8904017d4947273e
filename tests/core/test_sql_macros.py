"""The SQL macros say the same as the Python rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

import duckdb
import polars as pl
import pytest

from daicho.core import ages, fiscal
from daicho.core.sql_macros import LEGAL_MACROS

FIRST, LAST = date(1995, 1, 1), date(2030, 12, 31)
LEAP_YEARS = (2000, 2004, 2024)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        for macro in LEGAL_MACROS:
            opened.execute(macro)
        yield opened


def days(first: date, last: date, *, step: int = 1) -> list[date]:
    return [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)]


def telling_births() -> list[date]:
    """Every thirty-first day, the days around the turn of every month, and every day of the leap years."""
    edges = [day for day in days(FIRST, LAST) if day.day in (1, 29, 31)]
    leap = [day for day in days(FIRST, LAST) if day.year in LEAP_YEARS]
    return sorted({*days(FIRST, LAST, step=31), *edges, *leap})


def assert_same(connection: duckdb.DuckDBPyConnection, sql: str, rows: list[tuple[Any, ...]], rule: Callable[..., Any]) -> None:
    names = ["a", "b"][: len(rows[0])]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    expected = pl.Series("expected", [rule(*row) for row in rows])
    relation = connection.from_arrow(frame.with_row_index("row").to_arrow())
    computed = relation.project(f"row, {sql} AS computed").order("row").pl()["computed"]
    assert computed.dtype.is_integer() == expected.dtype.is_integer()
    assert computed.null_count() == 0
    assert computed.cast(expected.dtype).equals(expected)


def test_ages_in_months_are_reached_on_the_same_day(connection: duckdb.DuckDBPyConnection) -> None:
    rows = list(product(telling_births(), range(0, 241)))
    assert_same(connection, "reached_months_on(a, b)", rows, ages.reached_months_on)


def test_ages_in_years_are_reached_on_the_same_day(connection: duckdb.DuckDBPyConnection) -> None:
    assert_same(connection, "reached_years_on(a, b)", list(product(telling_births(), range(0, 111, 5))), ages.reached_years_on)


def test_days_after_birth_are_the_same(connection: duckdb.DuckDBPyConnection) -> None:
    assert_same(connection, "days_after_birth(a, b)", list(product(telling_births(), (0, 42, 104, 168, 224))), ages.days_after_birth)


def births_and_days() -> list[tuple[date, date]]:
    around_leap_day = [birth for year in LEAP_YEARS for birth in days(date(year, 1, 27), date(year, 4, 3))]
    every_day = [(birth, birth + timedelta(days=n)) for birth in around_leap_day for n in range(0, 1500)]
    sparse = [(birth, birth + timedelta(days=n)) for birth in days(FIRST, LAST, step=29) for n in range(0, 40000, 331)]
    return every_day + sparse


def test_ages_on_a_day_are_the_same(connection: duckdb.DuckDBPyConnection) -> None:
    rows = births_and_days()
    assert_same(connection, "age_months_on(a, b)", rows, lambda birth, day: ages.age_months(birth, on=day))
    assert_same(connection, "age_years_on(a, b)", rows, lambda birth, day: ages.age_years(birth, on=day))


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("birth_fy(a)", ages.birth_fiscal_year),
        ("fiscal_year(a)", fiscal.fiscal_year),
        ("fiscal_month(a)", lambda day: day.year * 100 + day.month),
        ("school_start_on(a)", ages.school_start_on),
    ],
)
def test_years_and_months_of_every_day_are_the_same(connection: duckdb.DuckDBPyConnection, sql: str, rule: Callable[[date], Any]) -> None:
    assert_same(connection, sql, [(day,) for day in days(FIRST, LAST)], rule)


@pytest.mark.parametrize(
    "call",
    [
        "reached_months_on(CAST(NULL AS DATE), 3)",
        "reached_months_on(DATE '2024-01-31', CAST(NULL AS INTEGER))",
        "reached_months_on(DATE '2024-01-31', -1)",
        "reached_years_on(DATE '2024-01-31', -1)",
        "days_after_birth(DATE '2024-01-31', -1)",
        "age_months_on(DATE '2024-01-31', DATE '2024-01-30')",
        "age_years_on(DATE '2024-01-31', DATE '2024-01-30')",
        "age_years_on(CAST(NULL AS DATE), DATE '2024-01-30')",
        "birth_fy(CAST(NULL AS DATE))",
        "school_start_on(CAST(NULL AS DATE))",
    ],
)
def test_nothing_known_or_nothing_lawful_gives_null(connection: duckdb.DuckDBPyConnection, call: str) -> None:
    assert connection.execute(f"SELECT {call}").fetchone() == (None,)


def test_bound_parameters_serve_as_arguments(connection: duckdb.DuckDBPyConnection) -> None:
    asked = connection.execute("SELECT age_years_on(DATE '2019-11-16', $as_of)", {"as_of": date(2025, 11, 15)})
    assert asked.fetchone() == (6,)


def test_macros_work_when_another_schema_is_current() -> None:
    with duckdb.connect() as opened:
        for macro in LEGAL_MACROS:
            opened.execute(macro)
        opened.execute("ATTACH ':memory:' AS snapshot")
        opened.execute("USE snapshot")
        assert opened.execute("SELECT memory.main.school_start_on(DATE '2020-04-02')").fetchone() == (date(2027, 4, 1),)

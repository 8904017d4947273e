"""Persons counted by blocks of bits are those that count(DISTINCT person) counts: negative numbers, the ends of a block, nobody, no dimension."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from daicho.measures.folding import fold_blocks, weigh_rows

COUNTS = {
    "rows": "count(*)",
    "people": "{persons}",
    "odd_rows": "count(*) FILTER (WHERE base.odd)",
    "odd_people": "{persons} FILTER (WHERE base.odd)",
    "nobody": "{persons} FILTER (WHERE base.odd AND NOT base.odd)",
}
ROWS = ("FROM base",)


@pytest.fixture(scope="module")
def base() -> Iterator[duckdb.DuckDBPyConnection]:
    """Persons around the ends of blocks, negative ones (records of nobody known) and none, several rows each."""
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute(
            """CREATE TABLE base AS
               SELECT CASE WHEN n % 97 = 0 THEN NULL ELSE CAST((n * 7919) % 400 - 130 AS INTEGER) END AS person,
                      'cell ' || (n * 31) % 5 AS cell, n % 3 = 1 AS odd, CAST(n % 4 AS INTEGER) AS weight, CAST(n % 2 AS INTEGER) AS own
               FROM range(5000) AS t(n)"""
        )
        yield connection


@pytest.mark.parametrize("dimensions", [{}, {"cell": "base.cell"}, {"cell": "base.cell", "half": "base.weight"}], ids=len)
def test_blocks_count_what_distinct_persons_are(base: duckdb.DuckDBPyConnection, dimensions: dict[str, str]) -> None:
    plain = ", ".join([*dimensions.values(), *(sql.replace("{persons}", "count(DISTINCT base.person)") for sql in COUNTS.values())])
    grouped = f"GROUP BY {', '.join(dimensions.values())}" if dimensions else ""
    expected = base.execute(f"SELECT {plain} FROM base {grouped} ORDER BY ALL").fetchall()
    folded = "\n".join(fold_blocks(COUNTS, dimensions=dimensions, rows=ROWS))
    assert base.execute(f"SELECT * FROM ({folded}) ORDER BY ALL").fetchall() == expected


def test_a_filter_that_leaves_no_row_counts_nobody(base: duckdb.DuckDBPyConnection) -> None:
    folded = "\n".join(fold_blocks(COUNTS, dimensions={}, rows=(*ROWS, "WHERE false")))
    assert base.execute(folded).fetchall() == [(0, 0, 0, 0, 0)]


def test_rows_that_stand_for_several_are_weighed(base: duckdb.DuckDBPyConnection) -> None:
    weighed = "\n".join(weigh_rows(COUNTS, dimensions={"cell": "base.cell"}, rows=ROWS, weight="base.weight", persons="base.own"))
    expected = base.execute(
        """SELECT cell, sum(weight), sum(own), sum(weight) FILTER (WHERE odd), sum(own) FILTER (WHERE odd), 0 FROM base GROUP BY cell ORDER BY ALL"""
    ).fetchall()
    assert base.execute(f"SELECT * FROM ({weighed}) ORDER BY ALL").fetchall() == expected


@pytest.mark.parametrize("expression", ["sum(base.weight)", "count(DISTINCT base.person)", "{persons} + 1"])
def test_what_is_no_count_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="counts of rows and of persons"):
        fold_blocks({"x": expression}, dimensions={}, rows=ROWS)

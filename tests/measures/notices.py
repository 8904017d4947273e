"""Ledgers with notices: forms and reminders sent, which the mart factory does not know."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
from tests.measures.mart_factory import Ledger, build_mart
from tests.measures.people import on

Notice = tuple[int, str, str]


def mart_with_notices(ledger: Ledger, notices: Sequence[Notice], *, kind: str = "form") -> duckdb.DuckDBPyConnection:
    """A mart with a table of notices: person, dose code, day of sending."""
    connection = build_mart(ledger)
    connection.execute(
        "CREATE OR REPLACE TABLE notice"
        " (person INTEGER, vaccine VARCHAR, dose VARCHAR, stage VARCHAR, number SMALLINT, sent_on DATE, notice_kind VARCHAR)"
    )
    for person, dose, day in notices:
        vaccine = dose.rpartition("-")[0]
        connection.execute("INSERT INTO notice VALUES (?, ?, ?, NULL, NULL, ?, ?)", [person, vaccine, dose, on(day), kind])
    return connection

"""The mart of tests/measures/mart_factory.py with what coverage needs besides: `batch` (when it was taken in), `notice`, the appraised doses."""

from __future__ import annotations

import duckdb
from tests.coverage.reference_people import Case
from tests.measures.mart_factory import build_mart, reference_tables

from daicho.measures.appraisal import appraisal_statements

_BATCH = "batch INTEGER, kind VARCHAR, received_on DATE, file_sha256 VARCHAR, file_name VARCHAR, is_live BOOLEAN"
_NOTICE = "person INTEGER, vaccine VARCHAR, dose VARCHAR, stage VARCHAR, number SMALLINT, sent_on DATE, notice_kind VARCHAR"


def build_case(case: Case) -> duckdb.DuckDBPyConnection:
    """A connection that looks like an opened snapshot of the case."""
    connection = build_mart(case.ledger)
    [[mart]] = connection.execute("SELECT current_database()").fetchall()
    for table, columns in (("batch", _BATCH), ("notice", _NOTICE)):
        connection.execute(f"CREATE TABLE IF NOT EXISTS {mart}.{table} ({columns}); DELETE FROM {mart}.{table}")
    for number, day in case.received_on.items():
        connection.execute(
            f"INSERT INTO {mart}.batch (batch, kind, received_on, is_live) VALUES (?, 'vaccination', ?, true)", [number, day]
        )
    for n in dict.fromkeys(case.notices):
        row = [n.person, n.vaccine, n.dose, n.sent_on, n.notice_kind]
        connection.execute(f"INSERT INTO {mart}.notice (person, vaccine, dose, sent_on, notice_kind) VALUES (?, ?, ?, ?, ?)", row)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {mart}.derived; SET search_path = '{mart}.main,{mart}.derived,memory'")
    for statement in appraisal_statements(reference_tables()):
        connection.execute(statement)
    return connection

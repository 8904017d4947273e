"""The mart's tables on payments: officers' decisions on claims, bills, and the lines of closed months.

A decision names a line of an extract. It is carried to the claim that stands there, by what the claim says and not by its place: when a later
dump repeats the claim on another line, the decision holds on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb

from daicho.vault.catalog import Batch

DECISION, INVOICE, CLOSE = "payment_decision", "invoice", "payment_close"

_NAMED_BATCH = re.compile(r"^(.*) \[batch ([0-9]+)\]$")

CLOSED_COLUMNS = {
    "line_kind": "VARCHAR", "closed_month": "INTEGER", "vaccine": "VARCHAR", "dose": "VARCHAR", "event_on": "DATE", "is_screened_only": "BOOLEAN",
    "paid_month": "INTEGER", "institution": "VARCHAR", "channel": "VARCHAR", "route": "VARCHAR", "ward": "VARCHAR", "payee": "VARCHAR", "product": "VARCHAR",
    "scheme": "VARCHAR", "copay_class": "VARCHAR", "decision": "VARCHAR", "reason": "VARCHAR", "price_excl_yen": "BIGINT", "tax_rate": "INTEGER",
    "gross_yen": "BIGINT", "copay_yen": "BIGINT", "fee_yen": "BIGINT", "adjustment": "VARCHAR",
}  # fmt: skip


def named_extracts(connection: duckdb.DuckDBPyConnection, live: Sequence[Batch], known: Sequence[Batch]) -> dict[tuple[int, str], Batch]:
    """The vaccination extract that each (batch of decisions, file name) means: the one named by number, else the newest of that name before it."""
    found: dict[tuple[int, str], Batch] = {}
    extracts = [batch for batch in known if batch.kind == "vaccination"]
    for batch in (batch for batch in live if batch.kind == DECISION):
        for (name,) in connection.execute(f"SELECT DISTINCT source_file FROM b{batch.batch}.rows").fetchall():
            match = _NAMED_BATCH.match(name)
            wanted = [each for each in extracts if each.file_name == (match.group(1) if match else name)]
            wanted = [each for each in wanted if match is None or each.batch == int(match.group(2))]
            # A file of the same delivery may have a higher number than the decisions on it.
            before = [each for each in wanted if each.batch < batch.batch] or wanted
            if before:
                found[batch.batch, name] = before[-1]
    return found


def payment_tables(connection: duckdb.DuckDBPyConnection, live: Sequence[Batch], targets: Mapping[tuple[int, str], Batch]) -> None:
    """Make `mart.payment_decision`, `mart.invoice`, `mart.closed_line`. Every batch of `targets` is attached."""
    connection.execute("CREATE TEMP TABLE target (decisions INTEGER, source_file VARCHAR, batch INTEGER)")
    if targets:
        connection.executemany(
            "INSERT INTO target VALUES (?, ?, ?)", [[number, name, batch.batch] for (number, name), batch in targets.items()]
        )
    connection.execute(_decisions([batch for batch in live if batch.kind == DECISION], {batch.batch for batch in targets.values()}))
    connection.execute(_invoices([batch for batch in live if batch.kind == INVOICE]))
    connection.execute(_closed([batch for batch in live if batch.kind == CLOSE]))


def _decisions(batches: Sequence[Batch], extracts: set[int]) -> str:
    """One row for each decision and claim; a decision whose file or line is not there has no person."""
    given = "\nUNION ALL\n".join(
        f"SELECT {each.batch}::INTEGER AS decisions, source_file, source_line, decision, reason, approver, decided_on FROM b{each.batch}.rows"
        for each in batches
    )
    nothing = """SELECT NULL::INTEGER AS decisions, NULL::VARCHAR AS source_file, NULL::INTEGER AS source_line, NULL::VARCHAR AS decision,
                        NULL::VARCHAR AS reason, NULL::VARCHAR AS approver, NULL::DATE AS decided_on WHERE false"""
    claims = "\nUNION ALL\n".join(
        f"""SELECT {number}::INTEGER AS batch, v.line, i.person, v.vaccine_code AS vaccine, coalesce(d.code, 'unknown') AS dose,
                   coalesce(v.given_on, v.screened_on) AS event_on, coalesce(v.is_screened_only, false) AS is_screened_only, v.paid_month,
                   v.institution_code AS institution, v.channel
            FROM (SELECT * FROM b{number}.rows UNION ALL BY NAME SELECT NULL::INTEGER AS line, NULL::VARCHAR AS channel WHERE false) v
            JOIN (SELECT DISTINCT batch, source_line FROM given JOIN target USING (decisions, source_file)) AS g
              ON g.batch = {number} AND g.source_line = v.line
            JOIN b{number}.pseudonym p ON p.local = v.person JOIN identity i ON i.pseudonym = p.pseudonym
            LEFT JOIN dose_lookup d ON d.vaccine_code = v.vaccine_code AND d.stage = coalesce(v.stage, '') AND d.number = coalesce(v.number, 1)"""
        for number in sorted(extracts)
    )
    no_claim = """SELECT NULL::INTEGER AS batch, NULL::INTEGER AS line, NULL::INTEGER AS person, NULL::VARCHAR AS vaccine, NULL::VARCHAR AS dose,
                         NULL::DATE AS event_on, NULL::BOOLEAN AS is_screened_only, NULL::INTEGER AS paid_month, NULL::VARCHAR AS institution,
                         NULL::VARCHAR AS channel WHERE false"""
    return f"""CREATE TABLE mart.payment_decision AS
    WITH given AS (SELECT DISTINCT * FROM ({given or nothing})),
    claim AS ({claims or no_claim})
    SELECT c.* EXCLUDE (batch, line), g.decision, g.reason, g.approver, g.decided_on
    FROM given g LEFT JOIN target t USING (decisions, source_file) LEFT JOIN claim c ON c.batch = t.batch AND c.line = g.source_line"""


def _invoices(batches: Sequence[Batch]) -> str:
    """The newest delivery of each payee, payer and month. No payer: the bill is to this municipality."""
    rows = "\nUNION ALL\n".join(
        f"""SELECT payee, payer, paid_month, line_kind, vaccine_code AS vaccine, unit_yen, units_count::BIGINT AS units_count, amount_yen,
                   {each.batch}::INTEGER AS batch, line
            FROM (SELECT * FROM b{each.batch}.rows UNION ALL BY NAME SELECT NULL::VARCHAR AS payer WHERE false)"""
        for each in batches
    )
    empty = """SELECT NULL::VARCHAR AS payee, NULL::VARCHAR AS payer, NULL::INTEGER AS paid_month, NULL::VARCHAR AS line_kind, NULL::VARCHAR AS vaccine,
                      NULL::BIGINT AS unit_yen, NULL::BIGINT AS units_count, NULL::BIGINT AS amount_yen, NULL::INTEGER AS batch,
                      NULL::INTEGER AS line WHERE false"""
    return f"CREATE TABLE mart.invoice AS SELECT * FROM ({rows or empty}) QUALIFY batch = max(batch) OVER (PARTITION BY payee, payer, paid_month)"


def _closed(batches: Sequence[Batch]) -> str:
    """Lines of closed months, of the persons as the register now tells them apart."""
    columns = ", ".join(CLOSED_COLUMNS)
    rows = "\nUNION ALL\n".join(
        f"""SELECT n.person, {columns}, {each.batch}::INTEGER AS batch FROM b{each.batch}.rows c
            LEFT JOIN number_of n ON n.batch = {each.batch} AND n.local = c.person"""
        for each in batches
    )
    empty = "SELECT NULL::INTEGER AS person, " + ", ".join(f"NULL::{kind} AS {name}" for name, kind in CLOSED_COLUMNS.items())
    return f"CREATE TABLE mart.closed_line AS {rows or empty + ', NULL::INTEGER AS batch WHERE false'}"

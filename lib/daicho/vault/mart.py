"""Build a snapshot's mart: the tables that measures see, made from the live batches by set operations.

The mart is a disposable, encrypted copy: it can always be rebuilt from the batches a snapshot names, with the same
content. Rules applied here (coverage.md, extracts.md): numbers of one person merge; a later register row replaces an
earlier one; exact duplicate rows count once; the same dose from two channels is ranked, rank 1 counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from daicho.core.config import RecordRule
from daicho.core.errors import DataError
from daicho.vault import mart_sql
from daicho.vault.catalog import Batch, Catalog, Snapshot, VaultPaths
from daicho.vault.engine import attach
from daicho.vault.keys import Key
from daicho.vault.mart_payments import named_extracts, payment_tables


def build_mart(
    connection: duckdb.DuckDBPyConnection,
    *,
    target: Path,
    paths: VaultPaths,
    catalog: Catalog,
    snapshot: Snapshot,
    key: Key,
    dose_lookup: pl.DataFrame,
    records: RecordRule,
    fresh: dict[int, Path] | None = None,
) -> None:
    """Write the mart of `snapshot` to `target` (an encrypted file that must not exist yet).

    `dose_lookup` has vaccine_code, stage, number, code (the dose-stage code list). `records` says which sources
    count. `fresh` gives the paths of batches not yet
    committed. Raises DataError when number changes form a cycle.
    """
    batches = catalog.live_batches(snapshot)
    for batch in batches:
        attach(connection, (fresh or {}).get(batch.batch, paths.segments / batch.segment), name=f"b{batch.batch}", key=key, read_only=True)
    attach(connection, target, name="mart", key=key, read_only=False)
    connection.register("dose_lookup_frame", dose_lookup.select("vaccine_code", "stage", pl.col("number").cast(pl.Int16), "code"))
    connection.execute("CREATE TEMP TABLE dose_lookup AS SELECT * FROM dose_lookup_frame")
    connection.unregister("dose_lookup_frame")
    link_numbers(connection, batches)
    for statement in mart_sql.tables(batches, records):
        connection.execute(statement)
    known = [batch for batch in catalog.batches if batch.batch <= max(snapshot.batches, default=0)]
    targets = named_extracts(connection, batches, known)
    # Officers' decisions may name an extract that a later dump has replaced.
    superseded = {batch.batch: batch for batch in targets.values() if batch not in batches}
    for batch in superseded.values():
        attach(connection, (fresh or {}).get(batch.batch, paths.segments / batch.segment), name=f"b{batch.batch}", key=key, read_only=True)
    payment_tables(connection, batches, targets)
    _write_batches(connection, catalog, snapshot)
    connection.execute("DETACH mart")
    for batch in (*batches, *superseded.values()):
        connection.execute(f"DETACH b{batch.batch}")


def link_numbers(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
    """Make, over attached batches, `number_of(batch, local, person)`: every number of every batch to its person, number changes followed."""
    connection.execute(mart_sql.all_numbers(batches))
    connection.execute(mart_sql.number_changes(batches))
    connection.execute(mart_sql.START_OPEN_CHANGES)
    if _repeat(connection, mart_sql.CLOSE_CHANGES, until_steady=mart_sql.COUNT_OPEN_CHANGES):
        raise DataError(
            "number_change: the number changes form a cycle, so no number is the last one: ask the supplier of 宛名番号変更 for a corrected file."
        )
    connection.execute(mart_sql.START_GROUPS)
    _repeat(connection, mart_sql.SETTLE_GROUPS, until_steady=mart_sql.COUNT_UNSETTLED_GROUPS)
    for statement in mart_sql.NUMBER_OF:
        connection.execute(statement)


def _repeat(connection: duckdb.DuckDBPyConnection, step: str, *, until_steady: str) -> int:
    """Run `step` until the count stops changing or is zero; give the last count."""
    count = -1
    while True:
        row = connection.execute(until_steady).fetchone()
        now = int(row[0]) if row else 0
        if now in (0, count):
            return now
        count = now
        connection.execute(step)


def _write_batches(connection: duckdb.DuckDBPyConnection, catalog: Catalog, snapshot: Snapshot) -> None:
    """Batch facts and row outcomes, for intake_quality: all batches up to the snapshot, live or superseded."""
    known = [batch for batch in catalog.batches if batch.batch <= max(snapshot.batches, default=0)]
    facts = pl.DataFrame(
        [(b.batch, b.kind, b.received_on, b.sha256, b.file_name, b.batch in snapshot.batches) for b in known],
        schema={
            "batch": pl.Int32,
            "kind": pl.String,
            "received_on": pl.String,
            "file_sha256": pl.String,
            "file_name": pl.String,
            "is_live": pl.Boolean,
        },
        orient="row",
    ).with_columns(pl.col("received_on").str.to_date())
    outcomes = pl.DataFrame(
        [row for batch in known for row in _outcomes(batch)],
        schema={"batch": pl.Int32, "kind": pl.String, "rule": pl.String, "outcome": pl.String, "rows": pl.Int64},
        orient="row",
    )
    for name, frame in (("batch", facts), ("batch_outcome", outcomes)):
        connection.register("facts_frame", frame)
        connection.execute(f"CREATE TABLE mart.{name} AS SELECT * FROM facts_frame")
        connection.unregister("facts_frame")


def _outcomes(batch: Batch) -> list[tuple[int, str, str, str, int]]:
    rows = [
        (batch.batch, batch.kind, "accepted", "accepted", batch.rows_accepted),
        (batch.batch, batch.kind, "replaced", "replaced", batch.rows_replaced),
    ]
    rows += [(batch.batch, batch.kind, rule, "quarantined", count) for rule, count in batch.quarantined.items()]
    rows += [(batch.batch, batch.kind, rule, "warning", count) for rule, count in batch.warnings.items()]
    return [row for row in rows if row[4]]

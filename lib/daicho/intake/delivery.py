"""Does a delivery replace what the vault holds of its kind, or add to it?

Rule: a delivery that repeats at least `full_dump_share` of the rows already held of its kind is a new full dump and
replaces them all; any other delivery adds its rows (a register row replaces the earlier row of the same number).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from daicho.contracts.model import ColumnType, Contract
from daicho.vault.catalog import Batch, VaultPaths
from daicho.vault.engine import attach
from daicho.vault.keys import Key

FULL = "full"
CHANGES = "changes"
FIRST = "first"


@dataclass(frozen=True)
class Delivery:
    """How the files of one kind relate to what is held: `replaced_batches` are no longer live; `replaced_rows` were superseded."""

    mode: str
    replaced_batches: tuple[int, ...]
    replaced_rows: int


def judge_delivery(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    *,
    new: Mapping[int, Path],
    held: Sequence[Batch],
    paths: VaultPaths,
    key: Key,
    full_dump_share: float,
) -> Delivery:
    """Compare the new segments of one kind with the live ones of that kind."""
    if not held:
        return Delivery(FIRST, (), 0)
    files = {batch.batch: paths.segments / batch.segment for batch in held} | dict(new)
    for number, path in files.items():
        attach(connection, path, name=f"d{number}", key=key, read_only=True)
    held_rows = " UNION ALL ".join(_fingerprints(contract, batch.batch) for batch in held)
    new_rows = " UNION ALL ".join(_fingerprints(contract, number) for number in new)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh_row AS SELECT DISTINCT fingerprint FROM ({new_rows})")
    found = connection.execute(
        f"SELECT count(*), count(*) FILTER (fingerprint IN (SELECT fingerprint FROM fresh_row)) FROM ({held_rows})"
    ).fetchone()
    for number in files:
        connection.execute(f"DETACH d{number}")
    rows, repeated = (int(found[0]), int(found[1])) if found else (0, 0)
    if rows and repeated >= full_dump_share * rows and contract.delivery != "append":
        return Delivery(FULL, tuple(batch.batch for batch in held), rows)
    return Delivery(CHANGES, (), repeated if contract.kind == "resident" else 0)


def _fingerprints(contract: Contract, batch: int) -> str:
    """One hash a row over the contract's natural key; people by pseudonym, because local numbers differ between batches."""
    by_name = {column.name: column for column in contract.columns}
    keys, joins = [], []
    for position, name in enumerate(contract.natural_key):
        if by_name[name].type is ColumnType.PERSON_KEY:
            keys.append(f"p{position}.pseudonym")
            joins.append(f"LEFT JOIN d{batch}.pseudonym p{position} ON p{position}.local = r.{name}")
        else:
            keys.append(f"r.{name}")
    return f"SELECT hash({', '.join(keys)}) AS fingerprint FROM d{batch}.rows r {' '.join(joins)}"

"""Open a snapshot for the gate: read-only, locked down, with reference tables and legal macros beside it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from daicho.contracts.codelists import dose_lookup
from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.vault.catalog import Batch, Catalog, Snapshot, VaultPaths, open_catalog, sync_folder
from daicho.vault.derived import DerivedTables, attach_derived, load_reference_tables, remove_derived
from daicho.vault.engine import attach, engine, lock_down, open_engine
from daicho.vault.keys import KeyRing
from daicho.vault.mart import build_mart


@dataclass(frozen=True)
class SnapshotInfo:
    """What a report says about the data it was made from."""

    number: int
    created_on: str
    batches: tuple[Batch, ...]


def _catalog(config: Config) -> tuple[VaultPaths, KeyRing, Catalog]:
    paths = VaultPaths(config.vault_dir)
    return paths, *open_catalog(paths, config.key_dir)


def latest_snapshot(config: Config) -> int:
    """Number of the newest snapshot. Raises VaultError when nothing was taken in yet."""
    _, _, catalog = _catalog(config)
    if catalog.latest is None:
        raise VaultError("the vault is empty: take extracts in with `daicho intake` first.")
    return catalog.latest.number


def snapshot_info(config: Config, number: int) -> SnapshotInfo:
    """The batches live in one snapshot."""
    _, _, catalog = _catalog(config)
    snapshot = catalog.snapshot(number)
    return SnapshotInfo(number=number, created_on=snapshot.created_on, batches=catalog.live_batches(snapshot))


def newest_snapshot(config: Config) -> SnapshotInfo | None:
    """The newest snapshot; None while nothing has been taken in. Raises VaultError for a vault that cannot be read."""
    return None if VaultPaths(config.vault_dir).is_empty() else snapshot_info(config, latest_snapshot(config))


def erasures_made(config: Config) -> int:
    """How often rows were erased: figures of one snapshot differ before and after."""
    return 0 if VaultPaths(config.vault_dir).is_empty() else len(_catalog(config)[2].erasures)


def open_snapshot(
    config: Config,
    *,
    snapshot: int | None,
    reference: Mapping[str, pl.DataFrame],
    macros: Sequence[str],
    derived: DerivedTables | None = None,
) -> duckdb.DuckDBPyConnection:
    """A locked-down connection whose unqualified tables are the snapshot's; `reference.<name>` holds the given frames.

    The mart of an old snapshot is rebuilt when it was pruned; `derived` tables are made when the snapshot is opened for the first time.
    Raises VaultError.
    """
    paths, keys, catalog = _catalog(config)
    wanted = catalog.snapshot(snapshot) if snapshot is not None else catalog.latest
    if wanted is None:
        raise VaultError("the vault is empty: take extracts in with `daicho intake` first.")
    if not (paths.marts / wanted.mart).is_file():
        _rebuild(config, paths, catalog, wanted, keys)
    connection = open_engine(temp_dir=paths.temp)
    try:
        attach(connection, paths.marts / wanted.mart, name="ledger", key=keys.vault, read_only=True)
        if not _is_as_made_today(connection, config):
            # Made by another rule on sources, or before marts said where rows stand in their extracts.
            connection.execute("DETACH ledger")
            _rebuild(config, paths, catalog, wanted, keys)
            remove_derived(paths, wanted)
            attach(connection, paths.marts / wanted.mart, name="ledger", key=keys.vault, read_only=True)
        load_reference_tables(connection, reference, macros)
        schemas = ["memory.main", "ledger.main"]
        if derived is not None:
            attach_derived(connection, paths=paths, snapshot=wanted, key=keys.vault, derived=derived, reference=reference, macros=macros)
            schemas.append("derived.main")
        connection.execute(f"SET search_path = '{','.join(schemas)}'")
        lock_down(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_as_made_today(connection: duckdb.DuckDBPyConnection, config: Config) -> bool:
    """Whether the attached mart has every table of this version, and was made by today's rule on sources."""
    columns = "SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE database_name = 'ledger'"
    if not {"covid.outcome", "shared_copy.line", "residence.from_reason", "invoice.payer"} <= {
        row[0] for row in connection.execute(columns).fetchall()
    }:
        return False
    tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'ledger'").fetchall()}
    if not {"record_rule", "person_row", "payment_decision", "closed_line"} <= tables:
        return False
    return bool(connection.execute("SELECT rule FROM ledger.record_rule").fetchall()[0][0] == config.records.text)


def _rebuild(config: Config, paths: VaultPaths, catalog: Catalog, snapshot: Snapshot, keys: KeyRing) -> None:
    aside = paths.temp / f"mart-{os.getpid()}-{secrets.token_hex(4)}.duckdb"
    with engine(temp_dir=paths.temp) as connection:
        build_mart(
            connection,
            target=aside,
            paths=paths,
            catalog=catalog,
            snapshot=snapshot,
            key=keys.vault,
            dose_lookup=dose_lookup(config.contracts_dir),
            records=config.records,
        )
    publish_mart(paths, aside, snapshot)


def publish_mart(paths: VaultPaths, aside: Path, snapshot: Snapshot) -> None:
    """Give a finished mart its name, durably."""
    aside.rename(paths.marts / snapshot.mart)
    sync_folder(paths.marts)


def prune_marts(paths: VaultPaths, catalog: Catalog, *, keep: int) -> None:
    """Delete marts, and what was derived from them, but those of the newest `keep` snapshots; they can be rebuilt from their batches."""
    for snapshot in catalog.snapshots[:-keep]:
        (paths.marts / snapshot.mart).unlink(missing_ok=True)
        remove_derived(paths, snapshot)

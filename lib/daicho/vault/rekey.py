"""Write the whole vault anew under another vault key, without the rows that are to go: key rotation and erasure.

Segments are copied aside row by row, so that no freed page of an old file survives; the mart of the newest snapshot is built from them;
then the catalogue, sealed with the new key, is renamed into place: that is the commit. After it the old key is overwritten and the old files
are unlinked, and what a disk or an old copy of the vault still holds of them cannot be decrypted.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from daicho.contracts.codelists import dose_lookup
from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.vault.catalog import Batch, Catalog, VaultPaths, open_for_writing, remove_leftovers, sync_folder, write_catalog, writer_lock
from daicho.vault.engine import attach, engine
from daicho.vault.keys import KeyRing, relinked, rotated, settle_keys, with_new_vault_key, write_next_keys
from daicho.vault.mart import build_mart
from daicho.vault.snapshots import publish_mart

START_GONE = (
    "CREATE TEMP TABLE gone_row (batch INTEGER, row BIGINT, fiscal_year INTEGER)",
    "CREATE TEMP TABLE gone_number (batch INTEGER, local INTEGER)",
)
_Marker = Callable[[duckdb.DuckDBPyConnection, Sequence[Batch]], None]


@dataclass(frozen=True)
class Rekeyed:
    """Ids of the vault key that was destroyed and of the one in its place, and how many scanner entries went."""

    old_key_id: str
    new_key_id: str
    scanner_entries: int


def rotate_keys(config: Config, *, today: date) -> Rekeyed:
    """Re-key the whole vault: a new vault key and a new link in the pseudonym key. Raises VaultError; then the vault is as before."""
    paths = VaultPaths(config.vault_dir)
    if paths.is_empty():
        raise VaultError("the vault is empty: there is nothing to re-key; take extracts in with `daicho intake` first.")
    with writer_lock(paths):
        keys, catalog = open_for_writing(paths, config.key_dir)
        return rewrite(config, paths=paths, catalog=catalog, old=keys, new=rotated(keys, today=today), mark=lambda *_: None)


def rewrite_without(
    config: Config, *, paths: VaultPaths, catalog: Catalog, keys: KeyRing, mark: _Marker, certificate: str, tags: Sequence[str], today: date
) -> Rekeyed:
    """Erase what `mark` writes into `gone_row` and `gone_number` from every batch, and so from every snapshot. The writer's lock is held."""
    changed = replace(catalog, erasures=(*catalog.erasures, certificate), erased=tuple(dict.fromkeys((*catalog.erased, *tags))))
    return rewrite(config, paths=paths, catalog=changed, old=keys, new=with_new_vault_key(keys, today=today), mark=mark)


def rewrite(config: Config, *, paths: VaultPaths, catalog: Catalog, old: KeyRing, new: KeyRing, mark: _Marker) -> Rekeyed:
    """Write every segment anew and commit. Raises VaultError; then the vault is as before."""
    failed = ""
    try:
        return _rewrite(config, paths=paths, catalog=catalog, old=old, new=new, mark=mark)
    except OSError as error:
        failed = error.strerror or type(error).__name__
    except duckdb.Error as error:
        # The engine's message may quote a statement, and a statement may hold the key.
        failed = f"{type(error).__name__} of the vault's engine"
    raise VaultError(
        f"the vault in {config.state_dir} cannot be rewritten ({failed}): check the disk's free space and the folder's owner and mode, "
        "then run the command again; either nothing was changed, or all was and the next command finishes it."
    )


def _rewrite(config: Config, *, paths: VaultPaths, catalog: Catalog, old: KeyRing, new: KeyRing, mark: _Marker) -> Rekeyed:
    write_next_keys(config.key_dir, new)
    aside: dict[int, Path] = {}
    try:
        with engine(temp_dir=paths.temp) as connection:
            attach_batches(connection, catalog.batches, paths=paths, keys=old)
            for statement in START_GONE:
                connection.execute(statement)
            mark(connection, catalog.batches)
            erased = {
                int(batch): int(rows) for batch, rows in connection.execute("SELECT batch, count(*) FROM gone_row GROUP BY 1").fetchall()
            }
            entries = 0
            for batch in catalog.batches:
                aside[batch.batch] = paths.temp / f"segment-{os.getpid()}-{batch.batch}-{secrets.token_hex(4)}.duckdb"
                entries += _copy(connection, batch, aside[batch.batch], old=old, new=new)
        revised = _revised(catalog, erased=erased, keys=new)
        mart = _mart(config, paths=paths, catalog=revised, keys=new, fresh=aside)
        for batch in revised.batches:
            aside[batch.batch].rename(paths.segments / batch.segment)
        sync_folder(paths.segments)
        if mart is not None and revised.latest is not None:
            publish_mart(paths, mart, revised.latest)
        write_catalog(paths, revised, new.vault)
    except BaseException:
        for path in aside.values():
            path.unlink(missing_ok=True)
        raise
    settle_keys(config.key_dir, vault_key_id=new.vault.key_id)
    remove_leftovers(paths, revised)
    return Rekeyed(old_key_id=old.vault.key_id, new_key_id=new.vault.key_id, scanner_entries=entries)


def attach_batches(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], *, paths: VaultPaths, keys: KeyRing) -> None:
    """Attach every batch's segment as `b<number>`, read-only."""
    for batch in batches:
        attach(connection, paths.segments / batch.segment, name=f"b{batch.batch}", key=keys.vault, read_only=True)


def _copy(connection: duckdb.DuckDBPyConnection, batch: Batch, target: Path, *, old: KeyRing, new: KeyRing) -> int:
    """Copy a segment without what is gone; return how many scanner entries it lost."""
    number, source = batch.batch, f"b{batch.batch}"
    attach(connection, target, name="fresh", key=new.vault, read_only=False)
    connection.execute("SET preserve_insertion_order = true")
    connection.execute("BEGIN")
    connection.execute(
        f"CREATE TABLE fresh.rows AS SELECT * FROM {source}.rows WHERE rowid NOT IN (SELECT row FROM gone_row WHERE batch = {number})"
    )
    is_kept = f"local NOT IN (SELECT local FROM gone_number WHERE batch = {number})"
    held = connection.execute(f"SELECT local, pseudonym FROM {source}.pseudonym WHERE {is_kept}").pl()
    if new.pseudonym.key_id != old.pseudonym.key_id:
        held = held.with_columns(pl.Series("pseudonym", relinked(new.pseudonym, held["pseudonym"].to_list()), dtype=pl.Binary))
    connection.register("held_frame", held)
    connection.execute("CREATE TABLE fresh.pseudonym AS SELECT * FROM held_frame")
    connection.unregister("held_frame")
    connection.execute(
        f"CREATE TABLE fresh.identifier AS SELECT * FROM {source}.identifier WHERE {_entry_stays(connection, batch, is_kept)}"
    )
    counts = connection.execute(f"SELECT (SELECT count(*) FROM {source}.identifier) - (SELECT count(*) FROM fresh.identifier)").fetchone()
    connection.execute("COMMIT")
    connection.execute("DETACH fresh")
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return int(counts[0]) if counts else 0


def _entry_stays(connection: duckdb.DuckDBPyConnection, batch: Batch, is_kept: str) -> str:
    """A scanner entry goes with its last owner. Those without an owner (old segments; rows that name nobody) go with the last row."""
    columns = {row[0] for row in connection.execute(f"SELECT column_name FROM (DESCRIBE b{batch.batch}.identifier)").fetchall()}
    row = connection.execute("SELECT count(*) FROM fresh.rows").fetchone()
    ownerless = "true" if row and row[0] else f"NOT EXISTS (SELECT 1 FROM gone_row WHERE batch = {batch.batch})"
    return f"CASE WHEN local IS NULL THEN {ownerless} ELSE {is_kept} END" if "local" in columns else ownerless


def _revised(catalog: Catalog, *, erased: Mapping[int, int], keys: KeyRing) -> Catalog:
    """The catalogue after the rewriting: the same batches and snapshots, in files of new names."""
    revision = catalog.revision + 1
    return replace(
        catalog,
        vault_key_id=keys.vault.key_id,
        revision=revision,
        batches=tuple(
            replace(
                batch,
                revision=revision,
                pseudonym_key_id=keys.pseudonym.key_id,
                rows_erased=batch.rows_erased + erased.get(batch.batch, 0),
            )
            for batch in catalog.batches
        ),
        snapshots=tuple(replace(snapshot, revision=revision) for snapshot in catalog.snapshots),
    )


def _mart(config: Config, *, paths: VaultPaths, catalog: Catalog, keys: KeyRing, fresh: dict[int, Path]) -> Path | None:
    """The newest snapshot's mart, aside. It also proves that every new segment can be read."""
    if catalog.latest is None:
        return None
    target = paths.temp / f"mart-{os.getpid()}-{secrets.token_hex(4)}.duckdb"
    with engine(temp_dir=paths.temp) as connection:
        build_mart(
            connection,
            target=target,
            paths=paths,
            catalog=catalog,
            snapshot=catalog.latest,
            key=keys.vault,
            dose_lookup=dose_lookup(config.contracts_dir),
            records=config.records,
            fresh=fresh,
        )
    return target

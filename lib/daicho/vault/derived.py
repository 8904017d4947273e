"""Derived tables: what takes long to work out from a mart, made once and kept beside it as an encrypted file.

The caller says what they are, as SQL and as the names of the reference tables that decide them; the vault knows nothing of their
meaning. A file is named after its snapshot and a digest of both, so that edited reference data or another rule make another file.
Like marts, these files are disposable.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from daicho.core.errors import VaultError
from daicho.vault.catalog import Snapshot, VaultPaths, sync_folder
from daicho.vault.engine import attach, engine
from daicho.vault.keys import Key

NAME = "derived"


@dataclass(frozen=True)
class DerivedTables:
    """What is to be kept beside a mart.

    `statements` run in order over the mart's tables, `reference.<name>` and the macros, and write tables into `derived`. `reference` names
    the reference tables whose content they depend on.
    """

    statements: tuple[str, ...]
    reference: tuple[str, ...]


def derived_path(
    paths: VaultPaths, snapshot: Snapshot, derived: DerivedTables, *, reference: Mapping[str, pl.DataFrame], macros: Sequence[str]
) -> Path:
    """Where the derived tables of a snapshot lie for this content of the reference data."""
    digest = hashlib.sha256("\0".join((duckdb.__version__, *macros, *derived.statements)).encode())
    for name in derived.reference:
        digest.update(f"\0{name}\0{reference[name].write_csv()}".encode())
    return paths.marts / f"{Path(snapshot.mart).stem}-{digest.hexdigest()[:16]}.duckdb"


def attach_derived(
    connection: duckdb.DuckDBPyConnection,
    *,
    paths: VaultPaths,
    snapshot: Snapshot,
    key: Key,
    derived: DerivedTables,
    reference: Mapping[str, pl.DataFrame],
    macros: Sequence[str],
) -> None:
    """Attach the derived tables of a snapshot as `derived`, read-only; they are made when missing, and made again when damaged.

    Two processes may make them at the same time: each writes aside, and the one renamed last stays. Raises VaultError.
    """
    target = derived_path(paths, snapshot, derived, reference=reference, macros=macros)
    if target.is_file():
        try:
            attach(connection, target, name=NAME, key=key, read_only=True)
        except VaultError:
            target.unlink(missing_ok=True)
        else:
            return
    _build(target, paths=paths, snapshot=snapshot, key=key, derived=derived, reference=reference, macros=macros)
    attach(connection, target, name=NAME, key=key, read_only=True)


def remove_derived(paths: VaultPaths, snapshot: Snapshot, *, keep: Path | None = None) -> None:
    """Delete the derived tables of a snapshot; whoever has them open keeps reading."""
    for path in paths.marts.glob(f"{Path(snapshot.mart).stem}-*.duckdb"):
        if path != keep:
            path.unlink(missing_ok=True)


def load_reference_tables(connection: duckdb.DuckDBPyConnection, reference: Mapping[str, pl.DataFrame], macros: Sequence[str]) -> None:
    """Put reference data and macros beside an attached mart."""
    connection.execute("CREATE SCHEMA reference")
    for name, frame in reference.items():
        connection.register("reference_frame", frame)
        connection.execute(f'CREATE TABLE reference."{name}" AS SELECT * FROM reference_frame')
        connection.unregister("reference_frame")
    for macro in macros:
        connection.execute(macro)


def _build(
    target: Path,
    *,
    paths: VaultPaths,
    snapshot: Snapshot,
    key: Key,
    derived: DerivedTables,
    reference: Mapping[str, pl.DataFrame],
    macros: Sequence[str],
) -> None:
    aside = paths.temp / f"derived-{os.getpid()}-{secrets.token_hex(4)}.duckdb"
    try:
        with engine(temp_dir=paths.temp) as connection:
            attach(connection, paths.marts / snapshot.mart, name="ledger", key=key, read_only=True)
            attach(connection, aside, name=NAME, key=key, read_only=False)
            load_reference_tables(connection, {name: reference[name] for name in derived.reference}, macros)
            connection.execute("SET search_path = 'memory.main,ledger.main'")
            for statement in derived.statements:
                connection.execute(statement)
            connection.execute(f"DETACH {NAME}")
        aside.rename(target)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(paths.marts)
    remove_derived(paths, snapshot, keep=target)

"""DuckDB as the vault's engine: encryption extension from the installed wheel, attach with key, lock-down.

Facts relied on (DuckDB 1.5): writing AES-GCM encrypted files needs the httpfs extension's crypto, which the pinned
wheel `duckdb-extension-httpfs` brings; nothing is downloaded. `temp_file_encryption` is off by default and is turned on.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from daicho.core.errors import VaultError
from daicho.vault.keys import Key

MEMORY_LIMIT = "3GB"


def _crypto_extension() -> Path:
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    if spec is None or spec.origin is None:
        raise VaultError(
            "the package duckdb-extension-httpfs is not installed: install requirements.lock again; the vault is never written unencrypted."
        )
    return Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def engine(*, temp_dir: Path, memory_limit: str = MEMORY_LIMIT) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection that can attach vault files; spills encrypted to `temp_dir`; closed on leaving."""
    connection = open_engine(temp_dir=temp_dir, memory_limit=memory_limit)
    try:
        yield connection
    finally:
        connection.close()


def open_engine(*, temp_dir: Path, memory_limit: str = MEMORY_LIMIT) -> duckdb.DuckDBPyConnection:
    spill = temp_dir / f"spill-{os.getpid()}"
    spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "temp_directory": str(spill),
            "temp_file_encryption": "true",
            "memory_limit": memory_limit,
            "preserve_insertion_order": "false",
        },
    )
    connection.execute(f"LOAD {_quoted(str(_crypto_extension()))}")
    return connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, *, name: str, key: Key, read_only: bool) -> None:
    """Attach one encrypted vault file. Raises VaultError when it is missing, damaged, or the key is another."""
    options = f"ENCRYPTION_KEY {_quoted(key.secret.hex())}, ENCRYPTION_CIPHER 'GCM'" + (", READ_ONLY" if read_only else "")
    if read_only and not path.is_file():
        raise VaultError(f"the vault file {path.name} is missing: restore the vault folder from its backup.")
    failed = False
    try:
        connection.execute(f'ATTACH {_quoted(str(path))} AS "{name}" ({options})')
    except duckdb.Error:
        # The engine's message may quote the statement, and the statement holds the key.
        failed = True
    if failed and not read_only:
        raise VaultError(
            f"the vault file {path.name} cannot be made in {path.parent}: check the disk's free space and the folder's owner and mode; "
            "nothing was taken in."
        )
    if failed:
        raise VaultError(
            f"the vault file {path.name} cannot be opened: it is damaged or was written with another key (this key is {key.key_id})."
        )


def lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """Take from a connection every way to reach files, the network or its own settings. Cannot be undone."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")

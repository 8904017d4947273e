"""The files of the vault as an examination sees them: whether they are encrypted, and which columns they hold; no row is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from daicho.vault.engine import attach, engine
from daicho.vault.keys import Key

# The main header of a DuckDB file: checksum, magic bytes, version, flags, of which the lowest says that the file is encrypted.
_MAGIC = slice(8, 12)
_FLAGS = 20
_ENCRYPTED = 1
_COLUMNS = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'held'"


@dataclass(frozen=True)
class Held:
    """One vault file: its columns by table, and how many entries its scanner index has."""

    columns: Mapping[str, frozenset[str]]
    identifiers: int

    @property
    def all_columns(self) -> frozenset[str]:
        return frozenset(column for columns in self.columns.values() for column in columns)


def count_plain(files: Iterable[Path], *, temp_dir: Path) -> int:
    """How many files are not encrypted: their header does not say so, or the engine opens them without a key."""
    with engine(temp_dir=temp_dir) as connection:
        return sum(not _says_encrypted(path) or _opens_without_key(connection, path) for path in files)


def look_into(files: Iterable[Path], *, key: Key, temp_dir: Path) -> Sequence[Held]:
    """What each file holds. Raises VaultError where one is missing or does not open with the key."""
    found = []
    with engine(temp_dir=temp_dir) as connection:
        for path in files:
            attach(connection, path, name="held", key=key, read_only=True)
            found.append(_held(connection))
            connection.execute("DETACH held")
    return found


def _says_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(_FLAGS + 1)
    return header[_MAGIC] == b"DUCK" and len(header) > _FLAGS and bool(header[_FLAGS] & _ENCRYPTED)


def _opens_without_key(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    try:
        connection.execute("ATTACH '" + str(path).replace("'", "''") + "' AS plain (READ_ONLY)")
    except duckdb.Error:
        return False
    connection.execute("DETACH plain")
    return True


def _held(connection: duckdb.DuckDBPyConnection) -> Held:
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute(_COLUMNS).fetchall():
        columns.setdefault(table, set()).add(column)
    identifiers = 0
    if "identifier" in columns:
        (row,) = connection.execute("SELECT count(*) FROM held.identifier").fetchall()
        identifiers = int(row[0])
    return Held(columns={table: frozenset(names) for table, names in columns.items()}, identifiers=identifiers)

"""Write one batch's encrypted segment: pseudonymised rows, the pseudonyms they point to, and identifier hashes for the scanner."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import duckdb
import polars as pl

from daicho.vault.engine import attach, open_engine
from daicho.vault.keys import Key

WRITER_MEMORY = "1500MB"


class SegmentWriter:
    """Streams frames into a new segment file. Leaving the block without `finish` removes the file."""

    def __init__(self, path: Path, *, key: Key, temp_dir: Path) -> None:
        self._path = path
        self._connection: duckdb.DuckDBPyConnection = open_engine(temp_dir=temp_dir, memory_limit=WRITER_MEMORY)
        attach(self._connection, path, name="segment", key=key, read_only=False)
        self._connection.execute("BEGIN")
        self._started: set[str] = set()
        self._finished = False

    def __enter__(self) -> SegmentWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()
        if not self._finished:
            self._path.unlink(missing_ok=True)
            self._path.with_suffix(".duckdb.wal").unlink(missing_ok=True)

    def append(self, frame: pl.DataFrame, *, table: str = "rows") -> None:
        """Add rows. All frames of one table have the same columns."""
        self._connection.register("piece", frame)
        if table in self._started:
            self._connection.execute(f'INSERT INTO segment."{table}" SELECT * FROM piece')
        else:
            self._connection.execute(f'CREATE TABLE segment."{table}" AS SELECT * FROM piece')
            self._started.add(table)
        self._connection.unregister("piece")

    def finish(self) -> None:
        """Make the file complete and durable."""
        self._connection.execute("COMMIT")
        self._connection.execute("DETACH segment")
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._finished = True

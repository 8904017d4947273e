"""Open snapshots, shared by all requests: one locked-down connection each, a cursor for every request, and a time limit."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import polars as pl

from daicho.core.errors import DaichoError, DataError, VaultError
from daicho.gate.engine import Engine
from daicho.gate.failures import note_failure

KEPT_OPEN = 2
AT_ONCE = 4


class OpenSnapshots:
    """Keeps the last used snapshots open and runs queries on them, a few at a time (the engine itself uses all cores)."""

    def __init__(self, engine: Engine, *, timeout_seconds: float) -> None:
        self._engine = engine
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._open: OrderedDict[int, duckdb.DuckDBPyConnection] = OrderedDict()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self._is_closed = False

    def run(self, snapshot: int, sql: str, bound: Mapping[str, Any]) -> pl.DataFrame:
        """Run one compiled query. Raises VaultError when the snapshot cannot be read, DataError when the time limit is reached."""
        with self._turns, self._cursor(snapshot) as cursor:
            expired = threading.Event()

            def stop() -> None:
                expired.set()
                cursor.interrupt()

            timer = threading.Timer(self._timeout_seconds, stop)
            timer.daemon = True
            timer.start()
            failed = True
            try:
                frame = cursor.execute(sql, dict(bound)).pl()
                failed = False
            except duckdb.Error as error:
                # The engine's message may quote a value of a row: it ends here.
                note_failure(error)
            finally:
                timer.cancel()
            if failed and expired.is_set():
                seconds = f"{self._timeout_seconds:.0f} seconds"
                raise DataError(f"the request took longer than {seconds} and was stopped: narrow its filters or drop a dimension.")
            if failed:
                raise VaultError("the ledger could not answer this request: is the snapshot damaged? Run `daicho audit`.")
            return frame

    def warm(self) -> None:
        """Open the newest snapshot ahead of the first request. What is wrong with it, that request will be told."""
        with contextlib.suppress(DaichoError, duckdb.Error), self._cursor(self._engine.latest_snapshot()):
            pass

    def close(self) -> None:
        """Interrupt what runs and close every connection."""
        with self._lock:
            self._is_closed = True
            for cursor in self._running:
                cursor.interrupt()
            for connection in self._open.values():
                connection.close()
            self._open.clear()

    @contextmanager
    def _cursor(self, snapshot: int) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            if self._is_closed:
                raise VaultError("the gate is closing: ask again when it is back.")
            base = self._open.get(snapshot)
            if base is None:
                base = self._engine.open(snapshot)
                self._open[snapshot] = base
                if len(self._open) > KEPT_OPEN:
                    self._open.popitem(last=False)[1].close()
            self._open.move_to_end(snapshot)
            cursor = base.cursor()
            self._running.add(cursor)
            path = base.execute("SELECT current_setting('search_path')").fetchone()
        try:
            if path and path[0]:
                # A cursor is a session of its own and does not inherit where names are looked up.
                cursor.execute(f"SET search_path = '{path[0]}'")
            yield cursor
        finally:
            with self._lock:
                self._running.discard(cursor)
            cursor.close()

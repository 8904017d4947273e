"""The release ledger: everything that ever left the gate, recorded before it is returned.

The released bytes lie in `<releases>/<id>.arrow`; a hash-chained journal beside them holds request, caller's run, hash and what later
requests must be compared with. A release exists when its journal line does: a file without one was never returned.

The ledger also notes where the access log stood, at every release and when a gate comes or goes: a log that was deleted, head and all, or
cut and chained anew, no longer holds the line that was noted.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from daicho.core.errors import VaultError
from daicho.gate.bounds import Bound, bounds_from_bytes, bounds_to_bytes
from daicho.gate.chain import Break, Journal

LEDGER_FILE = "ledger.jsonl"


@dataclass(frozen=True)
class Recorded:
    """One release as the ledger knows it. `request` is the resolved request; `key` holds every hash the release depends on."""

    release_id: str
    request: Mapping[str, Any]
    key: Mapping[str, Any]
    profile: str
    sha256: str
    cells: int
    suppressed_cells: int
    recorded_at: str
    bounds_sha256: str = ""


class ReleaseLedger:
    """Keeps releases under their ids and remembers which run used which. One gate at a time writes it."""

    def __init__(self, releases_dir: Path) -> None:
        self._folder = releases_dir
        self._journal = Journal(releases_dir / LEDGER_FILE)
        self._lock = threading.RLock()
        self._recorded: dict[str, Recorded] = {}
        self._runs: dict[str, list[str]] = {}
        self._anchors: list[tuple[int, str]] = []
        self._standing: dict[str, dict[str, str]] = {}
        for entry in self._journal.entries():
            self._remember(entry)

    def record(self, recorded: Recorded, body: bytes, *, log: tuple[int, str] | None = None, bounds: Sequence[Bound] | None = None) -> None:
        """Store a release durably: its file first, then the line that makes it count. Raises VaultError when it cannot be stored.

        `log` is where the access log stands: number and hash of its last line. `bounds` are kept beside the release and never returned.
        """
        with self._lock:
            if bounds is not None:
                told = bounds_to_bytes(bounds)
                self._write_file(self._bounds_path(recorded.release_id), told)
                recorded = replace(recorded, bounds_sha256=body_hash(told))
            else:
                recorded = replace(recorded, bounds_sha256="")
            self._write_file(self._path(recorded.release_id), body)
            self._append({"entry": "release", **vars(recorded), **({"log_seq": log[0], "log_hash": log[1]} if log else {})})

    def bounds(self, release_id: str) -> list[Bound] | None:
        """The bounds stored with a release; None where it has none. Raises VaultError when they are gone or were changed."""
        recorded = self.find(release_id)
        if recorded is None or not recorded.bounds_sha256:
            return None
        told = b""
        with contextlib.suppress(OSError):
            told = self._bounds_path(release_id).read_bytes()
        if body_hash(told) != recorded.bounds_sha256:
            raise VaultError(f"the bounds of release {release_id} are damaged: restore the release ledger from its backup.")
        return bounds_from_bytes(told)

    def withdraw(self, release_id: str, *, reason: str, by: str, at: str) -> None:
        """Note that a release is withdrawn: it stays, and stays known."""
        with self._lock:
            self._append({"entry": "withdraw", "release_id": release_id, "reason": reason, "by": by, "at": at})

    def supersede(self, release_id: str, *, by: str) -> None:
        """Note that a newer release of the same request took a release's place."""
        with self._lock:
            self._append({"entry": "supersede", "release_id": release_id, "by_release": by})

    def standing(self, release_id: str) -> dict[str, str]:
        """`state` of a release (stands, superseded, withdrawn), and by what or why."""
        with self._lock:
            return {"state": "stands", **self._standing.get(release_id, {})}

    def anchor(self, log: tuple[int, str]) -> None:
        """Note where the access log stands, unless that is noted already."""
        with self._lock:
            if log[0] and log not in self._anchors[-1:]:
                self._append({"entry": "anchor", "log_seq": log[0], "log_hash": log[1]})

    def anchors(self) -> tuple[tuple[int, str], ...]:
        """Every noted place of the access log: number and hash of a line it must hold."""
        with self._lock:
            return tuple(self._anchors)

    def position(self) -> tuple[int, str]:
        """Number and hash of the ledger's own last line."""
        return self._journal.position()

    def holds(self, seq: int, hash_: str) -> bool:
        """Whether a line of the ledger is there, or lies before what retention took away."""
        return self._journal.holds(seq, hash_)

    def gone(self) -> frozenset[str]:
        """Ids of releases that retention took away and that lines of the access log may still name."""
        record = self._journal.cut_record()
        return frozenset(record["cut"]["releases"]) if record else frozenset()

    def entries(self) -> Iterator[dict[str, Any]]:
        return self._journal.entries()

    def cut(self, lines: int, *, named: Collection[str], facts: Mapping[str, Any], seal_key: bytes) -> None:
        """Take the oldest lines away with the releases they record; the chain stays verifiable. The journal goes first, then the files.

        `named` are the releases that the access log still names: of those that went, their ids are kept.
        """
        with self._lock:
            leaving = {entry["release_id"] for entry in itertools.islice(self.entries(), lines) if entry["entry"] == "release"}
            kept = sorted((self.gone() | leaving) & frozenset(named))
            self._journal.cut(lines, facts={**facts, "releases": kept}, seal_key=seal_key)
            self._recorded = {}
            self._runs, self._anchors, self._standing = {}, [], {}
            for entry in self._journal.entries():
                self._remember(entry)

    def remove_unrecorded(self) -> None:
        """Delete stored bytes that no line records: of releases that went, or left by a killed gate. No gate may be running."""
        for pattern in ("*.arrow", "*.bounds"):
            for path in self._folder.glob(pattern):
                if path.stem not in self._recorded:
                    path.unlink(missing_ok=True)

    def record_use(self, release_id: str, *, run_id: str) -> None:
        """Remember that a run used a release (once)."""
        with self._lock:
            if run_id and release_id not in self._runs.get(run_id, []):
                self._append({"entry": "use", "release_id": release_id, "run_id": run_id})

    def find(self, release_id: str) -> Recorded | None:
        with self._lock:
            return self._recorded.get(release_id)

    def of_run(self, run_id: str) -> tuple[str, ...]:
        """Ids of the releases a run used, in the order it first used them."""
        with self._lock:
            return tuple(self._runs.get(run_id, ()))

    def all(self) -> tuple[Recorded, ...]:
        with self._lock:
            return tuple(self._recorded.values())

    def read(self, release_id: str) -> bytes:
        """Return the bytes of a release exactly as they were first returned. Raises VaultError when they are gone or were changed."""
        recorded = self.find(release_id)
        if recorded is None:
            raise VaultError("the release ledger holds no such release.")
        try:
            body = self._path(release_id).read_bytes()
        except OSError:
            body = b""
        if hashlib.sha256(body).hexdigest() != recorded.sha256:
            raise VaultError(f"release {release_id} is damaged in the release ledger: run `daicho audit`, and restore it from its backup.")
        return body

    def verify(self, *, seal_key: bytes | None = None) -> Break | None:
        """Return the first broken line of the ledger's journal; None when it is whole."""
        return self._journal.verify(seal_key=seal_key)

    def damaged(self) -> Iterator[str]:
        """Ids of releases whose stored bytes or bounds are gone or changed."""
        for recorded in self.all():
            try:
                self.read(recorded.release_id)
                self.bounds(recorded.release_id)
            except VaultError:
                yield recorded.release_id

    def _path(self, release_id: str) -> Path:
        return self._folder / f"{release_id}.arrow"

    def _bounds_path(self, release_id: str) -> Path:
        return self._folder / f"{release_id}.bounds"

    def _append(self, entry: Mapping[str, Any]) -> None:
        self._remember(self._journal.append(entry))

    def _remember(self, entry: Mapping[str, Any]) -> None:
        if "log_seq" in entry:
            self._anchors.append((entry["log_seq"], entry["log_hash"]))
        if entry["entry"] == "use":
            self._runs.setdefault(entry["run_id"], []).append(entry["release_id"])
        elif entry["entry"] == "release":
            self._recorded[entry["release_id"]] = Recorded(**{name: entry[name] for name in Recorded.__dataclass_fields__ if name in entry})
        elif entry["entry"] == "withdraw":
            self._standing[entry["release_id"]] = {"state": "withdrawn", **{name: entry[name] for name in ("reason", "by", "at")}}
        elif entry["entry"] == "supersede" and entry["release_id"] not in self._standing:
            self._standing[entry["release_id"]] = {"state": "superseded", "by_release": entry["by_release"]}

    def _write_file(self, path: Path, body: bytes) -> None:
        aside = self._folder / f".{path.stem}.{secrets.token_hex(4)}"
        failed = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(path)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            aside.unlink(missing_ok=True)
            failed = True
        if failed:
            raise VaultError("a release cannot be stored: is the disk full, or the folder of another user? Nothing was released.")


def body_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()

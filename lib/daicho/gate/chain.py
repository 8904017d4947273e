"""An append-only journal in which no line can be changed, dropped, moved or cut off unnoticed.

Every line is canonical JSON with `seq`, `prev` (the hash before it) and `hash` = SHA-256 over `prev` and the rest. A head file beside it
holds the number and hash of the last line, so that cutting the tail shows. A lock lets several processes append without forking the chain.

The head is overwritten in place after each line (one block, no rename): a power cut can leave it behind the journal, never ahead, and a
journal ahead of its head by good lines is sound.

When lines are past their retention period, the journal is written anew without them. Its first line is then a cut record: number and hash of
the last line that went, under a seal that only a holder of the workspace's keys can make. The chain goes on from there.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import itertools
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daicho.core.errors import VaultError
from daicho.gate.release import canonical_json

GENESIS = "0" * 64
_HEAD_BYTES = 128


@dataclass(frozen=True)
class Break:
    """The first place where a journal is not what was written: `line` counts from 1."""

    line: int
    reason: str


@dataclass(frozen=True)
class _Head:
    seq: int
    hash: str


class Journal:
    """A hash-chained file of JSON lines at `path`, with `<path>.head` and `<path>.lock` beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._head_path = path.with_name(path.name + ".head")
        self._lock_path = path.with_name(path.name + ".lock")
        self._threads = threading.Lock()

    def append(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Write one line durably and return it as written. Raises VaultError when the journal is broken or cannot be written."""
        with self._locked():
            last = self._last()
            body = {**entry, "seq": last.seq + 1, "prev": last.hash}
            line = {**body, "hash": _hash(body)}
            self._append_durably((canonical_json(line) + "\n").encode())
            self._write_head(_Head(seq=last.seq + 1, hash=line["hash"]))
            return line

    def _append_durably(self, line: bytes) -> None:
        failed = True
        try:
            handle = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            try:
                failed = os.write(handle, line) != len(line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError:
            failed = True
        if failed:
            raise VaultError(f"{self.path.name} cannot be written: is the disk full, or the folder of another user? Nothing was released.")

    def entries(self) -> Iterator[dict[str, Any]]:
        """Read all whole lines in order, unverified; the cut record is none of them."""
        if not self.path.is_file():
            return
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n") and not line.startswith('{"cut":'):
                    yield json.loads(line)

    def position(self) -> tuple[int, str]:
        """Number and hash of the last line. Raises VaultError when the journal does not end where its head says."""
        with self._locked():
            last = self._last()
            return last.seq, last.hash

    def holds(self, seq: int, hash_: str) -> bool:
        """Whether a line of this number and hash is there, or lies before what retention took away; unverified."""
        cut = self.cut_record()
        if cut and cut["seq"] >= seq:
            return cut["seq"] > seq or bool(cut["hash"] == hash_)
        if seq == 0 or not self.path.is_file():
            return seq == 0
        mark = f'"hash":"{hash_}"'.encode()
        with self.path.open("rb") as lines:
            return any(mark in line and json.loads(line)["seq"] == seq for line in lines if line.endswith(b"\n"))

    def hashes(self) -> dict[int, str]:
        """Hash of every line by its number, from the last line that was cut off (or the beginning) on; unverified."""
        cut = self.cut_record()
        start = {cut["seq"]: cut["hash"]} if cut else {0: GENESIS}
        return start | {entry["seq"]: entry["hash"] for entry in self.entries()}

    def cut_record(self) -> dict[str, Any] | None:
        """The cut record; None when nothing was ever cut off."""
        if not self.path.is_file():
            return None
        with self.path.open("rb") as lines:
            first = lines.readline()
        record = json.loads(first) if first.endswith(b"\n") else {}
        return record if "cut" in record else None

    def cut(self, lines: int, *, facts: Mapping[str, Any], seal_key: bytes) -> None:
        """Take the first `lines` lines away for good. The rename of the shortened journal is the commit; the head stays as it is."""
        if lines <= 0:
            return
        with self._locked():
            last = self._last()
            gone = list(itertools.islice(self.entries(), lines))[-1]
            body = {"cut": facts, "seq": gone["seq"], "hash": gone["hash"]}
            aside = self.path.with_name(self.path.name + ".new")
            failed = False
            try:
                with os.fdopen(os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                    file.write((canonical_json({**body, "seal": _seal(body, seal_key)}) + "\n").encode())
                    with self.path.open("rb") as held:
                        for raw in itertools.islice(held, lines + (self.cut_record() is not None), None):
                            file.write(raw)
                    file.flush()
                    os.fsync(file.fileno())
                # The head may lag behind; with all lines gone, nothing else would say where the chain stands.
                self._write_head(last)
                aside.rename(self.path)
                folder = os.open(self.path.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
            except OSError:
                failed = True
            if failed:
                raise VaultError(f"{self.path.name} cannot be shortened: is the disk full, or the folder of another user? It is as it was.")

    def verify(self, *, seal_key: bytes | None = None) -> Break | None:
        """Check every line against the chain and the head; return the first break, or None when the journal is whole.

        `seal_key` is what a cut record was sealed with; without it, a journal that was cut cannot be vouched for.
        """
        with self._locked():
            return self._verify(seal_key)

    def _verify(self, seal_key: bytes | None) -> Break | None:
        head = self._read_head()
        previous, number, head_seen = _Head(seq=0, hash=GENESIS), 0, head.seq == 0
        if self.path.is_file():
            with self.path.open("rb") as lines:
                for number, raw in enumerate(lines, start=1):
                    is_cut = number == 1 and raw.startswith(b'{"cut":')
                    found = _check_cut(raw, seal_key) if is_cut else _check_line(raw, previous)
                    if isinstance(found, str):
                        return Break(line=number, reason=found)
                    if found.seq == head.seq:
                        if found.hash != head.hash:
                            return Break(line=number, reason="the line is not the one the head file names")
                        head_seen = True
                    previous = found
        if not head_seen:
            return Break(line=number + 1, reason=f"the head file names {head.seq} lines; the journal ends after {number}")
        if head.seq == 0 and previous.seq > 1:
            return Break(line=number, reason="the head file is missing")
        return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._threads:
            handle = os.open(self._lock_path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)

    def _last(self) -> _Head:
        """Return the last good line, after dropping a half line that a power cut left (it was never acknowledged)."""
        head = self._read_head()
        size = self.path.stat().st_size if self.path.is_file() else 0
        if size == 0:
            if head.seq:
                raise VaultError(f"{self.path.name} is empty but its head names {head.seq} lines: run `daicho audit`, and restore it.")
            return head
        tail = self._tail(size)
        if not tail.endswith(b"\n"):
            os.truncate(self.path, size - len(tail) + tail.rfind(b"\n") + 1)
            return self._last()
        line = tail[:-1].rsplit(b"\n", 1)[-1]
        try:
            entry = json.loads(line)
            last = _Head(seq=int(entry["seq"]), hash=str(entry["hash"]))
        except (ValueError, KeyError, TypeError):
            last = _Head(seq=-1, hash="")
        if last.seq < head.seq or (last.seq == head.seq and last.hash != head.hash) or (head.seq == 0 and last.seq > 1):
            raise VaultError(f"{self.path.name} does not end where its head says: run `daicho audit`, and restore it from its backup.")
        return last

    def _tail(self, size: int) -> bytes:
        """Return the end of the file from some point before its last whole line."""
        span = 65536
        with self.path.open("rb") as file:
            while True:
                start = max(0, size - span)
                file.seek(start)
                tail = file.read(size - start)
                if start == 0 or tail.count(b"\n") >= 2:
                    return tail
                span *= 4

    def _read_head(self) -> _Head:
        try:
            seq, hash_ = self._head_path.read_text(encoding="ascii").split()
            return _Head(seq=int(seq), hash=hash_)
        except FileNotFoundError:
            return _Head(seq=0, hash=GENESIS)
        except ValueError:
            pass
        raise VaultError(f"{self._head_path.name} cannot be read: run `daicho audit`, and restore it from its backup.")

    def _write_head(self, head: _Head) -> None:
        handle = os.open(self._head_path, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.pwrite(handle, f"{head.seq} {head.hash}".ljust(_HEAD_BYTES - 1).encode("ascii") + b"\n", 0)
            if head.seq == 1:
                os.fsync(handle)  # the head must exist from the second line on, whatever happens to the power
        finally:
            os.close(handle)


def _hash(body: Mapping[str, Any]) -> str:
    previous = str(body["prev"])
    rest = {key: value for key, value in body.items() if key != "prev"}
    return hashlib.sha256(previous.encode() + canonical_json(rest).encode()).hexdigest()


def _seal(body: Mapping[str, Any], key: bytes) -> str:
    return hmac.new(key, b"daicho/journal-cut/1:" + canonical_json(body).encode(), hashlib.sha256).hexdigest()


def _check_cut(raw: bytes, seal_key: bytes | None) -> _Head | str:
    if seal_key is None:
        return "lines were cut off, and without the workspace's keys it cannot be told whether by retention"
    try:
        record = json.loads(raw)
        claimed = str(record.pop("seal"))
        last = _Head(seq=int(record["seq"]), hash=str(record["hash"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "the line cannot be read"
    if not hmac.compare_digest(_seal(record, seal_key).encode(), claimed.encode()):
        return "lines were cut off, and not by retention"
    return last


def _check_line(raw: bytes, previous: _Head) -> _Head | str:
    if not raw.endswith(b"\n"):
        return "the line is not complete"
    try:
        line = json.loads(raw)
        claimed = str(line.pop("hash"))
        seq, prev = int(line["seq"]), str(line["prev"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "the line cannot be read"
    if (canonical_json({**line, "hash": claimed}) + "\n").encode() != raw:
        return "the line is not written as the gate writes it"
    if prev != previous.hash or seq != previous.seq + 1:
        return "the line does not follow the line before it"
    if _hash(line) != claimed:
        return "the line was changed"
    return _Head(seq=seq, hash=claimed)

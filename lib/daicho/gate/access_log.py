"""The access log: one hash-chained line for every request, refused ones included, and for every connection that was turned away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from daicho.gate.chain import Break, Journal

ACCESS_LOG_FILE = "access.jsonl"
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Caller:
    """Who asks: from the socket's peer credentials and the token, never from what the client says about itself."""

    uid: int
    user: str
    role: str = ""  # the launched session's role; an administrator's roles joined by +
    terminal: str = ""
    purpose: str = ""
    run_id: str = ""
    profiles: frozenset[str] = frozenset()
    default_profile: str = ""
    is_admin: bool = False


class AccessLog:
    """Append and verify the log. Appending is durable before it returns, and safe from several processes."""

    def __init__(self, log_dir: Path, *, clock: Clock) -> None:
        self._journal = Journal(log_dir / ACCESS_LOG_FILE)
        self._clock = clock

    def record(
        self,
        caller: Caller,
        *,
        request: Mapping[str, Any],
        outcome: str,
        purpose: str = "",
        release_id: str = "",
        cells: int = 0,
        suppressed: int = 0,
    ) -> None:
        """Write what was asked and what came of it. Raises VaultError when the log cannot be written: then nothing may be answered."""
        self._journal.append(
            {
                "time": self._clock().isoformat(timespec="milliseconds"),
                "uid": caller.uid,
                "user": caller.user,
                "role": caller.role,
                "terminal": caller.terminal,
                "purpose": purpose or caller.purpose,
                "run_id": caller.run_id,
                "request": request,
                "outcome": outcome,
                "release_id": release_id,
                "cells": cells,
                "suppressed": suppressed,
            }
        )

    def entries(self) -> Iterator[dict[str, Any]]:
        return self._journal.entries()

    def position(self) -> tuple[int, str]:
        """Number and hash of the last line."""
        return self._journal.position()

    def holds(self, seq: int, hash_: str) -> bool:
        """Whether a line is there, or lies before what retention took away."""
        return self._journal.holds(seq, hash_)

    def hashes(self) -> dict[int, str]:
        """Hash of every line by number, from the last one that retention took away."""
        return self._journal.hashes()

    def cut(self, lines: int, *, facts: Mapping[str, Any], seal_key: bytes) -> None:
        """Take the oldest lines away; the chain stays verifiable."""
        self._journal.cut(lines, facts=facts, seal_key=seal_key)

    def verify(self, *, seal_key: bytes | None = None) -> Break | None:
        """Return the first line that was edited, moved, dropped or cut off; None when the log is whole."""
        return self._journal.verify(seal_key=seal_key)

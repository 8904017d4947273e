"""Launch tokens: what a sealed kernel shows the gate, once. Only their hashes are kept, in memory, for a short while."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from daicho.gate.access_log import Caller

TOKEN_SECONDS = 600.0


@dataclass(frozen=True)
class _Minted:
    caller: Caller
    pid: int | None
    expires: float


class LaunchTokens:
    """Mint and redeem tokens. A token works once, for the process it was minted for where that is known, and for ten minutes."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._minted: dict[str, _Minted] = {}

    def mint(self, caller: Caller, *, pid: int | None) -> str:
        token = secrets.token_hex(32)
        now = self._monotonic()
        with self._lock:
            self._minted = {key: minted for key, minted in self._minted.items() if minted.expires > now}
            self._minted[_digest(token)] = _Minted(caller=caller, pid=pid, expires=now + TOKEN_SECONDS)
        return token

    def redeem(self, token: str, *, pid: int) -> Caller | None:
        """Return whom a token speaks for and use it up; None when it is unknown, used, expired or shown by another process.

        A token shown by another process is used up too: it has leaked.
        """
        with self._lock:
            minted = self._minted.pop(_digest(token), None)
        if minted is None or minted.expires <= self._monotonic() or minted.pid not in (None, pid):
            return None
        return minted.caller


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

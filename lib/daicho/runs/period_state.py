"""What became of each period of each plan: `var/plans/<plan>/<period>.json`, written whole or not at all.

A period is worked on under a file lock. The system lets go of it when its holder dies, however that happens: a period whose run was killed is
free again at once, and two schedulers that start at the same second cannot both have it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from daicho.core.config import Config
from daicho.core.errors import VaultError

WAITING, OVERDUE, RUNNING, DONE, FAILED = "waiting", "overdue", "running", "done", "failed"


@dataclass(frozen=True)
class PeriodState:
    """`state`: "" before anything, waiting or overdue (for extracts), running, done, failed.

    `started` and `ended` are times with their offset; `error` holds no value of the ledger.
    """

    state: str = ""
    run_id: str = ""
    attempts: int = 0
    started: str = ""
    ended: str = ""
    exit_code: int = 0
    error: str = ""


class Periods:
    """The records of one workspace."""

    def __init__(self, config: Config) -> None:
        self._folder = config.state_dir / "plans"

    def read(self, plan: str, period: str) -> PeriodState:
        """Raises VaultError for a record that cannot be read: running its period again could pay or report twice."""
        path = self._path(plan, period)
        try:
            return PeriodState(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return PeriodState()
        except (OSError, ValueError, TypeError):
            raise VaultError(
                f"the record {path.name} of the plan {plan} cannot be read: restore it from a backup, or remove it to run that period again."
            ) from None

    def all(self) -> list[tuple[str, str, PeriodState]]:
        """Every record as (plan, period, state), in order. Raises VaultError."""
        found = sorted(path for path in self._folder.glob("*/*.json"))
        return [(path.parent.name, path.stem, self.read(path.parent.name, path.stem)) for path in found]

    def is_held(self, plan: str, period: str) -> bool:
        """Whether a process is at work on it now."""
        with self.held(plan, period) as is_free:
            return not is_free

    def write(self, plan: str, period: str, state: PeriodState) -> None:
        path = self._path(plan, period)
        aside = path.with_suffix(".partial")
        with aside.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(state), ensure_ascii=False, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)

    @contextlib.contextmanager
    def held(self, plan: str, period: str) -> Iterator[bool]:
        """Whether the period is this process's for the time of the block."""
        path = self._path(plan, period).with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(handle)

    def _path(self, plan: str, period: str) -> Path:
        return self._folder / plan / f"{period}.json"

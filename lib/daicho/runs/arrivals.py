"""Which extracts a plan waits for (待機): those not taken in since shortly before its due day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from daicho.core.errors import UsageError
from daicho.vault import SnapshotInfo

KEYS = frozenset({"kind", "within_days", "wait_days"})


@dataclass(frozen=True)
class Expected:
    """An extract a plan needs: of a kind of contract, taken in at most `within_days` before the due day; waited for `wait_days` after it."""

    kind: str
    within_days: int
    wait_days: int

    def since(self, due: date) -> date:
        return due - timedelta(days=self.within_days)

    def deadline(self, due: date) -> date:
        return due + timedelta(days=self.wait_days)


def read_expected(raw: Mapping[str, Any], where: str) -> Expected:
    """One [[extracts]] block. Raises UsageError naming the key that is wrong."""
    for key in raw:
        if key not in KEYS:
            raise UsageError(f"{where}: unknown key {key}; known are {', '.join(sorted(KEYS))}.")
    if not isinstance(raw.get("kind"), str):
        raise UsageError(f"{where}: kind must name an extract's contract, such as vaccination.")
    for key in ("within_days", "wait_days"):
        if isinstance(raw.get(key), bool) or not isinstance(raw.get(key), int) or not 0 <= raw[key] <= 366:
            raise UsageError(f"{where}: {key} must be a number of days from 0 to 366.")
    return Expected(raw["kind"], raw["within_days"], raw["wait_days"])


def check_expected(expected: Sequence[Expected], contracts_dir: Path, where: str) -> None:
    """Raises UsageError for an extract that no contract describes: it would be waited for in vain."""
    for item in expected:
        if not (contracts_dir / "extracts" / f"{item.kind}.odcs.yaml").is_file():
            raise UsageError(f"{where}: there is no contract {item.kind} in data_contracts/extracts.")


def missing(expected: Sequence[Expected], due: date, data: SnapshotInfo | None) -> list[Expected]:
    """The extracts that have not come for a due day."""
    batches = sorted(data.batches, key=lambda batch: batch.received_on) if data else []
    last = {batch.kind: batch.received_on for batch in batches}
    return [item for item in expected if item.kind not in last or date.fromisoformat(last[item.kind]) < item.since(due)]

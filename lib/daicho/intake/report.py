"""What an intake tells its user: counts by file and rule, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FileReport:
    """Outcome for one file. `status`: taken_in, unchanged (the same content is already held) or checked (dry run)."""

    file: str
    kind: str
    encoding: str
    sha256: str
    status: str
    delivery: str
    batch: int | None
    rows_read: int
    rows_accepted: int
    rows_quarantined: Mapping[str, int]
    rows_replaced: int
    warnings: Mapping[str, int]


@dataclass(frozen=True)
class IntakeReport:
    """Outcome of one intake; `snapshot` is the state the vault is in afterwards."""

    snapshot: int | None
    files: tuple[FileReport, ...]
    is_dry_run: bool

    def as_data(self) -> dict[str, Any]:
        """The report for machines."""
        return {
            "snapshot": self.snapshot,
            "dry_run": self.is_dry_run,
            "read": sum(file.rows_read for file in self.files),
            "accepted": sum(file.rows_accepted for file in self.files),
            "quarantined": _summed(file.rows_quarantined for file in self.files),
            "replaced": sum(file.rows_replaced for file in self.files),
            "files": [
                {
                    "file": file.file,
                    "kind": file.kind,
                    "encoding": file.encoding,
                    "sha256": file.sha256,
                    "status": file.status,
                    "delivery": file.delivery,
                    "batch": file.batch,
                    "read": file.rows_read,
                    "accepted": file.rows_accepted,
                    "quarantined": dict(file.rows_quarantined),
                    "replaced": file.rows_replaced,
                    "warnings": dict(file.warnings),
                }
                for file in self.files
            ],
        }


def _summed(counts: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for rule, rows in count.items():
            total[rule] = total.get(rule, 0) + rows
    return total

"""A copy of the shipped contracts that a test may spoil."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "data_contracts"
Row = dict[str, str]


def copied(tmp_path: Path) -> Path:
    """A private copy of `data_contracts`."""
    target = tmp_path / "data_contracts"
    shutil.copytree(SHIPPED, target)
    return target


def replaced(path: Path, old: str, new: str) -> None:
    """Replace a text that occurs in the file, everywhere."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} does not hold the text to spoil"
    path.write_text(text.replace(old, new), encoding="utf-8")


def rewritten(path: Path, change: Callable[[list[Row]], None]) -> None:
    """Change the rows of a CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or []), list(reader)
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)

"""The list of quarantined rows: source file, line, rule. It holds no value; the row itself stays in the source system."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl


def write_quarantine(folder: Path, *, name: str, file_name: str, rows: pl.DataFrame) -> Path | None:
    """Write `file,line,rule` for one file; nothing when no row was quarantined. A list of that name left by a crash goes."""
    target = folder / f"{name}.csv"
    if rows.is_empty():
        target.unlink(missing_ok=True)
        return None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = target.with_suffix(".new")
    rows.sort("line").select(pl.lit(file_name).alias("file"), "line", "rule").write_csv(aside)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.rename(target)
    return target

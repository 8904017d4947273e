"""VRS 台帳向け出力: one wide row a person, unfolded to one row a dose (codes.md D-4)."""

from __future__ import annotations

import re

import polars as pl

from daicho.intake.rows import LINE

REPEAT = re.compile(r"[（(]([0-9０-９]+)回目[)）]$")


def is_wide(frame: pl.DataFrame) -> bool:
    return any(REPEAT.search(name) for name in frame.columns)


def unfold(frame: pl.DataFrame, *, number_header: str) -> pl.DataFrame:
    """One row for each dose k with anything in its columns; `number_header` holds k; the line stays that of the wide row."""
    by_dose: dict[int, dict[str, str]] = {}
    shared = [name for name in frame.columns if name != LINE and not REPEAT.search(name)]
    for name in frame.columns:
        if found := REPEAT.search(name):
            by_dose.setdefault(int(found.group(1)), {})[REPEAT.sub("", name)] = name
    columns = sorted({base for names in by_dose.values() for base in names})
    parts = []
    for number, names in sorted(by_dose.items()):
        doses = [pl.col(names[base]).alias(base) if base in names else pl.lit("").alias(base) for base in columns]
        part = frame.select(*shared, *doses, pl.lit(str(number)).alias(number_header), LINE)
        parts.append(part.filter(pl.any_horizontal(pl.col(columns) != "")))
    return pl.concat(parts).sort(LINE, maintain_order=True)

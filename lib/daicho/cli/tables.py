"""A released frame as aligned text for a terminal: full-width characters take two columns."""

from __future__ import annotations

import unicodedata

import polars as pl

from daicho.gate.release import STATUS_SUFFIX

MARKS = {"suppressed": "*", "not_applicable": "-"}


def plain_table(frame: pl.DataFrame) -> str:
    """Columns aligned; suppressed values as `*`, not applicable as `-`; status columns folded into the marks."""
    shown = [name for name in frame.columns if not name.endswith(STATUS_SUFFIX)]
    rows = [shown]
    for row in frame.iter_rows(named=True):
        rows.append([_cell(row[name], row.get(name + STATUS_SUFFIX)) for name in shown])
    widths = [max(_width(row[position]) for row in rows) for position in range(len(shown))]
    numeric = [frame.schema[name].is_numeric() for name in shown]
    lines = [
        "  ".join(_padded(text, width, right=right) for text, width, right in zip(row, widths, numeric, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _cell(value: object, status: object) -> str:
    if isinstance(status, str) and status in MARKS:
        return MARKS[status]
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space

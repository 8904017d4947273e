"""Read a CSV of `data_contracts` as text: UTF-8 (a byte-order mark is allowed) or, where a vendor wrote it, CP932; empty is null."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl

from daicho.core.errors import UsageError


def read_table(path: Path) -> pl.DataFrame:
    """All columns as text, in file order; empty cells and cells of blanks are null.

    Raises UsageError when the file is not there, is in another encoding, or has rows of a wrong length.
    """
    rows = list(csv.reader(io.StringIO(_text(path), newline="")))
    if not rows or not any(rows[0]):
        raise UsageError(f"{path.name}: the first line must name the columns.")
    header = [name.strip() for name in rows[0]]
    if len(set(header)) < len(header):
        raise UsageError(f"{path.name}: a column name appears twice in the first line.")
    body = []
    for line, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != len(header):
            raise UsageError(f"{path.name}, row {line}: {len(row)} cells where the first line names {len(header)} columns.")
        body.append([cell.strip() or None for cell in row])
    return pl.DataFrame(body, schema=dict.fromkeys(header, pl.String), orient="row")


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError:
        raise UsageError(f"{path} cannot be read: check that the file is there.") from None
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path.name} is neither UTF-8 nor CP932: save it as UTF-8.")

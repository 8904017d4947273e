"""Write an extract as its vendor would: CSV with CRLF, CP932 or UTF-8, quoted only where needed, empty cells plain."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

ENCODINGS = ("cp932", "utf-8")
# Marks for damage that no text column can hold; they never occur in real text.
CUT_HERE = "\x1e"  # alone in the last cell: the row lacks that field
UNDECODABLE_HERE = "\x1f"
_BAD_BYTES = {
    "cp932": b"\x85\x40",
    "utf-8": "\ufffd".encode(),
}  # UTF-8 with bad bytes would be taken for CP932 as a whole: the mark a converter leaves
_ROWS_A_PIECE = 200_000


def write_extract(path: Path, frame: pl.DataFrame, *, encoding: str) -> None:
    """Write all rows of `frame` (text columns, null for an empty cell)."""
    with path.open("wb") as file:
        for start in range(0, max(frame.height, 1), _ROWS_A_PIECE):
            buffer = io.BytesIO()
            frame.slice(start, _ROWS_A_PIECE).write_csv(buffer, include_header=start == 0, line_terminator="\r\n", quote_style="necessary")
            text = buffer.getvalue()
            if encoding != "utf-8":
                text = text.decode("utf-8").encode(encoding)
            file.write(text.replace(b"," + CUT_HERE.encode(), b"").replace(UNDECODABLE_HERE.encode(), _BAD_BYTES[encoding]))

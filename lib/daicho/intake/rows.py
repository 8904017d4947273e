"""Split a piece of CSV into columns of text, setting aside rows with a wrong number of fields."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.core.errors import DataError
from daicho.intake.decode import Piece

LINE = "line"


@dataclass(frozen=True)
class Rows:
    """`frame`: one text column per header plus `line`; `broken_lines`: physical lines whose field count is wrong."""

    frame: pl.DataFrame
    broken_lines: list[int]


def read_header(piece: Piece, *, file_name: str) -> list[str]:
    """The header row. Raises DataError, without showing a cell, when it is none or repeats a column."""
    first = piece.text.split(b"\n", 1)[0].decode("utf-8", errors="replace").rstrip("\r")
    headers: list[str] = []
    if "\r" not in first:
        with contextlib.suppress(csv.Error):
            headers = [cell.strip() for cell in next(csv.reader([first]), [])]
    if not any(headers):
        raise DataError(
            f"{file_name}: the first line holds no column names; export it as CSV with a header row and lines that end in CRLF or LF."
        )
    repeated = next((header for header in headers if headers.count(header) > 1), None)
    if repeated is not None:
        # By position: in a file without a header the first line is data.
        places = [position for position, header in enumerate(headers, start=1) if header == repeated]
        raise DataError(
            f"{file_name}: a column name appears twice in the header (columns {places[0]} and {places[1]}); export the file again with a header row."
        )
    return headers


def without_header(piece: Piece) -> Piece:
    return Piece(text=piece.text.split(b"\n", 1)[1] if b"\n" in piece.text else b"", first_line=piece.first_line + 1)


def read_rows(piece: Piece, headers: Sequence[str], *, file_name: str = "the file") -> Rows:
    """Parse one piece. Physical lines are counted, blank lines skipped, quoted line ends allowed."""
    text, lines = piece.text, piece.text.count(b"\n")
    if b'"' not in text and not _has_blank_line(text):
        frame = _parse(text, headers)
        # Without quotes, polars refuses a row with too many fields, so the number of commas tells whether one has too few.
        if frame is not None and frame.height == lines and text.count(b",") == lines * (len(headers) - 1):
            return Rows(frame=frame.with_columns(pl.Series(LINE, np.arange(lines, dtype=np.int64) + piece.first_line)), broken_lines=[])
    text, numbers, broken = _without_broken_rows(text, len(headers) - 1, piece.first_line)
    frame = _parse(text, headers)
    if frame is None or frame.height != len(numbers):
        raise DataError(
            f"{file_name}: the rows from line {piece.first_line} on cannot be split into columns: a quotation mark is opened and not closed, "
            "or stands inside a cell; export the file again."
        )
    return Rows(frame=frame.with_columns(pl.Series(LINE, numbers)), broken_lines=broken.tolist())


def _has_blank_line(text: bytes) -> bool:
    return text.startswith((b"\n", b"\r\n")) or b"\n\n" in text or b"\n\r\n" in text


def _parse(text: bytes, headers: Sequence[str]) -> pl.DataFrame | None:
    schema = dict.fromkeys(headers, pl.String)
    if not text:
        return pl.DataFrame(schema=schema)
    try:
        return pl.read_csv(
            io.BytesIO(text),
            has_header=False,
            new_columns=list(headers),
            schema=schema,
            infer_schema=False,
            empty_string_is_null=False,
            extra_columns="raise",
        )
    except pl.exceptions.PolarsError:
        return None


def _without_broken_rows(text: bytes, expected_commas: int, first_line: int) -> tuple[bytes, np.ndarray, np.ndarray]:
    """Cut rows with a wrong field count and blank rows out of `text`; give it with the line numbers kept and the broken ones."""
    data = np.frombuffer(text, dtype=np.uint8)
    newlines, commas = np.flatnonzero(data == 0x0A), np.flatnonzero(data == 0x2C)
    ends = newlines
    if b'"' in text:
        quotes = np.flatnonzero(data == 0x22)
        ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        commas = commas[np.searchsorted(quotes, commas) % 2 == 0]
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else np.empty(0, dtype=np.int64)
    numbers = first_line + np.searchsorted(newlines, starts)
    fields = np.searchsorted(commas, ends) - np.searchsorted(commas, starts)
    lengths = ends - starts
    is_blank = (lengths == 0) | ((lengths == 1) & (data[starts] == 0x0D))
    is_broken = (fields != expected_commas) & ~is_blank
    is_kept = ~is_broken & ~is_blank
    if is_kept.all():
        return text, numbers, numbers[:0]
    kept = np.flatnonzero(is_kept)
    # Join runs of neighbouring rows, so that the loop is over the few cuts and not over the rows.
    runs = np.split(kept, np.flatnonzero(np.diff(kept) > 1) + 1) if len(kept) else []
    whole = b"".join(text[starts[run[0]] : ends[run[-1]] + 1] for run in runs)
    return whole, numbers[is_kept], numbers[is_broken]

"""CSV for machines and for Excel: UTF-8 with BOM, CRLF line ends (RFC 4180, and what the office's Excel writes), one line a row.

A released value is an empty field unless its status column says value or zero. Text that a spreadsheet would run as a formula is
written with a leading apostrophe (OWASP, CSV injection; the full-width signs count, because Japanese Excel reads them too).
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
from nbformat import NotebookNode

from daicho.core.errors import DataError, DisclosureError
from daicho.runs.publish.content import read_content
from daicho.runs.publish.tables import Table, TableColumn, Value
from daicho.runs.publish.writing import write_bytes

STATUS_SUFFIX = "_status"
LINE_END = "\r\n"
_BOM = b"\xef\xbb\xbf"
_MASKED = ("suppressed", "not_applicable")
# A sign alone, such as a dash in a code list, is no formula; followed by anything it may be.
_FORMULA_START = r"^([=+\-@＝＋－＠\t\r\n].)"
_FILE_NAME = re.compile(r"[A-Za-z0-9_]+")


def publish_csv(frame: pl.DataFrame, *, out: Path) -> Path:
    """Write a released frame (values, each with its status column) and return the path: same frame, same bytes.

    Raises `DisclosureError` when a masked value is not empty, and `DataError` for a column that CSV cannot hold.
    """
    return write_bytes(out, csv_bytes(frame))


def publish_tables_csv(executed: NotebookNode, *, out: Path) -> tuple[Path, ...]:
    """Write every table of an executed notebook as `<out>/<table name>.csv`. Raises `DataError` for a name that is no plain file name."""
    tables = read_content(executed, title="").tables
    seen: set[str] = set()
    for table in tables:
        if not _FILE_NAME.fullmatch(table.name):
            raise DataError(f"table {table.number}: its name is not a file name; use letters, digits and underscores")
        if table.name in seen:
            raise DataError(f"table {table.number}: the name {table.name} is used twice; give each table its own name")
        seen.add(table.name)
    return tuple(publish_csv(table_frame(table), out=out / f"{table.name}.csv") for table in tables)


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """The bytes of the CSV of a frame."""
    for name, dtype in frame.schema.items():
        if dtype.is_nested() or dtype.is_(pl.Binary):
            raise DataError(f"column {name} is of a type that CSV cannot hold; give plain columns only")
        status = f"{name}{STATUS_SUFFIX}"
        if status in frame.columns and frame.filter(pl.col(status).is_in(_MASKED) & pl.col(name).is_not_null()).height:
            raise DisclosureError(f"column {name}: a masked cell carries a value; nothing is published")
    texts = [name for name, dtype in frame.schema.items() if dtype in (pl.String, pl.Categorical) or isinstance(dtype, pl.Enum)]
    guarded = frame.with_columns(pl.col(name).cast(pl.String).str.replace(_FORMULA_START, "'${1}") for name in texts)
    body = guarded.write_csv(include_header=True, line_terminator=LINE_END, date_format="%Y-%m-%d", datetime_format="%Y-%m-%dT%H:%M:%S")
    return _BOM + body.encode("utf-8")


def table_frame(table: Table) -> pl.DataFrame:
    """A shown table as a tidy frame: one column a key; number columns are followed by their status."""
    columns: list[pl.Series] = []
    for position, column in enumerate(table.columns):
        cells = [row[position] for row in table.rows]
        if column.is_number:
            dtype = pl.Float64 if column.kind in ("rate", "estimate") else pl.Int64
            columns.append(_numbers(table, column, [cell.value for cell in cells], dtype=dtype))
            columns.append(pl.Series(f"{column.key}{STATUS_SUFFIX}", [cell.status for cell in cells], dtype=pl.String))
        else:
            values = [None if cell.value is None else str(cell.value) for cell in cells]
            columns.append(pl.Series(column.key, values, dtype=pl.String))
    names = [series.name for series in columns]
    if len(set(names)) < len(names):
        raise DataError(f"table {table.number}: two columns have the same key; give each its own")
    return pl.DataFrame(columns)


def _numbers(table: Table, column: TableColumn, values: list[Value], *, dtype: type[pl.DataType]) -> pl.Series:
    """A number column. A whole-number kind with a fraction or text in it is refused, never rounded."""
    is_whole = all(value is None or float(value) == int(value) for value in values if not isinstance(value, str))
    if any(isinstance(value, str) for value in values) or (dtype == pl.Int64 and not is_whole):
        raise DataError(f"table {table.number}: column {column.key} holds values that are not of its kind {column.kind}")
    return pl.Series(column.key, values, dtype=dtype, strict=False)

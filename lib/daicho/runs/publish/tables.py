"""The table a notebook shows (`application/vnd.daicho.table+json`), read strictly and given its marks.

A cell is a number, a true zero, suppressed or not applicable. A suppressed cell that still carries its value is refused
here: whatever made it, the value must not reach a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daicho.core.errors import DataError, DisclosureError
from daicho.runs.publish.texts import NOT_APPLICABLE_MARK, SUPPRESSED_MARK, Texts

TABLE_MIME = "application/vnd.daicho.table+json"
TABLE_SCHEMA = 1
COLUMN_KINDS = ("text", "count", "rate", "yen", "estimate", "integer", "month", "date")
STATUSES = ("value", "zero", "suppressed", "not_applicable")
_MARKS: Mapping[str, str] = {"suppressed": SUPPRESSED_MARK, "not_applicable": NOT_APPLICABLE_MARK}

_LONGEST_SHORT_TEXT = 12

Value = str | int | float | None


@dataclass(frozen=True)
class TableColumn:
    """One column: `key` names it in files, `label` is what readers see, `kind` decides alignment and number format."""

    key: str
    label: str
    kind: str

    @property
    def is_number(self) -> bool:
        return self.kind in ("count", "rate", "yen", "estimate", "integer")


@dataclass(frozen=True)
class TableCell:
    """One cell: `value` is None unless the status is value or zero; `text` is what readers see."""

    value: Value
    status: str
    text: str


@dataclass(frozen=True)
class Table:
    """One table, numbered in its document from 1."""

    number: int
    name: str
    title: str
    notes: tuple[str, ...]
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    emphasis_rows: frozenset[int]
    release_ids: tuple[str, ...]

    @property
    def statuses(self) -> frozenset[str]:
        """The states that occur in the number columns and marks, for the legend."""
        return frozenset(cell.status for row in self.rows for cell in row)

    def legend(self, texts: Texts) -> tuple[tuple[str, str], ...]:
        """(mark, meaning) of every state that needs explaining; a zero needs it only beside a mark."""
        statuses = self.statuses
        if statuses.isdisjoint(_MARKS):
            return ()
        marks = (("suppressed", SUPPRESSED_MARK), ("zero", "0"), ("not_applicable", NOT_APPLICABLE_MARK))
        return tuple((mark, texts[f"{status}_means"]) for status, mark in marks if status in statuses)

    def is_short(self, column: int) -> bool:
        """Whether the texts of a column are short enough never to be broken."""
        return all(len(row[column].text) <= _LONGEST_SHORT_TEXT for row in self.rows)

    @property
    def head_column(self) -> int | None:
        """The column whose cells head their rows: the first, when it is text."""
        return 0 if self.columns and not self.columns[0].is_number else None


def read_table(spec: Mapping[str, Any], *, number: int) -> Table:
    """Read one table spec. Raises `DataError` for a broken spec, `DisclosureError` for a masked cell that has a value."""
    where = f"table {number}"
    if spec.get("schema") != TABLE_SCHEMA:
        raise DataError(f"{where}: the table schema is not {TABLE_SCHEMA}; run the report with the daicho that publishes it")
    try:
        columns = tuple(TableColumn(str(c["key"]), str(c["label"]), str(c["kind"])) for c in spec["columns"])
        rows = tuple(tuple(_read_cell(cell, where=where) for cell in row) for row in spec["rows"])
        name, title = str(spec["name"]), str(spec["title"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{where}: the table spec lacks a part or has one of the wrong shape; use release.table()") from error
    for column in columns:
        if column.kind not in COLUMN_KINDS:
            raise DataError(f"{where}: column {column.key} has an unknown kind; use one of {', '.join(COLUMN_KINDS)}")
    if any(len(row) != len(columns) for row in rows):
        raise DataError(f"{where}: a row does not have {len(columns)} cells; use release.table()")
    return Table(
        number=number,
        name=name,
        title=title,
        notes=tuple(str(note) for note in spec.get("notes", ())),
        columns=columns,
        rows=rows,
        emphasis_rows=frozenset(int(row) for row in spec.get("emphasis_rows", ())),
        release_ids=tuple(str(release) for release in spec.get("release_ids", ())),
    )


def _read_cell(cell: Mapping[str, Any], *, where: str) -> TableCell:
    status = str(cell["status"])
    if status not in STATUSES:
        raise DataError(f"{where}: a cell has an unknown status; use one of {', '.join(STATUSES)}")
    value = cell.get("value")
    if status in _MARKS:
        if value is not None:
            raise DisclosureError(f"{where}: a {status} cell carries a value; nothing is published")
        return TableCell(None, status, _MARKS[status])
    return TableCell(value, status, str(cell.get("text", "" if value is None else value)))

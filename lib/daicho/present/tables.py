"""A formatted table: what JupyterLab shows, and the structure from which PDF, XLSX and CSV are published."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from daicho.core.errors import UsageError
from daicho.present.labels import NO_DATA, legend

TABLE_MIME = "application/vnd.daicho.table+json"
SCHEMA_VERSION = 1
_NUMERIC = frozenset({"count", "rate", "yen", "estimate", "integer"})
_STYLE = {
    "table": "border-collapse:collapse;font-size:13px;line-height:1.5;margin:.4em 0",
    "caption": "caption-side:top;text-align:left;font-weight:600;padding:.2em 0;color:inherit",
    "th": "border-top:2px solid #444;border-bottom:1px solid #444;padding:.25em .7em;text-align:{align};vertical-align:bottom",
    "td": "border-bottom:1px solid #ddd;padding:.2em .7em;text-align:{align};font-weight:{weight};font-variant-numeric:tabular-nums",
}


@dataclass(frozen=True)
class Cell:
    """One value, its state (value, zero, suppressed, not_applicable) and how it is written."""

    value: str | int | float | None
    status: str
    text: str


@dataclass(frozen=True)
class TableColumn:
    """A column: a key for machines, a heading for readers, and the kind that decides alignment and number format."""

    key: str
    label: str
    kind: str


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings; `facts` are those of the releases the cells came from."""

    name: str
    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    emphasis_rows: tuple[int, ...] = ()
    release_ids: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    language: str = "ja"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]{1,80}", self.name):
            raise UsageError("a table's name becomes a file name: use small letters, digits and _ only.")

    def to_json(self) -> dict[str, Any]:
        """Return the table as published: plain JSON values, one object a cell. The publisher explains the marks itself."""
        return {
            "schema": SCHEMA_VERSION,
            "name": self.name,
            "title": self.title,
            "notes": list(self._notes()),
            "columns": [{"key": column.key, "label": column.label, "kind": column.kind} for column in self.columns],
            "rows": [[{"value": cell.value, "status": cell.status, "text": cell.text} for cell in row] for row in self.rows],
            "emphasis_rows": list(self.emphasis_rows),
            "release_ids": list(self.release_ids),
            "facts": dict(self.facts),
        }

    def to_html(self) -> str:
        """Return a compact HTML table, styled inline so that nothing outside it is touched or needed."""
        heads = "".join(_head(column) for column in self.columns)
        body = "".join(self._row_html(number, row) for number, row in enumerate(self.rows))
        if not self.rows:
            body = f'<tr><td colspan="{max(len(self.columns), 1)}" style="{_cell_style("left")}">{NO_DATA[self.language]}</td></tr>'
        marks = legend({cell.status for row in self.rows for cell in row}, language=self.language)
        notes = "".join(f'<div style="font-size:12px;color:#555">{html.escape(note)}</div>' for note in (*self._notes(), *marks))
        return (
            f'<table class="daicho-table" style="{_STYLE["table"]}">'
            f'<caption style="{_STYLE["caption"]}">{html.escape(self.title)}</caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{notes}"
        )

    def _notes(self) -> tuple[str, ...]:
        if self.rows:
            return self.notes
        return (NO_DATA[self.language] + ("。" if self.language == "ja" else "."), *self.notes)

    def _row_html(self, number: int, row: Iterable[Cell]) -> str:
        strong = number in self.emphasis_rows
        cells = "".join(
            f'<td style="{_cell_style("right" if column.kind in _NUMERIC else "left", strong=strong)}">{html.escape(cell.text)}</td>'
            for column, cell in zip(self.columns, row, strict=True)
        )
        return f"<tr>{cells}</tr>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {
            "text/html": self.to_html(),
            TABLE_MIME: self.to_json(),
            "text/plain": f"{self.title} ({len(self.rows)} × {len(self.columns)})",
        }


def _head(column: TableColumn) -> str:
    style = _STYLE["th"].format(align="right" if column.kind in _NUMERIC else "left")
    return f'<th scope="col" style="{style}">{html.escape(column.label)}</th>'


def _cell_style(align: str, *, strong: bool = False) -> str:
    return _STYLE["td"].format(align=align, weight=600 if strong else 400)

"""The XLSX workbook: a cover sheet with the facts of the document, then one sheet a table, ready to read and to print.

Numbers stay numbers with Japanese number formats; a masked or inapplicable cell is its mark as text, grey, never a number or an empty cell.
Texts are written as texts, so none becomes a formula. The same content gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter
from nbformat import NotebookNode

from daicho.runs.publish.colophon import all_facts, release_table
from daicho.runs.publish.content import read_content
from daicho.runs.publish.facts import DocumentFacts
from daicho.runs.publish.layout import width_cells
from daicho.runs.publish.tables import Table, TableCell
from daicho.runs.publish.texts import NOT_APPLICABLE_MARK, SUPPRESSED_MARK, ZERO_MARK, Texts
from daicho.runs.publish.writing import write_bytes

_FONT = "游ゴシック"
_NUMBER_FORMATS: Mapping[str, str] = {
    "count": "#,##0", "rate": "0.0%", "yen": '"¥"#,##0', "estimate": "#,##0.0", "integer": "0", "date": "yyyy/mm/dd",
}  # fmt: skip
_A4 = 9
_WIDEST, _NARROWEST = 48, 8
_SHEET_NAME_LENGTH = 31
_FORBIDDEN_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
_FIRST_TABLE_ROW = 3

Format = Any
Style = Mapping[str, Any]

_BASE: Style = {"font_name": _FONT, "font_size": 10.5, "valign": "vcenter"}
_HEAD: Style = {**_BASE, "bold": True, "bg_color": "#E8EFF6", "text_wrap": True, "top": 2, "bottom": 1, "border_color": "#1F4E79"}
_BODY: Style = {**_BASE, "bottom": 1, "bottom_color": "#CCD4DD"}
_STRONG: Style = {"bold": True, "bg_color": "#F3F6F9", "top": 1, "top_color": "#55616F"}
_MASKED: Style = {"bg_color": "#E6E9ED", "font_color": "#454F5A", "align": "right"}
_INAPPLICABLE: Style = {"font_color": "#66717D", "align": "right"}
_LEGEND: tuple[tuple[str, str, Style], ...] = (
    (SUPPRESSED_MARK, "suppressed", _MASKED),
    (ZERO_MARK, "zero", {}),
    (NOT_APPLICABLE_MARK, "not_applicable", _INAPPLICABLE),
)
_SOFT: Style = {**_BASE, "font_size": 9, "font_color": "#55616F"}


class _Formats:
    """One workbook format a style: xlsxwriter writes every format it is asked for, so equal ones are shared."""

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        self._workbook = workbook
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, *styles: Style) -> Format:
        style = {key: value for part in styles for key, value in part.items()}
        key = tuple(sorted(style.items()))
        if key not in self._made:
            self._made[key] = self._workbook.add_format(style)
        return self._made[key]


def publish_xlsx(executed: NotebookNode, *, document: DocumentFacts, out: Path) -> Path:
    """Write the tables of an executed notebook as one workbook and return its path."""
    tables = read_content(executed, title=document.title).tables
    return write_bytes(out, workbook_bytes(tables, document=document))


def workbook_bytes(tables: Sequence[Table], *, document: DocumentFacts) -> bytes:
    """The workbook of some tables."""
    texts = Texts(document.language)
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(buffer, options)
    workbook.set_properties(
        {
            "title": document.title,
            "subject": document.subtitle,
            "author": f"{document.municipality} {document.department}".strip(),
            "keywords": document.profile_label,
            # Without it xlsxwriter writes the clock.
            "created": document.created_at.replace(tzinfo=None),
        }
    )
    formats = _Formats(workbook)
    names = _sheet_names(tables, texts)
    _write_cover(workbook.add_worksheet(texts["cover_sheet"]), tables, names, document=document, texts=texts, formats=formats)
    for table, name in zip(tables, names, strict=True):
        _write_table(workbook.add_worksheet(name), table, document=document, texts=texts, formats=formats)
    workbook.close()
    return buffer.getvalue()


def _sheet_names(tables: Sequence[Table], texts: Texts) -> list[str]:
    """「表1 地区別接種率」, cut to what Excel allows. The number makes each unique."""
    names = (f"{texts.fill('table', n=table.number)} {_FORBIDDEN_IN_SHEET_NAMES.sub(' ', table.title)}" for table in tables)
    return [name[:_SHEET_NAME_LENGTH].strip() for name in names]


def _write_cover(
    sheet: Any, tables: Sequence[Table], names: Sequence[str], *, document: DocumentFacts, texts: Texts, formats: _Formats
) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 70)
    plain, label, head = formats(_BASE, {"text_wrap": True}), formats(_BASE, {"font_color": "#55616F", "valign": "top"}), formats(_HEAD)
    sheet.write_string(0, 0, document.title, formats(_BASE, {"bold": True, "font_size": 16}))
    sheet.write_string(1, 0, document.subtitle, formats(_BASE, {"font_size": 12, "font_color": "#55616F"}))
    sheet.write_string(2, 0, document.profile_label, formats(_BASE, {"bold": True, "font_color": "#A3201D"}))
    row = 4
    lines = [*all_facts(document, texts), (texts["seal"], texts["sealed"] if document.sealed else texts["unsealed"])]
    lines += [(check, texts["passed"] if is_ok else texts["not_passed"]) for check, is_ok in document.seal_result]
    lines += [(texts["unverified"], name) for name in document.unverified]
    for name, value in lines:
        sheet.write_string(row, 0, name, label)
        sheet.write_string(row, 1, value, plain)
        row += 1
    row = _write_heading(sheet, row + 1, texts["legend"], head)
    for mark, status, style in _LEGEND:
        sheet.write_string(row, 0, mark, formats(_BODY, style, {"align": "center"}))
        sheet.write_string(row, 1, texts[f"{status}_means"], formats(_BODY))
        row += 1
    row = _write_heading(sheet, row + 1, texts["sheets"], head)
    if not tables:
        sheet.write_string(row, 0, texts["no_tables"], plain)
        row += 1
    for table, name in zip(tables, names, strict=True):
        sheet.write_url(row, 0, f"internal:'{name}'!A1", formats(_BASE, {"font_color": "#1F4E79", "underline": 1}), name)
        sheet.write_string(row, 1, table.title, plain)
        row += 1
    release_head, release_rows = release_table(document, texts)
    row = _write_heading(sheet, row + 1, texts["releases"], head)
    for release in release_rows:
        for name, value in zip(release_head, release, strict=True):
            if value:
                sheet.write_string(row, 0, name, label)
                sheet.write_string(row, 1, value, plain)
                row += 1
        row += 1
    _set_print(sheet, document=document, is_landscape=False)


def _write_heading(sheet: Any, row: int, words: str, head: Format) -> int:
    sheet.write_string(row, 0, words, head)
    sheet.write_blank(row, 1, None, head)
    return row + 1


def _write_table(sheet: Any, table: Table, *, document: DocumentFacts, texts: Texts, formats: _Formats) -> None:
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, texts.caption("table", table.number, table.title), formats(_BASE, {"bold": True, "font_size": 14}))
    sheet.write_string(1, 0, f"{document.title}　{document.subtitle}　{document.profile_label}", formats(_SOFT))
    for position, column in enumerate(table.columns):
        side = "right" if column.is_number else "left"
        sheet.write_string(_FIRST_TABLE_ROW, position, column.label, formats(_HEAD, {"align": side}))
        widest = max((width_cells(row[position].text) for row in table.rows), default=0)
        sheet.set_column(position, position, min(max(widest, width_cells(column.label), _NARROWEST) + 2, _WIDEST))
    for offset, cells in enumerate(table.rows, start=1):
        strong = _STRONG if offset - 1 in table.emphasis_rows else {}
        for position, cell in enumerate(cells):
            _write_cell(sheet, _FIRST_TABLE_ROW + offset, position, cell, kind=table.columns[position].kind, strong=strong, formats=formats)
    row = _FIRST_TABLE_ROW + len(table.rows) + 2
    notes = [f"{mark}：{meaning}" for mark, meaning in table.legend(texts)]
    notes += [f"{texts['notes']}{n if len(table.notes) > 1 else ''}　{note}" for n, note in enumerate(table.notes, start=1)]
    for note in notes:
        sheet.write_string(row, 0, note, formats(_SOFT))
        row += 1
    sheet.freeze_panes(_FIRST_TABLE_ROW + 1, 0 if table.head_column is None else 1)
    sheet.repeat_rows(_FIRST_TABLE_ROW)
    if table.rows:
        sheet.autofilter(_FIRST_TABLE_ROW, 0, _FIRST_TABLE_ROW + len(table.rows), len(table.columns) - 1)
    _set_print(sheet, document=document, is_landscape=True)


def _write_cell(sheet: Any, row: int, column: int, cell: TableCell, *, kind: str, strong: Style, formats: _Formats) -> None:
    if cell.status in ("suppressed", "not_applicable"):
        style = _MASKED if cell.status == "suppressed" else _INAPPLICABLE
        sheet.write_string(row, column, cell.text, formats(_BODY, strong, style))
    elif kind in ("count", "rate", "yen", "estimate", "integer") and isinstance(cell.value, (int, float)):
        sheet.write_number(row, column, cell.value, formats(_BODY, strong, {"num_format": _NUMBER_FORMATS[kind]}))
    elif kind == "date" and (day := _day(cell.value)) is not None:
        sheet.write_datetime(row, column, day, formats(_BODY, strong, {"num_format": _NUMBER_FORMATS[kind], "align": "left"}))
    else:
        sheet.write_string(row, column, cell.text, formats(_BODY, strong))


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _set_print(sheet: Any, *, document: DocumentFacts, is_landscape: bool) -> None:
    sheet.set_paper(_A4)
    if is_landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
    # & starts a code in Excel headers; doubled it is itself.
    office = f"{document.municipality} {document.department}".replace("&", "&&")
    sheet.set_header(f"&R{document.profile_label.replace('&', '&&')}")
    sheet.set_footer(f"&L{office}&R&P / &N")

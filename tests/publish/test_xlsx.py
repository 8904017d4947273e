"""XLSX: numbers that stay numbers, marks that stay marks, a cover that explains, the same bytes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.publish import builders as build

from daicho.runs.publish import publish_xlsx

FIRST = 5  # row of the first table row: title, document, blank, headings


def workbook(tmp_path: Path, *cells: Any, **changes: Any) -> Any:
    path = publish_xlsx(build.notebook(*cells), document=build.facts(**changes), out=tmp_path / "data" / "a.xlsx")
    return openpyxl.load_workbook(path)


def test_one_sheet_a_table_behind_a_cover(tmp_path: Path) -> None:
    path = publish_xlsx(build.full_notebook(), document=build.facts(), out=tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["表紙", "表1 地区別接種率", "表2 区別・月別の支払額", "表3 ワクチン別・月別の支払額"]
    assert book["表2 区別・月別の支払額"].max_row >= FIRST + 119


def test_four_states_are_distinct_in_value_and_in_look(tmp_path: Path) -> None:
    sheet = workbook(tmp_path, build.table_cell(build.coverage_table())).worksheets[1]
    value, suppressed, zero, inapplicable = (
        sheet.cell(FIRST, 3),
        sheet.cell(FIRST + 2, 3),
        sheet.cell(FIRST + 3, 3),
        sheet.cell(FIRST + 4, 4),
    )
    assert [cell.value for cell in (value, suppressed, zero, inapplicable)] == [1380, "＊", 0, "－"]
    assert [cell.data_type for cell in (value, suppressed, zero, inapplicable)] == ["n", "s", "n", "s"]
    looks = {(cell.fill.fgColor.rgb, cell.font.color.rgb if cell.font.color else None) for cell in (value, suppressed, inapplicable)}
    assert len(looks) == 3


def test_number_formats_are_those_of_the_kind(tmp_path: Path) -> None:
    book = workbook(tmp_path, build.table_cell(build.coverage_table()), build.table_cell(build.long_table(3)))
    assert book.worksheets[1].cell(FIRST, 2).number_format == "#,##0"
    assert book.worksheets[1].cell(FIRST, 4).number_format == "0.0%"
    assert book.worksheets[2].cell(FIRST, 4).number_format == '"¥"#,##0'


def test_head_stays_in_sight_and_on_every_printed_page(tmp_path: Path) -> None:
    sheet = workbook(tmp_path, build.table_cell(build.long_table())).worksheets[1]
    assert sheet.freeze_panes == "B5"
    assert sheet.print_title_rows == "$4:$4"
    assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("landscape", "9")
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in ((1, 0), (None, 0))
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_column_is_wide_enough_for_full_width_text(tmp_path: Path) -> None:
    spec = build.table((("a", "短", "text"),), [[build.cell("特別区たばこ税相当の長い名前")]])
    sheet = workbook(tmp_path, build.table_cell(spec)).worksheets[1]
    assert sheet.column_dimensions["A"].width >= 28


@pytest.mark.parametrize("text", ["=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+1", "https://example.jp/"])
def test_text_is_never_a_formula_or_a_link(tmp_path: Path, text: str) -> None:
    spec = build.table((("a", "=LABEL()", "text"),), [[build.cell(text)]], title="=TITLE()", notes=["=NOTE()"])
    sheet = workbook(tmp_path, build.table_cell(spec), title="=1").worksheets[1]
    assert sheet.cell(FIRST, 1).value == text
    assert sheet.cell(FIRST, 1).hyperlink is None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}


def test_cover_holds_facts_seal_legend_and_releases(tmp_path: Path) -> None:
    cover = workbook(tmp_path, build.table_cell(build.coverage_table()), sealed=False).worksheets[0]
    words = {str(cell.value) for row in cover.iter_rows() for cell in row if cell.value is not None}
    expected = {
        "庁内限り",
        "みなと保健所 保健予防課",
        "2026年3月31日",
        "封止なし",
        "鍵を読めない",
        "＊",
        "－",
        "r-000123",
        "定期接種の対象期間（2026年度）",
    }
    assert expected <= words


def test_notebook_without_tables_says_so(tmp_path: Path) -> None:
    cover = workbook(tmp_path, build.markdown_cell("本文")).worksheets[0]
    assert any(cell.value == "この帳票に表はありません。" for row in cover.iter_rows() for cell in row)


def test_english_workbook_has_english_texts(tmp_path: Path) -> None:
    book = workbook(tmp_path, build.table_cell(build.coverage_table(title="Coverage by district")), language="en")
    assert book.sheetnames == ["Cover", "Table 1 Coverage by district"]


def test_sheet_name_is_cut_to_what_excel_allows(tmp_path: Path) -> None:
    spec = build.coverage_table(title="地区[別]:接種率*の/とても?長い'表題'で三十一文字をはるかに超えるもの")
    name = workbook(tmp_path, build.table_cell(spec)).sheetnames[1]
    assert len(name) <= 31
    assert not set(name) & set("[]:*?/\\'")


def test_same_content_gives_the_same_bytes_without_a_clock(tmp_path: Path) -> None:
    first = publish_xlsx(build.full_notebook(), document=build.facts(), out=tmp_path / "a.xlsx").read_bytes()
    second = publish_xlsx(build.full_notebook(), document=build.facts(), out=tmp_path / "b.xlsx").read_bytes()
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
        assert b"2026-04-10T00:00:00Z" in archive.read("docProps/core.xml")

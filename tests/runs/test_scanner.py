from __future__ import annotations

import base64
import json
from pathlib import Path

import polars as pl
import pytest
from tests.conftest import TODAY
from tests.intake.extract_factory import RESIDENT, write_extract

from daicho.core.config import Config
from daicho.intake.load import take_in
from daicho.runs.scan.scanner import Scanner
from daicho.vault.identifiers import load_identifier_index

CANARY = {
    "宛名番号": "7012345678",
    "氏名": "金糸雀髙橋一子",
    "漢字氏名": "金糸雀髙橋一子",
    "カナ氏名": "カナリアタカハシ",
    "住所": "東京都港区赤坂二丁目11番777号",
}


@pytest.fixture
def scanner(workspace: Config, tmp_path: Path) -> Scanner:
    take_in([write_extract(tmp_path / "r.csv", RESIDENT, [CANARY])], config=workspace, today=TODAY)
    return Scanner(load_identifier_index(workspace))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("番号 7012345678 の方", "addressee_number"),
        ("７０１２３４５６７８", "addressee_number"),
        ("7012-345-678", "addressee_number"),
        ("70123\u200b45678", "addressee_number"),
        ("金糸雀髙橋一子 様", "name"),
        ("金糸雀高橋　一子", "name"),
        ("金糸雀\u200b髙橋一子", "name"),
        ("かなりあたかはし", "kana"),
        ("ｶﾅﾘｱﾀｶﾊｼ", "kana"),
        ("東京都港区赤坂2丁目11番777号", None),
        ("東京都港区赤坂二丁目１１番７７７号", "address"),
        ("&#37329;&#31992;&#38592;&#39641;&#27211;&#19968;&#23376;", "name"),
        ("<b>金糸雀</b>髙橋<i>一子</i>", "name"),
        (json.dumps("金糸雀髙橋一子"), "name"),
    ],
)
def test_an_identifier_is_found_in_the_writings_people_use(scanner: Scanner, tmp_path: Path, text: str, kind: str | None) -> None:
    path = tmp_path / "report.html"
    path.write_text(f"<html><body>{text}</body></html>", encoding="utf-8")
    assert [finding.kind for finding in scanner.scan([path])] == ([kind] if kind else [])


def test_a_document_inside_a_document_is_read(scanner: Scanner, tmp_path: Path) -> None:
    hidden = base64.b64encode(("あ" * 100 + "金糸雀髙橋一子").encode()).decode()
    path = tmp_path / "report.html"
    path.write_text(f'<a href="data:text/plain;base64,{hidden}">x</a>', encoding="utf-8")
    assert [finding.kind for finding in scanner.scan([path])] == ["name"]


def test_workbooks_are_read_with_hidden_sheets_and_properties(scanner: Scanner, tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("表紙")
        sheet = book.add_worksheet("裏")
        sheet.write(0, 0, "金糸雀髙橋一子")
        sheet.hide()
        book.set_properties({"comments": "7012345678"})
    assert {finding.kind for finding in scanner.scan([path])} == {"name", "addressee_number"}


def test_pdf_text_is_read(scanner: Scanner, tmp_path: Path) -> None:
    import typst

    path = tmp_path / "report.pdf"
    path.write_bytes(typst.compile(b"No. 7012345678"))
    assert [finding.kind for finding in scanner.scan([path])] == ["addressee_number"]


def test_a_file_name_counts(scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "7012345678.csv"
    path.write_text("a", encoding="utf-8")
    assert [finding.kind for finding in scanner.scan([path])] == ["addressee_number"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("個人番号: 123456789018", "individual_number"),
        ("tanaka@example.jp", "email"),
        ("03-1234-5678", "phone"),
        ("〒105-0011", "postal_address"),
        ("生年月日 2020年4月1日", "birth_date"),
    ],
)
def test_known_kinds_are_found_without_any_ledger(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    assert [finding.kind for finding in Scanner(None).scan([path])] == [kind]


def test_ordinary_amounts_and_codes_raise_no_alarm(scanner: Scanner, tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": range(200_000)}).select(
        pl.format(
            "医療機関 1310{} 金額 {}円 率 0.{} 支払月 2026{} 区 131032",
            pl.col("n") + 100_000,
            pl.col("n") * 7919,
            pl.col("n") * 104_729,
            pl.col("n") % 12,
        )
    )
    path = tmp_path / "amounts.txt"
    path.write_text("\n".join(frame.to_series().to_list()), encoding="utf-8")
    assert scanner.scan([path]) == []

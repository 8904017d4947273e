from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import zipfile
import zlib
from pathlib import Path

import polars as pl
import pytest
from benchmarks.scan import pages
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
        ("東京都港区赤坂2丁目11番777号", "address"),
        ("東京都港区赤坂2-11-777", "address"),
        ("東京都港区赤坂　２－１１－７７７", "address"),
        ("東京都港区赤坂 211,777円", None),
        ("金\ufe00糸\U000e0100雀髙橋\u3164一子", "name"),
        ("金糸雀<!-- 一 -->髙橋一子", "name"),
        ("<table><tr><td>金糸雀髙橋</td><td>一子</td></tr></table>", "name"),
        ("&amp;#37329;&amp;#31992;雀髙橋一子", "name"),
        ("%E9%87%91%E7%B3%B8%E9%9B%80%E9%AB%99%E6%A9%8B%E4%B8%80%E5%AD%90", "name"),
        ("<p title='金糸雀髙橋一子'>x</p>", "name"),
        ("<style>p::before { content: '\\91D1\\7CF8\\96C0\\9AD8\\6A4B\\4E00\\5B50' }</style>", "name"),
        ("<script>var s = '\\u{91D1}\\u7cf8雀髙橋一子'</script>", "name"),
        ("701<b>234</b>5678", "addressee_number"),
        ("<td>70123</td><td>45678</td>", None),
        ("7012345678.5", None),
        ("0.7012345678", None),
        ("9f7012345678abcdef01", None),
        ("17012345678", None),
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


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_text_is_read_in_whichever_encoding_it_was_saved(scanner: Scanner, tmp_path: Path, coding: str) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes("区分,値\r\n金糸雀高橋一子,1\r\n".encode(coding))
    assert [finding.kind for finding in scanner.scan([path])] == ["name"]


def test_a_short_base64_text_is_read(scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "report.svg"
    path.write_text(f"<svg data-x='{base64.b64encode('カナリアタカハシ'.encode()).decode()}'/>", encoding="utf-8")
    assert [finding.kind for finding in scanner.scan([path])] == ["kana"]


def test_compressed_and_nested_files_are_read(scanner: Scanner, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv.gz", gzip.compress("金糸雀髙橋一子".encode()))
    with zipfile.ZipFile(tmp_path / "out" / "outer.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("without_suffix", "カナリアタカハシ".encode("cp932"))
    (tmp_path / "out" / "page.html").write_text(
        f"<img src='data:application/octet-stream;base64,{base64.b64encode(zlib.compress(b'No. 7012345678')).decode()}'>", encoding="utf-8"
    )
    assert {(Path(finding.file).name, finding.kind) for finding in scanner.scan([tmp_path / "out"])} == {
        ("outer.zip", "name"),
        ("outer.zip", "kana"),
        ("page.html", "addressee_number"),
    }


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_tables_for_machines_are_read(scanner: Scanner, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table.{suffix}"
    frame = pl.DataFrame({"n": [1, 7012345678], "カナリアタカハシ": ["a", "金糸雀髙橋一子"], "l": [["x"], ["y"]]})
    frame.write_parquet(path) if suffix == "parquet" else frame.write_ipc(path)
    assert {finding.kind for finding in scanner.scan([path])} == {"addressee_number", "name", "kana"}


def test_a_pseudonym_of_the_vault_is_found_in_any_writing(workspace: Config, scanner: Scanner, tmp_path: Path) -> None:
    held = bytes(load_identifier_index(workspace).pseudonyms[0])
    strange = bytes(reversed(held))
    for number, text in enumerate(
        [held.hex(), held.hex().upper(), base64.b64encode(held).decode(), base64.urlsafe_b64encode(held).decode()]
    ):
        (tmp_path / f"{number}.html").write_text(f"<a id='{text}'>x</a>", encoding="utf-8")
    (tmp_path / "other.html").write_text(f"<a id='{strange.hex()}'>{base64.b64encode(strange).decode()}</a>", encoding="utf-8")
    assert [(Path(finding.file).name, finding.kind) for finding in scanner.scan(sorted(tmp_path.glob("*.html")))] == [
        (f"{number}.html", "pseudonym") for number in range(4)
    ]


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


def test_what_a_pdf_hides_is_read(scanner: Scanner, tmp_path: Path) -> None:
    import pypdfium2
    import typst

    (tmp_path / "a.txt").write_text("金糸雀髙橋一子", encoding="utf-8")
    (tmp_path / "page.typ").write_text('#set document(title: "7012345678")\n#pdf.attach("a.txt")\nx', encoding="utf-8")
    path = tmp_path / "report.pdf"
    path.write_bytes(typst.compile(tmp_path / "page.typ"))
    assert pypdfium2.PdfDocument(path).count_attachments() == 1
    assert {finding.kind for finding in scanner.scan([path])} == {"addressee_number", "name"}


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
        ("生年月日：令和２年四月一日", "birth_date"),
        ("平成30年5月6日生", "birth_date"),
        ("R2.5.6生まれ", "birth_date"),
        ("赤坂二丁目の2020-05-06", "birth_date"),
    ],
)
def test_known_kinds_are_found_without_any_ledger(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    assert [finding.kind for finding in Scanner(None).scan([path])] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "令和2年4月2日から令和3年4月1日生まれの者（2020-04-02〜2021-04-01生）",
        "令和7年4月1日 生ワクチン",
        "港区告示第3号 令和7年4月1日",
        "基準日 令和8年3月31日 赤坂地区",
        "電算コード 131032-0012-3456 金額 03,123,456",
        "法人番号 7000020131032 医療機関コード 1310123456",
    ],
)
def test_days_of_law_cohorts_and_codes_of_institutions_are_no_persons(scanner: Scanner, tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    assert scanner.scan([path]) == []


@pytest.mark.scale
def test_ten_thousand_pages_of_amounts_and_codes_raise_no_alarm(scanner: Scanner, tmp_path: Path) -> None:
    """A tenth of what benchmarks/scan.py looks at."""
    path = tmp_path / "amounts.html"
    path.write_text(pages(10_000), encoding="utf-8")
    assert scanner.scan([path]) == []


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


def kinds_of_page(scanner: Scanner, path: Path, text: str) -> set[str]:
    path.write_text(f"<html><body>{text}</body></html>", encoding="utf-8")
    return {finding.kind for finding in scanner.scan([path])}


def test_a_page_of_digests_is_read_together_and_one_text_among_them_is_found(scanner: Scanner, tmp_path: Path) -> None:
    """Digests are base64 letters too: each looked at by itself, a page of them took minutes."""
    page = tmp_path / "page.html"
    digests = " ".join(hashlib.sha256(str(number).encode()).hexdigest()[:24] for number in range(20_000))
    assert kinds_of_page(scanner, page, digests) == set()
    for raw in (CANARY["氏名"].encode(), CANARY["氏名"].encode("cp932"), b"\xff\x81" + CANARY["氏名"].encode()):
        hidden = base64.b64encode(raw).decode()
        assert "name" in kinds_of_page(scanner, page, f"{digests} {hidden} {digests}")


def test_base64_with_idle_bits_is_read_as_a_browser_reads_it(scanner: Scanner, tmp_path: Path) -> None:
    coded = base64.b64encode(CANARY["氏名"].encode() + b"!").decode()
    assert coded.endswith("==")
    assert "name" in kinds_of_page(scanner, tmp_path / "page.html", f"x {coded[:-3]}{chr(ord(coded[-3]) + 1)}== y")


def test_bare_tags_are_tags_and_a_sign_before_one_is_none(scanner: Scanner, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert "name" in kinds_of_page(scanner, page, "<p>5 < 6<td>x</td><a<td>金糸雀>髙橋一子</td>")
    assert "name" in kinds_of_page(scanner, page, "金糸雀\x01髙橋一子")
    assert kinds_of_page(scanner, page, "<tr><td>70123</td><td>45678</td></tr>") == set()

"""PDF: A4, tagged, archival, accessible; its text is the text of the notebook; nothing in the data is markup."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from tests.publish import builders as build

from daicho.core.errors import DataError
from daicho.runs.publish import publish_pdf
from daicho.runs.publish.templates import templates_dir

A4_PT = (595.28, 841.89)
HOSTILE = '#panic("x") $x^2$ *b* _i_ `r` \\ #read("/etc/passwd") ] [ } { " // <label> @ref = 見出し'


def published(tmp_path: Path, *cells: Any, **changes: Any) -> Path:
    return publish_pdf(build.notebook(*cells), document=build.facts(**changes), out=tmp_path / "a.pdf")


@pytest.fixture(scope="module")
def full_pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_pdf(build.full_notebook(), document=build.facts(), out=tmp_path_factory.mktemp("pdf") / "a.pdf")


def pages_of(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        texts = []
        for page in document:
            textpage = page.get_textpage()
            texts.append(textpage.get_text_range())
            textpage.close()
            page.close()
        return texts


def squeezed(text: str) -> str:
    """Without white space, which a PDF does not hold as such."""
    return re.sub(r"\s+", "", text)


def test_every_page_is_a4(full_pdf: Path) -> None:
    with pikepdf.open(full_pdf) as document:
        sizes = [tuple(float(side) for side in page.mediabox[2:]) for page in document.pages]
    assert all(sorted(size) == pytest.approx(A4_PT, abs=0.1) for size in sizes)
    assert {size[0] < size[1] for size in sizes} == {True, False}


def test_text_of_the_pdf_is_the_japanese_of_the_notebook(full_pdf: Path) -> None:
    text = squeezed("".join(pages_of(full_pdf)))
    for words in (
        "この帳票は、出生年度と地区ごとの接種率。を示します。分母は基準日に住民登録がある者です。改行しても、日本語の間に空白は入りません。",
        "coverage_cohortの定義は予防接種法によります。",
        "1期の接種率は全地区で95％に届いていません",
        "表1地区別接種率",
        "分母は基準日現在の住民。",
        "図2地区と出生年度別の接種率",
        "コードの例=1",
        "第10区令和7年6月4,40314,691,383円",
        "秘匿（少数のため数値を伏せています）",
    ):
        assert squeezed(words) in text


def test_every_cell_of_every_table_is_in_the_text(full_pdf: Path) -> None:
    text = squeezed("".join(pages_of(full_pdf)))
    for spec in (build.coverage_table(), build.long_table(), build.wide_table()):
        for row in spec["rows"]:
            assert squeezed("".join(cell["text"] for cell in row)) in text


def test_page_numbers_and_the_marking_stand_on_every_page(full_pdf: Path) -> None:
    pages = pages_of(full_pdf)
    assert len(pages) > 4
    for number, text in enumerate(pages, start=1):
        assert f"{number}/{len(pages)}ページ" in squeezed(text)
        assert "庁内限り" in text


def test_head_of_a_long_table_repeats_on_its_pages(full_pdf: Path) -> None:
    with_rows = [text for text in pages_of(full_pdf) if re.search(r"第\d+区\s*令和7年", text)]
    assert len(with_rows) >= 3
    assert all("区市" in text and "支払額" in text for text in with_rows)


def test_long_document_has_contents_and_a_short_one_has_none(tmp_path: Path, full_pdf: Path) -> None:
    assert "目次" in pages_of(full_pdf)[0]
    short = published(tmp_path, build.markdown_cell("## 甲\n\n## 乙\n\n## 丙"))
    assert "目次" not in "".join(pages_of(short))


def test_code_printed_text_and_errors_are_not_published(full_pdf: Path) -> None:
    text = "".join(pages_of(full_pdf))
    assert not re.search("CODE-INPUT|STDOUT-OUTPUT|ERROR-OUTPUT|HTML-OUTPUT|PLAIN-OUTPUT", text)


def test_metadata_declares_pdf_a_2a_and_pdf_ua_1_with_title_author_language_and_day(full_pdf: Path) -> None:
    with pikepdf.open(full_pdf) as document:
        metadata = document.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"], metadata["pdfuaid:part"]) == ("2", "A", "1")
        assert metadata["dc:title"] == build.TITLE
        assert metadata["dc:creator"] == ["港区 みなと保健所 保健予防課"]
        assert metadata["xmp:CreateDate"].startswith("2026-04-10")
        assert str(document.Root.Lang) == "ja"
        assert bool(document.Root.MarkInfo.Marked)
        assert bool(document.Root.ViewerPreferences.DisplayDocTitle)


def test_figures_carry_their_alternative_text_and_tables_their_headings(full_pdf: Path) -> None:
    with pikepdf.open(full_pdf) as document:
        elements = [item for item in document.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") is not None]
        alternatives = {str(item.Alt) for item in elements if item.get("/S") == "/Figure" and "/Alt" in item}
        kinds = {str(item.S) for item in elements}
    assert {
        chart()["description"] for chart in (build.trend_chart, build.heat_map, build.grouped_bars, build.faceted_chart)
    } <= alternatives
    assert {"/Table", "/TH", "/TD", "/H1", "/H2", "/L", "/Link"} <= kinds


def test_only_the_packaged_typeface_is_embedded(full_pdf: Path) -> None:
    with pikepdf.open(full_pdf) as document:
        names = {
            str(item.FontName)
            for item in document.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"
        }
    assert names
    assert all("NotoSansCJKjp" in name for name in names)


def test_accessibility_checker_finds_no_error(tmp_path: Path) -> None:
    outloud = pytest.importorskip("outloud", reason="outloud is not installed")
    path = published(
        tmp_path,
        build.markdown_cell("## 甲\n\n- 一\n- [二](https://example.jp/)\n\n### 乙\n\n本文"),
        build.table_cell(build.coverage_table()),
        build.chart_cell(build.grouped_bars()),
    )
    result = outloud.check(str(path))
    assert result.errors == 0, result.findings


def test_hostile_text_is_printed_as_it_is(tmp_path: Path) -> None:
    spec = build.table((("a", HOSTILE, "text"),), [[build.cell(HOSTILE)]], title=HOSTILE, notes=[HOSTILE])
    chart = {**build.grouped_bars(), "title": HOSTILE, "description": HOSTILE}
    literal = "\n\n".join((r"\#panic\(1\) \$x\$ \@ref", "`" + '#panic("x") $x$' + "`", "```\n#panic()\n```"))
    strings = {name: HOSTILE for name in ("title", "subtitle", "municipality", "department", "purpose", "profile_label", "run_id")}
    path = published(
        tmp_path, build.markdown_cell(literal), build.table_cell(spec), build.chart_cell(chart), **strings,
        releases=({"release_id": HOSTILE},), unverified=(HOSTILE,), seal_result=((HOSTILE, True),),
    )  # fmt: skip
    text = squeezed("".join(pages_of(path)))
    assert text.count(squeezed(HOSTILE)) >= 12
    assert "#panic(1)$x$@ref" in text
    assert "root:" not in text


def test_four_states_are_distinct(tmp_path: Path) -> None:
    (text, *_) = pages_of(published(tmp_path, build.table_cell(build.coverage_table())))
    squeezed_text = squeezed(text)
    for row in ("芝1,4591,38094.6%", "赤坂12＊＊", "高輪2300.0%", "芝浦港南00－"):
        assert row in squeezed_text


def test_unsealed_document_says_so_on_every_page(tmp_path: Path) -> None:
    cells = [build.table_cell(build.long_table())]
    pages = pages_of(published(tmp_path, *cells, sealed=False, seal_result=(("鍵を読めない", False),)))
    assert len(pages) > 2
    assert all("封止なし" in text for text in pages)
    assert "不合格" in "".join(pages)


def test_english_document_has_english_texts_and_language(tmp_path: Path) -> None:
    path = published(tmp_path, build.table_cell(build.coverage_table(title="Coverage")), language="en")
    text = "".join(pages_of(path))
    assert "Table 1. Coverage" in text
    assert "Page 1 of" in text
    with pikepdf.open(path) as document:
        assert str(document.Root.Lang) == "en"


def test_table_too_wide_for_any_page_comes_in_parts_and_loses_nothing(tmp_path: Path) -> None:
    text = squeezed("".join(pages_of(published(tmp_path, build.table_cell(build.wide_table(30))))))
    assert "（1/3）" in text
    for cell in build.wide_table(30)["rows"][4]:
        assert squeezed(cell["text"]) in text


def test_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    cells = [build.markdown_cell(build.INTRODUCTION), build.table_cell(build.coverage_table()), build.chart_cell(build.grouped_bars())]
    made = [published(tmp_path / name, *cells).read_bytes() for name in ("once", "twice")]
    assert made[0] == made[1]


def test_broken_template_is_a_data_error_without_values_and_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    for file in templates_dir().iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "report.typ").write_text("#panic(json(bytes(sys.inputs.data)).title)", encoding="utf-8")
    with pytest.raises(DataError, match=r"report\.typ") as refused:
        publish_pdf(build.notebook(), document=build.facts(title="秘密の題"), out=tmp_path / "a.pdf", templates=folder)
    assert "秘密の題" not in str(refused.value)
    assert not (tmp_path / "a.pdf").exists()

"""HTML: one file that loads nothing, shows nothing it should not, and reads well to people and to machines that read aloud."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_output
from tests.publish import builders as build
from tests.publish.pages import Page

from daicho.core.errors import UsageError
from daicho.runs.publish import prepare_publishing, publish_html
from daicho.runs.publish.viewer import vega_bundle

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}{% raw %}"


def published(tmp_path: Path, *cells: Any, **changes: Any) -> Page:
    path = publish_html(build.notebook(*cells), document=build.facts(**changes), out=tmp_path / "a.html")
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def full_page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = publish_html(build.full_notebook(), document=build.facts(), out=tmp_path_factory.mktemp("html") / "a.html")
    return Page(path.read_text(encoding="utf-8"))


def test_page_is_well_formed_and_says_its_language(full_page: Page) -> None:
    assert full_page.unclosed == []
    assert full_page.find("html") == [{"lang": "ja"}]


def test_page_loads_nothing(full_page: Page) -> None:
    assert list(full_page.loaded_addresses()) == []
    assert not re.search(r"@import|url\((?!data:)", "".join(full_page.styles))


def test_policy_allows_exactly_the_scripts_of_the_page_and_no_host(full_page: Page) -> None:
    (policy,) = (meta["content"] for meta in full_page.find("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    running = [text for attributes, text in full_page.scripts if attributes.get("type") != "application/json"]
    hashes = {"'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'" for text in running}
    assert rules["default-src"] == "'none'"
    assert set(rules["script-src"].split()) == hashes
    assert len(hashes) == 2
    assert rules["img-src"] == "data:"
    assert "http" not in policy
    assert "unsafe-eval" not in policy


def test_page_without_charts_has_no_script_and_allows_none(tmp_path: Path) -> None:
    page = published(tmp_path, build.markdown_cell("本文"))
    assert page.scripts == []
    assert any("script-src 'none'" in meta.get("content", "") for meta in page.find("meta"))


def test_bundle_is_inlined_once_and_every_chart_has_its_data(full_page: Page) -> None:
    data = [json.loads(text) for attributes, text in full_page.scripts if attributes.get("type") == "application/json"]
    assert sum("vegaEmbed=" in text for _, text in full_page.scripts) == 1
    assert [item["description"] for item in data if "description" in item] == [
        chart()["description"] for chart in (build.trend_chart, build.heat_map, build.grouped_bars, build.faceted_chart)
    ]
    (options,) = (item for item in data if "renderer" in item)
    assert (options["actions"], options["ast"]) == (False, True)


def test_code_printed_text_errors_html_and_plain_text_of_the_notebook_are_not_published(full_page: Page) -> None:
    everything = full_page.words + "".join(text for _, text in full_page.scripts)
    for canary in ("CODE-INPUT", "STDOUT-OUTPUT", "ERROR-OUTPUT", "HTML-OUTPUT", "PLAIN-OUTPUT"):
        assert canary not in everything


@pytest.mark.parametrize(
    "mime", ["text/html", "image/svg+xml", "image/png", "application/javascript", "text/latex", "text/plain", "application/json"]
)
def test_output_of_another_kind_is_not_published(tmp_path: Path, mime: str) -> None:
    cell = new_code_cell("", outputs=[new_output("display_data", data={mime: "CANARY"})])
    publish_html(build.notebook(cell), document=build.facts(), out=tmp_path / "a.html")
    assert "CANARY" not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_hostile_text_is_words_everywhere(tmp_path: Path) -> None:
    spec = build.table((("a", HOSTILE, "text"),), [[build.cell(HOSTILE)]], title=HOSTILE, notes=[HOSTILE])
    chart = {**build.trend_chart(), "title": HOSTILE, "description": HOSTILE, "data": {"values": [{"年度": HOSTILE}]}}
    prose = build.markdown_cell(HOSTILE.replace("*", "\\*") + "\n\n- `" + HOSTILE + "`")
    strings = {name: HOSTILE for name in ("title", "subtitle", "municipality", "department", "purpose", "profile_label", "run_id")}
    release = {"release_id": HOSTILE, "measure": HOSTILE, "source": HOSTILE}
    page = published(
        tmp_path, prose, build.table_cell(spec), build.chart_cell(chart), **strings,
        releases=(release,), unverified=(HOSTILE,), seal_result=((HOSTILE, True),),
    )  # fmt: skip
    assert page.unclosed == []
    assert page.find("img") == []
    assert len(page.scripts) == 4
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.words.count("<script>alert(1)</script>") >= 14
    assert "{{ 7*7 }}" in page.words


def test_four_states_are_distinct_for_the_eye_and_for_the_ear(tmp_path: Path) -> None:
    path = publish_html(build.notebook(build.table_cell(build.coverage_table())), document=build.facts(), out=tmp_path / "a.html")
    source = path.read_text(encoding="utf-8")
    assert '<td class="num" data-status="value">1,380</td>' in source
    assert '<td class="num" data-status="zero">0</td>' in source
    assert '<td class="num suppressed" data-status="suppressed"><span role="img" aria-label="秘匿">＊</span></td>' in source
    assert '<td class="num not_applicable" data-status="not_applicable"><span role="img" aria-label="該当なし">－</span></td>' in source
    assert "秘匿（少数のため数値を伏せています）" in source


def test_table_has_caption_scoped_headings_and_a_place_to_scroll_by_keyboard(full_page: Page) -> None:
    scopes = [attributes.get("scope") for attributes in full_page.find("th")]
    assert set(scopes) == {"col", "row"}
    assert len(full_page.find("caption")) == 3
    regions = [attributes for attributes in full_page.find("div") if attributes.get("role") == "region"]
    assert all(region["tabindex"] == "0" and ("aria-label" in region or "aria-labelledby" in region) for region in regions)


def test_every_reference_inside_the_page_has_its_target_and_ids_are_unique(full_page: Page) -> None:
    ids = [attributes["id"] for _, attributes in full_page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = [attributes["href"][1:] for attributes in full_page.find("a") if attributes["href"].startswith("#")]
    labelled = [attributes["aria-labelledby"] for _, attributes in full_page.elements if "aria-labelledby" in attributes]
    assert set(inside + labelled) <= set(ids)
    assert {"s1", "s2", "about"} <= set(inside)


def test_headings_do_not_skip_a_level(full_page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in full_page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_head_and_foot_hold_marking_facts_and_seal(full_page: Page) -> None:
    for words in (
        "庁内限り",
        "みなと保健所 保健予防課",
        "2026年3月31日",
        "20260410-090000-3f2a",
        "鍵を読めない",
        "封止あり",
        "r-000123",
        "接種率の検討",
    ):
        assert words in full_page.words
    assert "定期接種の対象期間（2026年度）" in full_page.words


def test_unsealed_document_says_so_at_its_head_and_at_its_foot(tmp_path: Path) -> None:
    page = published(tmp_path, build.markdown_cell("本文"), sealed=False, seal_result=(("鍵を読めない", False),))
    assert page.words.count("封止なし") == 2
    assert "不合格" in page.words


def test_english_document_has_no_japanese_of_ours(tmp_path: Path) -> None:
    release = {"release_id": "r-1", "measure": "coverage_cohort", "title": "接種率", "title_en": "Coverage by cohort"}
    spec = build.table((("a", "Doses", "count"),), [[build.SUPPRESSED], [build.NOT_APPLICABLE], [build.count(0)]], title="T")
    page = published(
        tmp_path,
        build.markdown_cell("## One\n\n## Two\n\n## Three"),
        build.table_cell(spec),
        language="en",
        title="Coverage", subtitle="", municipality="Minato", department="Public Health", profile_label="Internal",
        purpose="Review", unverified=(), seal_result=(("no key", True),), sealed=False, releases=(release,),
    )  # fmt: skip
    japanese = set(re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]", page.words))
    assert japanese == set()
    assert "Table 1. T" in page.words
    assert "Coverage by cohort" in page.words
    assert "31 March 2026" in page.words


def test_unknown_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="language"):
        published(tmp_path, language="fr")


def test_refused_content_leaves_no_file(tmp_path: Path) -> None:
    chart = build.trend_chart()
    del chart["description"]
    with pytest.raises(UsageError):
        published(tmp_path, build.chart_cell(chart))
    assert list(tmp_path.iterdir()) == []


def test_folder_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="templates"):
        publish_html(build.notebook(), document=build.facts(), out=tmp_path / "a.html", templates=tmp_path)


def test_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    pages = [publish_html(build.full_notebook(), document=build.facts(), out=tmp_path / f"{n}.html").read_bytes() for n in range(2)]
    assert pages[0] == pages[1]


def test_kept_bundle_is_the_made_one_and_is_used(tmp_path: Path) -> None:
    made = vega_bundle(tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.read_text(encoding="utf-8") == made == vega_bundle()
    kept.write_text("kept", encoding="utf-8")
    assert vega_bundle(tmp_path / "cache") == "kept"


def test_preparation_leaves_the_viewer_for_the_documents_that_follow(tmp_path: Path) -> None:
    prepare_publishing(cache_dir=tmp_path)
    (kept,) = (path for path in tmp_path.iterdir() if path.suffix == ".js")
    assert kept.read_text(encoding="utf-8") == vega_bundle()

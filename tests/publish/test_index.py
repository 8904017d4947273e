"""The index page: every report with its state, marking and files; failures where they belong."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.publish.pages import Page

from daicho.core.errors import UsageError
from daicho.runs.publish import IndexEntry, IndexFacts, IndexLink, publish_index
from daicho.runs.publish.index import file_size

MADE = date(2026, 4, 10)


def entry(**changes: Any) -> IndexEntry:
    values: dict[str, Any] = {
        "title": "接種率",
        "report": "coverage",
        "status": "done",
        "profile_label": "庁内限り",
        "created_on": MADE,
        "run_id": "r-1",
        "links": (IndexLink(label="HTML", href="coverage/coverage.html", size_bytes=957_335),),
    }
    return IndexEntry(**{**values, **changes})


def index_facts(**changes: Any) -> IndexFacts:
    values: dict[str, Any] = {
        "title": "月次帳票",
        "subtitle": "令和8年3月分",
        "municipality": "港区",
        "department": "保健予防課",
        "language": "ja",
        "created_on": MADE,
    }
    return IndexFacts(**{**values, **changes})


def published(tmp_path: Path, *entries: IndexEntry, **changes: Any) -> Page:
    return Page(publish_index(entries, index=index_facts(**changes), out=tmp_path / "index.html").read_text(encoding="utf-8"))


def test_every_report_stands_with_state_marking_day_and_files(tmp_path: Path) -> None:
    page = published(tmp_path, entry(), entry(title="支払", report="payments", status="failed", links=(), problem="単価がありません。"))
    for words in ("接種率", "庁内限り", "2026年4月10日", "957 KB", "失敗", "単価がありません。", "完了 1 件", "失敗 1 件"):
        assert words in page.words
    assert [a["href"] for a in page.find("a") if not a["href"].startswith("#")] == ["coverage/coverage.html"]
    assert page.unclosed == []


def test_page_loads_and_runs_nothing(tmp_path: Path) -> None:
    page = published(tmp_path, entry(title="</td><script>alert(1)</script>"))
    assert list(page.loaded_addresses()) == []
    assert page.scripts == []
    assert "<script>alert(1)</script>" in page.words


@pytest.mark.parametrize("href", ["/etc/passwd", "../other/a.html", "https://example.jp/", "javascript:alert(1)", "a/../../b"])
def test_link_that_leaves_the_folder_is_refused(tmp_path: Path, href: str) -> None:
    with pytest.raises(UsageError, match="leaves"):
        published(tmp_path, entry(links=(IndexLink(label="HTML", href=href, size_bytes=1),)))


def test_unknown_status_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="status"):
        published(tmp_path, entry(status="ok"))


def test_unsealed_run_says_so(tmp_path: Path) -> None:
    assert "封止なし" in published(tmp_path, entry(), is_sealed=False).words
    assert "封止なし" not in published(tmp_path, entry()).words


def test_empty_index_says_so(tmp_path: Path) -> None:
    assert "帳票はありません。" in published(tmp_path).words


def test_sizes_are_for_people() -> None:
    assert [file_size(n) for n in (812, 14_200, 1_240_000)] == ["812 B", "14 KB", "1.2 MB"]

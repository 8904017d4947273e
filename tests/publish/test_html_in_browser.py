"""The page in a real Chromium with the network off: charts are drawn, tooltips work, nothing is asked for, nothing is reported."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.publish import builders as build

from daicho.runs.publish import publish_html

pytestmark = pytest.mark.browser

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed on this machine")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_html(build.full_notebook(), document=build.facts(), out=tmp_path_factory.mktemp("html") / "a.html")


class Visit:
    """One visit: what the page asked for and what it reported."""

    def __init__(self, browser: Any, path: Path, *, width: int) -> None:
        self.page = browser.new_context(offline=True, viewport={"width": width, "height": 900}).new_page()
        self.requests: list[str] = []
        self.reports: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.reports.append(message.text))
        self.page.on("pageerror", lambda error: self.reports.append(str(error)))
        self.page.goto(path.as_uri())
        self.page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(place => place.dataset.state)")


@pytest.fixture(scope="module")
def visit(browser: Any, document: Path) -> Visit:
    return Visit(browser, document, width=1200)


def test_charts_are_drawn_offline_without_a_request_or_a_report(visit: Visit, document: Path) -> None:
    states = visit.page.eval_on_selector_all("[data-chart]", "places => places.map(place => place.dataset.state)")
    assert states == ["drawn"] * 4
    assert visit.page.locator("[data-chart] svg.marks").count() == 4
    assert visit.requests == [document.as_uri()]
    assert visit.reports == []


def test_chart_has_its_alternative_text_and_answers_the_pointer(visit: Visit) -> None:
    assert visit.page.locator("#fig1 [role=graphics-document]").get_attribute("aria-label") == build.trend_chart()["description"]
    visit.page.locator("#fig1 svg .mark-symbol path").first.hover(force=True)
    visit.page.wait_for_selector("#vg-tooltip-element.visible")
    assert "接種率" in visit.page.locator("#vg-tooltip-element").inner_text()


def test_script_that_is_not_ours_does_not_run(visit: Visit) -> None:
    visit.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.pwned = 1'; document.body.append(s); }"
    )
    assert visit.page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in report for report in visit.reports)
    visit.reports.clear()


@pytest.mark.parametrize("width", [360, 768])
def test_narrow_screens_do_not_scroll_sideways(browser: Any, document: Path, width: int) -> None:
    visit = Visit(browser, document, width=width)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    # A chart keeps a width at which its labels stand apart, and scrolls in its own frame.
    assert visit.page.evaluate("document.querySelector('#fig1 svg').getBoundingClientRect().width") >= 480


def test_a_chart_that_fails_leaves_its_words_and_the_others_stand(browser: Any, tmp_path: Path) -> None:
    broken = {**build.trend_chart(), "mark": "no-such-mark", "description": "壊れた図"}
    notebook = build.notebook(build.chart_cell(broken), build.chart_cell(build.grouped_bars()))
    visit = Visit(browser, publish_html(notebook, document=build.facts(), out=tmp_path / "a.html"), width=900)
    assert visit.page.locator("#fig1 [data-state=failed]").inner_text() == "図を表示できませんでした。 壊れた図"
    assert visit.page.locator("#fig2 [data-state=drawn] svg").count() == 1

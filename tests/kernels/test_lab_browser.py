"""JupyterLab driven in a real browser: the sealed kernel is what opens, a chart draws, and no page asks another host for anything."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from tests.kernels.benches import bench
from tests.kernels.labs import serving_lab

from daicho.kernels.kernelspec import KERNEL_NAME, KERNEL_TITLE
from daicho.seal import seal_available

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CELLS = (
    "import altair as alt, daicho\nledger = daicho.open(purpose='試験')\nrelease = ledger.measure('residents', by=['district'])",
    "alt.Chart(release.frame).mark_bar().encode(x='district:N', y='residents_count:Q')",
    "try:\n    open('/etc/passwd')\nexcept PermissionError:\n    print('封止' + 'されている')",
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


def test_an_analyst_opens_a_notebook_and_sees_a_chart_from_a_sealed_kernel(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with bench() as made:
        made.config.notebooks_dir.mkdir(exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        notebook.metadata["kernelspec"] = {"name": KERNEL_NAME, "display_name": KERNEL_TITLE, "language": "python"}
        nbformat.write(notebook, made.config.notebooks_dir / "first.ipynb")
        with serving_lab(made) as lab, playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            hosts: set[str] = set()
            page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
            page.goto(f"{lab.url}lab/tree/first.ipynb?token={lab.token}")
            page.locator(".jp-KernelName, .jp-Toolbar-kernelName").get_by_text(KERNEL_TITLE).first.wait_for(timeout=60_000)
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for(timeout=60_000)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            page.get_by_text("封止されている").first.wait_for(timeout=60_000)
            page.locator(".vega-embed canvas, .vega-embed svg").first.wait_for(timeout=30_000)
            page.screenshot(path=tmp_path / "lab.png")
            browser.close()
    assert hosts - {""} == {"127.0.0.1"}

"""Several reports in one run: made side by side, published in order, and all or none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from tests.conftest import TODAY

from daicho.core.config import Config
from daicho.core.errors import DaichoError
from daicho.runs.run import RunResult, plan_job, run_reports
from daicho.seal.apply import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this kernel has no Landlock, so no notebook can be sealed")


def run(config: Config, *names: str, folder: Path | None = None) -> RunResult:
    jobs = [plan_job(config, name, parameters={}, today=TODAY) for name in names]
    return run_reports(jobs, name="test", config=config, today=TODAY, purpose="テスト", folder=folder)


def with_notebook(config: Config, name: str, source: str) -> None:
    notebook = nbformat.read(config.notebooks_dir / "data_quality.ipynb", as_version=4)
    notebook.cells = [nbformat.v4.new_code_cell("", metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(source)]
    nbformat.write(notebook, config.notebooks_dir / f"{name}.ipynb")


@pytest.fixture
def office(ward: Config, make_office: Callable[..., Config]) -> Config:
    """A workspace of its own over a copy of the small ward's state."""
    config = make_office("own")
    shutil.copytree(ward.state_dir, config.state_dir)
    return config


def test_an_identifier_in_an_earlier_report_stops_the_whole_run(office: Config) -> None:
    with_notebook(office, "leaking", "from IPython.display import Markdown\nMarkdown('番号 5100000000')")
    with_notebook(office, "harmless", "from IPython.display import Markdown\nMarkdown('無害')")
    with pytest.raises(DaichoError, match="addressee_number"):
        run(office, "leaking", "harmless")
    (folder,) = (office.reports_dir / "test").iterdir()
    assert [path.name for path in folder.iterdir()] == ["FAILED.json"]

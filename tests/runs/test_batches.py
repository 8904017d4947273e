"""Several reports in one run: made side by side, published in order, and all or none."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tests.conftest import TODAY
from tests.kernels.test_nursery import has_gone

from daicho.core.config import ROLES, Config
from daicho.core.errors import DaichoError
from daicho.gate.profiles import load_disclosure
from daicho.runs.batch import in_order, predecessors
from daicho.runs.jobs import plan_job
from daicho.runs.notebooks import ReportNotebook
from daicho.runs.run import RunResult, run_reports
from daicho.seal.apply import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this kernel has no Landlock, so no notebook can be sealed")


def run(config: Config, *names: str, **options: Any) -> RunResult:
    jobs = [plan_job(config, name, parameters={}, today=TODAY) for name in names]
    return run_reports(jobs, name="test", config=config, today=TODAY, purpose="テスト", **options)


def with_notebook(config: Config, name: str, source: str, *, title: str = "") -> None:
    notebook = nbformat.read(config.notebooks_dir / "data_quality.ipynb", as_version=4)
    notebook.cells = [nbformat.v4.new_code_cell("", metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(source)]
    notebook.metadata["daicho"]["title"] = title or name
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


@pytest.mark.long
def test_a_batch_gives_the_same_bytes_whether_its_reports_overlap_or_not(
    office: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("data_quality", "consignment_payments")
    made = {}
    for at_once in (2, 1):
        monkeypatch.setattr("daicho.runs.run.kernels_at_once", lambda at_once=at_once: at_once)
        folder = run(office, *names, folder=tmp_path / str(at_once), run_id="20261124-00000000").folder
        made[at_once] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {f"{name}.pdf" for name in names} <= made[1].keys()
    assert [name for name in made[1] if made[1][name] != made[2].get(name)] == [] and made[1].keys() == made[2].keys()


def test_progress_names_each_report_once_in_order(office: Config) -> None:
    names = [f"quick_{number}" for number in range(5)]
    for name in names:
        with_notebook(office, name, "from IPython.display import Markdown\nMarkdown('無害')", title=name)
    said: list[str] = []
    run(office, *names, on_step=said.append)
    assert said == [*names, "検査"]


def test_of_two_reports_that_fail_the_earlier_is_told_and_nothing_appears(office: Config) -> None:
    with_notebook(office, "late", "import time\ntime.sleep(1)\nraise KeyError('late')")
    with_notebook(office, "soon", "raise ValueError('soon')")
    with_notebook(office, "never", "import time\ntime.sleep(500)")
    with pytest.raises(DaichoError, match="late stopped at cell 2 with an error of class KeyError"):
        run(office, "late", "soon", "never")
    (folder,) = (office.reports_dir / "test").iterdir()
    assert [path.name for path in folder.iterdir()] == ["FAILED.json"]
    assert not list(office.work_dir.iterdir())


KILLED = """
import sys
from datetime import date
from pathlib import Path
from daicho.core.config import load_config
from daicho.runs.jobs import plan_job
from daicho.runs.run import run_reports
config = load_config(Path(sys.argv[1]))
day = date(2026, 11, 24)
jobs = [plan_job(config, name, parameters={}, today=day) for name in ("endless", "slow")]
run_reports(jobs, name="test", config=config, today=day, purpose="x")
"""


def test_a_batch_that_is_killed_publishes_nothing_and_leaves_no_kernel(office: Config) -> None:
    for name in ("endless", "slow"):
        with_notebook(office, name, f"import os, time\nopen('{name}.pid', 'w').write(str(os.getpid()))\ntime.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", KILLED, str(office.root)], stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while len(noted := list(office.work_dir.glob("*/*/*.pid"))) < 2 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        pids = [int(path.read_text()) for path in noted]
        process.kill()
    assert len(pids) == 2 and all(has_gone(pid) for pid in pids)
    left = [path for path in office.reports_dir.rglob("*") if path.is_file()]
    assert all(".partial" in str(path.relative_to(office.reports_dir)) for path in left)


def made_for(name: str, profile: str, *, least_role: str = ROLES[0]) -> tuple[ReportNotebook, str]:
    return ReportNotebook(
        name=name, path=Path(name), titles={"ja": name}, profile=profile, order=1, parameters={}, least_role=least_role
    ), profile


def test_reports_of_a_profile_audited_jointly_follow_one_another(workspace: Config) -> None:
    reports = [
        made_for("a", "public"),
        made_for("b", "internal"),
        made_for("c", "public"),
        made_for("d", "statutory"),
        made_for("e", "public"),
    ]
    assert predecessors(reports, load_disclosure(workspace.contracts_dir)) == [[], [], [0], [], [2]]


def test_a_report_that_examines_the_others_runs_alone_in_its_place(workspace: Config) -> None:
    reports = [
        made_for("a", "internal"),
        made_for("b", "internal"),
        made_for("c", "internal", least_role=ROLES[1]),
        made_for("d", "internal"),
    ]
    assert predecessors(reports, load_disclosure(workspace.contracts_dir)) == [[], [], [0, 1], [2]]


def test_results_come_in_order_whichever_is_first_and_what_waits_begins_after_what_it_waits_for() -> None:
    done: list[int] = []
    may_end = threading.Event()

    def act(number: int) -> int:
        if number == 0:
            may_end.wait(10)
        done.append(number)
        may_end.set()
        return number

    waits = [[], [], [1], [2]]
    acts = [partial(act, number) for number in range(4)]
    assert list(in_order(acts, waits=waits, at_once=2, abandon=lambda: None)) == [0, 1, 2, 3]
    assert done.index(1) < done.index(0) and done.index(1) < done.index(2) < done.index(3)


def test_when_one_fails_what_runs_is_abandoned_and_what_waits_never_begins() -> None:
    abandoned = threading.Event()
    begun: list[int] = []

    def act(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ValueError
        assert abandoned.wait(10)

    with pytest.raises(ValueError):
        list(in_order([partial(act, number) for number in range(9)], waits=[[]] * 9, at_once=2, abandon=abandoned.set))
    assert set(begun) <= {0, 1, 2}


HALF_WAY = """
import os, signal, sys
from datetime import date
from pathlib import Path
from daicho.core.config import load_config
from daicho.runs.journal import Journal
from daicho.runs.jobs import plan_job
from daicho.runs.run import run_reports

class Killing(Journal):
    def add(self, item):
        super().add(item)
        (Path(sys.argv[1]) / "torn").touch()
        next(self._folder.glob("data")).joinpath("torn.csv").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)

import daicho.runs.run
daicho.runs.run.Journal = Killing
config = load_config(Path(sys.argv[1]))
day = date(2026, 11, 24)
jobs = [plan_job(config, name, parameters={}, today=day) for name in ("counted_first", "counted_second")]
run_reports(jobs, name="test", config=config, today=day, purpose="テスト", run_id="20261124-11111111")
"""
COUNTING = "from IPython.display import Markdown\nMarkdown('無害')"


def half_way(office: Config) -> None:
    """A run of two reports, killed when the first was finished."""
    for name in ("counted_first", "counted_second"):
        with_notebook(office, name, COUNTING)
    done = subprocess.run([sys.executable, "-c", HALF_WAY, str(office.root)], stderr=subprocess.DEVNULL)
    assert done.returncode == -9 and (office.root / "torn").exists()


def taken_up(office: Config) -> tuple[list[str], RunResult]:
    said: list[str] = []
    result = run(office, "counted_first", "counted_second", run_id="20261124-11111111", on_step=said.append)
    return said, result


def test_a_killed_run_goes_on_where_it_stopped_and_nothing_half_written_is_published(office: Config) -> None:
    half_way(office)
    said, result = taken_up(office)
    assert said == ["counted_second", "検査"]  # the finished report is not made again
    files = sorted(path.relative_to(result.folder).as_posix() for path in result.folder.rglob("*") if path.is_file())
    assert {"counted_first.html", "counted_second.pdf"} <= set(files) and "data/torn.csv" not in files
    manifest = json.loads((result.folder / "manifest.json").read_text(encoding="utf-8"))
    assert [item["report"] for item in manifest["reports"]] == ["counted_first", "counted_second"]
    assert set(manifest["outputs"]) == set(files) - {"manifest.json"}
    assert "counted_first.html" in (result.folder / "index.html").read_text(encoding="utf-8")
    assert [path.name for path in result.folder.parent.iterdir()] == [result.folder.name]

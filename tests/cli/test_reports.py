"""`daicho report` and `run`: what they refuse, and what they say where no kernel can be sealed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.shell import PROGRAM, Outcome, daicho
from tests.conftest import ROOT

from daicho.core.config import Config, load_config


@pytest.fixture
def office(ward: Config, tmp_path: Path) -> Config:
    shutil.copytree(ward.root, tmp_path / "office", ignore=shutil.ignore_patterns("out"))
    return load_config(tmp_path / "office")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report", "nothing"), "there is no report nothing"),
        (("report", "../coverage"), "there is no report ../coverage"),
        (("report", "coverage", "-p", "year=2025"), "has no parameter year"),
        (("report", "coverage", "-p", "fiscal_year=令和7"), "must be a whole number"),
        (("report", "coverage", "-p", "as_of=2026-02-30"), "must be a date"),
        (("report", "coverage", "-p", "fiscal_year"), "NAME=VALUE"),
        (("report", "coverage", "-p", "fiscal_year=2025", "-p", "fiscal_year=2024"), "given twice"),
        (("run",), "name one plan"),
        (("run", "weekly_quality", "--due"), "name one plan"),
        (("run", "nothing"), "there is no plan nothing"),
        (("run", "weekly_quality", "--on", "someday"), "2026-04-10"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(workspace: Config, arguments: tuple[str, ...], sentence: str) -> None:
    refused = daicho(workspace, *arguments)
    assert (refused.code, refused.out) == (2, "") and sentence in refused.sentence
    assert not workspace.reports_dir.exists() and not workspace.work_dir.exists()


def without_landlock(config: Config, *arguments: str) -> Outcome:
    command = [sys.executable, "-m", "tests.cli.without_landlock", PROGRAM, "--workspace", config.root, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_without_landlock_a_report_is_refused(office: Config) -> None:
    refused = without_landlock(office, "report", "annual_counts", "-p", "fiscal_year=2025")
    assert (refused.code, refused.out) == (4, ""), refused.err
    assert "allow_unsealed" in refused.sentence and "Traceback" not in refused.err
    (folder,) = (office.reports_dir / "annual_counts").iterdir()
    assert [path.name for path in folder.iterdir()] == ["FAILED.json"]
    assert json.loads((folder / "FAILED.json").read_text(encoding="utf-8"))["exit_code"] == 4


def test_where_the_office_allows_it_an_unsealed_report_says_so(office: Config) -> None:
    settings = office.root / "daicho.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("allow_unsealed = false", "allow_unsealed = true"), encoding="utf-8")
    done = without_landlock(office, "report", "annual_counts", "-p", "fiscal_year=2025")
    assert done.code == 0, done.err
    folder = Path(done.out.strip()).parent
    assert "封止なし" in (folder / "annual_counts.html").read_text(encoding="utf-8")
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["reports"][0]["sealed"] is False

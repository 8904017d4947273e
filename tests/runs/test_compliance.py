"""The compliance report end to end: made by a sealed kernel under the role it declares, refused to an analyst, told when submissions change."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pypdfium2
import pytest
from tests.conftest import ROOT, TODAY, copy_unrecorded
from tests.gate.toy import grant

from daicho.core.config import Config, load_config
from daicho.core.errors import DaichoError, DisclosureError, UsageError
from daicho.gate.access_log import AccessLog
from daicho.gate.roles import user_name
from daicho.gate.server import local_now
from daicho.runs.jobs import plan_job
from daicho.runs.notebooks import load_report
from daicho.runs.run import RunResult, run_reports
from daicho.seal.apply import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this kernel has no Landlock, so no notebook can be sealed")
NAME = "privacy_compliance"
ME = user_name(os.getuid())


def run(config: Config) -> RunResult:
    job = plan_job(config, NAME, parameters={}, today=TODAY)
    return run_reports([job], name=NAME, config=config, today=TODAY, purpose="年次点検")


@pytest.fixture
def office(ward: Config, tmp_path: Path) -> Config:
    """The small ward, whatever other tests have asked of it before."""
    config = copy_unrecorded(ward, tmp_path / "own")
    shutil.copytree(ROOT / "reports" / "templates", config.templates_dir)
    return config


def with_roles(config: Config, *roles: str) -> Config:
    with (config.root / "daicho.toml").open("a", encoding="utf-8") as file:
        file.write("".join(grant(ME, role, "2099-03-31") for role in roles))
    return load_config(config.root)


def test_the_page_is_published_whole_and_its_examination_is_logged(office: Config) -> None:
    folder = run(office).folder
    pages = pypdfium2.PdfDocument(folder / f"{NAME}.pdf")
    text = "\n".join(page.get_textpage().get_text_bounded() for page in pages)
    pages.close()
    for word in ("個人情報保護の点検報告", "港区", "識別区域", "該当なし", "保管庫の全ファイルが暗号化", "tests/gate/test_compliance.py"):
        assert word in text
    assert "否" not in text.replace("拒否", "").replace("「否」", "").replace("否になる", "")
    assert ME not in text
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["releases"] == [] and manifest["reports"][0]["sealed"]
    entries = list(AccessLog(office.log_dir, clock=local_now).entries())
    assert [(entry["role"], entry["outcome"]) for entry in entries] == [("report_runner", "launched"), ("report_runner", "examined")]


def test_an_analyst_cannot_make_it(office: Config) -> None:
    with pytest.raises(DisclosureError, match="report-runner"):
        run(with_roles(office, "analyst"))


@pytest.mark.parametrize("role", ["report_runner", "officer"])
def test_its_kernel_has_the_narrowest_role_that_may(office: Config, role: str) -> None:
    config = with_roles(office, "analyst", role)
    run(config)
    assert {entry["role"] for entry in AccessLog(config.log_dir, clock=local_now).entries()} == {role}


def test_a_notebook_that_declares_no_such_role_learns_nothing(office: Config) -> None:
    path = office.notebooks_dir / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    del notebook["metadata"]["daicho"]["role"]
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(DaichoError, match="UsageError"):
        run(office)


def test_a_role_that_does_not_exist_is_refused_before_anything_runs(office: Config) -> None:
    path = office.notebooks_dir / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace('"role": "report_runner"', '"role": "king"'), encoding="utf-8")
    with pytest.raises(UsageError, match=r"daicho\.role must be one of"):
        load_report(office, NAME)


def test_submissions_are_verified_for_the_page(office: Config) -> None:
    assert "submissions_changed" not in plan_job(office, NAME, parameters={}, today=TODAY).parameters
    record = office.state_dir / "submissions" / "annual_counts" / "2025" / "0001" / "submission.json"
    record.parent.mkdir(parents=True)
    Path(record).write_text("{}", encoding="utf-8")
    assert plan_job(office, NAME, parameters={}, today=TODAY).parameters["submissions_changed"] == "1"

"""The report index: what ran, failed, waits and comes; versions and what changed between them; nothing from elsewhere, no identifier."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT, copy_unrecorded

from daicho.core.config import Config
from daicho.core.errors import DisclosureError
from daicho.runs.period_state import DONE, FAILED, RUNNING, Periods, PeriodState
from daicho.runs.site.morning import morning
from daicho.runs.site.pages import write_site
from daicho.runs.site.runs_made import runs_made

NOW = datetime(2026, 12, 10, 8)


def made(
    workspace: Config,
    name: str,
    run_id: str,
    *,
    tables: Mapping[str, str],
    on: str = "2026-12-07",
    snapshot: int = 1,
    code: str = "1",
    **parameters: Any,
) -> Path:
    folder = workspace.reports_dir / name / run_id
    folder.mkdir(parents=True)
    report = {"report": "data_quality", "profile": "internal", "parameters": parameters}
    outputs = {f"data/{table}.csv": digest for table, digest in tables.items()}
    body = {"run_id": run_id, "created_on": on, "inputs": [{"snapshot": snapshot}], "code_version": code, "reports": [report]}
    outputs |= {"data_quality.html": "h", "data_quality.pdf": "p", "data/data_quality.xlsx": "x"}
    (folder / "manifest.json").write_text(json.dumps({**body, "outputs": outputs}), encoding="utf-8")
    return folder


def failed(workspace: Config, name: str, run_id: str) -> None:
    folder = workspace.reports_dir / name / run_id
    folder.mkdir(parents=True)
    body = {"run_id": run_id, "on": "2026-12-07", "step": "data_quality", "exit_code": 5, "error": "VaultError"}
    (folder / "FAILED.json").write_text(json.dumps(body), encoding="utf-8")


def text_of(path: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL))


def test_versions_of_one_report_tell_what_changed(workspace: Config) -> None:
    made(workspace, "weekly_quality", "20261207-a", tables={"one": "1", "two": "1"}, fiscal_year=2026, as_of="2026-12-07")
    made(workspace, "weekly_quality", "20261208-b", tables={"one": "1", "two": "1"}, on="2026-12-08", fiscal_year=2026, as_of="2026-12-08")
    failed(workspace, "weekly_quality", "20261208-c")
    made(workspace, "weekly_quality", "20261209-d", tables={"one": "2", "three": "1"}, on="2026-12-09", snapshot=2, fiscal_year=2026)
    made(workspace, "weekly_quality", "20261209-e", tables={"one": "9"}, on="2026-12-09", fiscal_year=2025)
    found = {run.run_id: run for run in runs_made(workspace.reports_dir)}
    assert [found[f"2026120{day}"].version for day in ("7-a", "8-b", "9-d", "9-e")] == [1, 2, 3, 1]
    assert found["20261207-a"].change is None and found["20261209-e"].change is None
    same, changed = found["20261208-b"].change, found["20261209-d"].change
    assert same and (same.tables, same.of_tables, same.is_other_data) == (0, 2, False)
    assert changed and (changed.tables, changed.of_tables, changed.is_other_data, changed.is_other_code) == (3, 3, True, False)
    page = text_of(write_site(workspace, now=NOW))
    assert "第3版、前の版から変わった表 3／3、台帳が新しい" in page and "第2版、前の版と数値は同じ" in page and "初版" in page
    assert "data_qualityで停止（VaultError、終了コード5）" in page


def test_the_morning_says_what_ran_failed_stopped_waits_and_comes(workspace: Config) -> None:
    periods = Periods(workspace)
    for period, state in {
        "2026-12-07": PeriodState(DONE, "r1", 1, "2026-12-09T06:30:00+09:00", "2026-12-09T06:31:00+09:00"),
        "2026-12-14": PeriodState(DONE, "r0", 1, "2026-12-01T06:30:00+09:00", "2026-12-01T06:31:00+09:00"),
        "2026-11-30": PeriodState(FAILED, "r2", 3, "2026-12-08T06:30:00+09:00", "2026-12-08T06:31:00+09:00", 5, "the vault is empty."),
        "2026-11-23": PeriodState(RUNNING, "r3", 1, "2026-12-08T06:30:00+09:00"),
    }.items():
        with periods.held("weekly_quality", period):
            periods.write("weekly_quality", period, state)
    found = morning(workspace, now=NOW)
    assert [item.period for item in found.done] == ["2026-12-07"]
    assert [item.period for item in found.failed] == ["2026-11-30"] and [item.period for item in found.interrupted] == ["2026-11-23"]
    assert [(item.plan.name, item.due.period) for item in found.waiting] == [("monthly_payments", "2026-12")]
    assert [(item.plan.name, item.due.day.isoformat()) for item in found.coming] == [("weekly_quality", "2026-12-14")]
    assert found.needs_a_person == 1
    page = text_of(write_site(workspace, now=NOW))
    for words in ("人の対応を待つもの 1件", "the vault is empty.", "予防接種台帳 12月20日（日） 待機", "中断したもの", "12月14日（月）"):
        assert words in page
    late = morning(workspace, now=datetime(2026, 12, 21, 8))
    assert late.needs_a_person == 2 and "期限超過" in text_of(write_site(workspace, now=datetime(2026, 12, 21, 8)))


def test_a_period_at_work_is_not_called_interrupted(workspace: Config) -> None:
    periods = Periods(workspace)
    with periods.held("weekly_quality", "2026-12-07"):
        periods.write("weekly_quality", "2026-12-07", PeriodState(RUNNING, "r", 1))
        assert morning(workspace, now=NOW).interrupted == ()
    assert len(morning(workspace, now=NOW).interrupted) == 1


def test_a_plan_that_cannot_be_read_is_told_and_hides_no_other(workspace: Config) -> None:
    (workspace.pipelines_dir / "weekly_quality.toml").write_text("title = ", encoding="utf-8")
    found = morning(workspace, now=NOW)
    assert "weekly_quality.toml" in found.broken[0] and found.needs_a_person == 1 and "monthly_payments" in found.plans
    assert "weekly_quality.toml" in text_of(write_site(workspace, now=NOW))


def test_the_pages_open_alone_and_their_links_lead_to_files(workspace: Config) -> None:
    for number in range(7):
        folder = made(workspace, "weekly_quality", f"2026120{number}-a#", tables={}, on=f"2026-12-0{number + 1}")
        for name in ("index.html", "data_quality.html", "data_quality.pdf", "data/data_quality.xlsx"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(b"")
    page = write_site(workspace, now=NOW)
    other = page.parent / "weekly_quality" / "index.html"
    for path, runs in ((page, 5), (other, 7)):
        text = path.read_text(encoding="utf-8")
        assert "http" not in re.sub(r"Content-Security-Policy|http-equiv", "", text) and "<script" not in text
        links = [link for link in re.findall(r'href="([^"#][^"]*)"', text)]
        assert len([link for link in links if link.endswith(".pdf")]) == runs
        assert all((path.parent / link.replace("%23", "#")).is_file() for link in links), links


def test_an_identifier_in_a_title_keeps_the_index_from_being_written(ward: Config, tmp_path: Path) -> None:
    office = copy_unrecorded(ward, tmp_path / "own")
    shutil.copytree(ROOT / "reports" / "templates", office.templates_dir)
    page = write_site(office, now=NOW)
    before = page.read_bytes()
    # A My Number with its check digit, as somebody may copy it into a title.
    plan = office.pipelines_dir / "weekly_quality.toml"
    plan.write_text(re.sub("title = .*", 'title = "個人番号: 123456789018"', plan.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DisclosureError, match="titles"):
        write_site(office, now=NOW)
    assert page.read_bytes() == before and [path.name for path in office.reports_dir.iterdir()] == ["index.html"]


def test_the_index_speaks_english_where_the_office_does(workspace: Config) -> None:
    text = (workspace.root / "daicho.toml").read_text(encoding="utf-8").replace('language = "ja"', 'language = "en"')
    (workspace.root / "daicho.toml").write_text(text, encoding="utf-8")
    from daicho.core.config import load_config

    made(workspace, "weekly_quality", "20261207-a", tables={})
    page = text_of(write_site(load_config(workspace.root), now=NOW))
    assert "This morning" in page and "First version" in page and "waiting" in page

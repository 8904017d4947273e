"""What the schedule owes: two schedulers at once, a scheduler killed at any moment, times of day, and plans that cannot be made."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT

from daicho.core.config import Config
from daicho.core.errors import UsageError
from daicho.runs.due_runs import Outcome, owed_periods, run_due
from daicho.runs.manifest import MANIFEST
from daicho.runs.office_days import OfficeDays
from daicho.runs.plans import read_plan
from daicho.runs.run import RunResult
from daicho.runs.run_log import log_path

PLAN = """
title = "毎日"
start = 2026-12-01
schedule = { cron = "30 6 * * *" }
[[reports]]
report = "data_quality"
"""
NOW = datetime(2026, 12, 3, 12)


def clock() -> datetime:
    return NOW.astimezone()


@pytest.fixture
def daily(workspace: Config) -> Config:
    for path in workspace.pipelines_dir.glob("*.toml"):
        path.unlink()
    (workspace.pipelines_dir / "daily.toml").write_text(PLAN, encoding="utf-8")
    return workspace


class Reports:
    """Makes the folder of a run as `run_reports` does; `stop` is called before and after it appears."""

    def __init__(self, stop: Callable[[str], None] = lambda _when: None) -> None:
        self.made: list[str] = []
        self.run_ids: list[str] = []
        self.stop = stop

    def __call__(self, _jobs: Any, *, name: str, config: Config, today: date, run_id: str, **_options: Any) -> RunResult:
        self.run_ids.append(run_id)
        self.stop("before")
        folder = config.reports_dir / name / run_id
        folder.mkdir(parents=True)
        (folder / MANIFEST).write_text("{}", encoding="utf-8")
        self.made.append(today.isoformat())
        self.stop("after")
        return RunResult(run_id=run_id, folder=folder, reports=())


def due(config: Config, monkeypatch: pytest.MonkeyPatch, reports: Reports, *, now: datetime = NOW) -> list[Outcome]:
    monkeypatch.setattr("daicho.runs.due_runs.run_reports", reports)
    plans = {"daily": read_plan(config.pipelines_dir / "daily.toml")}
    return run_due(plans, config=config, office=OfficeDays(), now=now, clock=clock, on_step=lambda _step: None)


def test_a_period_is_not_due_before_its_time_of_day(daily: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = Reports()
    due(daily, monkeypatch, reports, now=datetime(2026, 12, 2, 6, 29))
    assert reports.made == ["2026-12-01"]
    due(daily, monkeypatch, reports, now=datetime(2026, 12, 2, 6, 30))
    assert reports.made == ["2026-12-01", "2026-12-02"]


def test_schedulers_that_start_at_the_same_moment_make_every_period_once(daily: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = Reports()
    start = threading.Barrier(4)

    def schedule() -> None:
        start.wait()
        due(daily, monkeypatch, reports)

    threads = [threading.Thread(target=schedule) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reports.made) == ["2026-12-01", "2026-12-02", "2026-12-03"]


class Killed(BaseException):
    """Ends the scheduler without leaving it a word, as kill -9 does."""


@pytest.mark.parametrize(("when", "made"), [("before", 3), ("after", 3)])
def test_a_scheduler_killed_around_the_appearance_of_its_reports_neither_repeats_nor_loses_them(
    daily: Config, monkeypatch: pytest.MonkeyPatch, when: str, made: int
) -> None:
    def stop(at: str) -> None:
        if at == when and len(reports.run_ids) == 2:
            raise Killed

    reports = Reports(stop)
    with pytest.raises(Killed):
        due(daily, monkeypatch, reports)
    outcomes = due(daily, monkeypatch, reports)
    assert sorted(reports.made) == ["2026-12-01", "2026-12-02", "2026-12-03"] and len(reports.made) == made
    assert [outcome.due.period for outcome in outcomes] == ["2026-12-02", "2026-12-03"]
    assert all(outcome.folder and (outcome.folder / MANIFEST).is_file() for outcome in outcomes)
    assert due(daily, monkeypatch, reports) == []


def test_a_killed_run_is_taken_up_under_its_own_name(daily: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(at: str) -> None:
        if len(reports.run_ids) == 1:
            raise Killed

    reports = Reports(stop)
    with pytest.raises(Killed):
        due(daily, monkeypatch, reports)
    due(daily, monkeypatch, reports)
    assert reports.run_ids[0] == reports.run_ids[1] and len(set(reports.run_ids)) == 3


def test_a_failed_run_is_tried_again_under_a_new_name_and_says_what_was_wrong(daily: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_at: str) -> None:
        if len(reports.run_ids) == 1:
            raise ValueError("a cell value")

    reports = Reports(stop)
    failed, *_ = due(daily, monkeypatch, reports)
    assert failed.exit_code == 1 and "ValueError" in failed.message and "a cell value" not in failed.message
    (item,) = owed_periods(failed.plan, config=daily, office=OfficeDays(), now=NOW)
    assert (item.state.state, item.state.attempts) == ("failed", 1) and "a cell value" not in item.state.error
    due(daily, monkeypatch, reports)
    assert len(set(reports.run_ids)) == 4 and sorted(reports.made) == ["2026-12-01", "2026-12-02", "2026-12-03"]


def test_a_plan_whose_parameters_do_not_fit_its_notebook_fails_before_anything_starts(
    daily: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = daily.pipelines_dir / "daily.toml"
    path.write_text(PLAN + 'parameters = { fiscal_year = "next_fiscal_year" }\n', encoding="utf-8")
    reports = Reports()
    outcomes = due(daily, monkeypatch, reports)
    assert {outcome.exit_code for outcome in outcomes} == {2} and reports.run_ids == []


@pytest.mark.parametrize(
    "block",
    [
        '[[extracts]]\nkind = "vaccination"\nwithin_days = 10\n',
        '[[extracts]]\nkind = "vaccination"\nwithin_days = -1\nwait_days = 1\n',
        "[[extracts]]\nkind = 5\nwithin_days = 1\nwait_days = 1\n",
        '[[extracts]]\nkind = "vaccination"\nwithin_days = 1\nwait_days = 1\nuntil = 3\n',
        'extracts = "vaccination"\n',
    ],
)
def test_what_is_no_expected_extract_is_refused(tmp_path: Path, block: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(block + PLAN if block.startswith("extracts") else PLAN + block, encoding="utf-8")
    with pytest.raises(UsageError, match=r"p\.toml"):
        read_plan(path)


def test_the_plans_that_are_shipped_have_no_finding() -> None:
    from daicho.core.config import load_config
    from daicho.runs.plans import check_plans

    assert check_plans(load_config(ROOT)) == []


def test_the_log_tells_every_start_and_end_once(daily: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(at: str) -> None:
        if at == "before" and len(reports.run_ids) == 2:
            raise ValueError("a cell value")

    reports = Reports(stop)
    due(daily, monkeypatch, reports)
    due(daily, monkeypatch, reports)
    lines = [json.loads(line) for line in log_path(daily).read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["period"][-2:]) for line in lines] == [
        ("started", "01"), ("done", "01"), ("started", "02"), ("failed", "02"), ("started", "03"), ("done", "03"), ("started", "02"), ("done", "02"),
    ]  # fmt: skip
    assert [line["attempt"] for line in lines if line["period"].endswith("02")] == [1, 1, 2, 2] and "a cell value" not in str(lines)
    assert log_path(daily).stat().st_mode & 0o077 == 0


def test_waiting_is_logged_when_it_begins_and_when_its_deadline_is_past(daily: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    extract = '[[extracts]]\nkind = "vaccination"\nwithin_days = 1\nwait_days = 1\n'
    text = PLAN.replace('cron = "30 6 * * *"', 'every = "fiscal_year", day = 1').replace("2026-12-01", "2026-04-01")
    (daily.pipelines_dir / "daily.toml").write_text(text + extract, encoding="utf-8")
    for day in (1, 1, 2, 3, 3):
        due(daily, monkeypatch, Reports(), now=datetime(2026, 4, day, 12))
    lines = [json.loads(line)["event"] for line in log_path(daily).read_text(encoding="utf-8").splitlines()]
    assert lines == ["waiting", "overdue"]

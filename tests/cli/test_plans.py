"""`daicho run` and `schedule`: what plans owe, wait for and say, as their user meets it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shell import daicho

from daicho.core.config import Config
from daicho.core.errors import DataError
from daicho.runs.installing import unit_files
from daicho.runs.run import RunResult
from daicho.vault import SnapshotInfo
from daicho.vault.catalog import Batch

BATCH = Batch(1, "vaccination", "f.csv", "0" * 64, "cp932", "2026-12-01", "1.0.0", "k", "full", 1, 1, 0, {}, {})
Arrive = Callable[..., None]


class Runs:
    """Stands where reports are made, and remembers what was asked for."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []
        self.failing: set[str] = set()

    def __call__(self, _jobs: Any, *, name: str, config: Config, today: date, **_options: Any) -> RunResult:
        if name in self.failing:
            raise DataError("the report stopped.")
        self.made.append((name, today.isoformat()))
        return RunResult(run_id="r", folder=config.reports_dir / name, reports=())


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs()
    monkeypatch.setattr("daicho.runs.due_runs.run_reports", made)
    # The index has tests of its own (tests/runs/test_site.py, tests/test_installation.py).
    monkeypatch.setattr("daicho.cli.plans._write_index", lambda config, _now: config.reports_dir / "index.html")
    return made


@pytest.fixture
def arrive(monkeypatch: pytest.MonkeyPatch) -> Arrive:
    """Make extracts of kinds arrive on days."""

    def arrive(**days: str) -> None:
        batches = tuple(replace(BATCH, kind=kind, received_on=day) for kind, day in days.items())
        monkeypatch.setattr("daicho.runs.due_runs.newest_snapshot", lambda _config: SnapshotInfo(1, "2026-12-01", batches))

    return arrive


def test_due_plans_catch_up_once_and_never_run_a_period_twice(workspace: Config, runs: Runs, arrive: Arrive) -> None:
    arrive(vaccination="2026-12-01")
    first = daicho(workspace, "run", "--due", "--on", "2026-12-15")
    assert first.code == 0, first.err
    assert runs.made == [("weekly_quality", "2026-12-07"), ("monthly_payments", "2026-12-10"), ("weekly_quality", "2026-12-14")]
    assert daicho(workspace, "run", "--due", "--on", "2026-12-15").out == "nothing is due\n"
    assert daicho(workspace, "run", "--due", "--on", "2026-12-21").code == 0
    assert runs.made[3:] == [("weekly_quality", "2026-12-21")]


def test_a_period_whose_run_failed_is_owed_again(workspace: Config, runs: Runs) -> None:
    runs.failing = {"weekly_quality"}
    failed = daicho(workspace, "run", "--due", "--on", "2026-12-07")
    assert failed.code == 1 and "weekly_quality 2026-12-07: the report stopped." in failed.err
    assert "failed 1" in daicho(workspace, "schedule", "list", "--today", "2026-12-07").out
    runs.failing = set()
    assert daicho(workspace, "run", "--due", "--on", "2026-12-07").code == 0
    assert runs.made == [("weekly_quality", "2026-12-07")]


def test_a_plan_that_fails_holds_up_no_other(workspace: Config, runs: Runs, arrive: Arrive) -> None:
    arrive(vaccination="2026-12-01")
    runs.failing = {"weekly_quality"}
    assert daicho(workspace, "run", "--due", "--on", "2026-12-10").code == 1
    assert runs.made == [("monthly_payments", "2026-12-10")]


def test_a_plan_waits_for_its_extract_and_runs_once_it_has_come(workspace: Config, runs: Runs, arrive: Arrive) -> None:
    waiting = daicho(workspace, "run", "--due", "--on", "2026-12-10")
    assert waiting.code == 0 and "monthly_payments 2026-12: waits (待機) for vaccination (since 2026-10-26, by 2026-12-20)" in waiting.out
    assert [name for name, _ in runs.made] == ["weekly_quality"]
    assert "待機 1" in daicho(workspace, "schedule", "list", "--today", "2026-12-10").out
    arrive(vaccination="2026-12-11")
    assert daicho(workspace, "run", "--due", "--on", "2026-12-11").code == 0
    assert runs.made[1:] == [("monthly_payments", "2026-12-10")]


def test_an_extract_that_came_too_long_before_is_not_the_one_waited_for(workspace: Config, runs: Runs, arrive: Arrive) -> None:
    arrive(vaccination="2026-10-25")
    assert "待機" in daicho(workspace, "run", "--due", "--on", "2026-12-10").out
    arrive(vaccination="2026-10-26", resident="2026-12-10")
    assert "待機" not in daicho(workspace, "run", "--due", "--on", "2026-12-10").out
    assert ("monthly_payments", "2026-12-10") in runs.made


def test_past_its_deadline_a_missing_extract_is_a_fault_and_still_waited_for(workspace: Config, runs: Runs, arrive: Arrive) -> None:
    late = daicho(workspace, "run", "--due", "--on", "2026-12-21")
    assert late.code == 1 and "deadline" in late.err and "daicho intake" in late.err
    arrive(vaccination="2026-12-22")
    assert daicho(workspace, "run", "--due", "--on", "2026-12-22").code == 0
    assert ("monthly_payments", "2026-12-10") in runs.made


def test_a_plan_runs_by_name_on_any_day(workspace: Config, runs: Runs) -> None:
    assert daicho(workspace, "run", "yearly_return", "--on", "2027-01-05").code == 0
    assert runs.made == [("yearly_return", "2027-01-05")]


def test_a_record_that_cannot_be_read_stops_the_scheduler_before_it_repeats_anything(workspace: Config, runs: Runs) -> None:
    assert daicho(workspace, "run", "--due", "--on", "2026-12-07").code == 0
    (workspace.state_dir / "plans" / "weekly_quality" / "2026-12-07.json").write_text("{", encoding="utf-8")
    refused = daicho(workspace, "run", "--due", "--on", "2026-12-07")
    assert refused.code == 5 and "2026-12-07.json" in refused.sentence and len(runs.made) == 1


def test_the_schedule_says_what_comes_and_how_to_install_it(workspace: Config) -> None:
    listed = daicho(workspace, "schedule", "list", "--today", "2026-12-15").out
    assert "weekly_quality" in listed and "next 2026-12-21  owed 2" in listed
    units = daicho(workspace, "schedule", "systemd").out
    assert "[Timer]" in units and "Persistent=true" in units and f"--workspace {workspace.root} run --due" in units
    line = daicho(workspace, "schedule", "cron").out.strip()
    assert line.split()[:5] == ["*/15", "*", "*", "*", "*"] and line.endswith("run --due")


CONFINED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateNetwork": "yes", "CapabilityBoundingSet": "", "UMask": "0077", "LimitCORE": "0",
}  # fmt: skip


class Unit(configparser.RawConfigParser):
    """A unit file; keys as they are written."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_the_units_confine_what_they_run_and_wake_it_by_time_and_by_new_extracts(make_office: Callable[..., Config]) -> None:
    config = make_office("an office 100%")
    units = unit_files(config)
    assert set(units) == {"daicho-gate.service", "daicho-due.service", "daicho-due.timer", "daicho-due.path"}
    read = {name: Unit() for name in units}
    for name, text in units.items():
        read[name].read_string(text)
    for name in ("daicho-gate.service", "daicho-due.service"):
        service = read[name]["Service"]
        assert CONFINED.items() <= dict(service).items()
        assert (
            service["ReadWritePaths"] == f'"{str(config.root).replace("%", "%%")}"'
            and "landlock_restrict_self" in service["SystemCallFilter"]
        )
    assert read["daicho-due.timer"]["Timer"]["Persistent"] == "true"
    assert read["daicho-due.path"]["Path"]["PathChanged"].strip('"').endswith("vault/catalog.json")


def test_systemd_accepts_the_units(workspace: Config, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        return  # nothing to ask; what the units say is proved above
    paths = []
    for name, text in unit_files(workspace).items():
        paths.append(tmp_path / name)
        paths[-1].write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")

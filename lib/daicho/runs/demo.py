"""The demo: a workspace of its own with invented people, so that nothing it does can touch the office's ledger."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from daicho.core.config import CONFIG_FILE, Config, load_config
from daicho.intake.load import take_in
from daicho.runs.jobs import ReportJob, plan_job
from daicho.runs.notebooks import load_report, report_names
from daicho.runs.publish import prepare_publishing, workspace_words
from daicho.runs.run import RunResult, run_reports
from daicho.synth import synthesise

COPIED = ("data_contracts", "notebooks", "pipelines", "reports/templates")
UNTIL = "2026-03"
AS_OF = date(2026, 3, 31)
FISCAL_YEAR = 2025


@dataclass(frozen=True)
class DemoResult:
    """Where the demo's workspace and its reports lie."""

    workspace: Path
    run: RunResult


def run_demo(config: Config, *, persons: int, seed: int, out: Path | None, today: date, on_step: Callable[[str], None]) -> DemoResult:
    """Synthesise, take in, and make every report, in `var/demo`. An earlier demo is replaced."""
    root = config.state_dir / "demo"
    shutil.rmtree(root, ignore_errors=True)
    demo = _workspace(config, root)
    # A new workspace has neither chart viewer nor typeface; both are made while the ledger is.
    with ThreadPoolExecutor(max_workers=1) as beside:
        beside.submit(prepare_publishing, cache_dir=demo.state_dir / "cache", words=workspace_words(demo))
        _make_ledger(demo, persons=persons, seed=seed, today=today, on_step=on_step)
    jobs = [_job(demo, name, today=today) for name in report_names(demo)]
    run = run_reports(
        jobs, name="demo", config=demo, today=today, purpose="デモ（架空の台帳）", out=config.reports_dir, folder=out, on_step=on_step
    )
    return DemoResult(workspace=root, run=run)


def _make_ledger(demo: Config, *, persons: int, seed: int, today: date, on_step: Callable[[str], None]) -> None:
    extracts = demo.root / "extracts"
    on_step(f"架空の台帳を合成（{persons:,}人）")
    synthesise(
        extracts,
        persons=persons,
        seed=seed,
        until=UNTIL,
        encoding="cp932",
        faults=0.002,
        config=demo,
        contracts_dir=demo.contracts_dir,
        progress=lambda _step: None,
    )
    on_step("取込み")
    take_in([extracts], config=demo, today=today)


def _job(demo: Config, name: str, *, today: date) -> ReportJob:
    known = {"fiscal_year": FISCAL_YEAR, "as_of": AS_OF.isoformat()}
    takes = load_report(demo, name).parameters
    return plan_job(demo, name, parameters={key: value for key, value in known.items() if key in takes}, today=today)


def _workspace(config: Config, root: Path) -> Config:
    """Copy what a workspace is made of; its state, keys and vault are its own."""
    root.mkdir(parents=True, mode=0o700)
    for part in COPIED:
        if (config.root / part).is_dir():
            shutil.copytree(config.root / part, root / part)
    text = (config.root / CONFIG_FILE).read_text(encoding="utf-8")
    # The copy keeps its state inside itself, wherever the original keeps it, and grants no role to anybody else.
    text = re.sub(r"(?ms)^\[\[roles\]\].*?(?=^\[|\Z)", "", text)
    text = re.sub(r"(?m)^folder = .*$", 'folder = "var"', text)
    text = re.sub(r"(?m)^keys = .*$", 'keys = "var/keys"', text)
    text = re.sub(r"(?m)^out = .*$", 'out = "reports/out"', text)
    text = re.sub(r"(?m)^mappings = .*$", "mappings = []", text)
    (root / CONFIG_FILE).write_text(text, encoding="utf-8")
    return load_config(root)

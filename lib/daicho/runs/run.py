"""A run: one or more reports executed, published aside, scanned, described in a manifest, and shown complete or not at all."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError, UsageError
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.gate.release import Release
from daicho.runs.documents import publish_report, report_entry, write_index
from daicho.runs.execute import Executed, ReportFailedError, execute_report
from daicho.runs.manifest import code_version, release_entry, snapshot_entry, write_manifest
from daicho.runs.notebooks import ReportNotebook, check_parameters, load_report
from daicho.runs.scan.scanner import Scanner
from daicho.vault import latest_snapshot, snapshot_info
from daicho.vault.identifiers import load_identifier_index

FAILED = "FAILED.json"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class ReportJob:
    """One report to make: its notebook, checked parameters, and the profile it is made for."""

    report: ReportNotebook
    parameters: Mapping[str, Any]
    profile: str


@dataclass(frozen=True)
class RunResult:
    """Where a finished run lies."""

    run_id: str
    folder: Path
    reports: tuple[str, ...]


def plan_job(config: Config, name: str, *, parameters: Mapping[str, Any], profile: str | None = None, today: date) -> ReportJob:
    """Check a report's name and parameters before anything runs; an empty as-of day becomes today."""
    report = load_report(config, name)
    checked = check_parameters(report, parameters)
    if "as_of" in report.parameters and not checked.get("as_of") and not report.parameters["as_of"].default:
        checked["as_of"] = today.isoformat()
    return ReportJob(report=report, parameters=checked, profile=profile or report.profile)


def run_reports(
    jobs: Sequence[ReportJob],
    *,
    name: str,
    config: Config,
    today: date,
    purpose: str,
    out: Path | None = None,
    folder: Path | None = None,
    on_step: Progress = lambda _step: None,
) -> RunResult:
    """Make the reports of one run into `<out>/<name>/<run id>/` (or exactly `folder`).

    The folder appears by one rename after every file was scanned. When a report fails, a folder with `FAILED.json` alone appears,
    and the error is raised. Raises UsageError, ReportFailedError, DisclosureError (identifier found), SealError, VaultError.
    """
    if not jobs:
        raise UsageError(f"{name} names no report: give it at least one.")
    run_id = f"{today:%Y%m%d}-{secrets.token_hex(4)}"
    target = folder or (out or config.reports_dir) / name / run_id
    _refuse_occupied(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.parent / f".{target.name}.{run_id}.partial"
    work = config.work_dir / run_id
    work.mkdir(parents=True, mode=0o700)
    step, is_complete = "start", False
    try:
        aside.mkdir()
        with running_gate(config), GateClient.connect(config) as gate:
            made = []
            for job in jobs:
                step = job.report.name
                on_step(f"{job.report.title(config.language)}: 実行")
                executed = execute_report(
                    job.report,
                    config=config,
                    gate=gate,
                    parameters=job.parameters,
                    profile=job.profile,
                    purpose=purpose,
                    run_id=f"{run_id}-{job.report.name}",
                    work=work / job.report.name,
                )
                on_step(f"{job.report.title(config.language)}: 出力")
                made.append(
                    publish_report(
                        job.report, executed, config=config, profile=job.profile, purpose=purpose, today=today, run_id=run_id, out=aside
                    )
                )
        step = "finish"
        on_step("検査")
        entries = [report_entry(item) for item in made]
        write_index(
            entries,
            name=name,
            config=config,
            today=today,
            run_id=run_id,
            is_sealed=all(item.executed.is_sealed for item in made),
            out=aside,
        )
        _refuse_identifiers(aside, config)
        write_manifest(
            aside,
            _manifest(jobs, [item.executed for item in made], name=name, config=config, today=today, purpose=purpose, run_id=run_id),
            outputs=[path for path in aside.rglob("*") if path.is_file()],
        )
        is_complete = True
    except DaichoError as error:
        _leave_failure(target, run_id=run_id, step=step, error=error, today=today)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not is_complete:
            shutil.rmtree(aside, ignore_errors=True)
    aside.rename(target)
    return RunResult(run_id=run_id, folder=target, reports=tuple(job.report.name for job in jobs))


def _refuse_occupied(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} exists and is not empty: name a new folder with --out.")


def _refuse_identifiers(folder: Path, config: Config) -> None:
    """Every file is scanned before the folder appears. Raises DisclosureError naming file and kind, never the value."""
    findings = Scanner(load_identifier_index(config)).scan([folder])
    if findings:
        first = findings[0]
        raise DisclosureError(
            f"the scan found {len(findings)} identifier(s): {Path(first.file).name} holds {first.kind}; nothing was published: "
            "find where the notebook writes it, and remove it there."
        )


def _leave_failure(target: Path, *, run_id: str, step: str, error: DaichoError, today: date) -> None:
    """Leave `FAILED.json` (step, error code, no value) where the run would have appeared."""
    if target.exists() and any(target.iterdir()):
        return
    target.mkdir(parents=True, exist_ok=True)
    failed = error.failed if isinstance(error, ReportFailedError) else None
    body = {
        "run_id": run_id,
        "on": today.isoformat(),
        "step": step,
        "exit_code": error.exit_code,
        "error": failed.error_class if failed else type(error).__name__,
        "cell": failed.cell if failed else None,
    }
    (target / FAILED).write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _manifest(
    jobs: Sequence[ReportJob], executed: Sequence[Executed], *, name: str, config: Config, today: date, purpose: str, run_id: str
) -> dict[str, Any]:
    releases: dict[str, Release] = {release.facts.release_id: release for item in executed for release in item.releases}
    snapshots = sorted({release.facts.snapshot for release in releases.values()}) or [latest_snapshot(config)]
    return {
        "run_id": run_id,
        "name": name,
        "created_on": today.isoformat(),
        "municipality": {"code": config.municipality_code, "name": config.municipality_name},
        "purpose": purpose,
        "code_version": code_version(config),
        "inputs": [snapshot_entry(snapshot_info(config, number)) for number in snapshots],
        "reports": [
            {
                "report": job.report.name,
                "profile": job.profile,
                "parameters": dict(job.parameters),
                "release_ids": [release.facts.release_id for release in item.releases],
                "sealed": item.is_sealed,
                "seal_test": {check: passed for check, passed in item.seal},
            }
            for job, item in zip(jobs, executed, strict=True)
        ],
        "releases": [release_entry(release) for _, release in sorted(releases.items())],
        "scan": "no identifier found",
    }

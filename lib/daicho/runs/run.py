"""A run: one or more reports executed, published aside, scanned, described in a manifest, and shown complete or not at all."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daicho.contracts.codelists import load_codelist
from daicho.contracts.lock import contract_versions
from daicho.core.config import Config
from daicho.core.errors import DaichoError, UsageError
from daicho.core.fiscal import fiscal_year, fiscal_year_end
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.gate.profiles import load_disclosure
from daicho.gate.release import Release
from daicho.kernels.warm import Nursery, warm_kernels
from daicho.runs.batch import in_order, kernels_at_once, predecessors
from daicho.runs.closed_months import closed_totals
from daicho.runs.execute import Executed, ReportFailedError, execute_report
from daicho.runs.manifest import code_version, release_entry, snapshot_entry, write_manifest
from daicho.runs.notebooks import ReportNotebook, check_parameters, load_report
from daicho.runs.submission_store import RETURNS, audit_submissions, has_submissions, submissions
from daicho.vault import latest_snapshot, snapshot_info

if TYPE_CHECKING:
    from daicho.runs.publisher import Publisher

FAILED = "FAILED.json"
SUBMITTED = "submitted_snapshot"
NURSERY = ".nursery"
QUEUED = 2
"""Reports executed but not published that the user has been told of: what is announced is about to be made, and a refusal is met soon."""
CLOSED_TOTALS, SETTLEMENT = "closed_totals", "settlement"
SUBMISSIONS = "submissions_changed"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class ReportJob:
    """One report to make: its notebook, checked parameters, and the profile it is made for."""

    report: ReportNotebook
    parameters: Mapping[str, Any]
    profile: str


@dataclass(frozen=True)
class RunFacts:
    """What all files of one run say alike."""

    run_id: str
    name: str
    config: Config
    today: date
    purpose: str


@dataclass(frozen=True)
class RunResult:
    """Where a finished run lies."""

    run_id: str
    folder: Path
    reports: tuple[str, ...]


def plan_job(config: Config, name: str, *, parameters: Mapping[str, Any], profile: str | None = None, today: date) -> ReportJob:
    """Check a report's name and parameters before anything runs.

    An empty as-of day means the end of the fiscal year; while that is still to come, it means today. A return is compared with its newest
    submission; a report that tells whether submissions are unchanged is told.
    """
    report = load_report(config, name)
    checked = check_parameters(report, parameters)
    given = {key: checked.get(key, item.default) for key, item in report.parameters.items()}
    if "as_of" in given and not given["as_of"] and fiscal_year_end(int(given.get("fiscal_year", 0)) or fiscal_year(today)) > today:
        checked["as_of"] = today.isoformat()
    if SUBMITTED in given and SUBMITTED not in checked and name in RETURNS:
        made = submissions(config, name, int(given["fiscal_year"]))
        checked[SUBMITTED] = made[-1].snapshot if made else 0
    # Exact yen of closed months are for the readers of payments alone.
    if CLOSED_TOTALS in given and CLOSED_TOTALS not in checked and (profile or report.profile) == SETTLEMENT:
        checked[CLOSED_TOTALS] = closed_totals(config, int(given["fiscal_year"]))
    if SUBMISSIONS in given and SUBMISSIONS not in checked and has_submissions(config):
        checked[SUBMISSIONS] = str(len(audit_submissions(config)))
    return ReportJob(report=report, parameters=checked, profile=profile or report.profile)


def jobs_for_each(
    config: Config,
    name: str,
    parameter: str,
    *,
    parameters: Mapping[str, Any],
    profile: str | None = None,
    today: date,
    others_only: bool = False,
) -> list[ReportJob]:
    """One job for each code of the code list named like the parameter; file names carry the code, titles its label.

    `others_only` leaves out the municipality's own code: nobody settles with himself.

    Raises UsageError for a report without this parameter and for a list that is not there.
    """
    jobs = []
    for row in load_codelist(config.contracts_dir, parameter).iter_rows(named=True):
        if others_only and row["code"] == config.municipality_code:
            continue
        job = plan_job(config, name, parameters={**parameters, parameter: row["code"]}, profile=profile, today=today)
        titles = {
            language: f"{title}（{row['label']}）" if language == "ja" else f"{title}: {row.get('label_en') or row['label']}"
            for language, title in job.report.titles.items()
        }
        jobs.append(replace(job, report=replace(job.report, name=f"{name}_{row['code']}", titles=titles)))
    return jobs


def new_run_id(today: date) -> str:
    return f"{today:%Y%m%d}-{secrets.token_hex(4)}"


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
    run_id: str = "",
) -> RunResult:
    """Make the reports of one run into `<out>/<name>/<run id>/` (or exactly `folder`).

    The folder appears by one rename after every file was scanned. When a report fails, a folder with `FAILED.json` alone appears,
    and the error is raised. Raises UsageError, ReportFailedError, DisclosureError (identifier found), SealError, VaultError.
    """
    if not jobs:
        raise UsageError(f"{name} names no report: give it at least one.")
    facts = RunFacts(run_id=run_id or new_run_id(today), name=name, config=config, today=today, purpose=purpose)
    target = folder or (out or config.reports_dir) / name / facts.run_id
    _refuse_occupied(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.parent / f".{target.name}.{facts.run_id}.partial"
    steps = _Steps(on_step, language=config.language)
    try:
        aside.mkdir()
        _make(jobs, facts, aside=aside, steps=steps)
    except Exception as error:
        _leave_failure(target, facts, step=steps.current, error=error)
        raise
    finally:
        shutil.rmtree(config.work_dir / facts.run_id, ignore_errors=True)
        if not steps.is_complete:
            shutil.rmtree(aside, ignore_errors=True)
    aside.rename(target)
    return RunResult(run_id=facts.run_id, folder=target, reports=tuple(job.report.name for job in jobs))


class _Steps:
    """Where a run is, for its user and for `FAILED.json`."""

    def __init__(self, on_step: Progress, *, language: str) -> None:
        self._on_step = on_step
        self._language = language
        self.current = "start"
        self.is_complete = False

    def report(self, report: ReportNotebook) -> None:
        self.current = report.name
        self._on_step(report.title(self._language))

    def finish(self) -> None:
        self.current = "finish"
        self._on_step("検査" if self._language == "ja" else "scan")


def _make(jobs: Sequence[ReportJob], facts: RunFacts, *, aside: Path, steps: _Steps) -> None:
    """Execute the reports, several at a time; another thread gets ready to publish meanwhile, and publishes them in their order."""
    config = facts.config
    work = config.work_dir / facts.run_id
    work.mkdir(parents=True, mode=0o700)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="publisher") as pool, warm_kernels(work / NURSERY) as nursery:
        publisher = pool.submit(_make_publisher, facts, aside)
        executed: list[Executed] = []
        publishing: list[Future[None]] = []
        with running_gate(config), GateClient.connect(config) as gate:
            acts = [partial(_execute, job, facts, gate=gate, work=work, nursery=nursery) for job in jobs]
            waits = predecessors([(job.report, job.profile) for job in jobs], load_disclosure(config.contracts_dir))
            with closing(in_order(acts, waits=waits, at_once=kernels_at_once(), abandon=nursery.close)) as results:
                for job in jobs:
                    steps.report(job.report)
                    executed.append(next(results))
                    publishing.append(pool.submit(_publish, publisher, job, executed[-1]))
                    _await_published(jobs, publishing[:-QUEUED], steps)
        _await_published(jobs, publishing, steps)
        steps.finish()
        publisher.result().finish()
    outputs = [path for path in aside.rglob("*") if path.is_file()]
    write_manifest(aside, _manifest(jobs, executed, facts=facts), outputs=outputs)
    steps.is_complete = True


def _execute(job: ReportJob, facts: RunFacts, *, gate: GateClient, work: Path, nursery: Nursery) -> Executed:
    return execute_report(
        job.report,
        config=facts.config,
        gate=gate,
        parameters=job.parameters,
        profile=job.profile,
        purpose=facts.purpose,
        run_id=f"{facts.run_id}-{job.report.name}",
        work=work / job.report.name,
        nursery=nursery,
    )


def _make_publisher(facts: RunFacts, aside: Path) -> Publisher:
    """Publishing needs libraries that are slow to load; they load here, while the first kernel starts."""
    from daicho.runs.publisher import Publisher

    return Publisher(facts, aside)


def _await_published(jobs: Sequence[ReportJob], publishing: Sequence[Future[None]], steps: _Steps) -> None:
    """Meet the first failure of these, in order, under the name of its own report."""
    for job, published in zip(jobs, publishing, strict=False):
        announced, steps.current = steps.current, job.report.name
        published.result()
        steps.current = announced


def _publish(publisher: Future[Publisher], job: ReportJob, executed: Executed) -> None:
    publisher.result().publish(job, executed)


def _refuse_occupied(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} exists and is not empty: name a new folder with --out.")


def _leave_failure(target: Path, facts: RunFacts, *, step: str, error: Exception) -> None:
    """Leave `FAILED.json` (step, error code, no value) where the run would have appeared."""
    if target.exists() and any(target.iterdir()):
        return
    target.mkdir(parents=True, exist_ok=True)
    failed = error.failed if isinstance(error, ReportFailedError) else None
    body = {
        "run_id": facts.run_id,
        "on": facts.today.isoformat(),
        "step": step,
        "exit_code": error.exit_code if isinstance(error, DaichoError) else 1,
        "error": failed.error_class if failed else type(error).__name__,
        "cell": failed.cell if failed else None,
        "measure": (failed.measure or None) if failed else None,
    }
    (target / FAILED).write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _manifest(jobs: Sequence[ReportJob], executed: Sequence[Executed], *, facts: RunFacts) -> dict[str, Any]:
    config = facts.config
    releases: dict[str, Release] = {release.facts.release_id: release for item in executed for release in item.releases}
    snapshots = sorted({release.facts.snapshot for release in releases.values()}) or [latest_snapshot(config)]
    return {
        "run_id": facts.run_id,
        "name": facts.name,
        "created_on": facts.today.isoformat(),
        "municipality": {"code": config.municipality_code, "name": config.municipality_name},
        "purpose": facts.purpose,
        "code_version": code_version(config),
        "contract_versions": contract_versions(config.contracts_dir),
        "inputs": [snapshot_entry(snapshot_info(config, number)) for number in snapshots],
        "reports": [
            {
                "report": job.report.name,
                "profile": job.profile,
                "parameters": dict(job.parameters),
                "release_ids": [release.facts.release_id for release in item.releases],
                "sealed": item.is_sealed,
                "seal_test": dict(item.seal),
            }
            for job, item in zip(jobs, executed, strict=True)
        ],
        "releases": [release_entry(release) for _, release in sorted(releases.items())],
        "scan": "no identifier found",
    }

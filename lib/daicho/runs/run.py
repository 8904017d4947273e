"""A run: one or more reports executed, published aside, scanned, described in a manifest, and shown complete or not at all."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daicho.contracts.lock import contract_versions
from daicho.core.config import Config
from daicho.core.errors import DaichoError, UsageError
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.gate.profiles import load_disclosure
from daicho.kernels.warm import Nursery, warm_kernels
from daicho.runs.batch import in_order, kernels_at_once, predecessors
from daicho.runs.execute import Executed, ReportFailedError, execute_report
from daicho.runs.jobs import ReportJob
from daicho.runs.journal import Finished, Journal
from daicho.runs.manifest import code_version, release_entry, snapshot_entry, write_manifest
from daicho.runs.notebooks import ReportNotebook
from daicho.vault import latest_snapshot, snapshot_info

if TYPE_CHECKING:
    from daicho.runs.publisher import Publisher

FAILED = "FAILED.json"
NURSERY = ".nursery"
QUEUED = 2
"""Reports executed but not published that the user has been told of: what is announced is about to be made, and a refusal is met soon."""
Progress = Callable[[str], None]


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
    nursery: Nursery | None = None,
) -> RunResult:
    """Make the reports of one run into `<out>/<name>/<run id>/` (or exactly `folder`).

    The folder appears by one rename after every file was scanned. When a report fails, a folder with `FAILED.json` alone appears,
    and the error is raised. A run that was killed is taken up where it stopped when its `run_id` is given again.
    Kernels come from `nursery` where the caller has started one already.
    Raises UsageError, ReportFailedError, DisclosureError (identifier found), SealError, VaultError.
    """
    if not jobs:
        raise UsageError(f"{name} names no report: give it at least one.")
    facts = RunFacts(run_id=run_id or new_run_id(today), name=name, config=config, today=today, purpose=purpose)
    target = folder or (out or config.reports_dir) / name / facts.run_id
    _refuse_occupied(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.parent / f".{target.name}.{facts.run_id}.partial"
    steps = _Steps(on_step, language=config.language)
    journal = Journal(aside)
    try:
        _make(jobs, facts, aside=aside, steps=steps, journal=journal, started=nursery)
    except Exception as error:
        _leave_failure(target, facts, step=steps.current, error=error)
        raise
    finally:
        shutil.rmtree(config.work_dir / facts.run_id, ignore_errors=True)
        if not steps.is_complete:
            shutil.rmtree(aside, ignore_errors=True)
            journal.remove()
    aside.rename(target)
    journal.remove()
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


def _make(jobs: Sequence[ReportJob], facts: RunFacts, *, aside: Path, steps: _Steps, journal: Journal, started: Nursery | None) -> None:
    """Execute the reports, several at a time; another thread gets ready to publish meanwhile, and publishes them in their order."""
    config = facts.config
    work = config.work_dir / facts.run_id
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, mode=0o700)
    basis = {"snapshot": latest_snapshot(config), "code_version": code_version(config)}
    finished = journal.take_up([_asked(job) for job in jobs], basis=basis)
    jobs = jobs[len(finished) :]
    kernels = nullcontext(started) if started else warm_kernels(work / NURSERY)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="publisher") as pool, kernels as nursery:
        publisher = pool.submit(_make_publisher, facts, aside)
        publishing: list[Future[Finished]] = []
        with running_gate(config), GateClient.connect(config) as gate:
            acts = [partial(_execute, job, facts, gate=gate, work=work, nursery=nursery) for job in jobs]
            waits = predecessors([(job.report, job.profile) for job in jobs], load_disclosure(config.contracts_dir))
            with closing(in_order(acts, waits=waits, at_once=kernels_at_once(), abandon=nursery.close)) as results:
                for job in jobs:
                    steps.report(job.report)
                    publishing.append(pool.submit(_publish, publisher, job, next(results), journal=journal))
                    _await_published(jobs, publishing[:-QUEUED], steps)
        _await_published(jobs, publishing, steps)
        finished += [published.result() for published in publishing]
        steps.finish()
        publisher.result().finish([item.index for item in finished])
    outputs = [path for path in aside.rglob("*") if path.is_file()]
    write_manifest(aside, _manifest(finished, facts=facts), outputs=outputs)
    steps.is_complete = True


def _asked(job: ReportJob) -> dict[str, Any]:
    return {"report": job.report.name, "profile": job.profile, "parameters": dict(job.parameters)}


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


def _await_published(jobs: Sequence[ReportJob], publishing: Sequence[Future[Finished]], steps: _Steps) -> None:
    """Meet the first failure of these, in order, under the name of its own report."""
    for job, published in zip(jobs, publishing, strict=False):
        announced, steps.current = steps.current, job.report.name
        published.result()
        steps.current = announced


def _publish(publisher: Future[Publisher], job: ReportJob, executed: Executed, *, journal: Journal) -> Finished:
    releases = executed.releases
    report = {
        **_asked(job),
        "release_ids": [release.facts.release_id for release in releases],
        "sealed": executed.is_sealed,
        "seal_test": dict(executed.seal),
    }
    entry, files = publisher.result().publish(job, executed)
    finished = Finished(
        report=report,
        releases=[release_entry(release) for release in releases],
        snapshots=sorted({release.facts.snapshot for release in releases}),
        index=entry,
        files=files,
    )
    journal.add(finished)
    return finished


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


def _manifest(finished: Sequence[Finished], *, facts: RunFacts) -> dict[str, Any]:
    config = facts.config
    releases = {release["release_id"]: release for item in finished for release in item.releases}
    snapshots = sorted({number for item in finished for number in item.snapshots}) or [latest_snapshot(config)]
    return {
        "run_id": facts.run_id,
        "name": facts.name,
        "created_on": facts.today.isoformat(),
        "municipality": {"code": config.municipality_code, "name": config.municipality_name},
        "purpose": facts.purpose,
        "code_version": code_version(config),
        "contract_versions": contract_versions(config.contracts_dir),
        "inputs": [snapshot_entry(snapshot_info(config, number)) for number in snapshots],
        "reports": [item.report for item in finished],
        "releases": [release for _, release in sorted(releases.items())],
        "scan": "no identifier found",
    }

"""To submit a return: make it from the newest snapshot, and freeze what was made."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path

from daicho.core.config import Config
from daicho.core.errors import DataError, DisclosureError, UsageError
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.gate.release import Release
from daicho.gate.roles import require_roles
from daicho.runs.jobs import plan_job
from daicho.runs.manifest import MANIFEST
from daicho.runs.publish.tidy_csv import csv_bytes
from daicho.runs.run import run_reports
from daicho.runs.scan.scanner import Scanner
from daicho.runs.submission_store import RECORD, Figure, Submission, figures_of, folder_of, hashes_of, home_of, submissions
from daicho.vault.identifiers import load_identifier_index

PROFILE = "statutory"
OFFICER = "officer"


def submit(
    config: Config,
    report: str,
    fiscal_year: int,
    *,
    reason: str,
    user: str,
    today: date,
    on_step: Callable[[str], None] = lambda _step: None,
) -> Submission:
    """Make the return of the newest snapshot and freeze it. `reason` is needed for every submission after the first, and for no other.

    Raises UsageError, DisclosureError (only an officer submits), DataError when the ledger grew meanwhile, and what making a report raises.
    """
    figures = figures_of(report)
    if OFFICER not in require_roles(user, config=config, today=today):
        raise DisclosureError(f"user {user} is no officer, and only an officer submits a return: ask for the role in daicho.toml.")
    earlier = submissions(config, report, fiscal_year)
    if bool(earlier) != bool(reason):
        raise UsageError(
            f"{report} of {fiscal_year} was submitted already: give the reason of the correction."
            if earlier
            else f"{report} of {fiscal_year} was not submitted yet: there is nothing to correct."
        )
    home = home_of(config, report, fiscal_year)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = home / f".{secrets.token_hex(4)}.partial"
    try:
        job = plan_job(config, report, parameters={"fiscal_year": str(fiscal_year)}, profile=PROFILE, today=today)
        purpose = f"{job.report.title('ja')} {fiscal_year}年度 提出"
        made = run_reports([job], name=report, config=config, today=today, purpose=purpose, folder=aside, on_step=on_step)
        snapshot = _snapshot_of(aside, submitted=earlier[-1].snapshot if earlier else 0)
        releases = _freeze(figures, aside, config=config, fiscal_year=fiscal_year, snapshot=snapshot, purpose=purpose)
        submission = Submission(
            report=report,
            fiscal_year=fiscal_year,
            number=len(earlier) + 1,
            submitted_on=today.isoformat(),
            by=user,
            reason=reason,
            snapshot=snapshot,
            run_id=made.run_id,
            releases=tuple(release.facts.release_id for release in releases),
            files=hashes_of(aside),
            previous=earlier[-1].digest if earlier else "",
        )
        record = {**asdict(submission), "digest": submission.digest}
        (aside / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        for path in aside.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o400)
        _take_place(aside, folder_of(config, submission))
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return submission


def ask_figure(client: GateClient, figure: Figure, *, fiscal_year: int, snapshot: int | None, purpose: str) -> Release:
    """The same figures from the ledger, as of a snapshot."""
    return client.measure(figure.measure, by=figure.by, fiscal_year=fiscal_year, snapshot=snapshot, profile=PROFILE, purpose=purpose)


def _freeze(figures: tuple[Figure, ...], folder: Path, *, config: Config, fiscal_year: int, snapshot: int, purpose: str) -> list[Release]:
    with running_gate(config), GateClient.connect(config) as client:
        releases = [ask_figure(client, figure, fiscal_year=fiscal_year, snapshot=snapshot, purpose=purpose) for figure in figures]
    (folder / "figures").mkdir()
    for figure, release in zip(figures, releases, strict=True):
        (folder / figure.file).write_bytes(csv_bytes(release.frame))
    if findings := Scanner(load_identifier_index(config)).scan([folder / "figures"]):
        raise DisclosureError(f"the scan found an identifier of kind {findings[0].kind} in the figures; nothing was submitted.")
    return releases


def _snapshot_of(folder: Path, *, submitted: int) -> int:
    """The one snapshot that a run counted, beside that of the submission it is compared with."""
    seen = {int(entry["snapshot"]) for entry in json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["inputs"]}
    counted = seen - {submitted} or seen
    if len(counted) != 1:
        raise DataError("the ledger grew while the return was made: submit again.")
    return counted.pop()


def _take_place(aside: Path, target: Path) -> None:
    """Rename into place; two officers who submit at once cannot both take one number."""
    try:
        aside.rename(target)
        return
    except OSError:
        pass
    raise UsageError("another submission of this return was made at the same time: compare with it, then submit a correction if needed.")

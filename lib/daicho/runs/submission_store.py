"""Returns as submitted: frozen files and figures, each submission chained to the one before, kept for reprinting and comparison.

A submission is a folder `submissions/<return>/<fiscal year>/<number>` of the state folder: the files of the report as sent, the figures that
later runs are compared with (`figures/*.csv`), and `submission.json` with the hash of every one. It appears whole or not at all, and is
never written again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from daicho.core.config import Config
from daicho.core.errors import UsageError, VaultError
from daicho.gate.audit import Finding
from daicho.gate.release import canonical_json

RECORD = "submission.json"


@dataclass(frozen=True)
class Figure:
    """Figures of a return that later runs are compared with: a measure, its breakdown, the value compared."""

    measure: str
    by: tuple[str, ...]
    value: str

    @property
    def file(self) -> str:
        return f"figures/{self.measure}.csv"


RETURNS: Mapping[str, tuple[Figure, ...]] = {
    "annual_counts": (
        Figure("form_rows", ("row", "column"), "doses_count"),
        Figure("form_exceptions", ("reason",), "doses_count"),
        Figure("annual_counts", ("disease", "program_class"), "persons_count"),
    )
}
"""What can be submitted: the report's name and its figures."""


@dataclass(frozen=True)
class Submission:
    """One submission. `files`: sha256 of each by name; `previous`: digest of the submission before ("" for the first); `reason`: of a correction."""

    report: str
    fiscal_year: int
    number: int
    submitted_on: str
    by: str
    reason: str
    snapshot: int
    run_id: str
    releases: tuple[str, ...]
    files: Mapping[str, str]
    previous: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(canonical_json(asdict(self)).encode()).hexdigest()


def submissions(config: Config, report: str, fiscal_year: int) -> list[Submission]:
    """The submissions of a return, oldest first. Raises UsageError for what is no return, VaultError when a record cannot be read."""
    figures_of(report)
    folder = home_of(config, report, fiscal_year)
    return [_read(path / RECORD) for path in sorted(folder.glob("[0-9]*")) if path.is_dir()]


def figures_of(report: str) -> tuple[Figure, ...]:
    """Raises UsageError for what is no return."""
    if report not in RETURNS:
        raise UsageError(f"{report} is no return that is submitted: there is {', '.join(RETURNS)}.")
    return RETURNS[report]


def reprint(config: Config, submission: Submission, out: Path) -> Path:
    """Copy the files of a submission, byte for byte, into a new folder. Raises UsageError, and VaultError when a file was changed."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists and is not empty: name a new folder.")
    verify(config, submission)
    for name in submission.files:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder_of(config, submission) / name, out / name)
    return out


def verify(config: Config, submission: Submission) -> None:
    """Raise VaultError unless every file of a submission is as it was submitted."""
    folder = folder_of(config, submission)
    wrong = [name for name, digest in submission.files.items() if _hash(folder / name) != digest]
    if wrong:
        raise VaultError(
            f"submission {submission.number} of {submission.report} {submission.fiscal_year}: {wrong[0]} is gone or was changed since it was "
            "submitted; restore the folder from its backup."
        )


def has_submissions(config: Config) -> bool:
    """Whether any return was ever submitted."""
    return any((config.state_dir / "submissions").glob("*/*/[0-9]*"))


def audit_submissions(config: Config) -> list[Finding]:
    """What is wrong with the submissions of a workspace: changed files, changed records, broken chains."""
    findings = []
    for report in RETURNS:
        for year in sorted((config.state_dir / "submissions" / report).glob("[0-9]*")):
            try:
                previous = ""
                for place, submission in enumerate(submissions(config, report, int(year.name)), start=1):
                    verify(config, submission)
                    if submission.previous != previous or submission.number != place:
                        raise VaultError(f"submission {submission.number} does not follow the one before it.")
                    previous = submission.digest
            except VaultError as error:
                findings.append(Finding("error", f"submissions/{report}/{year.name}", str(error)))
    return findings


def frozen_figures(config: Config, submission: Submission, figure: Figure) -> bytes:
    """The figures as submitted, as CSV. Raises VaultError when they were changed."""
    verify(config, submission)
    return (folder_of(config, submission) / figure.file).read_bytes()


def home_of(config: Config, report: str, fiscal_year: int) -> Path:
    return config.state_dir / "submissions" / report / str(fiscal_year)


def folder_of(config: Config, submission: Submission) -> Path:
    return home_of(config, submission.report, submission.fiscal_year) / f"{submission.number:04d}"


def _read(path: Path) -> Submission:
    submission: Submission | None = None
    stated = ""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        stated = record.pop("digest")
        submission = Submission(**{**record, "releases": tuple(record["releases"])})
    except (OSError, ValueError, KeyError, TypeError):
        pass
    if submission is None or submission.digest != stated:
        raise VaultError(
            f"{path.parent.name}/{path.name} of {path.parent.parent.name} was changed or is damaged: restore it from its backup."
        )
    return submission


def hashes_of(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): _hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""

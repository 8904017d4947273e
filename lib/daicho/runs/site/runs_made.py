"""The runs that lie in the folder of the reports, as their manifests tell them, with what changed from one version to the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from daicho.runs.manifest import MANIFEST
from daicho.runs.run import FAILED

INDEX = "index.html"
# Parameters that say from what a report was made, not what it is about: runs that differ in these alone are versions of one report.
_CIRCUMSTANCES = frozenset({"as_of", "snapshot", "closed_totals", "submitted_snapshot", "submissions_changed"})


@dataclass(frozen=True)
class ReportMade:
    """One report of a run; `files` by their endings, relative to the folder of the run."""

    name: str
    profile: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """How a version differs from the one before: tables of figures (CSV) that changed, came or went, and what it was made from."""

    tables: int
    of_tables: int
    is_other_data: bool
    is_other_code: bool


@dataclass(frozen=True)
class RunMade:
    """A run. `failure` is its FAILED.json; `topic` is what all versions of it have in common."""

    name: str
    run_id: str
    created_on: date
    folder: Path
    topic: str = ""
    snapshots: tuple[int, ...] = ()
    code_version: str = ""
    reports: tuple[ReportMade, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    failure: Mapping[str, Any] | None = None
    version: int = 1
    change: Change | None = None

    @property
    def profiles(self) -> tuple[str, ...]:
        return tuple(sorted({report.profile for report in self.reports}))


def runs_made(reports_dir: Path) -> list[RunMade]:
    """Every run with a manifest or FAILED.json, newest first; a folder with neither is not finished and not told."""
    found = [run for folder in sorted(reports_dir.glob("[!.]*/[!.]*/")) if (run := _read(folder)) is not None]
    numbered = _with_versions(sorted(found, key=lambda run: (run.name, run.topic, run.created_on, _made_at(run))))
    return sorted(numbered, key=lambda run: (run.created_on, _made_at(run)), reverse=True)


def _made_at(run: RunMade) -> int:
    return run.folder.stat().st_mtime_ns


def _read(folder: Path) -> RunMade | None:
    try:
        if (folder / MANIFEST).is_file():
            return _of_manifest(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        failure = json.loads((folder / FAILED).read_text(encoding="utf-8"))
        return RunMade(folder.parent.name, failure["run_id"], date.fromisoformat(failure["on"]), folder, failure=failure)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _of_manifest(folder: Path, manifest: Mapping[str, Any]) -> RunMade:
    outputs: Mapping[str, str] = manifest["outputs"]
    about = [
        [item["report"], item["profile"], {key: value for key, value in item["parameters"].items() if key not in _CIRCUMSTANCES}]
        for item in manifest["reports"]
    ]
    return RunMade(
        name=folder.parent.name,
        run_id=manifest["run_id"],
        created_on=date.fromisoformat(manifest["created_on"]),
        folder=folder,
        topic=json.dumps(about, sort_keys=True),
        snapshots=tuple(item["snapshot"] for item in manifest["inputs"]),
        code_version=manifest["code_version"],
        reports=tuple(ReportMade(item["report"], item["profile"], _files(item["report"], outputs)) for item in manifest["reports"]),
        tables={path: digest for path, digest in outputs.items() if path.endswith(".csv")},
    )


def _files(report: str, outputs: Iterable[str]) -> dict[str, str]:
    named = {Path(path).suffix[1:]: path for path in outputs if Path(path).stem == report and not path.endswith(".csv")}
    return {ending: named[ending] for ending in ("html", "pdf", "xlsx") if ending in named}


def _with_versions(runs: Iterable[RunMade]) -> list[RunMade]:
    """Number the versions of each topic; `runs` lie in order of topic and time."""
    numbered: list[RunMade] = []
    before: RunMade | None = None
    for run in runs:
        if run.failure is None:
            if before and (before.name, before.topic) == (run.name, run.topic):
                run = replace(run, version=before.version + 1, change=_change(before, run))
            before = run
        numbered.append(run)
    return numbered


def _change(before: RunMade, after: RunMade) -> Change:
    paths = before.tables.keys() | after.tables.keys()
    return Change(
        tables=sum(before.tables.get(path) != after.tables.get(path) for path in paths),
        of_tables=len(paths),
        is_other_data=before.snapshots != after.snapshots,
        is_other_code=before.code_version != after.code_version,
    )

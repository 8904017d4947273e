"""What a run has finished so far, so that a run that was killed is taken up where it stopped.

A journal lies beside the folder that the run is being made in. Reports are published in their order, so what is finished is a beginning of the
run. It is taken up only when it still says what would be made now: the same reports and parameters, from the same data by the same program, with
every file as it was written; otherwise the run starts anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finished:
    """One published and scanned report: its entries in manifest and index, and the sha256 of its files, by path in the folder of the run."""

    report: Mapping[str, Any]
    releases: Sequence[Mapping[str, Any]]
    snapshots: Sequence[int]
    index: Mapping[str, Any]
    files: Mapping[str, str]


class Journal:
    """The journal of one run in the making."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder.with_name(f"{folder.name}.journal")

    def take_up(self, wanted: Sequence[Mapping[str, Any]], *, basis: Mapping[str, Any]) -> list[Finished]:
        """The finished beginning of the wanted reports (each as its report, profile and parameters); everything else is removed from the folder.

        `basis` says from what the run is made: data and program.
        """
        finished = self._beginning(wanted, basis=basis) if self._folder.is_dir() else []
        self._folder.mkdir(exist_ok=True)
        kept = {path for item in finished for path in item.files}
        for path in sorted(self._folder.rglob("*"), reverse=True):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self._folder).as_posix() not in kept:
                path.unlink()
        self._write(finished, basis=basis)
        return finished

    def add(self, item: Finished) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(item), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _beginning(self, wanted: Sequence[Mapping[str, Any]], *, basis: Mapping[str, Any]) -> list[Finished]:
        try:
            written, *lines = [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]
            if written != dict(basis):
                return []
            found = [Finished(**line) for line in lines]
        except (OSError, ValueError, TypeError):
            # A line cut short by the end of the process: what it would have told of is made again.
            return []
        beginning: list[Finished] = []
        for item, asked in zip(found, wanted, strict=False):
            if {key: item.report[key] for key in asked} != json.loads(json.dumps(dict(asked))) or not self._is_whole(item):
                break
            beginning.append(item)
        return beginning

    def _is_whole(self, item: Finished) -> bool:
        return all((self._folder / path).is_file() and file_digest(self._folder / path) == digest for path, digest in item.files.items())

    def _write(self, finished: Sequence[Finished], *, basis: Mapping[str, Any]) -> None:
        lines = [dict(basis), *(asdict(item) for item in finished)]
        aside = self._path.with_name(f"{self._path.name}.new")
        aside.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        aside.replace(self._path)


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The journal of a run in the making: taken up only where it still says what would be made now, file for file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from daicho.runs.journal import Finished, Journal, file_digest

BASIS = {"snapshot": 1, "code_version": "1"}
WANTED = [{"report": name, "profile": "internal", "parameters": {"as_of": "2026-11-24"}} for name in ("a", "b", "c")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of three reports that was killed when two were finished and the third half-written."""
    folder = tmp_path / ".run.partial"
    journal = Journal(folder)
    assert journal.take_up(WANTED, basis=BASIS) == []
    (folder / "data").mkdir()
    for asked in WANTED[:2]:
        name = str(asked["report"])
        files = [folder / f"{name}.html", folder / "data" / f"{name}.csv"]
        for path in files:
            path.write_text(name, encoding="utf-8")
        digests = {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
        journal.add(Finished({**asked, "release_ids": ["R1"], "sealed": True}, [], [1], {"title": "表題"}, digests))
    (folder / "c.html").write_text("half", encoding="utf-8")
    return folder


def names(found: list[Finished]) -> list[str]:
    return [str(item.report["report"]) for item in found]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_what_was_finished_is_kept_and_everything_else_removed(folder: Path) -> None:
    found = Journal(folder).take_up(WANTED, basis=BASIS)
    assert names(found) == ["a", "b"] and found[0].index == {"title": "表題"} and found[0].snapshots == [1]
    assert files(folder) == ["a.html", "b.html", "data", "data/a.csv", "data/b.csv"]
    assert names(Journal(folder).take_up(WANTED, basis=BASIS)) == ["a", "b"]  # killed again at once


def change(folder: Path) -> None:
    (folder / "data" / "b.csv").write_text("changed", encoding="utf-8")


def lose(folder: Path) -> None:
    (folder / "b.html").unlink()


def tear(folder: Path) -> None:
    path = folder.with_name(f"{folder.name}.journal")
    path.write_bytes(path.read_bytes()[:-20])


def drop(folder: Path) -> None:
    folder.with_name(f"{folder.name}.journal").unlink()


@pytest.mark.parametrize(("fault", "kept"), [(change, ["a"]), (lose, ["a"]), (tear, []), (drop, [])])
def test_a_report_that_is_not_as_it_was_written_is_made_again(folder: Path, fault: Callable[[Path], None], kept: list[str]) -> None:
    fault(folder)
    assert names(Journal(folder).take_up(WANTED, basis=BASIS)) == kept
    assert [path for path in files(folder) if path.endswith(".html")] == [f"{name}.html" for name in kept]


@pytest.mark.parametrize("basis", [{**BASIS, "snapshot": 2}, {**BASIS, "code_version": "2"}])
def test_other_data_or_another_program_starts_the_run_anew(folder: Path, basis: dict[str, object]) -> None:
    assert Journal(folder).take_up(WANTED, basis=basis) == [] and files(folder) == []


def test_other_parameters_start_anew_from_the_report_that_has_them(folder: Path) -> None:
    wanted = [WANTED[0], {**WANTED[1], "parameters": {"as_of": "2026-11-25"}}, WANTED[2]]
    assert names(Journal(folder).take_up(wanted, basis=BASIS)) == ["a"]

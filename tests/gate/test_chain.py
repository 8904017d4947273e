"""The journal: nothing can be changed, dropped, moved or cut off unnoticed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daicho.core.errors import VaultError
from daicho.gate.chain import Journal

LINES = 12


def filled(folder: Path, lines: int = LINES) -> Journal:
    journal = Journal(folder / "journal.jsonl")
    for number in range(lines):
        journal.append({"what": f"entry {number}", "count": number})
    return journal


def rewrite(journal: Journal, change: Callable[[list[bytes]], list[bytes]]) -> None:
    journal.path.write_bytes(b"".join(change(journal.path.read_bytes().splitlines(keepends=True))))


def broken_line(journal: Journal) -> int:
    found = journal.verify()
    assert found is not None
    return found.line


def test_an_untouched_journal_is_whole(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    assert journal.verify() is None
    assert [entry["seq"] for entry in journal.entries()] == list(range(1, LINES + 1))
    assert Journal(tmp_path / "other.jsonl").verify() is None


@pytest.mark.parametrize("line", range(LINES))
def test_any_flipped_bit_is_found_where_it_is(tmp_path: Path, line: int) -> None:
    journal = filled(tmp_path)
    original = journal.path.read_bytes().splitlines(keepends=True)
    for position in range(0, len(original[line]), 7):
        changed = bytearray(original[line])
        changed[position] ^= 1
        journal.path.write_bytes(b"".join([*original[:line], bytes(changed), *original[line + 1 :]]))
        assert line + 1 <= broken_line(journal) <= line + 2, position


@pytest.mark.parametrize("line", range(LINES - 1))
def test_a_dropped_line_is_found(tmp_path: Path, line: int) -> None:
    journal = filled(tmp_path)
    rewrite(journal, lambda lines: lines[:line] + lines[line + 1 :])
    assert broken_line(journal) == line + 1


def test_reordered_lines_are_found(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    rewrite(journal, lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]])
    assert broken_line(journal) == 5


@pytest.mark.parametrize("kept", [0, 1, LINES - 1])
def test_a_cut_tail_is_found_and_nothing_more_is_written(tmp_path: Path, kept: int) -> None:
    journal = filled(tmp_path)
    rewrite(journal, lambda lines: lines[:kept])
    assert broken_line(journal) == kept + 1
    with pytest.raises(VaultError):
        journal.append({"what": "after the cut"})


def test_a_rewritten_tail_with_sound_hashes_is_found_by_the_head(tmp_path: Path) -> None:
    journal = filled(tmp_path, 3)
    (tmp_path / "other").mkdir()
    forged = filled(tmp_path / "other", 2)
    forged.append({"what": "another third line"})
    journal.path.write_bytes(forged.path.read_bytes())
    assert broken_line(journal) == 3


def test_a_missing_head_is_found(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    (tmp_path / "journal.jsonl.head").unlink()
    assert journal.verify() is not None
    with pytest.raises(VaultError):
        journal.append({"what": "after the head went"})


def test_a_half_line_left_by_a_power_cut_is_dropped_and_the_chain_goes_on(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    with journal.path.open("ab") as file:
        file.write(b'{"what":"half a li')
    assert broken_line(journal) == LINES + 1
    Journal(journal.path).append({"what": "next"})
    assert journal.verify() is None
    assert [entry["what"] for entry in journal.entries()][-2:] == [f"entry {LINES - 1}", "next"]


def test_a_line_written_before_its_head_was_is_sound(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    head = (tmp_path / "journal.jsonl.head").read_bytes()
    journal.append({"what": "killed before the head was written"})
    (tmp_path / "journal.jsonl.head").write_bytes(head)
    assert journal.verify() is None
    Journal(journal.path).append({"what": "next"})
    assert journal.verify() is None


def test_lines_longer_than_the_tail_that_is_read_are_followed(tmp_path: Path) -> None:
    journal = filled(tmp_path, 1)
    journal.append({"what": "x" * 200_000})
    journal.append({"what": "next"})
    assert journal.verify() is None


def test_several_processes_do_not_fork_the_chain(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from daicho.gate.chain import Journal; journal = Journal(Path(sys.argv[1]))\n"
    program += "for number in range(20): journal.append({'count': number})"
    path = tmp_path / "journal.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert Journal(path).verify() is None
    assert len(list(Journal(path).entries())) == 60

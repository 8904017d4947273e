"""Same arguments, same bytes; and arguments that make no ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.synth.ledger import WRITTEN, write_ledger

from daicho.core.config import Config
from daicho.core.errors import UsageError


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(office: Config, village: Path, tmp_path: Path) -> None:
    write_ledger(tmp_path / "again", office)
    assert contents(tmp_path / "again") == contents(village)


def test_the_same_seed_plants_the_same_faults(office: Config, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_ledger(tmp_path / name, office, faults=0.05)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_another_ledger(office: Config, village: Path, tmp_path: Path) -> None:
    write_ledger(tmp_path / "other", office, seed=8)
    other = contents(tmp_path / "other")
    assert not [name for name, data in contents(village).items() if other[name] == data]


def test_the_report_counts_the_rows_of_every_file(office: Config, village: Path, tmp_path: Path) -> None:
    report = write_ledger(tmp_path / "again", office)
    assert tuple(report.rows) == WRITTEN
    assert {name: data.count(b"\r\n") - 1 for name, data in contents(village).items()} == report.rows
    assert report.faults == {}


def test_a_ledger_without_faults_leaves_no_old_key_behind(office: Config, tmp_path: Path) -> None:
    write_ledger(tmp_path, office, faults=0.05)
    assert (tmp_path / "faults.csv").exists()
    write_ledger(tmp_path, office)
    assert not (tmp_path / "faults.csv").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"persons": 0},
        {"seed": -1},
        {"faults": 0.6},
        {"faults": -0.1},
        {"encoding": "latin-1"},
        {"until": "2026"},
        {"until": "2026-13"},
        {"until": "soon"},
    ],
)
def test_arguments_that_make_no_ledger_are_refused(office: Config, tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        write_ledger(tmp_path / "none", office, **wrong)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("persons", "until"), [(1, "2026-03"), (50, "2020-02"), (300, "2027-12")])
def test_small_and_other_periods_make_ledgers_too(office: Config, tmp_path: Path, persons: int, until: str) -> None:
    assert set(write_ledger(tmp_path, office, persons=persons, until=until).rows) == set(WRITTEN)

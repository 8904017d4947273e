"""Derived tables beside a mart: made once, made anew when what decides them changes, and never trusted when damaged."""

from __future__ import annotations

import threading
from pathlib import Path

import polars as pl
import pytest
from tests.conftest import TODAY
from tests.vault.test_snapshots import held

from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.vault import DerivedTables, open_snapshot
from daicho.vault.catalog import VaultPaths, read_catalog, remove_leftovers, writer_lock
from daicho.vault.keys import load_keys
from daicho.vault.snapshots import prune_marts

COUNT = DerivedTables(
    statements=(
        "CREATE TEMP TABLE step AS SELECT count(*) AS persons FROM person",
        "CREATE TABLE derived.headcount AS SELECT persons, (SELECT max(word) FROM reference.list) AS word FROM step",
    ),
    reference=("list",),
)


@pytest.fixture
def filled(workspace: Config, tmp_path: Path) -> Config:
    held(workspace, tmp_path, count=3)
    return workspace


def lists(word: str = "a", other: str = "x") -> dict[str, pl.DataFrame]:
    return {"list": pl.DataFrame({"word": [word]}), "other": pl.DataFrame({"word": [other]})}


def headcount(config: Config, reference: dict[str, pl.DataFrame], derived: DerivedTables = COUNT) -> tuple[int, str]:
    connection = open_snapshot(config, snapshot=None, reference=reference, macros=(), derived=derived)
    try:
        [(persons, word)] = connection.execute("SELECT persons, word FROM headcount").fetchall()
        assert connection.execute("SELECT count(*) FROM person").fetchall() == [(persons,)]
        return persons, word
    finally:
        connection.close()


def files(config: Config) -> list[Path]:
    return sorted(VaultPaths(config.vault_dir).marts.glob("snapshot-*-*.duckdb"))


def test_they_are_made_once_and_read_by_their_plain_names(filled: Config) -> None:
    first = headcount(filled, lists())
    [path] = files(filled)
    made = path.stat().st_mtime_ns
    assert headcount(filled, lists()) == first
    assert path.stat().st_mtime_ns == made
    assert not list(VaultPaths(filled.vault_dir).temp.glob("derived-*"))


def test_reference_data_that_decides_them_makes_them_anew_and_other_does_not(filled: Config) -> None:
    headcount(filled, lists())
    [path] = files(filled)
    headcount(filled, lists(other="y"))
    assert files(filled) == [path]
    assert headcount(filled, lists("b"))[1] == "b"
    [changed] = files(filled)
    assert changed != path


def test_another_statement_makes_them_anew(filled: Config) -> None:
    headcount(filled, lists())
    before = files(filled)
    other = DerivedTables((*COUNT.statements, "CREATE TABLE derived.more AS SELECT 1 AS one"), COUNT.reference)
    headcount(filled, lists(), other)
    assert len(files(filled)) == 1 and files(filled) != before


def test_they_are_encrypted_and_open_read_only(filled: Config) -> None:
    headcount(filled, lists("geheimnis"))
    [path] = files(filled)
    assert b"geheimnis" not in path.read_bytes() and b"headcount" not in path.read_bytes()
    connection = open_snapshot(filled, snapshot=None, reference=lists("geheimnis"), macros=(), derived=COUNT)
    with pytest.raises(Exception, match="read-only"):
        connection.execute("INSERT INTO derived.headcount VALUES (1, 'x')")
    connection.close()


def test_two_builders_at_once_leave_one_good_file(filled: Config) -> None:
    found: list[tuple[int, str]] = []
    builders = [threading.Thread(target=lambda: found.append(headcount(filled, lists()))) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(found) == 3 and len(set(found)) == 1 and len(files(filled)) == 1


def test_a_damaged_file_is_made_again(filled: Config) -> None:
    first = headcount(filled, lists())
    [path] = files(filled)
    path.write_bytes(b"damaged" * 1000)
    assert headcount(filled, lists()) == first


def test_a_failure_leaves_nothing_behind(filled: Config) -> None:
    broken = DerivedTables(("CREATE TABLE derived.headcount AS SELECT nothing FROM nowhere",), ("list",))
    with pytest.raises(Exception, match="nowhere"):
        open_snapshot(filled, snapshot=None, reference=lists(), macros=(), derived=broken)
    assert not files(filled) and not list(VaultPaths(filled.vault_dir).temp.glob("derived-*"))


def test_a_missing_mart_is_rebuilt_before_its_derived_tables(filled: Config) -> None:
    first = headcount(filled, lists())
    for path in VaultPaths(filled.vault_dir).marts.iterdir():
        path.unlink()
    assert headcount(filled, lists()) == first


def test_the_next_writer_keeps_them_and_pruning_removes_them(filled: Config) -> None:
    headcount(filled, lists())
    [path] = files(filled)
    paths = VaultPaths(filled.vault_dir)
    catalog = read_catalog(paths, load_keys(filled.key_dir).vault)
    stray = paths.marts / "snapshot-999999-0123.duckdb"
    stray.write_bytes(b"")
    with writer_lock(paths):
        remove_leftovers(paths, catalog)
    assert path.is_file() and not stray.exists()
    assert catalog.latest is not None
    later = catalog.with_snapshot(added=(), live=catalog.latest.batches, created_on=TODAY)
    prune_marts(paths, later, keep=1)
    assert not path.exists()


def test_a_missing_reference_table_is_a_defect_of_the_caller(filled: Config) -> None:
    with pytest.raises((KeyError, VaultError)):
        open_snapshot(filled, snapshot=None, reference={}, macros=(), derived=COUNT)

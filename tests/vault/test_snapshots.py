from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest
from tests.conftest import TODAY
from tests.intake.extract_factory import RESIDENT, write_extract

from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.intake.load import take_in
from daicho.vault import latest_snapshot, open_snapshot, snapshot_info
from daicho.vault.catalog import VaultPaths, writer_lock


def held(config: Config, tmp_path: Path, count: int = 1) -> None:
    changes = [{"宛名番号": str(5_100_000_000 + number)} for number in range(count)]
    take_in([write_extract(tmp_path / f"r{count}.csv", RESIDENT, changes)], config=config, today=TODAY)


def test_an_empty_vault_says_what_to_do(workspace: Config) -> None:
    from daicho.vault.keys import create_keys

    create_keys(workspace.key_dir, today=TODAY)
    with pytest.raises(VaultError, match="daicho intake"):
        latest_snapshot(workspace)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY person TO '/tmp/daicho-escape.csv'",
        "ATTACH '/tmp/daicho-escape.duckdb' AS out",
        "INSTALL httpfs",
        "LOAD '/tmp/x.duckdb_extension'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET memory_limit = '100GB'",
        "CREATE TABLE ledger.own AS SELECT 1",
        "DELETE FROM ledger.person",
        "IMPORT DATABASE '/tmp'",
        "EXPORT DATABASE '/tmp/daicho-escape'",
    ],
)
def test_an_opened_snapshot_reaches_no_file_and_changes_nothing(workspace: Config, tmp_path: Path, statement: str) -> None:
    held(workspace, tmp_path)
    connection = open_snapshot(workspace, snapshot=None, reference={}, macros=())
    with pytest.raises(duckdb.Error):
        connection.execute(statement)
    connection.close()


def test_reference_tables_and_macros_stand_beside_the_ledger(workspace: Config, tmp_path: Path) -> None:
    held(workspace, tmp_path)
    frame = pl.DataFrame({"code": ["a"]})
    connection = open_snapshot(workspace, snapshot=None, reference={"list": frame}, macros=["CREATE MACRO twice(n) AS n * 2"])
    assert connection.execute("SELECT code, twice(2) FROM reference.list").fetchall() == [("a", 4)]
    connection.close()


def test_an_old_snapshot_whose_mart_was_pruned_is_rebuilt_the_same(workspace: Config, tmp_path: Path) -> None:
    for count in (1, 2, 3, 4):
        held(workspace, tmp_path, count)
    assert len(list((workspace.vault_dir / "marts").iterdir())) == 2
    for number in (1, 2, 3, 4):
        connection = open_snapshot(workspace, snapshot=number, reference={}, macros=())
        assert connection.execute("SELECT count(*) FROM person").fetchall() == [(number,)]
        connection.close()
    assert len(snapshot_info(workspace, 1).batches) == 1


def test_a_snapshot_that_never_was_is_refused(workspace: Config, tmp_path: Path) -> None:
    held(workspace, tmp_path)
    with pytest.raises(VaultError, match="snapshot 9"):
        open_snapshot(workspace, snapshot=9, reference={}, macros=())


def test_an_edited_catalogue_is_noticed(workspace: Config, tmp_path: Path) -> None:
    held(workspace, tmp_path)
    path = workspace.vault_dir / "catalog.json"
    body = json.loads(path.read_text(encoding="utf-8"))
    body["catalog"]["batches"][0]["rows_read"] += 1
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(VaultError, match="changed outside"):
        latest_snapshot(workspace)


def test_a_flipped_byte_in_a_mart_is_never_an_answer(workspace: Config, tmp_path: Path) -> None:
    held(workspace, tmp_path)
    (path,) = (workspace.vault_dir / "marts").iterdir()
    content = bytearray(path.read_bytes())
    for place in range(8192, len(content), 4096):
        content[place] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises((VaultError, duckdb.Error)):
        open_snapshot(workspace, snapshot=None, reference={}, macros=()).execute("SELECT * FROM person").fetchall()


def test_another_key_does_not_open_the_vault(workspace: Config, tmp_path: Path) -> None:
    held(workspace, tmp_path)
    path = workspace.key_dir / "vault.key"
    body = json.loads(path.read_text(encoding="ascii"))
    path.write_text(json.dumps({**body, "secret_hex": "00" * 32}), encoding="ascii")
    with pytest.raises(VaultError):
        latest_snapshot(workspace)


def test_a_key_others_can_read_is_refused(workspace: Config, tmp_path: Path) -> None:
    held(workspace, tmp_path)
    (workspace.key_dir / "vault.key").chmod(0o644)
    with pytest.raises(VaultError, match="0600"):
        latest_snapshot(workspace)


def test_a_second_writer_waits_for_its_turn(workspace: Config, tmp_path: Path) -> None:
    with writer_lock(VaultPaths(workspace.vault_dir)), pytest.raises(VaultError, match="another intake"):
        held(workspace, tmp_path)

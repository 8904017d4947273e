"""Breaks of promised safeguards, planted one at a time in a workspace of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from tests.gate.toy import grant

from daicho.core.config import Config
from daicho.gate.access_log import AccessLog, Caller
from daicho.gate.release_ledger import Recorded, ReleaseLedger, body_hash
from daicho.gate.roles import user_name
from daicho.vault.catalog import Batch, VaultPaths, open_catalog, write_catalog
from daicho.vault.engine import attach, engine
from daicho.vault.keys import key_path

ME = user_name(os.getuid())
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CALLER = Caller(uid=os.getuid(), user=ME, role="officer", terminal="desk", purpose="試験")
PERSON = "5100000000"
Plant = Callable[[Config], None]


def _in_file(config: Config, statement: str, *, folder: str = "segments") -> None:
    """Change the first file of the vault that a statement about `held` concerns, with the key."""
    keys, _ = open_catalog(VaultPaths(config.vault_dir), config.key_dir)
    path = sorted((config.vault_dir / folder).glob("*.duckdb"))[0]
    with engine(temp_dir=config.vault_dir / "temp") as connection:
        attach(connection, path, name="held", key=keys.vault, read_only=False)
        connection.execute(statement)


def _in_catalog(config: Config, **changes: Any) -> None:
    """Change the first batch as the catalogue has it, under its seal."""
    paths = VaultPaths(config.vault_dir)
    keys, catalog = open_catalog(paths, config.key_dir)
    first: Batch = replace(catalog.batches[0], **changes)
    write_catalog(paths, replace(catalog, batches=(first, *catalog.batches[1:])), keys.vault)


def _in_text(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _log(config: Config, *, at: datetime = NOON, caller: Caller = CALLER, outcome: str = "released", op: str = "measure") -> None:
    AccessLog(config.log_dir, clock=lambda: at).record(caller, request={"op": op}, outcome=outcome)


def record_release(config: Config, measure: str, profile: str) -> None:
    body = measure.encode()
    recorded = Recorded(
        release_id=f"R{measure}", request={"measure": measure}, key={"content": "", "purpose": "試験"}, profile=profile,
        sha256=body_hash(body), cells=1, suppressed_cells=0, recorded_at=NOON.isoformat(),
    )  # fmt: skip
    ReleaseLedger(config.releases_dir).record(recorded, body)


def plain_segment(config: Config) -> None:
    with duckdb.connect(str(config.vault_dir / "segments" / "batch-000099.duckdb")) as connection:
        connection.execute("CREATE TABLE rows AS SELECT 1 AS person")


def other_file(config: Config) -> None:
    (config.vault_dir / "marts" / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")


def segment_gone(config: Config) -> None:
    sorted((config.vault_dir / "segments").iterdir())[0].unlink()


def name_column(config: Config) -> None:
    _in_file(config, 'ALTER TABLE held.rows ADD COLUMN "氏名" VARCHAR')


def unknown_column(config: Config) -> None:
    _in_file(config, "ALTER TABLE held.rows ADD COLUMN remark VARCHAR")


def further_table(config: Config) -> None:
    _in_file(config, "CREATE TABLE held.raw AS SELECT 1 AS line")


def number_in_mart(config: Config) -> None:
    _in_file(config, 'CREATE TABLE held.extra AS SELECT 1 AS "宛名番号"', folder="marts")


def empty_index(config: Config) -> None:
    _in_file(config, "DELETE FROM held.identifier")


def open_key(config: Config) -> None:
    key_path(config.key_dir, "scanner").chmod(0o644)


def open_key_folder(config: Config) -> None:
    config.key_dir.chmod(0o755)


def unhashed_batch(config: Config) -> None:
    _in_catalog(config, sha256="")


def lost_rows(config: Config) -> None:
    _in_catalog(config, rows_accepted=1)


def quarantine_list_gone(config: Config) -> None:
    # Of a delivery after the last erasure of a person, which takes the lists of those before.
    _in_catalog(config, received_on="2026-11-25", rows_read=10**6, rows_accepted=10**6 - 1, quarantined={"bad_date": 1})
    for path in config.quarantine_dir.glob("batch-*.csv"):
        path.unlink()


def edited_log(config: Config) -> None:
    _in_text(config.log_dir / "access.jsonl", '"terminal":', '"terminal": ')


def cut_log(config: Config) -> None:
    path = config.log_dir / "access.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def changed_release(config: Config) -> None:
    (public,) = (recorded for recorded in ReleaseLedger(config.releases_dir).all() if recorded.profile == "public")
    path = config.releases_dir / f"{public.release_id}.arrow"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def use_without_purpose(config: Config) -> None:
    _log(config, caller=replace(CALLER, purpose=""))


def use_by_nobody(config: Config) -> None:
    _log(config, caller=replace(CALLER, user=""))


def short_log(config: Config) -> None:
    _in_text(config.root / "daicho.toml", "access_log = 7", "access_log = 3")


def short_ledger(config: Config) -> None:
    _in_text(config.root / "daicho.toml", "vaccination = 20", "vaccination = 4")


def old_worklist(config: Config) -> None:
    config.worklists_dir.mkdir()
    (config.worklists_dir / "reminders-2015-06-01-00000000.csv").write_text("source_file,line\na.csv,2\n", encoding="utf-8")


def long_role(config: Config) -> None:
    with (config.root / "daicho.toml").open("a", encoding="utf-8") as file:
        file.write(grant("somebody", "analyst", "2028-11-24"))


def used_after_the_end(config: Config) -> None:
    with (config.root / "daicho.toml").open("a", encoding="utf-8") as file:
        file.write(grant("somebody", "analyst", "2026-10-31"))
    _log(config, caller=replace(CALLER, user="somebody", role="analyst"))


def certificate_gone(config: Config) -> None:
    next((config.state_dir / "certificates").glob("E*.json")).unlink()


def certificate_text_changed(config: Config) -> None:
    _in_text(next((config.state_dir / "certificates").glob("E*.txt")), "消去証明書", "証明書")


def certificate_rows_changed(config: Config) -> None:
    path = next((config.state_dir / "certificates").glob("E*.json"))
    certificate = json.loads(path.read_text(encoding="utf-8"))
    certificate["erased"][0]["rows"] += 1
    path.write_text(json.dumps(certificate, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def erasure_begun(config: Config) -> None:
    (config.state_dir / "certificates" / ".pending-E1.json").write_text("{}", encoding="utf-8")


def copy_never_checked(config: Config) -> None:
    _in_catalog(config, kind="shared_copy")


def unsealed(config: Config) -> None:
    _in_text(config.root / "daicho.toml", "allow_unsealed = false", "allow_unsealed = true")


def unlocked_contract(config: Config) -> None:
    _in_text(config.contracts_dir / "extracts" / "number_change.odcs.yaml", "version: 1.0.0", "version: 1.0.1")


def item_without_reason(config: Config) -> None:
    path = config.contracts_dir / "extracts" / "number_change.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if line.strip().startswith("description: "))
    path.write_text(text.replace(first, first.split('"')[0] + '" "', 1), encoding="utf-8")


def kind_without_contract(config: Config) -> None:
    _in_catalog(config, kind="something_else")


def lot_released(config: Config) -> None:
    _in_text(config.contracts_dir / "outputs" / "residents.odcs.yaml", "- name: age_years", "- name: lot")


def lower_threshold(config: Config) -> None:
    _in_text(config.contracts_dir / "disclosure.yaml", "threshold: 10 ", "threshold: 5 ")


def covid_exact(config: Config) -> None:
    record_release(config, "covid_coverage", "statutory")

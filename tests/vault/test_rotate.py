"""Rotation: other keys, the same ledger; later deliveries still link; killed anywhere, the vault is as before or as after."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.conftest import TODAY, make_workspace
from tests.intake.extract_factory import VACCINATION, write_extract
from tests.intake.test_faults import killed_commands
from tests.vault import workshop

from daicho.core.config import Config, load_config
from daicho.core.errors import UsageError, VaultError
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.retention import no_gate, rotate
from daicho.gate.runtime_dir import LOCK_FILE
from daicho.gate.server import take_lock
from daicho.intake.load import take_in
from daicho.vault.catalog import VaultPaths, open_catalog
from daicho.vault.identifiers import load_identifier_index
from daicho.vault.keys import load_keys, pseudonyms
from daicho.vault.rekey import rotate_keys

QUESTIONS: list[tuple[str, list[str], dict[str, list[str]], dict[str, object]]] = [
    ("residents", ["district", "sex"], {}, {"as_of": TODAY}),
    ("annual_counts", ["vaccine", "dose", "sex", "district"], {}, {"fiscal_year": 2025}),
    ("coverage_cohort", ["birth_fy", "district"], {"vaccine": ["MR"], "dose": ["1期"]}, {"as_of": TODAY}),
    ("dropout", ["district"], {"vaccine": ["MR"]}, {"as_of": TODAY}),
    ("intake_quality", ["kind", "outcome"], {}, {}),
]


def answers(config: Config) -> list[pl.DataFrame]:
    engine = LedgerEngine(config)
    snapshot = engine.latest_snapshot()
    connection = engine.open(snapshot)
    try:
        found = []
        for measure, by, where, parameters in QUESTIONS:
            query = engine.compile(measure, by=by, where=where, parameters=parameters, snapshot=snapshot)  # type: ignore[arg-type]
            found.append(connection.execute(query.sql, dict(query.bound)).pl().sort(by))
        for table in ("person", "residence", "event", "covid", "welfare"):
            found.append(connection.execute(f"SELECT * EXCLUDE (person) FROM {table} ORDER BY ALL").pl())
        return found
    finally:
        connection.close()


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = make_workspace(tmp_path_factory.mktemp("held") / "office")
    workshop.fill(config, tmp_path_factory.mktemp("extracts"))
    return config


@pytest.fixture
def office(held: Config, tmp_path: Path) -> Config:
    shutil.copytree(held.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def test_the_small_ward_gives_the_same_figures_after_two_rotations(ward: Config, tmp_path: Path) -> None:
    shutil.copytree(ward.root, tmp_path / "office")
    config = load_config(tmp_path / "office")
    before, prints = answers(config), LedgerEngine(config).fingerprint("residents")
    for _ in range(2):
        rotate_keys(config, today=TODAY)
    after = answers(config)
    assert all(one.equals(other) for one, other in zip(before, after, strict=True))
    assert before[0]["residents_count"].sum() > 0 and before[1].height > 5
    # The gate returns a recorded release for the same request: rotation changes no figure.
    assert LedgerEngine(config).fingerprint("residents") == prints


def test_old_keys_and_old_pseudonyms_are_nowhere_and_every_batch_names_the_new_key(office: Config) -> None:
    old = load_keys(office.key_dir)
    held_before = workshop.pseudonym(office, workshop.number(0))
    assert held_before in workshop.everything_held(office)
    files = {path.name for path in (office.vault_dir / "segments").iterdir()}
    rotate(office, today=TODAY)
    new = load_keys(office.key_dir)
    assert (new.vault.replaces, new.pseudonym.replaces, new.scanner) == (old.vault.key_id, old.pseudonym.key_id, old.scanner)
    content = workshop.everything_held(office)
    assert held_before not in content and workshop.pseudonym(office, workshop.number(0)) in content
    raw = workshop.raw_files(office)
    assert old.vault.secret not in raw and old.vault.secret.hex().encode() not in raw
    _, catalog = open_catalog(VaultPaths(office.vault_dir), office.key_dir)
    assert {batch.pseudonym_key_id for batch in catalog.batches} == {new.pseudonym.key_id}
    assert not files & {path.name for path in (office.vault_dir / "segments").iterdir()} and workshop.left_over(office) == []
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in office.key_dir.iterdir())


def test_a_later_delivery_still_links(office: Config, tmp_path: Path) -> None:
    before = workshop.rows(office, "SELECT count(*), count(*) FILTER (is_registered) FROM person")
    for year in (2025, 2026):
        rotate_keys(office, today=TODAY)
        doses = [{"宛名番号": workshop.number(place), "接種期": "", "接種日": f"{year}0601"} for place in range(6)]
        report = take_in([write_extract(tmp_path / f"{year}.csv", VACCINATION, doses)], config=office, today=TODAY)
        assert report.files[0].rows_accepted == 6
    assert workshop.rows(office, "SELECT count(*), count(*) FILTER (is_registered) FROM person") == before
    assert take_in(workshop.extracts(tmp_path / "same"), config=office, today=TODAY).files[0].status == "unchanged"


def test_the_scanner_still_knows_everyone(office: Config) -> None:
    before = load_identifier_index(office).entries.sort("hash")
    rotate_keys(office, today=TODAY)
    assert load_identifier_index(office).entries.sort("hash").equals(before) and before.height > 10


def test_the_chain_of_links_is_what_the_vault_holds(office: Config) -> None:
    first = load_keys(office.key_dir).pseudonym
    rotate_keys(office, today=TODAY)
    second = load_keys(office.key_dir).pseudonym
    assert second.earlier == (first.secret,)
    assert pseudonyms(second, ["5"]) != pseudonyms(first, ["5"]) and len(pseudonyms(second, ["5"])[0]) == 16
    assert first.secret.hex() not in repr(second)


def test_killed_before_any_step_old_or_new_state_stays_and_the_next_command_ends_it(held: Config, tmp_path: Path) -> None:
    wanted, found = workshop.rows(held, "SELECT * EXCLUDE (person) FROM event ORDER BY ALL"), set()
    old = load_keys(held.key_dir).vault.key_id
    for config in killed_commands(held.root, tmp_path / "killed", "key", "rotate", stride=14):
        assert workshop.rows(config, "SELECT * EXCLUDE (person) FROM event ORDER BY ALL") == wanted
        keys, _ = open_catalog(VaultPaths(config.vault_dir), config.key_dir)
        found.add(keys.vault.key_id == old)
        doses = [{"宛名番号": workshop.number(0), "接種期": "", "接種日": "20260601"}]
        take_in([write_extract(tmp_path / "more.csv", VACCINATION, doses)], config=config, today=TODAY)
        assert workshop.rows(config, "SELECT count(*) FROM person WHERE is_registered") == [(6,)]
        assert workshop.rows(config, "SELECT count(*) FROM person") == [(6,)]
        assert workshop.left_over(config) == [] and workshop.errors(config) == []
        settled = json.loads((config.key_dir / "vault.key").read_text(encoding="ascii"))
        assert settled["key_id"] == keys.vault.key_id
    assert found == {True, False}


def test_it_is_refused_while_a_gate_runs_or_nothing_is_held(office: Config, tmp_path: Path) -> None:
    office.log_dir.mkdir(exist_ok=True)
    lock = take_lock(office.log_dir / LOCK_FILE)
    before = (office.vault_dir / "catalog.json").read_bytes()
    with pytest.raises(UsageError, match="a gate runs"), no_gate(office):
        pass
    with pytest.raises(UsageError, match="stop it"):
        rotate(office, today=TODAY)
    os.close(lock)
    assert (office.vault_dir / "catalog.json").read_bytes() == before
    with pytest.raises(VaultError, match="empty"):
        rotate_keys(make_workspace(tmp_path / "empty"), today=TODAY)

"""Tampering with the record of a gate that works over a real vault: log, release ledger, heads, stored bytes, and all of them at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import make_workspace
from tests.gate.toy import NOW, ToyEngine, grant, launched, serving
from tests.gate.toy import make_workspace as make_toy
from tests.vault import workshop

from daicho.core.config import Config, load_config
from daicho.core.errors import DaichoError, DisclosureError
from daicho.gate.access_log import ACCESS_LOG_FILE, AccessLog, Caller
from daicho.gate.audit import audit_records
from daicho.gate.chain import Journal
from daicho.gate.client import GateClient
from daicho.gate.release_ledger import LEDGER_FILE, ReleaseLedger
from daicho.gate.roles import user_name
from daicho.gate.witness import note_journals
from daicho.vault.catalog import VaultPaths, open_catalog, writer_lock
from daicho.vault.rekey import rotate_keys

TODAY = NOW.date()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A real vault; a gate (over the toy ledger) that answered, refused and went; a second that came and went."""
    config = make_workspace(tmp_path_factory.mktemp("record") / "office")
    workshop.fill(config, tmp_path_factory.mktemp("extracts"))
    for by in ("district", "sex"):
        ask(config, by, "district,sex")
    return config


def ask(config: Config, *bys: str) -> None:
    with serving(config, engine=ToyEngine()), GateClient.connect(config) as admin, launched(config, admin) as client:
        for by in bys:
            client.measure("residents", by=by.split(","))


@pytest.fixture
def office(recorded: Config, tmp_path: Path) -> Config:
    shutil.copytree(recorded.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def errors(config: Config) -> list[str]:
    return [finding.where for finding in audit_records(config) if finding.severity == "error"]


def journal_of(config: Config, name: str) -> Path:
    return (config.log_dir if name == ACCESS_LOG_FILE else config.releases_dir) / name


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_an_honest_record_has_no_error_and_the_catalogue_knows_where_it_stands(office: Config) -> None:
    assert errors(office) == []
    _, catalog = open_catalog(VaultPaths(office.vault_dir), office.key_dir)
    log, ledger = AccessLog(office.log_dir, clock=lambda: NOW), ReleaseLedger(office.releases_dir)
    assert catalog.journals == {ACCESS_LOG_FILE: log.position(), LEDGER_FILE: ledger.position()}


def positions(line: bytes) -> list[int]:
    """One position of every class in a line: braces, keys, quotes, colons, commas, text, numbers, both hashes, the line's end."""
    text = line.decode()
    found = {0, len(line) - 1, len(line) - 2}
    for word in ('"hash":"', '"prev":"', '"seq":', '"'):
        start = line.index(word.encode())
        found |= {start, start + 1, start + len(word) - 1, start + len(word)}
    found |= {line.index(b","), line.index(b":"), len(text.encode()) // 2}
    return sorted(found)


@pytest.mark.parametrize("name", [ACCESS_LOG_FILE, LEDGER_FILE])
def test_one_flipped_bit_at_every_class_of_position_in_every_line_is_found(office: Config, name: str) -> None:
    path = journal_of(office, name)
    journal, original = Journal(path), path.read_bytes()
    start = 0
    for line in lines_of(path):
        for position in positions(line):
            for bit in (0, 2, 5, 7):
                changed = bytearray(original)
                changed[start + position] ^= 1 << bit
                path.write_bytes(changed)
                assert journal.verify() is not None, (start, position, bit)
        start += len(line)
    path.write_bytes(original)
    assert journal.verify() is None


@pytest.mark.parametrize("name", [ACCESS_LOG_FILE, LEDGER_FILE])
def test_one_flipped_bit_in_what_a_head_says_is_found(office: Config, name: str) -> None:
    head = journal_of(office, name).with_name(f"{name}.head")
    original = head.read_bytes()
    for position in range(len(original.rstrip())):
        for bit in (0, 5):
            changed = bytearray(original)
            changed[position] ^= 1 << bit
            head.write_bytes(changed)
            assert name in errors_of_chain(office, name), (position, bit)


def errors_of_chain(config: Config, name: str) -> list[str]:
    try:
        broken = Journal(journal_of(config, name)).verify()
    except DaichoError:
        return [name]
    return [name] if broken else []


@pytest.mark.parametrize("name", [ACCESS_LOG_FILE, LEDGER_FILE])
def test_any_dropped_line_any_two_swapped_lines_and_any_cut_tail_are_found(office: Config, name: str) -> None:
    path = journal_of(office, name)
    lines = lines_of(path)
    assert len(lines) >= 4
    for number in range(len(lines)):
        for changed in (
            lines[:number] + lines[number + 1 :],
            lines[:number],
            [*lines[:number], *lines[number + 1 : number + 2], lines[number], *lines[number + 2 :]],
            [*lines[: number + 1], lines[number], *lines[number + 1 :]],
        ):
            if changed != lines:
                path.write_bytes(b"".join(changed))
                assert errors_of_chain(office, name) == [name]


def test_one_flipped_bit_anywhere_in_a_stored_release_is_found(office: Config) -> None:
    path = next(iter(sorted(office.releases_dir.glob("*.arrow"))))
    original, ledger = path.read_bytes(), ReleaseLedger(office.releases_dir)
    for position in range(0, len(original), max(1, len(original) // 60)):
        changed = bytearray(original)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        assert list(ledger.damaged()) == [path.stem]


def test_one_flipped_bit_anywhere_in_the_catalogue_is_found(office: Config) -> None:
    paths = VaultPaths(office.vault_dir)
    path = paths.root / "catalog.json"
    original, (_, whole) = path.read_bytes(), open_catalog(paths, office.key_dir)
    for position in range(0, len(original), 29):
        changed = bytearray(original)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        try:
            assert open_catalog(paths, office.key_dir)[1] == whole, "only white space may differ unseen"
        except DaichoError:
            continue


def delete_record(config: Config) -> None:
    shutil.rmtree(config.log_dir)
    shutil.rmtree(config.releases_dir)


def test_log_and_ledger_deleted_together_heads_and_all_are_missed(office: Config) -> None:
    delete_record(office)
    assert sorted(set(errors(office))) == [ACCESS_LOG_FILE, LEDGER_FILE]


def test_they_are_still_missed_when_gates_have_written_them_anew(office: Config) -> None:
    delete_record(office)
    for _ in range(2):
        ask(office, *(["district", "sex"] * 8))
    assert {ACCESS_LOG_FILE, LEDGER_FILE} <= set(errors(office))


def test_they_are_still_missed_after_a_rotation_of_the_keys(office: Config) -> None:
    rotate_keys(office, today=TODAY)
    assert errors(office) == []
    delete_record(office)
    assert sorted(set(errors(office))) == [ACCESS_LOG_FILE, LEDGER_FILE]


def truncate_with_head(path: Path, *, keep: int) -> None:
    """What somebody who knows the format does: cut the tail and write the head to fit."""
    lines = lines_of(path)[:keep]
    path.write_bytes(b"".join(lines))
    last = json.loads(lines[-1])
    path.with_name(path.name + ".head").write_text(f"{last['seq']} {last['hash']}".ljust(127) + "\n", encoding="ascii")


@pytest.mark.parametrize("name", [ACCESS_LOG_FILE, LEDGER_FILE])
def test_a_tail_cut_with_its_head_written_to_fit_is_found(office: Config, name: str) -> None:
    path = journal_of(office, name)
    truncate_with_head(path, keep=len(lines_of(path)) - 1)
    assert errors_of_chain(office, name) == [], "the journal alone cannot tell"
    assert name in errors(office)


def test_an_older_copy_of_both_journals_put_back_is_found(office: Config, tmp_path: Path) -> None:
    shutil.copytree(office.log_dir, tmp_path / "log")
    shutil.copytree(office.releases_dir, tmp_path / "releases")
    ask(office, "district", "sex")
    delete_record(office)
    shutil.copytree(tmp_path / "log", office.log_dir)
    shutil.copytree(tmp_path / "releases", office.releases_dir)
    assert ACCESS_LOG_FILE in errors(office)


def test_what_a_killed_gate_wrote_and_somebody_took_back_by_hand_is_not_found(office: Config) -> None:
    """The limit of the record, stated: since the last note of a gate nothing outside the two journals knows their ends."""
    log = AccessLog(office.log_dir, clock=lambda: NOW)
    before = log.position()[0]
    log.record(Caller(uid=0, user="nobody"), request={"op": "session"}, outcome="x")
    truncate_with_head(office.log_dir / ACCESS_LOG_FILE, keep=before)
    assert errors(office) == []


def test_a_gate_beside_an_intake_waits_for_nothing_and_notes_nothing(office: Config) -> None:
    before = (office.vault_dir / "catalog.json").read_bytes()
    with writer_lock(VaultPaths(office.vault_dir)):
        ask(office, "district")
    assert (office.vault_dir / "catalog.json").read_bytes() == before and errors(office) == []
    note_journals(office, log=AccessLog(office.log_dir, clock=lambda: NOW), ledger=ReleaseLedger(office.releases_dir))
    assert (office.vault_dir / "catalog.json").read_bytes() != before and errors(office) == []


@pytest.mark.parametrize(("moment", "holds"), [("23:59:59.999", True), ("00:00:00", False)])
def test_a_role_lapses_at_midnight_also_for_who_is_connected(tmp_path: Path, moment: str, holds: bool) -> None:
    day = TODAY if holds else TODAY + timedelta(days=1)
    then = datetime.fromisoformat(f"{day}T{moment}").replace(tzinfo=NOW.tzinfo)
    config = make_toy(tmp_path, roles=grant(user_name(Path(tmp_path).stat().st_uid), "officer", TODAY.isoformat()))
    now = [NOW]
    asks: list[Callable[[], object]] = []
    with serving(config, clock=lambda: now[0]), GateClient.connect(config) as admin, launched(config, admin, role="officer") as client:
        now[0] = then
        asks += [
            lambda: client.measure("residents"),
            lambda: admin.measure("residents", profile="statutory"),
            lambda: GateClient.connect(config).close(),
        ]
        for attempt in asks:
            if holds:
                attempt()
            else:
                with pytest.raises(DisclosureError):
                    attempt()

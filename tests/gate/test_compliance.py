"""The gate examines itself: every check finds a planted break, a sound workspace has none, and nobody learns anything else by asking."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import TODAY, WARD_SMALL, make_workspace
from tests.gate.toy import ToyEngine, grant, launched, serving
from tests.gate.toy import make_workspace as make_toy

from daicho.core.config import Config, load_config
from daicho.core.errors import DisclosureError, UsageError
from daicho.gate import examination, examine_rules, examined
from daicho.gate.access_log import AccessLog, Caller
from daicho.gate.audit import Finding, Proof
from daicho.gate.client import GateClient
from daicho.gate.examination import CHECKS, examine
from daicho.gate.examined import BROKEN, EXAMINED, KEPT, NOT_APPLICABLE, Ground
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.profiles import load_disclosure
from daicho.gate.protocol import BODY_LIMIT, HEADER_LIMIT, receive_frame, send_frame
from daicho.gate.release_ledger import Recorded, ReleaseLedger, body_hash
from daicho.gate.request import NOT_IN_VOCABULARY
from daicho.gate.retention import erase_persons
from daicho.gate.roles import user_name
from daicho.intake.individual_numbers import IndividualNumberWatch
from daicho.intake.load import take_in
from daicho.vault.catalog import Batch, VaultPaths, open_catalog, write_catalog
from daicho.vault.engine import attach, engine
from daicho.vault.keys import key_path

ME = user_name(os.getuid())
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CALLER = Caller(uid=os.getuid(), user=ME, role="officer", terminal="desk", purpose="試験")
PERSON = "5100000000"
Plant = Callable[[Config], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The small ward with roles granted, figures published, and one person erased."""
    config = make_workspace(tmp_path_factory.mktemp("sound") / "office")
    roles = "".join(grant(ME, role, "2027-03-31") for role in ("analyst", "report_runner", "officer"))
    with (config.root / "daicho.toml").open("a", encoding="utf-8") as file:
        file.write(roles)
    config = load_config(config.root)
    take_in([WARD_SMALL], config=config, today=TODAY)
    with serving(config, engine=LedgerEngine(config), clock=lambda: NOON), GateClient.connect(config) as client:
        client.measure("residents", by="district", profile="public", as_of="2026-03-31", purpose="公表")
        client.measure("covid_doses", by="dose_number", profile="internal", as_of="2026-03-31", purpose="検討")
        with launched(config, client), pytest.raises(UsageError):
            client.measure("nothing")
    erase_persons(config, [PERSON], today=TODAY, clock=lambda: NOON)
    return config


@pytest.fixture
def office(sound: Config, tmp_path: Path) -> Config:
    shutil.copytree(sound.root, tmp_path / "office")
    return load_config(tmp_path / "office")


def ground_of(config: Config, **changes: Any) -> Ground:
    config = load_config(config.root)
    found: dict[str, Any] = {
        "config": config,
        "engine": LedgerEngine(config),
        "rules": load_disclosure(config.contracts_dir),
        "log": AccessLog(config.log_dir, clock=lambda: NOON),
        "ledger": ReleaseLedger(config.releases_dir),
        "now": NOON,
    }
    return Ground(**{**found, **changes})


def results(ground: Ground) -> dict[str, str]:
    return {name: outcome.result for name, outcome in examine(ground).outcomes.items()}


def test_a_sound_workspace_keeps_every_promise_that_applies(sound: Config) -> None:
    found = results(ground_of(sound))
    assert {name for name, result in found.items() if result == BROKEN} == set()
    assert {name for name, result in found.items() if result == NOT_APPLICABLE} == {"copy_checked"}
    assert found.keys() == CHECKS.keys()


def test_an_empty_workspace_breaks_no_promise_of_what_it_does_not_hold(tmp_path: Path) -> None:
    found = results(ground_of(make_workspace(tmp_path / "office")))
    assert {name for name, result in found.items() if result == BROKEN} == set()
    assert found["encrypted"] == found["roles_bounded"] == found["certificates"] == NOT_APPLICABLE


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


def _release(config: Config, measure: str, profile: str) -> None:
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
    _in_catalog(config, rows_read=10**6, rows_accepted=10**6 - 1, quarantined={"bad_date": 1})
    for path in config.quarantine_dir.glob("batch-*.csv"):
        path.unlink()


def edited_log(config: Config) -> None:
    _in_text(config.log_dir / "access.jsonl", '"terminal":', '"terminal": ')


def cut_log(config: Config) -> None:
    path = config.log_dir / "access.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def changed_release(config: Config) -> None:
    path = next(config.releases_dir.glob("*.arrow"))
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
    _release(config, "covid_coverage", "statutory")


PLANTS: tuple[tuple[str, Plant], ...] = (
    ("encrypted", plain_segment), ("encrypted", other_file), ("encrypted", segment_gone),
    ("pseudonymised", name_column), ("pseudonymised", unknown_column), ("pseudonymised", further_table), ("pseudonymised", number_in_mart),
    ("scanner_index", empty_index),
    ("keys_private", open_key), ("keys_private", open_key_folder),
    ("batches_registered", unhashed_batch),
    ("entry_checked", lost_rows), ("entry_checked", quarantine_list_gone),
    ("access_log", edited_log), ("access_log", cut_log),
    ("release_ledger", changed_release), ("public_proof", changed_release),
    ("purposes", use_without_purpose), ("purposes", use_by_nobody),
    ("log_kept", short_log),
    ("retention_current", short_ledger), ("retention_current", old_worklist),
    ("roles_bounded", long_role), ("roles_expire", used_after_the_end),
    ("certificates", certificate_gone), ("certificates", certificate_text_changed), ("certificates", certificate_rows_changed),
    ("certificates", erasure_begun),
    ("copy_checked", copy_never_checked),
    ("kernels_sealed", unsealed),
    ("contracts_lock", unlocked_contract),
    ("items_explained", item_without_reason), ("items_explained", kind_without_contract),
    ("outputs_anonymous", lot_released),
    ("small_counts_withheld", lower_threshold),
    ("covid_nobody", covid_exact),
)  # fmt: skip


@pytest.mark.parametrize(("check", "plant"), PLANTS, ids=[f"{check}-{plant.__name__}" for check, plant in PLANTS])
def test_a_planted_break_is_found(office: Config, check: str, plant: Plant) -> None:
    plant(office)
    ground = ground_of(office)
    assert examination._run(CHECKS[check], ground).result == BROKEN


def test_public_releases_that_betray_one_another_are_found(office: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examined, "prove_public", lambda *_, **__: Proof((Finding("error", "R1", "tells"),), 1, 0.1))
    assert results(ground_of(office))["public_proof"] == BROKEN


def test_a_release_made_while_the_audit_looked_is_no_break(office: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    passing = iter([(Finding("error", "access.jsonl", "line 9 names a release"),), ()])
    monkeypatch.setattr(examined, "audit_records", lambda _: next(passing))
    assert CHECKS["access_log"](ground_of(office)).result == KEPT


def test_an_intake_that_let_individual_numbers_in_would_be_found(office: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CHECKS["individual_numbers"](ground_of(office)).result == KEPT
    monkeypatch.setattr(IndividualNumberWatch, "look", lambda *_: None)
    assert CHECKS["individual_numbers"](ground_of(office)).result == BROKEN
    assert pl.Series(examine_rules._INVENTED).str.starts_with("000000000").all()


def test_a_promised_use_without_its_measures_is_found(office: Config) -> None:
    found = results(ground_of(office, engine=ToyEngine()))
    assert {name for name, result in found.items() if name.startswith("use_") and result == BROKEN} == {
        "use_annual_return", "use_coverage", "use_payments", "use_errors", "use_other_wards",
    }  # fmt: skip


def test_a_year_without_an_examination_is_found(office: Config, tmp_path: Path) -> None:
    log = AccessLog(tmp_path, clock=lambda: datetime(2024, 6, 1, tzinfo=UTC))
    log.record(CALLER, request={"op": "compliance"}, outcome=EXAMINED)
    assert CHECKS["yearly_check"](ground_of(office, log=log)).result == BROKEN
    AccessLog(tmp_path, clock=lambda: datetime(2025, 12, 1, tzinfo=UTC)).record(CALLER, request={}, outcome=EXAMINED)
    assert CHECKS["yearly_check"](ground_of(office, log=log)).result == KEPT


def test_a_copy_checked_since_its_delivery_is_kept(office: Config) -> None:
    copy_never_checked(office)
    _release(office, "shared_copy_check", "internal")
    assert CHECKS["copy_checked"](ground_of(office)).result == KEPT


def test_a_check_that_cannot_be_made_is_not_kept(office: Config) -> None:
    def failing(ground: Ground) -> Any:
        raise ZeroDivisionError

    assert examination._run(failing, ground_of(office)).result == BROKEN


def test_statistics_count_acts_by_quarter_profile_and_kind(sound: Config) -> None:
    data = examine(ground_of(sound)).as_data()
    statistics: Any = data["statistics"]
    assert [row[:3] for row in statistics["releases"]] == [["covid_doses", "internal", 1], ["residents", "public", 1]]
    assert statistics["months"] == [[202611, "internal", 1], [202611, "public", 1]]
    assert statistics["refusals"] == [[202611, "UsageError", 1]]
    ((year, quarter, releases, *rest),) = statistics["quarters"]
    assert (year, quarter, releases, rest[2:6]) == (2026, 3, 2, [1, 0, 1, 0])


def test_open_points_name_roles_and_tables_never_users(office: Config) -> None:
    with (office.root / "daicho.toml").open("a", encoding="utf-8") as file:
        file.write(grant("hanako", "analyst", "2026-12-31") + grant("taro", "officer", "2026-01-31"))
    old_worklist(office)
    points: Any = examine(ground_of(office)).as_data()["open_points"]
    kinds = {(point["kind"], point["subject"], point["day"]) for point in points}
    assert {
        ("overdue", "worklists", ""),
        ("no_backup", "", ""),
        ("role_ending", "analyst", "2026-12-31"),
        ("role_ended", "officer", ""),
    } <= kinds
    assert ("illustrative", "price_list", "") in kinds


def test_the_answer_holds_no_user_no_purpose_no_file_of_an_extract_and_no_row(sound: Config) -> None:
    text = json.dumps(examine(ground_of(sound)).as_data(), ensure_ascii=False)
    for word in (ME, "試験", "検討", "resident.csv", "vaccination.csv", PERSON, "desk", "run-1"):
        assert f'"{word}' not in text and f" {word}" not in text
    assert len(text) < HEADER_LIMIT


def raw_answer(client: GateClient, request: dict[str, Any]) -> dict[str, Any]:
    send_frame(client.connection, request)
    return receive_frame(client.connection, header_limit=HEADER_LIMIT, body_limit=BODY_LIMIT).header


def toy(tmp_path: Path, *roles: str) -> Config:
    return make_toy(tmp_path, roles="".join(grant(ME, role, "2027-03-31") for role in roles))


def test_an_officer_at_the_command_line_may_ask_and_the_log_says_so(tmp_path: Path) -> None:
    config = toy(tmp_path, "officer")
    with serving(config) as _, GateClient.connect(config) as client:
        assert client.compliance(purpose="年次点検")["checks"].keys() == CHECKS.keys()
        with pytest.raises(UsageError, match="purpose"):
            client.compliance()
    last = list(AccessLog(config.log_dir, clock=lambda: NOON).entries())[-2]
    assert (last["request"], last["outcome"], last["purpose"]) == ({"op": "compliance"}, EXAMINED, "年次点検")


@pytest.mark.parametrize("role", ["analyst", "report_runner"])
def test_others_at_the_command_line_may_not(tmp_path: Path, role: str) -> None:
    config = toy(tmp_path, role)
    with serving(config), GateClient.connect(config) as client, pytest.raises(DisclosureError, match="officer"):
        client.compliance(purpose="点検")


@pytest.mark.parametrize(("role", "may"), [("analyst", False), ("report_runner", True), ("officer", True)])
def test_a_kernel_may_ask_under_the_role_its_launch_names(tmp_path: Path, role: str, may: bool) -> None:
    config = toy(tmp_path, "analyst", "report_runner", "officer")
    with serving(config), GateClient.connect(config) as admin, launched(config, admin, role=role) as kernel:
        if may:
            assert kernel.compliance()["checks"]
        else:
            with pytest.raises(UsageError, match=NOT_IN_VOCABULARY.split(":")[0]):
                kernel.compliance()


def test_a_grant_that_ended_while_the_kernel_ran_gives_nothing(tmp_path: Path) -> None:
    config = make_toy(tmp_path, roles=grant(ME, "officer", "2026-11-24"))
    now = [NOON]
    with serving(config, clock=lambda: now[0]), GateClient.connect(config) as admin, launched(config, admin, role="officer") as kernel:
        now[0] = datetime(2026, 11, 25, tzinfo=UTC)
        with pytest.raises(UsageError):
            kernel.compliance()


texts = st.one_of(st.text(max_size=20), st.sampled_from(["purpose", "snapshot", "measure", "check", "user", "where", "by", "run_id"]))
values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.lists(st.text(max_size=5), max_size=3))


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    config = toy(tmp_path_factory.mktemp("fuzz"), "analyst", "officer")
    with serving(config), GateClient.connect(config) as admin:
        yield config, admin


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(more=st.dictionaries(texts, values, max_size=4), role=st.sampled_from(["analyst", "officer"]))
def test_nothing_can_be_chosen_and_every_other_key_is_refused(gate: Any, more: dict[str, Any], role: str) -> None:
    config, admin = gate
    with launched(config, admin, role=role) as kernel:
        answer = raw_answer(kernel, {**more, "op": "compliance"})
    if role == "analyst" or not set(more) <= {"purpose", "op"}:
        assert (answer["outcome"], answer["message"]) == ("refused", NOT_IN_VOCABULARY)
    elif answer["outcome"] == "done":
        assert set(answer["result"]) == {"at", "checks", "statistics", "open_points"}
        assert answer["result"]["checks"].keys() == CHECKS.keys()

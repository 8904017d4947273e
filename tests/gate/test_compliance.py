"""The gate examines itself: every check finds a planted break, a sound workspace has none, and nobody learns anything else by asking."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.conftest import TODAY, WARD_SMALL, make_workspace
from tests.gate import compliance_plants as plants
from tests.gate.compliance_plants import CALLER, ME, NOON, PERSON, Plant
from tests.gate.toy import ToyEngine, grant, launched, serving

from daicho.core.config import Config, load_config
from daicho.core.errors import UsageError
from daicho.gate import examination, examine_rules, examined
from daicho.gate.access_log import AccessLog
from daicho.gate.audit import Finding, Proof
from daicho.gate.client import GateClient
from daicho.gate.examination import CHECKS, examine
from daicho.gate.examined import BROKEN, EXAMINED, KEPT, NOT_APPLICABLE, Ground
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.profiles import load_disclosure
from daicho.gate.protocol import HEADER_LIMIT
from daicho.gate.release_ledger import ReleaseLedger
from daicho.gate.retention import erase_persons
from daicho.intake.individual_numbers import IndividualNumberWatch
from daicho.intake.load import take_in


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


PLANTS: tuple[tuple[str, Plant], ...] = (
    ("encrypted", plants.plain_segment), ("encrypted", plants.other_file), ("encrypted", plants.segment_gone),
    ("pseudonymised", plants.name_column), ("pseudonymised", plants.unknown_column), ("pseudonymised", plants.further_table),
        ("pseudonymised", plants.number_in_mart),
    ("scanner_index", plants.empty_index),
    ("keys_private", plants.open_key), ("keys_private", plants.open_key_folder),
    ("batches_registered", plants.unhashed_batch),
    ("entry_checked", plants.lost_rows), ("entry_checked", plants.quarantine_list_gone),
    ("access_log", plants.edited_log), ("access_log", plants.cut_log),
    ("release_ledger", plants.changed_release), ("public_proof", plants.changed_release),
    ("purposes", plants.use_without_purpose), ("purposes", plants.use_by_nobody),
    ("log_kept", plants.short_log),
    ("retention_current", plants.short_ledger), ("retention_current", plants.old_worklist),
    ("roles_bounded", plants.long_role), ("roles_expire", plants.used_after_the_end),
    ("certificates", plants.certificate_gone), ("certificates", plants.certificate_text_changed), ("certificates", plants.certificate_rows_changed),
    ("certificates", plants.erasure_begun),
    ("copy_checked", plants.copy_never_checked),
    ("kernels_sealed", plants.unsealed),
    ("contracts_lock", plants.unlocked_contract),
    ("items_explained", plants.item_without_reason), ("items_explained", plants.kind_without_contract),
    ("outputs_anonymous", plants.lot_released),
    ("small_counts_withheld", plants.lower_threshold),
    ("covid_nobody", plants.covid_exact),
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
    plants.copy_never_checked(office)
    plants.record_release(office, "shared_copy_check", "internal")
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
    plants.old_worklist(office)
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

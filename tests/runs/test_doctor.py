"""`daicho doctor`: a sound installation is well, and each thing that can be wrong is found and told with its remedy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.shell import daicho
from tests.conftest import ROOT, copy_unrecorded

from daicho.core.config import Config, load_config
from daicho.runs.doctor import ILL, WARNED, WELL, Diagnosis, examine_installation
from daicho.vault.catalog import VaultPaths

NOW = datetime(2026, 11, 30, 9)


@pytest.fixture
def office(ward: Config, tmp_path: Path) -> Config:
    config = copy_unrecorded(ward, tmp_path / "office")
    shutil.copytree(ROOT / "reports" / "templates", config.templates_dir)
    return config


def found(config: Config, *, now: datetime = NOW) -> dict[str, Diagnosis]:
    return {item.check: item for item in examine_installation(load_config(config.root), now=now)}


def test_a_sound_installation_is_well(office: Config) -> None:
    states = {name: item.state for name, item in found(office).items()}
    assert {name for name, state in states.items() if state == WARNED} <= {"keys", "disk"}  # no backup has been noted
    assert ILL not in states.values() and states["vault"] == states["seal"] == states["configuration"] == WELL
    done = daicho(office, "doctor", "--today", "2026-11-30")
    assert done.code == 0 and "backup" in done.out
    assert daicho(office, "key", "backed-up").code == 0 and found(office)["keys"].state == WELL


def _open_keys(config: Config) -> None:
    (config.key_dir / "vault.key").chmod(0o644)


def _lose_keys(config: Config) -> None:
    shutil.rmtree(config.key_dir)


def _lose_segment(config: Config) -> None:
    next(VaultPaths(config.vault_dir).segments.iterdir()).unlink()


def _damage_catalogue(config: Config) -> None:
    (config.vault_dir / "catalog.json").write_text("{", encoding="utf-8")


def _damage_list(config: Config) -> None:
    (config.contracts_dir / "reference" / "price_list.csv").write_text("a,b\n", encoding="utf-8")


def _damage_plan(config: Config) -> None:
    (config.pipelines_dir / "weekly_quality.toml").write_text("title", encoding="utf-8")


def _log_of_tomorrow(config: Config) -> None:
    from daicho.gate.access_log import AccessLog, Caller

    config.log_dir.mkdir(exist_ok=True, mode=0o700)
    log = AccessLog(config.log_dir, clock=lambda: (NOW + timedelta(days=1)).astimezone())
    log.record(Caller(uid=1, user="u", role="analyst", terminal=""), request={"op": "measure"}, outcome="released")


def _old_packages(config: Config) -> None:
    (config.root / "requirements.lock").write_text("click==0.0.1 \\\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("fault", "check", "remedy"),
    [
        (_open_keys, "owner and modes", "chmod"),
        (_lose_keys, "keys", "backup"),
        (_lose_segment, "vault", "backup"),
        (_damage_catalogue, "vault", ""),
        (_damage_list, "configuration", "daicho check"),
        (_damage_plan, "configuration", "daicho check"),
        (_log_of_tomorrow, "clock", "clock"),
        (_old_packages, "packages", "bootstrap"),
    ],
)
def test_what_is_wrong_is_found_and_told_with_its_remedy(office: Config, fault: Callable[[Config], None], check: str, remedy: str) -> None:
    fault(office)
    item = found(office)[check]
    assert item.state == ILL and remedy in item.remedy and item.remedy


def test_what_is_ill_ends_the_command_with_1_in_either_format(office: Config) -> None:
    _open_keys(office)
    done = daicho(office, "doctor", "--format", "json", "--today", "2026-11-30")
    assert done.code == 1 and "to mend" in done.sentence
    assert {told["check"]: told["state"] for told in json.loads(done.out)}["owner and modes"] == ILL


def test_what_only_waits_for_somebody_is_a_warning(workspace: Config) -> None:
    (workspace.reports_dir / "coverage" / ".20261130-a.20261130-a.partial").mkdir(parents=True)
    states = found(workspace, now=datetime(2026, 12, 25))
    assert {states[name].state for name in ("vault", "keys", "remains", "schedule")} == {WARNED}
    assert "daicho intake" in states["vault"].remedy and "partial" in states["remains"].remedy
    assert daicho(workspace, "doctor", "--today", "2026-12-25").code == 0


def test_an_overdue_schedule_asks_whether_it_is_installed(workspace: Config) -> None:
    item = found(workspace, now=datetime(2026, 12, 9, 9))["schedule"]
    assert item.state == WARNED and "schedule systemd" in item.remedy

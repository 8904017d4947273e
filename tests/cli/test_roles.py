"""Who may ask what: roles of daicho.toml as they act on the command line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.cli.shell import Outcome, daicho

from daicho.core.config import Config, load_config
from daicho.core.errors import UsageError
from daicho.gate.roles import user_name

ME = user_name(os.getuid())
NOW = date.today()  # the gate reads the machine's clock
COUNTS = ("query", "annual_counts", "--by", "vaccine", "--fiscal-year", "2025", "--format", "csv")
Grant = Callable[..., Config]


@pytest.fixture
def grant(ward: Config, tmp_path: Path) -> Grant:
    """The small ward, with one role granted."""

    def make(role: str, *, user: str = ME, until: date = NOW + timedelta(days=30)) -> Config:
        shutil.copytree(ward.root, tmp_path / "office", ignore=shutil.ignore_patterns("reports"))
        settings = tmp_path / "office" / "daicho.toml"
        block = f'\n[[roles]]\nuser = "{user}"\nrole = "{role}"\nvalid_until = {until}\n'
        settings.write_text(settings.read_text(encoding="utf-8") + block, encoding="utf-8")
        return load_config(tmp_path / "office")

    return make


def asked(config: Config, profile: str) -> Outcome:
    return daicho(config, *COUNTS, "--profile", profile)


def test_an_analyst_asks_for_internal_and_public_alone(grant: Grant) -> None:
    config = grant("analyst")
    assert [asked(config, profile).code for profile in ("internal", "public")] == [0, 0]
    refused = asked(config, "statutory")
    assert (refused.code, refused.out) == (3, "") and "statutory" in refused.sentence and ME in refused.sentence
    assert asked(config, "settlement").code == 3


@pytest.mark.parametrize("role", ["report-runner", "report_runner"])
def test_a_report_runner_is_known_by_either_spelling(grant: Grant, role: str) -> None:
    config = grant(role)
    assert [item.role for item in config.roles] == ["report_runner"]


def test_an_officer_asks_for_everything(grant: Grant) -> None:
    config = grant("officer")
    assert [asked(config, profile).code for profile in ("internal", "public", "statutory")] == [0, 0, 0]


@pytest.mark.parametrize(("user", "days"), [(ME, -1), ("somebody-else", 30)])
def test_an_expired_or_missing_role_is_refused(grant: Grant, user: str, days: int) -> None:
    config = grant("officer", user=user, until=NOW + timedelta(days=days))
    refused = asked(config, "internal")
    assert (refused.code, refused.out) == (3, "") and "[[roles]]" in refused.sentence


def test_a_grant_holds_on_its_last_day(grant: Grant) -> None:
    assert asked(grant("officer", until=NOW), "internal").code == 0


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('role = "chief"\nvalid_until = 2027-03-31', "report-runner"),
        ('role = "officer"', "valid_until"),
        ('role = "officer"\nvalid_until = "2027-03-31"', "must be a date"),
        ('role = "officer"\nvalid_until = 2027-03-31T00:00:00', "must be a date"),
    ],
)
def test_a_wrong_grant_is_told_by_its_block(workspace: Config, line: str, sentence: str) -> None:
    settings = workspace.root / "daicho.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + f'\n[[roles]]\nuser = "{ME}"\n{line}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=rf"block 1.*{sentence}"):
        load_config(workspace.root)
    assert daicho(workspace, "key", "status").code == 2

"""`daicho worklist`: what a clerk gives and gets, and who is refused."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.cli.shell import daicho
from tests.conftest import WARD_SMALL

from daicho.core.config import Config, load_config
from daicho.gate.roles import user_name

ME = user_name(os.getuid())
NOW = date.today()  # the gate reads the machine's clock
REMINDERS = ("worklist", "reminders", "--where", "vaccine=MR", "--where", "dose=1期", "--as-of", "2025-10-01")
Grant = Callable[..., Config]


@pytest.fixture
def grant(ward: Config, tmp_path: Path) -> Grant:
    """The small ward in a copy of its own; with a role granted where one is named."""

    def make(role: str = "", *, until: date = NOW + timedelta(days=30)) -> Config:
        shutil.copytree(ward.root, tmp_path / "office", ignore=shutil.ignore_patterns("reports", "worklists", "log"))
        settings = tmp_path / "office" / "daicho.toml"
        block = f'\n[[roles]]\nuser = "{ME}"\nrole = "{role}"\nvalid_until = {until}\n' if role else ""
        settings.write_text(settings.read_text(encoding="utf-8") + block, encoding="utf-8")
        return load_config(tmp_path / "office")

    return make


def test_a_list_is_named_and_counted_and_holds_pointers_alone(grant: Grant) -> None:
    config = grant("report-runner")
    made = daicho(config, *REMINDERS, "--purpose", "勧奨はがき")
    assert made.code == 0, made.err
    path, said = made.out.splitlines()
    assert re.fullmatch(r"[0-9,]+ entries", said)
    assert re.fullmatch(rf"{config.worklists_dir}/reminders-\d{{4}}-\d\d-\d\d-[0-9a-f]{{8}}\.csv", path)
    lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "source_file,line,reason,class" and len(lines) - 1 == int(said.split()[0].replace(",", ""))
    assert all(re.fullmatch(r"resident\.csv,[0-9]+,MR-1,[a-z0-9_]+", line) for line in lines[1:])
    physical = (WARD_SMALL / "resident.csv").read_bytes().decode("cp932").split("\n")
    everything = made.out + made.err + "\n".join(lines) + (config.log_dir / "access.jsonl").read_text(encoding="utf-8")
    people = [physical[int(line.split(",")[1]) - 1].split(",") for line in lines[1:]]
    assert not [cell for row in people for cell in row[:5] if cell in everything]
    assert "勧奨はがき" in everything


def test_json_says_the_same(grant: Grant) -> None:
    made = daicho(grant(), "worklist", "holds", "--month", "202504", "--as-of", "2026-03-31", "--format", "json")
    data = made.data()
    assert made.code == 0 and set(data) == {"file", "path", "rows", "fewer_than"}
    assert Path(data["path"]).name == data["file"] and Path(data["path"]).is_file()


def test_few_entries_are_not_counted_and_none_are_none(grant: Grant) -> None:
    config = grant()
    few = daicho(
        config, "worklist", "holds", "--month", "202504", "--as-of", "2026-03-31", "--where", "reason=DUPLICATE", "--where", "vaccine=BCG"
    )
    none = daicho(config, "worklist", "holds", "--month", "199001")
    assert few.out.splitlines()[1] in ("entries of fewer than 10 persons", "0 entries")
    assert (none.code, none.out.splitlines()[1]) == (0, "0 entries")
    assert Path(none.out.splitlines()[0]).read_text(encoding="utf-8-sig").splitlines() == ["source_file,line,reason,class"]


@pytest.mark.parametrize(("role", "days"), [("analyst", 30), ("officer", -1), ("report-runner", -1)])
def test_an_analyst_and_an_expired_role_are_refused(grant: Grant, role: str, days: int) -> None:
    config = grant(role, until=NOW + timedelta(days=days))
    refused = daicho(config, *REMINDERS)
    assert (refused.code, refused.out) == (3, "") and "[[roles]]" in refused.sentence and ME in refused.sentence
    assert not config.worklists_dir.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "there are reminders, holds"),
        (["reminders", "--where", "vaccine=MR"], "--where dose="),
        (["reminders", "--where", "vaccine=MR", "--where", "dose=1期", "--where", "district=shiba"], "no filter district"),
        (["reminders", "--where", "vaccine=MR", "--where", "dose=1期", "--month", "202504"], "takes no parameter month"),
        (["reminders", "--where", "vaccine=MR", "--where", "dose=1期", "--as-of", "soon"], "must be a date"),
        (["holds"], "needs the parameter month"),
        (["holds", "--month", "202504", "-p", "x"], "NAME=VALUE"),
        ([], "Missing argument"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_2(ward: Config, arguments: list[str], said: str) -> None:
    refused = daicho(ward, "worklist", *arguments)
    assert (refused.code, refused.out) == (2, "") and said in refused.sentence


@pytest.mark.parametrize(
    "arguments", [["reminders", "--where", "vaccine=山田", "--where", "dose=1期"], ["holds", "--month", "202513"]], ids=["filter", "month"]
)
def test_a_word_the_gate_does_not_know_is_exit_2_and_in_no_log(grant: Grant, arguments: list[str]) -> None:
    config = grant()
    refused = daicho(config, "worklist", *arguments)
    assert (refused.code, refused.out) == (2, "") and "daicho worklist --help" in refused.sentence
    assert "山田" not in (config.log_dir / "access.jsonl").read_text(encoding="utf-8")


def test_without_a_vault_it_ends_with_exit_5(workspace: Config) -> None:
    refused = daicho(workspace, *REMINDERS)
    assert (refused.code, refused.out) == (5, "") and "key" in refused.sentence


def test_an_older_snapshot_may_be_asked_and_one_that_never_was_is_refused(grant: Grant) -> None:
    config = grant()
    assert daicho(config, *REMINDERS, "--snapshot", "1").code == 0
    assert daicho(config, *REMINDERS, "--snapshot", "9").code == 5

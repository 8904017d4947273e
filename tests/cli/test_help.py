"""Every command and option of the manual exists and explains itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.cli.shell import daicho, every_command

from daicho.core.config import Config

COMMANDS = every_command()
PROMISED = {
    "demo": ("--persons", "--seed", "--out"),
    "synth": ("--persons", "--seed", "--until", "--encoding", "--faults"),
    "intake": ("--kind", "--dry-run", "--format"),
    "measures": ("--format",),
    "query": ("--by", "--where", "--fiscal-year", "--as-of", "--snapshot", "--profile", "--purpose", "--format", "-o"),
    "worklist": ("--where", "--as-of", "--month", "-p", "--snapshot", "--purpose", "--format"),
    "report": ("-p", "--profile", "--out"),
    "run": ("--on", "--due"),
    "schedule": (),
    "lab": (),
    "gate": (),
    "scan": (),
    "audit": ("--format",),
    "key new": (),
    "key status": (),
    "check": (),
}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_works_everywhere_and_shows_an_example(words: tuple[str, ...], option: str) -> None:
    shown = daicho(None, *words, option)
    assert shown.code == 0 and not shown.err
    assert re.search(rf"Example: daicho {words[0]}", shown.out)


@pytest.mark.parametrize("command", PROMISED)
def test_every_promised_option_is_in_the_help(command: str) -> None:
    shown = daicho(None, *command.split(), "--help").out
    assert [option for option in PROMISED[command] if not re.search(rf"(^|\s){option}\b", shown)] == []


def test_the_first_help_lists_every_command() -> None:
    shown = daicho(None, "--help").out
    assert all(re.search(rf"^  {words[0]} ", shown, re.MULTILINE) for words in COMMANDS if len(words) == 1)


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["query"], ["query", "--nothing"], ["intake"], ["schedule", "never"], ["--today", "soon", "check"]]
)
def test_a_wrong_command_line_is_one_sentence_and_exit_2(arguments: list[str]) -> None:
    refused = daicho(None, *arguments)
    assert (refused.code, refused.out, len(refused.err.splitlines())) == (2, "", 1)
    assert "Traceback" not in refused.err


def test_a_folder_that_is_no_workspace_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAICHO_WORKSPACE", str(tmp_path))
    refused = daicho(None, "key", "status")
    assert refused.code == 2 and str(tmp_path) in refused.sentence and "--workspace" in refused.sentence


def test_the_workspace_may_be_named_before_after_or_by_the_environment(workspace: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    by_option = daicho(workspace, "schedule", "list")
    assert by_option.code == 0 and "monthly_payments" in by_option.out
    assert daicho(None, "schedule", "list", "--workspace", workspace.root) == by_option
    monkeypatch.setenv("DAICHO_WORKSPACE", str(workspace.root))
    assert daicho(None, "schedule") == by_option


def test_the_catalogue_is_for_people_and_for_machines(workspace: Config) -> None:
    names = [line.split()[0] for line in daicho(workspace, "measures").out.splitlines()]
    cards = daicho(workspace, "measures", "--format", "json").data()
    assert [card["name"] for card in cards] == names
    card = daicho(workspace, "measures", "coverage_cohort", "--format", "json").data()
    assert card["required_filters"] == ["vaccine", "dose"]
    refused = daicho(workspace, "measures", "coverage")
    assert refused.code == 2 and "coverage_cohort" in refused.sentence

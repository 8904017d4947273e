"""`daicho`: the command line."""

from __future__ import annotations

import importlib
import sys

import click

from daicho.cli.frame import DaichoGroup, run_command
from daicho.core.dumps import forbid_dumps

# Command → module that holds it; a command's module is imported only when it is called, so that `--help` and small commands start fast.
COMMANDS = {
    "demo": "demo",
    "synth": "extracts",
    "intake": "extracts",
    "measures": "ask",
    "query": "ask",
    "worklist": "worklist",
    "close": "close",
    "report": "reports",
    "submit": "submit",
    "run": "plans",
    "schedule": "plans",
    "index": "plans",
    "lab": "serve",
    "gate": "serve",
    "scan": "govern",
    "audit": "govern",
    "release": "release",
    "retention": "retention",
    "key": "govern",
    "protect": "protect",
    "attack": "protect",
    "check": "check",
    "doctor": "doctor",
    "check-table": "check_table",
}


class LazyGroup(DaichoGroup):
    """Finds commands by the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"daicho.cli.{COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="daicho", prog_name="daicho")
def cli() -> None:
    """台帳: reports from an immunization ledger that let no identifier out.

    Example: daicho demo
    """


def main() -> None:
    """Entry point of the `daicho` command. Intake holds extracts in memory: no crash may write them to a file."""
    forbid_dumps()
    sys.exit(run_command(cli))

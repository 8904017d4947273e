"""The command line as a user meets it: arguments in; exit code, standard output and standard error out."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from tests.conftest import TODAY

from daicho.cli.frame import run_command
from daicho.cli.main import cli
from daicho.core.config import Config

PROGRAM = Path(sys.executable).parent / "daicho"


@dataclass(frozen=True)
class Outcome:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line of an error, without its prefix."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("daicho: ")]
        return line.removeprefix("daicho: ")

    def data(self) -> Any:
        return json.loads(self.out)


def daicho(config: Config | None, *arguments: object) -> Outcome:
    """Run a command in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    where = ["--workspace", str(config.root)] if config is not None else []
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command(cli, [*where, "--today", TODAY.isoformat(), *map(str, arguments)])
    written = out.buffer
    assert isinstance(written, io.BytesIO)
    return Outcome(code, written.getvalue().decode("utf-8"), err.getvalue())


def program(config: Config, *arguments: object, **options: Any) -> Outcome:
    """Run the installed program in a process of its own."""
    done = subprocess.run(
        [PROGRAM, "--workspace", config.root, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def every_command(group: click.Group = cli, path: tuple[str, ...] = ()) -> Mapping[tuple[str, ...], click.Command]:
    """All commands and groups by the words that name them."""
    found: dict[tuple[str, ...], click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found[*path, name] = command
        if isinstance(command, click.Group):
            found |= every_command(command, (*path, name))
    return found

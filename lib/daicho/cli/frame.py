"""What every command shares: workspace, today, debug, and how errors reach the user."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click

from daicho.core.config import Config, load_config
from daicho.core.errors import DaichoError


@dataclass
class Session:
    """Options that may stand before or after the command's name."""

    workspace: Path | None = None
    today: date | None = None
    debug: bool = False

    def config(self) -> Config:
        return load_config(self.workspace)

    def day(self) -> date:
        """The project's today: given by --today, else the machine's date, read here and nowhere else."""
        return self.today or date.today()

    def moment(self) -> datetime:
        """Until when schedules are kept: the end of a day that was given, else the machine's time of day."""
        return datetime.combine(self.today, time.max) if self.today else datetime.now()


def _remember(name: str) -> Any:
    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        session = context.find_root().ensure_object(Session)
        if value is not None and value is not False:
            setattr(session, name, value)

    return callback


def _day(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    try:
        context.find_root().ensure_object(Session).today = date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("give a date such as 2026-04-01") from None


def _common_options() -> list[click.Option]:
    return [
        click.Option(
            ["--workspace"],
            type=click.Path(path_type=Path),
            expose_value=False,
            callback=_remember("workspace"),
            help="Workspace folder (holds daicho.toml).",
        ),
        click.Option(["--today"], expose_value=False, callback=_day, metavar="DATE", help="Take this day as today."),
        click.Option(
            ["--debug"], is_flag=True, expose_value=False, callback=_remember("debug"), help="Show where an error arose (no values)."
        ),
    ]


class DaichoCommand(click.Command):
    """A command that also takes the common options after its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_common_options())


class DaichoGroup(click.Group):
    """A group whose commands take the common options anywhere, and whose errors are one sentence and an exit code."""

    command_class = DaichoCommand

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_common_options())


DaichoGroup.group_class = DaichoGroup


def run_command(group: click.Group, arguments: list[str] | None = None) -> int:
    """Run the command line; give its exit code. Unexpected errors show their class and place, never their text or values."""
    session = Session()
    shown: Exception
    try:
        result = group.main(args=arguments, prog_name="daicho", standalone_mode=False, obj=session)
        return result if isinstance(result, int) else 0
    except DaichoError as error:
        message, code, shown = str(error), error.exit_code, error
    except click.UsageError as error:
        message, code, shown = error.format_message() + _hint(error), 2, error
    except (click.exceptions.Abort, KeyboardInterrupt):
        message, code, shown = "interrupted; nothing was left half-written.", 130, click.exceptions.Abort()
    except click.ClickException as error:
        message, code, shown = error.format_message(), 2, error
    except BrokenPipeError:
        return 0
    except OSError as error:
        message, code, shown = _refused_by_system(error), 5, error
    except Exception as error:
        message = f"an unexpected error of class {type(error).__name__} arose; run again with --debug to see where, and report it."
        code, shown = 1, error
    click.echo(f"daicho: {message}", err=True)
    if session.debug:
        click.echo(_places(shown), err=True)
    return code


def _hint(error: click.UsageError) -> str:
    return f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""


def _refused_by_system(error: OSError) -> str:
    where = f"{error.filename} cannot be read or written" if error.filename else "a file cannot be read or written"
    return f"{where} ({error.strerror or type(error).__name__}): check its owner and mode, and the disk's free space."


def _places(error: BaseException) -> str:
    """The traceback without any text that could hold a value: files, lines, functions, error classes."""
    lines = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return "\n".join([*lines, type(error).__name__])


def is_terminal() -> bool:
    return sys.stderr.isatty()

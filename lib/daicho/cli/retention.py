"""`daicho retention`: what is past its period, and its erasure; erasure of one person on request."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.core.errors import UsageError

MOST_NUMBERS = 1000


@click.command(cls=DaichoCommand)
@click.option("--apply", "is_applied", is_flag=True, help="Erase it, from every snapshot and for good, and write a certificate.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Take periods as they stand on this day (default: today).")
@click.option(
    "--person-file",
    metavar="FILE",
    help="Erase the persons whose 宛名番号 stand in this file, one a line; `-` asks for them, or reads them from standard input.",
)
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def retention(session: Session, is_applied: bool, on: datetime | None, person_file: str | None, style: str) -> None:
    """What is past its retention period; --apply erases it and writes a certificate.

    Without --apply nothing is changed. Numbers of persons are never given on the command line, and never shown.

    Example: daicho retention --apply
    """
    from daicho.gate.retention import apply_retention, erase_persons, find_persons, list_due, require_officer, unfinished

    config, today = session.config(), session.day()
    require_officer(config, today=today)
    if on is not None and person_file is not None:
        raise UsageError("--on and --person-file do not go together: a person is erased as of now.")
    day = on.date() if on is not None else today
    if day > today:
        raise UsageError("--on lies in the future: what is not past yet is not erased.")
    numbers = _numbers(person_file) if person_file is not None else None
    certificates: Sequence[Path] = ()
    if is_applied:
        certificates = apply_retention(config, on=day, today=today) if numbers is None else erase_persons(config, numbers, today=today)
        counts = [item for path in certificates for item in json.loads(path.read_text(encoding="utf-8"))["erased"]]
    else:
        due = list_due(config, on=day) if numbers is None else find_persons(config, numbers)
        counts = [vars(count) for count in due.counts]
    if style == "json":
        click.echo(_as_json(counts, day=day, is_applied=is_applied, certificates=certificates))
        return
    for item in counts:
        click.echo(f"{item['table']}: {_year(item['fiscal_year'])}{item['rows']:,} rows")
    if not is_applied:
        if left := unfinished(config):
            click.echo(f"{left} erasure(s) were begun and not finished: `daicho retention --apply` finishes them.")
        nothing = f"nothing is past its retention period on {day}"
        click.echo("nothing was changed; --apply erases these rows." if counts else nothing)
    elif not certificates:
        click.echo(f"nothing is past its retention period on {day}")
    for path in certificates:
        click.echo(f"erased; certificate {path} (and {path.with_suffix('.txt').name})")
    if certificates:
        click.echo(
            "the vault key may have been replaced: back the keys up again, destroy the earlier backup, then run `daicho key backed-up`."
        )


def _as_json(counts: Sequence[Any], *, day: date, is_applied: bool, certificates: Sequence[Path]) -> str:
    body = {"on": day.isoformat(), "applied": is_applied, "rows": list(counts), "certificates": [str(path) for path in certificates]}
    return json.dumps(body, ensure_ascii=False)


def _year(year: int | None) -> str:
    return "" if year is None else f"fiscal {year}: "


def _numbers(source: str) -> list[str]:
    """The 宛名番号 in a file or from standard input; on a terminal they are asked for and not shown."""
    if source == "-" and sys.stdin.isatty():
        text = str(click.prompt("宛名番号 (separated by spaces)", hide_input=True))
    else:
        failed = False
        try:
            text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            failed = True
        if failed:
            raise UsageError(f"{source} cannot be read: give a text file (UTF-8) with one 宛名番号 a line.")
    numbers = text.split()
    # NFKC digits and letters, hyphens inside: anything else is a table or a name, not a list of numbers.
    if not numbers or len(numbers) > MOST_NUMBERS or not all(re.fullmatch(r"[\w\-－‐−]{1,20}", number) for number in numbers):
        raise UsageError(f"the list of persons must hold 1 to {MOST_NUMBERS} 宛名番号, one a line, and nothing else.")
    return numbers

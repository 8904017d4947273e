"""`daicho doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.core.errors import DataError


@click.command(cls=DaichoCommand)
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def doctor(session: Session, style: str) -> None:
    """What is wrong with this installation, and how to mend it. Changes nothing; exit code 1 when something must be mended.

    It looks at machine, environment, keys, vault, clock, configuration and schedule; `daicho audit` proves the records themselves.

    Example: daicho doctor
    """
    from daicho.runs.doctor import ILL, examine_installation

    found = examine_installation(session.config(), now=session.moment())
    if style == "json":
        click.echo(json.dumps([asdict(item) for item in found], ensure_ascii=False))
    else:
        for item in found:
            click.echo(f"{item.state:8}{item.check:17}{item.told}" + (f"\n{'':8}→ {item.remedy}" if item.remedy else ""))
    if ill := sum(item.state == ILL for item in found):
        raise DataError(f"{ill} thing(s) to mend; nothing was changed.")

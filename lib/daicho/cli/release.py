"""`daicho release`: what was published, whether it still stands, and withdrawing it. For officers."""

from __future__ import annotations

import json
from typing import Any

import click

from daicho.cli.frame import DaichoCommand, DaichoGroup, Session


@click.group(cls=DaichoGroup)
def release() -> None:
    """List recorded releases, and withdraw one.

    Example: daicho release list --profile public
    """


@release.command("list", cls=DaichoCommand)
@click.option("--profile", metavar="NAME", help="Only releases under this profile.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def list_releases(session: Session, profile: str | None, style: str) -> None:
    """List the releases in the ledger, and whether they stand, were superseded or withdrawn. For officers.

    Example: daicho release list --profile public
    """
    from daicho.gate.client import GateClient
    from daicho.gate.process import running_gate

    config = session.config()
    with running_gate(config), GateClient.connect(config) as client:
        found = client.releases(profile=profile)
    if style == "json":
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        click.echo(_line(each))
    click.echo(f"{len(found)} release(s)", err=True)


@release.command(cls=DaichoCommand)
@click.argument("release_id", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the release ledger.")
@click.pass_obj
def withdraw(session: Session, release_id: str, reason: str) -> None:
    """Record that a release is withdrawn. What was published stays known: later tables are still judged beside it. For officers.

    Example: daicho release withdraw R0123… --reason 訂正のため
    """
    from daicho.gate.client import GateClient
    from daicho.gate.process import running_gate

    config = session.config()
    with running_gate(config), GateClient.connect(config) as client:
        click.echo(_line(client.withdraw(release_id, reason=reason)))


def _line(entry: dict[str, Any]) -> str:
    state = entry["state"]
    if state == "withdrawn":
        state = f"withdrawn {entry['at'][:10]} by {entry['by']}: {entry['reason']}"
    elif state == "superseded":
        state = f"superseded by {entry['by_release']}"
    by = ",".join(entry["by"]) or "total"
    figures = f"{entry['suppressed_cells']} of {entry['cells']} withheld"
    return f"{entry['release_id']}  {entry['recorded_at'][:10]}  {entry['profile']}  {entry['measure']} by {by}  {figures}  {state}"

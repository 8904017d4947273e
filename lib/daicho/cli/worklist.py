"""`daicho worklist`: lines of the extracts that a clerk must look at, as a file in the workspace's worklists folder."""

from __future__ import annotations

import json

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.values import named_filters, pairs
from daicho.core.errors import UsageError


@click.command(cls=DaichoCommand)
@click.argument("name")
@click.option("--where", "filters", multiple=True, metavar="K=V[,V]", help="Filter by codes or labels; may be repeated, values add up.")
@click.option("--as-of", metavar="DATE", help="Day the list is for (default: today).")
@click.option("--month", type=int, metavar="YYYYMM", help="Month of payment (holds).")
@click.option("-p", "--param", "parameters", multiple=True, metavar="K=V", help="A further parameter, such as validity=valid (reminders).")
@click.option("--snapshot", type=int, metavar="N", help="Snapshot number; the newest by default.")
@click.option("--purpose", default="daicho worklist", help="Purpose of use, kept in the access log.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def worklist(
    session: Session,
    name: str,
    filters: tuple[str, ...],
    as_of: str | None,
    month: int | None,
    parameters: tuple[str, ...],
    snapshot: int | None,
    purpose: str,
    style: str,
) -> None:
    """Write a list of lines to look at in the source system: file, line, reason, class; never who or what stands there.

    NAME is reminders (residents without a stage whose window is open; needs --where vaccine=… and --where dose=…) or holds (claims held or
    rejected; needs --month). For officers and report runners.

    \b
    Example: daicho worklist reminders --where vaccine=MR --where dose=1期
             daicho worklist holds --month 202603
    """
    from daicho.gate.client import GateClient
    from daicho.gate.process import running_gate
    from daicho.measures import worklists
    from daicho.runs.asking import completed

    config = session.config()
    known = worklists()
    if name not in known:
        raise UsageError(f"there is no worklist {name}: there are {', '.join(known)}.")
    listed = known[name]
    where = named_filters(filters)
    for dimension in where:
        if dimension not in listed.filters:
            raise UsageError(f"{name} has no filter {dimension}; it has {', '.join(listed.filters)}.")
    if missing := [dimension for dimension in listed.required_filters if dimension not in where]:
        raise UsageError(f"{name} needs a filter on {missing[0]}: give --where {missing[0]}=….")
    given = pairs(parameters) | ({"month": str(month)} if month is not None else {})
    asked = completed(name, listed.parameters, as_of=as_of, fiscal_year=None, parameters=given, today=session.day())
    if lacking := [item.name for item in listed.parameters if item.required and item.name not in asked]:
        raise UsageError(f"{name} needs the parameter {lacking[0]}: give --{lacking[0]} (see `daicho worklist --help`).")
    refused: UsageError | None = None
    with running_gate(config), GateClient.connect(config) as client:
        try:
            made = client.worklist(name, where=where, snapshot=snapshot, purpose=purpose, **asked)
        except UsageError as error:
            refused = error
    if refused is not None:
        raise UsageError(_explained(name, str(refused), tuple(where)))
    path = config.worklists_dir / made["file"]
    if style == "json":
        click.echo(json.dumps({**made, "path": str(path)}, ensure_ascii=False))
        return
    click.echo(f"{path}")
    click.echo(f"entries of fewer than {made['fewer_than']} persons" if made["rows"] is None else f"{made['rows']:,} entries")


def _explained(name: str, refusal: str, filters: tuple[str, ...]) -> str:
    """The gate does not say which word it does not know."""
    from daicho.gate.request import NOT_IN_VOCABULARY

    if refusal != NOT_IN_VOCABULARY:
        return refusal
    values = f"the values of {', '.join(filters)} are the codes and labels in data_contracts/codelists; " if filters else ""
    return f"{name} has no such filter value, or a parameter is out of range: {values}see `daicho worklist --help`."

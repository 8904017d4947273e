"""`daicho measures` and `daicho query`: what can be asked, and one answer on the shell."""

from __future__ import annotations

import codecs
import io
import json
import sys
from pathlib import Path
from typing import Any

import click
import polars as pl

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.tables import plain_table
from daicho.cli.values import named_filters, pairs, write_whole
from daicho.core.errors import UsageError


@click.command(cls=DaichoCommand)
@click.argument("name", required=False)
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def measures(session: Session, name: str | None, style: str) -> None:
    """The catalogue: what can be asked, with which dimensions, filters and parameters.

    Example: daicho measures coverage_cohort
    """
    from daicho.measures import catalogue

    session.config()
    known = catalogue()
    if name is not None and name not in known:
        raise UsageError(f"there is no measure {name}: known measures are {', '.join(known)}.")
    from daicho.gate.ledger_engine import measure_card

    cards = [measure_card(known[item]) for item in ([name] if name else known)]
    if style == "json":
        click.echo(json.dumps(cards[0] if name else cards, ensure_ascii=False, indent=2))
    elif name:
        click.echo(_described(cards[0]))
    else:
        for card in cards:
            click.echo(f"{card['name']}  {card['title']}")


def _described(card: dict[str, Any]) -> str:
    lines = []
    for key, value in card.items():
        if isinstance(value, list | tuple):
            lines.append(f"{key}:")
            lines += [f"  {_one_line(item)}" for item in value]
        else:
            lines.append(f"{key}: {value}")
    return "\n".join(lines)


def _one_line(item: Any) -> str:
    return (
        ", ".join(f"{key} {value}" for key, value in item.items() if value not in (None, "", [], ()))
        if isinstance(item, dict)
        else str(item)
    )


@click.command(cls=DaichoCommand)
@click.argument("measure")
@click.option("--by", multiple=True, metavar="D1,D2", help="Dimensions of the table.")
@click.option("--where", "filters", multiple=True, metavar="K=V[,V]", help="Filter by codes or labels; may be repeated, values add up.")
@click.option("--fiscal-year", type=int, metavar="Y", help="Fiscal year, as 2025 for 令和7年度.")
@click.option("--as-of", metavar="DATE", help="Day the figures are for.")
@click.option("--month", type=int, metavar="YYYYMM", help="Month, where the measure takes one.")
@click.option("-p", "--param", "parameters", multiple=True, metavar="K=V", help="A further parameter of the measure; may be repeated.")
@click.option("--snapshot", type=int, metavar="N", help="Snapshot number; the newest by default.")
@click.option("--profile", help="Recipient profile: internal (default), public, statutory, settlement.")
@click.option("--purpose", default="daicho query", help="Purpose of use, kept in the access log.")
@click.option("--format", "style", type=click.Choice(["table", "csv", "json", "parquet"]), default="table", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to FILE; CSV then has a BOM.")
@click.pass_obj
def query(
    session: Session,
    measure: str,
    by: tuple[str, ...],
    filters: tuple[str, ...],
    fiscal_year: int | None,
    as_of: str | None,
    month: int | None,
    parameters: tuple[str, ...],
    snapshot: int | None,
    profile: str | None,
    purpose: str,
    style: str,
    output: Path | None,
) -> None:
    """One release on the shell.

    Example: daicho query coverage_cohort --by birth_fy --where vaccine=MR --where dose=1期 --as-of 2026-03-31
    """
    from daicho.gate.client import GateClient
    from daicho.gate.process import running_gate
    from daicho.runs.asking import with_defaults

    if style == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("parquet is binary: name a file with -o FILE.")
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"the folder {output.parent} does not exist: make it, or name another file with -o.")
    config = session.config()
    wanted = named_filters(filters)
    given = pairs(parameters) | ({"month": str(month)} if month is not None else {})
    asked = with_defaults(measure, as_of=as_of, fiscal_year=fiscal_year, parameters=given, today=session.day())
    with running_gate(config), GateClient.connect(config) as client:
        release = client.measure(
            measure,
            by=tuple(name.strip() for names in by for name in names.split(",") if name.strip()),
            where=wanted,
            snapshot=snapshot,
            profile=profile,
            purpose=purpose,
            **asked,
        )
    content = _rendered(release.frame, style)
    if output is None:
        click.echo(content, nl=False)
    else:
        write_whole(output, codecs.BOM_UTF8 + content if style == "csv" else content)
    facts = release.facts
    doubt = ", rests on reference data not verified" if facts.unverified else ""
    click.echo(
        f"{facts.release_id}: snapshot {facts.snapshot}, profile {facts.profile}, {facts.cells} values, {facts.suppressed_cells} suppressed{doubt}",
        err=True,
    )


def _rendered(frame: pl.DataFrame, style: str) -> bytes:
    if style == "parquet":
        written = io.BytesIO()
        frame.write_parquet(written)
        return written.getvalue()
    if style == "csv":
        return frame.write_csv().encode()
    if style == "json":
        return (json.dumps(frame.to_dicts(), ensure_ascii=False, indent=1, default=str) + "\n").encode()
    return plain_table(frame).encode()

"""`daicho protect` and `daicho attack`: the gate's engine for published tables, for any file."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.values import write_whole
from daicho.core.errors import DisclosureError, UsageError


def _names(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for names in items for name in names.split(",") if name.strip())


@click.command(cls=DaichoCommand)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--by", multiple=True, required=True, metavar="D1,D2", help="Dimensions of the table.")
@click.option("--count", metavar="COLUMN", help="Column of counts; without it every row is one person.")
@click.option("--of", metavar="COLUMN", help="Column of denominators: what --count is a part of.")
@click.option("--person", metavar="COLUMN", help="Count distinct values of this column, not rows.")
@click.option("--amount", metavar="COLUMN", help="Protect sums of this column of payments (needs --payee).")
@click.option("--payee", metavar="COLUMN", help="Who receives the payment of a row.")
@click.option("--known", multiple=True, metavar="D1,D2", help="Dimensions whose margins everybody knows; they are never withheld.")
@click.option("--profile", default="public", show_default=True, help="Profile whose rules hold.")
@click.option("--cost", type=click.Choice(["bits", "cells", "persons"]), default="bits", show_default=True, help="What withholding costs.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to FILE, with a BOM.")
@click.pass_obj
def protect(
    session: Session,
    file: Path,
    by: tuple[str, ...],
    count: str | None,
    of: str | None,
    person: str | None,
    amount: str | None,
    payee: str | None,
    known: tuple[str, ...],
    profile: str,
    cost: str,
    output: Path | None,
) -> None:
    """Withhold of a table what a profile asks for, and the cheapest further figures without which it could be computed.

    FILE is a CSV of persons (a row each), of counts, or of payments. The table is written with all its margins (計).

    Example: daicho protect doses.csv --by district,age --count vaccinated --of eligible -o public.csv
    """
    from daicho.cli.protected import Wanted, protected_file

    if (amount is None) != (payee is None) or (of and not count) or sum(map(bool, (count, person, amount))) > 1:
        raise UsageError("give one of --count (with --of), --person or --amount; --amount needs --payee.")
    wanted = Wanted(by=_names(by), count=count or "", of=of or "", person=person or "", amount=amount or "", payee=payee or "")
    made = protected_file(file, wanted=wanted, known=_names(known), profile=profile, cost=cost, config=session.config())
    content = made.frame.write_csv().encode()
    if output is None:
        click.echo(content, nl=False)
    else:
        write_whole(output, codecs.BOM_UTF8 + content)
    click.echo(made.summary, err=True)


@click.command(cls=DaichoCommand)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--by", multiple=True, metavar="D1,D2", help="Dimensions; by default the columns that are no figures.")
@click.option("--count", metavar="COLUMN", help="Column of counts that are parts of --of.")
@click.option("--of", metavar="COLUMN", help="Column of denominators.")
@click.option("--rate", metavar="COLUMN", help="Column of printed rates of --count to --of; by default the only column of fractions.")
@click.option("--sensitive-mark", metavar="MARK", help="How sensitive cells are marked; all other marks are their partners.")
@click.option("--absent", type=click.Choice(["zero", "unknown"]), default="zero", show_default=True, help="What a missing row means.")
@click.option("--profile", default="public", show_default=True, help="Profile whose promises are checked.")
@click.option("--amounts", is_flag=True, help="Figures are amounts, not whole persons.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def attack(
    session: Session,
    files: tuple[Path, ...],
    by: tuple[str, ...],
    count: str | None,
    of: str | None,
    rate: str | None,
    sensitive_mark: str | None,
    absent: str,
    profile: str,
    amounts: bool,
    style: str,
) -> None:
    """Attack finished tables: what every published number, in all FILES together, says of each withheld one (x, *, -, blank, *_status).

    Totals (計, 合計, Total) are margins. Ends with 3 when a figure can be computed, is surely below the threshold, or is told too closely.

    Example: daicho attack public.csv earlier.csv --by district,age
    """
    from daicho.cli.protected import attacked_files

    if bool(count) != bool(of) or (rate and not of):
        raise UsageError("--count and --of go together, and --rate needs both.")
    found = attacked_files(
        files,
        by=_names(by),
        count=count or "",
        of=of or "",
        rate=rate or "",
        sensitive_mark=sensitive_mark or "",
        absent_is_unknown=absent == "unknown",
        profile=profile,
        is_whole=not amounts,
        config=session.config(),
    )
    if style == "json":
        click.echo(json.dumps([item.as_data() for item in found], ensure_ascii=False))
    else:
        for item in found:
            click.echo(item.line())
    broken = sum(item.is_broken for item in found)
    if broken:
        raise DisclosureError(f"{broken} of {len(found)} withheld figures can be told: do not publish these tables.")
    if style != "json":
        click.echo(f"{len(found)} withheld figures, none told")

"""`daicho check-table`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.core.config import find_workspace
from daicho.core.errors import DataError, UsageError

_SAID = {
    "rate": "the rate does not recompute",
    "total": "the total does not add",
    "district": "the districts do not sum to the whole",
    "column_total": "the total column does not add",
}


def _contracts(session: Session) -> Path | None:
    """The contracts that say what an extract looks like; outside a workspace there are none."""
    try:
        find_workspace(session.workspace)
    except UsageError:
        if session.workspace is not None:
            raise
        return None
    return session.config().contracts_dir


@click.command("check-table", cls=DaichoCommand)
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--numerator", default="", metavar="COLUMN", help="Heading of the counts that a rate divides.")
@click.option("--denominator", default="", metavar="COLUMN", help="Heading of the counts that it divides by.")
@click.option("--rate", default="", metavar="COLUMN", help="Heading of the rate.")
@click.option("--total", multiple=True, metavar="LABEL", help="A row with this label is a total. May be given several times.")
@click.option("--by", multiple=True, metavar="COLUMN", help="A column of labels. May be given several times.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def check_table(
    session: Session, table: Path, numerator: str, denominator: str, rate: str, total: tuple[str, ...], by: tuple[str, ...], style: str
) -> None:
    """Check a small public table (CSV) of counts and rates against itself: which rates do not recompute, which totals do not add, which districts
    do not sum. Headings and totals are found by their usual names, Japanese or English, or named by the options. Needs no ledger.

    Example: daicho check-table 実施状況.csv --total 港区
    """
    from daicho.runs.published_table import Columns
    from daicho.runs.table_check import check_table as check

    columns = Columns(numerator=numerator, denominator=denominator, rate=rate, by=by, total=total)
    report = check(table, columns, contracts_dir=_contracts(session))
    if style == "json":
        body = {**asdict(report), "file": table.name, "contradictions": [asdict(each) for each in report.contradictions]}
        click.echo(json.dumps(body, ensure_ascii=False))
    else:
        for each in report.contradictions:
            click.echo(
                f"line {each.line}, {each.row}, {each.column}: {_SAID[each.kind]}: printed {each.printed}, recomputed {each.recomputed}"
            )
    if report.contradictions:
        raise DataError(f"{table.name} contradicts itself in {len(report.contradictions)} place(s).")
    if style != "json":
        click.echo(f"no contradiction: {report.rates_checked} rate(s) and {report.sums_checked} sum(s) recomputed")

"""`daicho submit`: freeze a return as sent, see what changed since, reprint it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.progress import line_progress
from daicho.core.errors import UsageError

if TYPE_CHECKING:
    from daicho.runs.submission_changes import Change
    from daicho.runs.submission_store import Submission


@click.command(cls=DaichoCommand)
@click.argument("name")
@click.option("--fiscal-year", type=int, required=True, metavar="Y", help="Fiscal year of the return (2025 is 令和7年度).")
@click.option(
    "--correct", "reason", default="", metavar="REASON", help="Submit a correction of what was submitted before, for this reason."
)
@click.option(
    "--reprint", "out", type=click.Path(path_type=Path), metavar="DIR", help="Copy the submitted files, byte for byte, into a new folder."
)
@click.option("--number", type=int, metavar="N", help="The submission to compare with or to reprint; the newest by default.")
@click.option("--list", "listed", is_flag=True, help="List the submissions of the return.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def submit(
    session: Session, name: str, fiscal_year: int, reason: str, out: Path | None, number: int | None, listed: bool, style: str
) -> None:
    """Submit a return: make it from the newest snapshot and freeze files, figures and hashes. For officers.

    Once submitted, the same command shows what changed since, row by row, with the batches of the ledger that changed it.

    \b
    Example: daicho submit annual_counts --fiscal-year 2025
             daicho submit annual_counts --fiscal-year 2025 --correct 他区実施分の到着
             daicho submit annual_counts --fiscal-year 2025 --reprint /tmp/as-submitted
    """
    from daicho.gate.roles import user_name
    from daicho.runs.submission_changes import changes_since
    from daicho.runs.submission_store import reprint, submissions
    from daicho.runs.submissions import submit as submit_return

    config = session.config()
    if sum((bool(reason), out is not None, listed)) > 1:
        raise UsageError("give one of --correct, --reprint and --list.")
    made = submissions(config, name, fiscal_year)
    if listed:
        _show_list(made, style)
    elif reason or not (made or out):
        with line_progress("提出") as progress:
            new = submit_return(
                config, name, fiscal_year, reason=reason, user=user_name(os.getuid()), today=session.day(), on_step=progress
            )
        _show_list([new], style)
    else:
        chosen = _chosen(made, number, name=name, fiscal_year=fiscal_year)
        if out is not None:
            click.echo(f"{reprint(config, chosen, out)}")
        else:
            _show_changes(changes_since(config, chosen, purpose=f"提出後の変更の確認 {fiscal_year}年度"), chosen, style)


def _chosen(made: list[Submission], number: int | None, *, name: str, fiscal_year: int) -> Submission:
    found = [submission for submission in made if number in (None, submission.number)]
    if not found:
        raise UsageError(f"{name} of {fiscal_year} has no submission {number or ''}".rstrip() + f": there are {len(made)}.")
    return found[-1]


def _show_list(made: list[Submission], style: str) -> None:
    if style == "json":
        click.echo(json.dumps([{**asdict(item), "digest": item.digest} for item in made], ensure_ascii=False))
        return
    for item in made:
        why = f"  correction: {item.reason}" if item.reason else ""
        click.echo(f"submission {item.number}  {item.submitted_on}  by {item.by}  snapshot {item.snapshot}  {item.digest[:16]}{why}")
    if not made:
        click.echo("nothing was submitted yet")


def _show_changes(changes: list[Change], submission: Submission, style: str) -> None:
    if style == "json":
        click.echo(json.dumps([asdict(change) for change in changes], ensure_ascii=False))
        return
    for change in changes:
        click.echo(f"{change.figure}  {change.label}  {change.submitted:,} → {change.now:,} ({change.now - change.submitted:+,})")
        for snapshot, batches, difference in change.causes:
            where = f"snapshot {snapshot}: {batches}" if snapshot else "reference data, method or erasure"
            click.echo(f"    {difference:+,}  {where}")
    said = f"submission {submission.number} of {submission.submitted_on}"
    click.echo(
        f"{len(changes)} figure(s) differ from {said}; submit a correction with --correct REASON"
        if changes
        else f"nothing differs from {said}"
    )

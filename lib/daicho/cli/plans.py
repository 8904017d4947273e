"""`daicho run`, `daicho schedule` and `daicho index`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.progress import line_progress
from daicho.core.config import Config
from daicho.core.errors import UsageError

if TYPE_CHECKING:
    from daicho.runs.due_runs import Outcome


@click.command(cls=DaichoCommand)
@click.argument("plan", required=False)
@click.option("--due", is_flag=True, help="Run what the schedule owes, catching up after downtime.")
@click.option("--on", "day", metavar="DATE", help="Run as on this day.")
@click.pass_obj
def run(session: Session, plan: str | None, due: bool, day: str | None) -> int:
    """Run a plan of pipelines/, or everything that is due; no period is ever run twice.

    With --due, plans whose extracts have not come yet wait (待機) and are run once these are taken in; one that fails does not stop the others, and
    is tried again by the next call. The exit code is that of the first failure, or 1 when the deadline of an extract is past.

    Example: daicho run monthly_payments --on 2026-04-10
    """
    if (plan is None) == (not due):
        raise UsageError("name one plan, or give --due.")
    config = session.config()
    if day is not None:
        session.today = _read_day(day)
    with line_progress("計画") as progress:
        if plan is not None:
            from daicho.runs.due_runs import run_plan
            from daicho.runs.plans import load_plans

            result = run_plan(load_plans(config), plan, config=config, today=session.day(), on_step=progress)
            click.echo(f"{result.folder / 'index.html'}")
            code = 0
        else:
            code = _tell(_run_due(config, session.moment(), progress))
    _write_index(config, session.moment())
    return code


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("--on takes a date such as 2026-04-10.") from None


def _run_due(config: Config, now: datetime, progress: Callable[[str], None]) -> list[Outcome]:
    from daicho.runs.due_runs import run_due
    from daicho.runs.office_days import office_days
    from daicho.runs.plans import load_plans

    return run_due(
        load_plans(config), config=config, office=office_days(config), now=now, clock=lambda: datetime.now().astimezone(), on_step=progress
    )


def _tell(outcomes: list[Outcome]) -> int:
    """Finished and waiting plans on standard output, failed and overdue ones on standard error."""
    for outcome in outcomes:
        if outcome.folder:
            click.echo(f"{outcome.folder / 'index.html'}")
        else:
            click.echo(f"daicho: {outcome.message}" if outcome.exit_code else outcome.message, err=bool(outcome.exit_code))
    if not outcomes:
        click.echo("nothing is due")
    return next((outcome.exit_code for outcome in outcomes if outcome.exit_code), 0)


@click.command(cls=DaichoCommand)
@click.argument("what", type=click.Choice(["list", "systemd", "cron"]), default="list")
@click.pass_obj
def schedule(session: Session, what: str) -> None:
    """What runs when, with the next dates; or unit files or crontab lines to install.

    Example: daicho schedule list
    """
    from daicho.runs.installing import crontab_lines, systemd_units

    config = session.config()
    if what == "list":
        _list(config, session.moment())
    else:
        click.echo(systemd_units(config) if what == "systemd" else crontab_lines(config))


def _list(config: Config, now: datetime) -> None:
    from daicho.runs.due_runs import owed_periods
    from daicho.runs.office_days import office_days
    from daicho.runs.plans import load_plans

    office = office_days(config)
    for plan in load_plans(config).values():
        coming = plan.next_due(after=now.date(), office=office)
        owed = owed_periods(plan, config=config, office=office, now=now)
        marks = {
            "owed": sum(not item.missing for item in owed),
            "待機": sum(bool(item.missing) for item in owed),
            "failed": sum(item.state.state == "failed" for item in owed),
        }
        told = "".join(f"  {name} {count}" for name, count in marks.items() if count)
        click.echo(f"{plan.name}  {plan.title}  next {coming.day if coming else '-'}{told}")


@click.command(cls=DaichoCommand)
@click.pass_obj
def index(session: Session) -> None:
    """Write the report index anew: what ran, failed, waits and comes, and every report with its versions. `daicho run` does so by itself.

    Example: daicho index
    """
    click.echo(_write_index(session.config(), session.moment()))


def _write_index(config: Config, now: datetime) -> Path:
    from daicho.runs.site.pages import write_site

    return write_site(config, now=now)

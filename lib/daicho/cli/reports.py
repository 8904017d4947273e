"""`daicho report`, `daicho run` and `daicho schedule`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.progress import line_progress
from daicho.cli.values import pairs
from daicho.core.errors import UsageError


@click.command(cls=DaichoCommand)
@click.argument("name")
@click.option("-p", "--param", "parameters", multiple=True, metavar="K=V", help="A parameter of the notebook; may be repeated.")
@click.option("--profile", help="Recipient profile; the report's own by default.")
@click.option("--purpose", default="", help="Purpose of use, kept in the access log; the report's title by default.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for runs instead of reports/out.")
@click.pass_obj
def report(session: Session, name: str, parameters: tuple[str, ...], profile: str | None, purpose: str, out: Path | None) -> None:
    """Make one report: its notebook through papermill in a sealed kernel, to HTML, PDF, CSV, XLSX and a manifest.

    Example: daicho report coverage -p fiscal_year=2025
    """
    from daicho.gate.process import gate_starting

    config = session.config()
    with gate_starting(config) as wait_for_gate:
        from daicho.runs.run import plan_job, run_reports

        job = plan_job(config, name, parameters=pairs(parameters), profile=profile, today=session.day())
        wait_for_gate()
        with line_progress("報告") as progress:
            result = run_reports(
                [job], name=name, config=config, today=session.day(), purpose=purpose or job.report.title("ja"), out=out, on_step=progress
            )
    click.echo(f"{result.folder / 'index.html'}")


@click.command(cls=DaichoCommand)
@click.argument("plan", required=False)
@click.option("--due", is_flag=True, help="Run what the schedule owes, catching up after downtime.")
@click.option("--on", "day", metavar="DATE", help="Run as on this day.")
@click.pass_obj
def run(session: Session, plan: str | None, due: bool, day: str | None) -> None:
    """Run a plan of pipelines/, or everything that is due; no period is ever run twice.

    Example: daicho run monthly_payments --on 2026-04-10
    """
    from daicho.runs.plans import load_plans, run_due, run_plan

    if (plan is None) == (not due):
        raise UsageError("name one plan, or give --due.")
    config = session.config()
    try:
        today = date.fromisoformat(day) if day else session.day()
    except ValueError:
        raise UsageError("--on takes a date such as 2026-04-10.") from None
    with line_progress("計画") as progress:
        if plan is not None:
            results = [run_plan(load_plans(config), plan, config=config, today=today, on_step=progress)]
        else:
            results = run_due(load_plans(config), config=config, today=today, on_step=progress)
    for result in results:
        click.echo(f"{result.folder / 'index.html'}")
    if not results:
        click.echo("nothing is due")


@click.command(cls=DaichoCommand)
@click.argument("what", type=click.Choice(["list", "systemd", "cron"]), default="list")
@click.pass_obj
def schedule(session: Session, what: str) -> None:
    """What runs when, with the next dates; or unit files or crontab lines to install.

    Example: daicho schedule list
    """
    from daicho.runs.installing import crontab_lines, systemd_units
    from daicho.runs.plans import load_plans, next_dates

    config = session.config()
    if what == "list":
        for plan, owed, coming in next_dates(load_plans(config), config=config, today=session.day()):
            click.echo(f"{plan.name}  {plan.title}  next {coming}" + (f"  owed {owed}" if owed else ""))
    else:
        click.echo(systemd_units(config) if what == "systemd" else crontab_lines(config))

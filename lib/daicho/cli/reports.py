"""`daicho report`."""

from __future__ import annotations

from pathlib import Path

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.progress import line_progress
from daicho.cli.values import pairs


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
    from daicho.kernels.runtime_dir import new_socket_dir
    from daicho.kernels.warm import warm_kernels

    config = session.config()
    # Gate and nursery load their libraries while this process loads its own.
    with gate_starting(config) as wait_for_gate, warm_kernels(new_socket_dir()) as nursery:
        from daicho.runs.jobs import plan_job
        from daicho.runs.run import run_reports

        job = plan_job(config, name, parameters=pairs(parameters), profile=profile, today=session.day())
        wait_for_gate()
        with line_progress("報告") as progress:
            result = run_reports(
                [job],
                name=name,
                config=config,
                today=session.day(),
                purpose=purpose or job.report.title("ja"),
                out=out,
                on_step=progress,
                nursery=nursery,
            )
    click.echo(f"{result.folder / 'index.html'}")

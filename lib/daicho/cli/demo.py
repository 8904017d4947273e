"""`daicho demo`: the whole path on invented people."""

from __future__ import annotations

from pathlib import Path

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.progress import line_progress


@click.command(cls=DaichoCommand)
@click.option("--persons", type=click.IntRange(100), default=20_000, show_default=True, help="Residents of the invented municipality.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same ledger.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder; must not exist or be empty. A new one under reports/out/demo by default."
)
@click.pass_obj
def demo(session: Session, persons: int, seed: int, out: Path | None) -> None:
    """Synthesise a ledger, take it in, and make every report (HTML, PDF, CSV, XLSX) in one run folder.

    Works in var/demo, a workspace of its own: the office's ledger is not touched.

    Example: daicho demo --persons 20000
    """
    from daicho.runs.demo import run_demo

    config = session.config()
    with line_progress("demo") as progress:
        result = run_demo(config, persons=persons, seed=seed, out=out.resolve() if out else None, today=session.day(), on_step=progress)
    click.echo(f"reports: {result.run.folder / 'index.html'}")
    click.echo(f"ask the demo's ledger: daicho --workspace {result.workspace} measures")

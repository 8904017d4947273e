"""`daicho lab` and `daicho gate`."""

from __future__ import annotations

import click

from daicho.cli.frame import DaichoCommand, Session


@click.command(cls=DaichoCommand)
@click.option("--port", type=int, help="Port on this machine; the one of daicho.toml by default.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser; print the address only.")
@click.pass_obj
def lab(session: Session, port: int | None, no_browser: bool) -> None:
    """Start the gate and JupyterLab with sealed kernels, reachable from this machine only.

    Example: daicho lab
    """
    from daicho.kernels.lab import run_lab

    config = session.config()
    run_lab(config, port=port or config.lab_port, open_browser=not no_browser)


@click.command(cls=DaichoCommand)
@click.pass_obj
def gate(session: Session) -> None:
    """Run the gate in the foreground, for a service manager.

    Example: daicho gate
    """
    from daicho.gate.__main__ import ledger_engine, serve

    config = session.config()
    serve(config, engine=ledger_engine(config))

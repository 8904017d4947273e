"""`daicho check`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.contracts.model import Finding
from daicho.core.config import CONFIG_FILE, find_workspace
from daicho.core.errors import DataError, UsageError


@click.command(cls=DaichoCommand)
@click.argument("extracts", nargs=-1, type=click.Path(path_type=Path))
@click.option("--mapping", "mappings", multiple=True, type=click.Path(path_type=Path), help="A vendor mapping file (codes or headers).")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def check(session: Session, extracts: tuple[Path, ...], mappings: tuple[Path, ...], style: str) -> None:
    """Check configuration, contracts, code lists, price lists, plans and notebooks. With EXTRACTS, also name every code in them that maps to nothing.

    Example: daicho check var/extracts --mapping vendor_codes.csv
    """
    findings = _findings(session, extracts, mappings)
    errors = [finding for finding in findings if finding.severity == "error"]
    if style == "json":
        body = [{"severity": finding.severity, "where": finding.where, "message": finding.message} for finding in findings]
        click.echo(json.dumps(body, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"{finding.severity}: {finding.where}: {finding.message}")
    if errors:
        raise DataError(f"{len(errors)} error(s) to mend; nothing was changed.")
    if style != "json":
        click.echo(f"no error, {len(findings)} note(s)")


def _findings(session: Session, extracts: Sequence[Path], mappings: Sequence[Path]) -> list[Finding]:
    """Everything found; where the configuration itself is wrong, that alone."""
    from daicho.runs.checking import check_extracts, check_workspace

    find_workspace(session.workspace)
    try:
        config = session.config()
    except UsageError as error:
        return [Finding("error", CONFIG_FILE, str(error))]
    findings = check_workspace(config)
    if extracts:
        findings += check_extracts(extracts, config=config, mappings=mappings)
    return findings

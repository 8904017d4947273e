"""`daicho synth` and `daicho intake`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from daicho.cli.frame import DaichoCommand, Session
from daicho.cli.progress import bytes_progress, line_progress


@click.command(cls=DaichoCommand)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--persons", type=click.IntRange(1), default=20_000, show_default=True, help="Residents at the end of the period.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--until", default="2026-03", show_default=True, metavar="YYYY-MM", help="Last month of the ledger.")
@click.option("--encoding", type=click.Choice(["cp932", "utf-8"]), default="cp932", show_default=True)
@click.option(
    "--faults",
    type=click.FloatRange(0, 0.5),
    default=0.0,
    show_default=True,
    help="Share of rows with a planted fault; the key is written too.",
)
@click.pass_obj
def synth(session: Session, folder: Path, persons: int, seed: int, until: str, encoding: str, faults: float) -> None:
    """Write a synthetic set of extracts into FOLDER. All people are invented.

    Example: daicho synth var/extracts --persons 20000 --seed 7
    """
    from daicho.synth import synthesise

    config = session.config()
    with line_progress("合成") as progress:
        report = synthesise(
            folder,
            persons=persons,
            seed=seed,
            until=until,
            encoding=encoding,
            faults=faults,
            config=config,
            contracts_dir=config.contracts_dir,
            progress=progress,
        )
    for name, rows in report.rows.items():
        click.echo(f"{name}: {rows} rows")
    click.echo(f"written to {folder}")


@click.command(cls=DaichoCommand)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--kind", help="Kind of extract, where the header does not tell.")
@click.option("--mapping", "mappings", multiple=True, type=click.Path(path_type=Path), help="A vendor mapping file (codes or headers).")
@click.option("--dry-run", is_flag=True, help="Read and check everything, change nothing.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def intake(session: Session, paths: tuple[Path, ...], kind: str | None, mappings: tuple[Path, ...], dry_run: bool, style: str) -> None:
    """Read extracts (files, or a folder of CSV files) into the vault as one new snapshot.

    Prints rows read, accepted, quarantined by rule and replaced; never a value.

    Example: daicho intake var/extracts
    """
    from daicho.intake.load import take_in

    config = session.config()
    with bytes_progress("取込") as progress:
        report = take_in(paths, config=config, today=session.day(), kind=kind, mappings=mappings, dry_run=dry_run, on_progress=progress)
    if style == "json":
        click.echo(json.dumps(report.as_data(), ensure_ascii=False))
        return
    _print_files(report.as_data(), click.echo)


def _print_files(data: dict[str, Any], say: Callable[[str], None]) -> None:
    for file in data["files"]:
        if file["status"] == "unchanged":
            say(f"{file['file']}: {file['kind']}, already held, nothing changed")
            continue
        how = {"full": "full dump", "changes": "changes", "first": "first delivery"}.get(file["delivery"], "checked only")
        say(
            f"{file['file']}: {file['kind']}, {file['encoding']}, {how}; read {file['read']}, accepted {file['accepted']}, "
            f"quarantined {sum(file['quarantined'].values())}, replaced {file['replaced']}"
        )
        for label in ("quarantined", "warnings"):
            for rule, rows in sorted(file[label].items()):
                say(f"  {label} {rule}: {rows}")
    if data["dry_run"]:
        say("dry run: nothing was changed")
    else:
        say(f"snapshot {data['snapshot']}")

"""`daicho scan`, `daicho audit` and `daicho key`: the privacy officer's commands."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from daicho.cli.frame import DaichoCommand, DaichoGroup, Session
from daicho.core.errors import DisclosureError, UsageError, VaultError


@click.command(cls=DaichoCommand)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def scan(session: Session, paths: tuple[Path, ...], style: str) -> None:
    """Scan finished files for identifiers of this ledger and of known kinds; lists file and kind, never the value.

    Example: daicho scan reports/out
    """
    from daicho.runs.scan.scanner import Scanner
    from daicho.vault.catalog import VaultPaths
    from daicho.vault.identifiers import load_identifier_index
    from daicho.vault.keys import keys_exist

    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist: check the path.")
    config = session.config()
    has_ledger = keys_exist(config.key_dir) or not VaultPaths(config.vault_dir).is_empty()
    index = load_identifier_index(config) if has_ledger else None
    findings = Scanner(index).scan(paths)
    if style == "json":
        click.echo(json.dumps([{"file": finding.file, "kind": finding.kind} for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"{finding.file}: {finding.kind}")
        if index is None:
            click.echo("this workspace has no ledger yet: only known kinds were looked for", err=True)
    if findings:
        raise DisclosureError(f"{len(findings)} finding(s): do not pass these files on.")
    if style != "json":
        click.echo("no identifier found")


@click.command(cls=DaichoCommand)
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def audit(session: Session, style: str) -> None:
    """Verify the access-log chain, the release ledger and the returns as submitted; prove anew that public releases betray nobody.

    Example: daicho audit
    """
    from daicho.gate.audit import audit_records, prove_public
    from daicho.runs.submission_store import audit_submissions

    config = session.config()
    records, proof = audit_records(config), prove_public(config)
    findings = (*records, *proof.findings, *audit_submissions(config))
    broken = [finding for finding in findings if finding.severity == "error"]
    if style == "json":
        body = [{"severity": finding.severity, "where": finding.where, "message": finding.message} for finding in findings]
        click.echo(json.dumps(body, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"{finding.severity}: {finding.where}: {finding.message}")
        click.echo(f"{proof.releases} public release(s) audited together in {proof.seconds:.1f} s")
    if broken:
        raise DisclosureError(f"the audit found {len(broken)} break(s): keep the files as they are and call the privacy officer.")
    if style != "json":
        click.echo("access log and release ledger are whole")


@click.group(cls=DaichoGroup)
def key() -> None:
    """Keys of the workspace: pseudonym key, vault key, scanner key.

    Example: daicho key status
    """


@key.command()
@click.pass_obj
def new(session: Session) -> None:
    """Make the keys of a new workspace (the first intake does it too).

    Example: daicho key new
    """
    from daicho.vault.catalog import VaultPaths
    from daicho.vault.keys import create_keys

    config = session.config()
    if not VaultPaths(config.vault_dir).is_empty():
        raise VaultError(f"the vault {config.vault_dir} was written with other keys: restore those to {config.key_dir} from their backup.")
    create_keys(config.key_dir, today=session.day())
    click.echo(f"keys written to {config.key_dir}: back them up apart from the vault; without them the vault is useless.")


@key.command()
@click.pass_obj
def rotate(session: Session) -> None:
    """Re-key the whole vault: a new vault key, and a new link in the pseudonym key; the old vault key is destroyed.

    Example: daicho key rotate
    """
    from daicho.gate.retention import rotate as rotate_all

    config = session.config()
    done = rotate_all(config, today=session.day())
    click.echo(f"the vault was re-keyed: {done.old_key_id} is destroyed, {done.new_key_id} is in its place.")
    click.echo(f"back up {config.key_dir} again apart from the vault, destroy the earlier backup, then run `daicho key backed-up`.")


@key.command("backed-up")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The day the copy was made (default: today).")
@click.pass_obj
def backed_up(session: Session, on: datetime | None) -> None:
    """Note that you have made a copy of the present keys; daicho makes none itself.

    Example: daicho key backed-up --on 2026-11-24
    """
    from daicho.vault.catalog import VaultPaths, key_named
    from daicho.vault.keys import load_keys, note_backup

    config, day = session.config(), on.date() if on is not None else session.day()
    if day > session.day():
        raise UsageError("--on lies in the future: note a backup that has been made.")
    ring = load_keys(config.key_dir, vault_key_id=key_named(VaultPaths(config.vault_dir)))
    if day < max(ring.vault.created_on, ring.pseudonym.created_on):
        raise UsageError("the keys were made after that day: a copy of that day does not hold them; back them up again.")
    note_backup(config.key_dir, ring, on=day)
    click.echo(f"noted: the keys in {config.key_dir} were backed up on {day}.")


@key.command()
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def status(session: Session, style: str) -> None:
    """Where the keys are, since when, in whose place, with which file mode, and whether a backup of them was noted.

    Example: daicho key status
    """
    from daicho.vault.catalog import VaultPaths, key_named
    from daicho.vault.keys import PURPOSES, key_path, last_backup, load_keys

    config = session.config()
    try:
        ring = load_keys(config.key_dir, vault_key_id=key_named(VaultPaths(config.vault_dir)))
    except VaultError:
        if style == "json":
            click.echo(json.dumps({"folder": str(config.key_dir), "keys": []}))
        raise
    keys = [getattr(ring, purpose) for purpose in PURPOSES]
    backup = last_backup(config.key_dir, ring)
    if style == "json":
        body = [
            {
                "purpose": item.purpose,
                "key_id": item.key_id,
                "created_on": item.created_on.isoformat(),
                "replaces": item.replaces or None,
                "mode": f"{key_path(config.key_dir, item.purpose).stat().st_mode & 0o777:04o}",
            }
            for item in keys
        ]
        click.echo(json.dumps({"folder": str(config.key_dir), "backed_up_on": backup and backup.isoformat(), "keys": body}))
        return
    click.echo(f"folder {config.key_dir}")
    for item in keys:
        mode = f"{key_path(config.key_dir, item.purpose).stat().st_mode & 0o777:04o}"
        since = f"rotated on {item.created_on} in place of {item.replaces}" if item.replaces else f"made on {item.created_on}"
        click.echo(f"{item.purpose}: {item.key_id}, {since}, mode {mode}")
    click.echo(f"backed up on {backup}" if backup else "no backup of these keys is noted: copy them, then run `daicho key backed-up`")

"""`contracts.lock`: what each contract said when it was last agreed, so that no change goes unnoticed.

A contract whose content changed must carry a higher version. A column may move to a stricter class; to move it to a weaker one, the
office names it: ``python -m daicho.contracts.lock --write --weaken resident.続柄``. The hash is over the parsed content, so that
comments and layout may change freely.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from daicho.contracts.classes import Classification, is_weaker
from daicho.contracts.loader import load_contracts, load_output_contracts
from daicho.contracts.model import Contract, Finding, OutputContract
from daicho.core.config import find_workspace
from daicho.core.errors import DaichoError, UsageError

LOCK_FILE = "contracts.lock"


@dataclass(frozen=True)
class LockEntry:
    """One contract as agreed: `classes` maps a column (the header of an extract, the name in a released table) to its class."""

    version: str
    sha256: str
    classes: Mapping[str, str]


def current_entries(contracts_dir: Path) -> dict[str, LockEntry]:
    """What the lock would say now, by contract: `extract/<kind>` and `output/<measure>`."""
    entries = {f"extract/{kind}": _entry(contract) for kind, contract in load_contracts(contracts_dir).items()}
    return entries | {f"output/{measure}": _entry(contract) for measure, contract in load_output_contracts(contracts_dir).items()}


def contract_versions(contracts_dir: Path) -> dict[str, str]:
    """Version of every contract, as a manifest records them."""
    return {name: entry.version for name, entry in current_entries(contracts_dir).items()}


def read_lock(contracts_dir: Path) -> dict[str, LockEntry]:
    """The agreed entries. Raises UsageError when the lock is missing or is no lock."""
    path = contracts_dir / LOCK_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {name: LockEntry(str(body["version"]), str(body["sha256"]), dict(body["classes"])) for name, body in raw.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{path} is missing or unreadable: write it with `python -m daicho.contracts.lock --write`.") from None


def check_lock(contracts_dir: Path) -> list[Finding]:
    """Changed contracts without a higher version, weakened classes, and contracts the lock does not know or that are gone."""
    agreed, current = read_lock(contracts_dir), current_entries(contracts_dir)
    findings = []
    for name in sorted(agreed.keys() | current.keys()):
        if name not in current:
            findings.append(Finding("error", LOCK_FILE, f"the contract {name} is gone; restore it or write the lock anew."))
        elif name not in agreed:
            findings.append(Finding("error", LOCK_FILE, f"the contract {name} is not in the lock; write the lock anew."))
        else:
            findings += _compare(name, agreed[name], current[name])
    return findings


def refuse_weakened(contracts_dir: Path, contracts: Mapping[str, Contract]) -> None:
    """Raise UsageError when an item of an extract is in a weaker class than agreed: what identifies a person would be taken in as it stands."""
    agreed = read_lock(contracts_dir)
    for kind, contract in contracts.items():
        name = f"extract/{kind}"
        if name in agreed and (weakened := _weakened(agreed[name], _entry(contract))):
            raise UsageError(
                f"{name}: the class of {', '.join(weakened)} is weaker than agreed in {LOCK_FILE}; nothing was taken in: restore it, "
                "or have the office agree to it (see `python -m daicho.contracts.lock --help`)."
            )


def write_lock(contracts_dir: Path, *, weaken: frozenset[str] = frozenset()) -> None:
    """Agree to the contracts as they are now.

    Raises UsageError for a changed contract without a higher version, and for a column in a weaker class that is not in `weaken`
    (named as `<kind>.<header>`).
    """
    current = current_entries(contracts_dir)
    agreed = read_lock(contracts_dir) if (contracts_dir / LOCK_FILE).exists() else {}
    for name, entry in current.items():
        if name not in agreed:
            continue
        for header in _weakened(agreed[name], entry):
            if f"{name.partition('/')[2]}.{header}" not in weaken:
                raise UsageError(f"{name}: the class of {header} is weaker than agreed; if the office wants this, repeat with --weaken.")
        if entry.sha256 != agreed[name].sha256 and _numbers(entry.version) <= _numbers(agreed[name].version):
            raise UsageError(f"{name} has changed: raise its version above {agreed[name].version} first.")
    body = {name: {"version": e.version, "sha256": e.sha256, "classes": dict(e.classes)} for name, e in sorted(current.items())}
    (contracts_dir / LOCK_FILE).write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _compare(name: str, agreed: LockEntry, current: LockEntry) -> list[Finding]:
    findings = [
        Finding(
            "error", name, f"the class of {header} is weaker than agreed ({agreed.classes[header]} before, {current.classes[header]} now)."
        )
        for header in _weakened(agreed, current)
    ]
    if current.sha256 != agreed.sha256 and _numbers(current.version) <= _numbers(agreed.version):
        findings.append(
            Finding("error", name, f"the contract has changed but its version is still {current.version}; raise it, then write the lock.")
        )
    elif current.sha256 != agreed.sha256 or current.version != agreed.version:
        findings.append(Finding("error", name, f"version {current.version} is not in the lock ({agreed.version} is); write the lock anew."))
    return findings


def _weakened(agreed: LockEntry, current: LockEntry) -> list[str]:
    """Columns whose class protects less than the agreed one. A column that is gone protects nothing, but lets nothing in either."""
    return [
        column
        for column, old in agreed.classes.items()
        if column in current.classes and is_weaker(Classification(current.classes[column]), than=Classification(old))
    ]


def _entry(contract: Contract | OutputContract) -> LockEntry:
    _numbers(contract.version)
    if isinstance(contract, Contract):
        classes = {column.header: str(column.classification) for column in contract.columns}
    else:
        classes = {column.name: str(column.classification) for column in contract.columns}
    return LockEntry(contract.version, contract.sha256, classes)


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"{version} is no version of a contract: write three numbers such as 1.0.0.")
    return tuple(map(int, parts))


@click.command(
    help="Check contracts.lock against the contracts, or write it anew with --write. Example: python -m daicho.contracts.lock --write"
)
@click.option("--write", is_flag=True, help="Agree to the contracts as they are now.")
@click.option("--weaken", multiple=True, metavar="KIND.HEADER", help="A column that may move to a weaker class.")
@click.option(
    "--contracts", type=click.Path(path_type=Path, file_okay=False), help="Folder of the contracts; the workspace's own unless given."
)
def main(write: bool, weaken: tuple[str, ...], contracts: Path | None) -> None:
    """Command line of the lock."""
    try:
        folder = contracts if contracts is not None else find_workspace() / "data_contracts"
        if write:
            write_lock(folder, weaken=frozenset(weaken))
            click.echo(f"{folder / LOCK_FILE} written.")
            return
        findings = check_lock(folder)
    except DaichoError as error:
        click.echo(str(error), err=True)
        raise SystemExit(error.exit_code) from None
    for finding in findings:
        click.echo(f"{finding.where}: {finding.message}", err=True)
    raise SystemExit(1 if findings else 0)


if __name__ == "__main__":
    main()

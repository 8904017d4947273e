"""`daicho doctor`: what is wrong with an installation, from the machine up to the records, and how to mend it.

Each check looks at one thing and changes nothing. What a check tells holds counts, file names and states, never a value of the ledger.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from daicho.core.config import Config
from daicho.core.errors import DaichoError
from daicho.gate.access_log import AccessLog
from daicho.gate.client import GateClient
from daicho.gate.retention import unfinished
from daicho.runs.checking import check_workspace
from daicho.runs.site.morning import morning
from daicho.seal.landlock import landlock_abi
from daicho.vault.catalog import VaultPaths, open_catalog
from daicho.vault.keys import PURPOSES, key_path, keys_exist, last_backup

WELL, WARNED, ILL = "well", "warning", "ill"
_FREE_BYTES = 2_000_000_000
_ROLE_DAYS = timedelta(days=30)
_PARTIAL = re.compile(r"\..*\.partial")


@dataclass(frozen=True)
class Diagnosis:
    """One check: `state` is well, warning or ill; `remedy` says what to do unless all is well."""

    check: str
    state: str
    told: str
    remedy: str = ""


@dataclass(frozen=True)
class _Patient:
    config: Config
    now: datetime

    @property
    def has_vault(self) -> bool:
        return not VaultPaths(self.config.vault_dir).is_empty()


def examine_installation(config: Config, *, now: datetime) -> list[Diagnosis]:
    """Every check in order; one that cannot look at its thing is itself ill, and hides no other."""
    patient = _Patient(config, now)
    return [_looked_at(name, look, patient) for name, look in _CHECKS.items()]


def _looked_at(name: str, look: Callable[[_Patient], tuple[str, str, str]], patient: _Patient) -> Diagnosis:
    try:
        return Diagnosis(name, *look(patient))
    except DaichoError as error:
        return Diagnosis(name, ILL, str(error), "mend what the sentence names, then run `daicho doctor` again.")
    except OSError as error:
        where = error.filename or "a file"
        return Diagnosis(name, ILL, f"{where}: {error.strerror}", "check its owner and mode, and the disk.")


def _python(_patient: _Patient) -> tuple[str, str, str]:
    version = ".".join(map(str, sys.version_info[:3]))
    return (WELL, version, "") if sys.version_info >= (3, 11) else (ILL, version, "install Python 3.11 or newer.")


def _packages(patient: _Patient) -> tuple[str, str, str]:
    """The environment holds exactly what the lock names (packages for development may be missing)."""
    lock = patient.config.root / "requirements.lock"
    if not lock.is_file():
        return WELL, "no requirements.lock in this workspace", ""
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s\\;]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))
    other = [name for name, version in pins.items() if (found := _installed(name)) is not None and found != version]
    if other:
        return ILL, f"{len(other)} packages of another version than the lock ({', '.join(other[:3])})", "run `python3 bootstrap.py`."
    return WELL, f"{len(pins)} packages as locked", ""


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _seal(patient: _Patient) -> tuple[str, str, str]:
    if abi := landlock_abi():
        return WELL, f"Landlock {abi}", ""
    remedy = "use a kernel of 5.13 or newer with Landlock in its lsm= list; until then no notebook runs."
    if patient.config.allow_unsealed:
        return WARNED, "no Landlock; allow_unsealed lets notebooks run unsealed, and reports say 封止なし", remedy
    return ILL, "no Landlock", remedy


def _programs(_patient: _Patient) -> tuple[str, str, str]:
    """What reports are drawn with is there."""
    missing = [name for name in ("typst", "vl_convert", "xlsxwriter", "noto_cjk_sans_jp_regular") if not _importable(name)]
    return (
        (ILL, f"missing: {', '.join(missing)}", "run `python3 bootstrap.py`.")
        if missing
        else (WELL, "typst, vl-convert, XlsxWriter, Noto", "")
    )


def _importable(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def _disk(patient: _Patient) -> tuple[str, str, str]:
    folder = patient.config.state_dir if patient.config.state_dir.exists() else patient.config.root
    free, held = shutil.disk_usage(folder).free, _size(patient.config.vault_dir)
    # A change of keys and an erasure write the vault anew beside the old one.
    needed = max(_FREE_BYTES, held)
    told = f"{free // 1_000_000_000} GB free, vault {held / 1_000_000_000:.1f} GB"
    return (WELL, told, "") if free >= needed else (WARNED, told, "free space of at least the size of the vault: key rotation needs it.")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.exists() else 0


def _private(patient: _Patient) -> tuple[str, str, str]:
    """Nobody but the owner gets at keys, vault and log, and the owner is whoever runs this."""
    config = patient.config
    open_to_others, foreign = [], []
    for path in (config.key_dir, config.vault_dir, config.log_dir, *(key_path(config.key_dir, purpose) for purpose in PURPOSES)):
        if path.exists():
            found = path.stat()
            open_to_others += [path.name] * bool(stat.S_IMODE(found.st_mode) & 0o077)
            foreign += [path.name] * (found.st_uid != os.getuid())
    if foreign:
        return ILL, f"of another user: {', '.join(foreign)}", "run daicho as the user who owns the workspace, or give it these with chown."
    if open_to_others:
        return ILL, f"open to others: {', '.join(open_to_others)}", "run `chmod -R go= var`."
    return WELL, "keys, vault and log are their owner's alone", ""


def _keys(patient: _Patient) -> tuple[str, str, str]:
    config = patient.config
    if not keys_exist(config.key_dir):
        if patient.has_vault:
            return ILL, "the vault has no keys", "restore them from their backup: without them nothing can be read."
        return WARNED, "no keys yet", "run `daicho key new`; the first intake makes them too."
    keys, _ = open_catalog(VaultPaths(config.vault_dir), config.key_dir)
    noted = last_backup(config.key_dir, keys)
    return (
        (WELL, f"backup noted on {noted}", "")
        if noted
        else (WARNED, "no backup noted", "copy var/keys to a safe place and run `daicho key backed-up`.")
    )


def _vault(patient: _Patient) -> tuple[str, str, str]:
    if not patient.has_vault:
        return WARNED, "empty", "take extracts in with `daicho intake`."
    paths = VaultPaths(patient.config.vault_dir)
    _, catalog = open_catalog(paths, patient.config.key_dir)
    lost = [batch.segment for batch in catalog.batches if not (paths.segments / batch.segment).is_file()]
    if lost:
        return ILL, f"{len(lost)} segments are missing ({lost[0]})", "restore the vault from its backup."
    return WELL, f"{len(catalog.batches)} batches, {len(catalog.snapshots)} snapshots", ""


def _gate(patient: _Patient) -> tuple[str, str, str]:
    """A gate need not run: commands start one when they need it. One that runs must answer."""
    try:
        with GateClient.connect(patient.config):
            return WELL, "running", ""
    except DaichoError:
        return WELL, "not running; commands start one when they need it", ""


def _clock(patient: _Patient) -> tuple[str, str, str]:
    """The machine's clock has not gone back behind the last line of the access log."""
    if not patient.config.log_dir.exists():
        return WELL, "nothing logged yet", ""
    last = ""
    for entry in AccessLog(patient.config.log_dir, clock=datetime.now).entries():
        last = entry["time"]
    if last and datetime.fromisoformat(last).replace(tzinfo=None) > patient.now + timedelta(minutes=5):
        return (
            ILL,
            f"the access log was last written at {last}, which is still to come",
            "set the clock right (NTP) before anything is asked.",
        )
    return WELL, f"last line of the access log: {last or 'none'}", ""


def _configuration(patient: _Patient) -> tuple[str, str, str]:
    errors = [finding for finding in check_workspace(patient.config) if finding.severity == "error"]
    if errors:
        return ILL, f"{len(errors)} errors, first in {errors[0].where}", "run `daicho check`: it names each with its remedy."
    return WELL, "contracts, reference data, plans and notebooks without error", ""


def _roles(patient: _Patient) -> tuple[str, str, str]:
    today = patient.now.date()
    until = [role.valid_until for role in patient.config.roles if role.valid_until is not None]
    ending, ended = [day for day in until if today <= day <= today + _ROLE_DAYS], [day for day in until if day < today]
    if ending or ended:
        return (
            WARNED,
            f"{len(ending)} roles end within 30 days, {len(ended)} have ended",
            "renew or remove them in daicho.toml ([[roles]]).",
        )
    return WELL, f"{len(patient.config.roles)} roles granted", ""


def _remains(patient: _Patient) -> tuple[str, str, str]:
    """Nothing half-done is left: an erasure, or folders of runs that were killed."""
    if count := unfinished(patient.config):
        return ILL, f"{count} erasures were begun and not certified", "run `daicho retention --apply`: it ends them first."
    left = list(_partial(patient.config))
    if left:
        return WARNED, f"{len(left)} folders of runs that were killed", f"remove them when no run is going on: {left[0].parent}/.*.partial"
    return WELL, "nothing half-done", ""


def _partial(config: Config) -> Iterator[Path]:
    return (path for path in config.reports_dir.glob("*/.*.partial") if _PARTIAL.fullmatch(path.name))


def _schedule(patient: _Patient) -> tuple[str, str, str]:
    state = morning(patient.config, now=patient.now)
    told = f"{len(state.ready)} due, {len(state.waiting)} waiting (待機), {len(state.failed)} failed, {len(state.broken)} plans that cannot be read"
    if state.needs_a_person:
        return WARNED, told, "open reports/out/index.html (`daicho index` writes it): it says what waits for whom."
    if state.ready and min(item.due.day for item in state.ready) < patient.now.date() - timedelta(days=1):
        return WARNED, told, "is the scheduler installed? `daicho schedule systemd` prints its units; `daicho run --due` catches up."
    return WELL, told, ""


_CHECKS: dict[str, Callable[[_Patient], tuple[str, str, str]]] = {
    "python": _python,
    "packages": _packages,
    "seal": _seal,
    "programs": _programs,
    "disk": _disk,
    "owner and modes": _private,
    "keys": _keys,
    "vault": _vault,
    "gate": _gate,
    "clock": _clock,
    "configuration": _configuration,
    "roles": _roles,
    "remains": _remains,
    "schedule": _schedule,
}

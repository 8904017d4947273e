"""Retention and erasure across the workspace: vault, access log, release ledger, quarantine lists, worklists.

Each part is erased in one step that a crash leaves undone or done, in a fixed order with the vault first; what is announced but not
certified is ended by the next call. No gate may run meanwhile: it would go on answering from the files that are to disappear.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from daicho.core.config import Config
from daicho.core.errors import DataError, DisclosureError, UsageError
from daicho.core.fiscal import fiscal_year
from daicho.gate.access_log import AccessLog, Caller
from daicho.gate.certificate import announce, announced, certify, withdraw
from daicho.gate.line_lists import LISTS, lines_by_year, lists_due, lists_held
from daicho.gate.peers import Peer, terminal_of
from daicho.gate.release_ledger import ReleaseLedger
from daicho.gate.roles import roles_of, user_name
from daicho.gate.runtime_dir import LOCK_FILE
from daicho.gate.server import local_now, take_lock
from daicho.intake.numbers import normal_number
from daicho.vault.catalog import Catalog, VaultPaths, open_catalog, open_for_writing, writer_lock
from daicho.vault.erasure import Count, OfPersons, PastRetention, count_gone, first_kept_year
from daicho.vault.keys import KeyRing, erasure_tags, load_keys, pseudonyms
from daicho.vault.rekey import Rekeyed, rewrite_without, rotate_keys

VAULT, LOG, RELEASES = "vaccination", "access_log", "releases"
ERASED = "erased"
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Due:
    """What is to be erased: counts by table and year. `pseudonyms` are of the numbers that leave the vault."""

    counts: tuple[Count, ...]
    pseudonyms: tuple[bytes, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.counts and not self.pseudonyms


def require_officer(config: Config, *, today: date) -> Caller:
    """Who runs this command. Raises DisclosureError unless the role officer is held."""
    user = user_name(os.getuid())
    if "officer" not in roles_of(user, config=config, today=today):
        raise DisclosureError(f"user {user} is no officer of this workspace: ask for a grant in daicho.toml ([[roles]]).")
    return Caller(uid=os.getuid(), user=user, role="officer", terminal=terminal_of(Peer(os.getpid(), os.getuid(), os.getgid())))


@contextmanager
def no_gate(config: Config) -> Iterator[None]:
    """Keep gates away while vault, log or ledger are rewritten. Raises UsageError when one runs."""
    config.log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    is_running = False
    handle = -1
    try:
        handle = take_lock(config.log_dir / LOCK_FILE)
    except UsageError:
        is_running = True
    if is_running:
        raise UsageError("a gate runs for this workspace: stop it (and JupyterLab) first, then run this again; nothing was changed.")
    try:
        yield
    finally:
        os.close(handle)


def rotate(config: Config, *, today: date, clock: Clock = local_now) -> Rekeyed:
    """Rotate vault key and pseudonym key, and log it. Raises DisclosureError, UsageError or VaultError."""
    caller = require_officer(config, today=today)
    with no_gate(config):
        log = AccessLog(config.log_dir, clock=clock)
        log.record(caller, request={"op": "key_rotate"}, outcome="started")
        done = rotate_keys(config, today=today)
        log.record(caller, request={"op": "key_rotate", "old_key": done.old_key_id, "new_key": done.new_key_id}, outcome="done")
    return done


def list_due(config: Config, *, on: date) -> Due:
    """What is past its period on a day. Changes nothing."""
    in_vault = _vault_due(config, on=on)
    log, releases = _log_due(config, on=on)[1], _releases_due(config, on=on)[1]
    counts = [Count(LOG, year, rows) for year, rows in sorted(log.items())]
    counts += [Count(RELEASES, year, rows) for year, rows in sorted(releases.items())]
    for table in LISTS:
        counts += [Count(table, year, rows) for year, rows in sorted(lines_by_year(lists_due(config, table, on=on)).items())]
    return Due((*in_vault.counts, *counts), in_vault.pseudonyms)


def unfinished(config: Config) -> int:
    """How many erasures were begun and not certified."""
    return len(announced(config))


def apply_retention(config: Config, *, on: date, today: date, clock: Clock = local_now) -> list[Path]:
    """Erase what is past its period on a day; return the certificates written (also of an erasure a crash had cut short)."""
    caller = require_officer(config, today=today)
    with no_gate(config):
        made = _finish_announced(config, caller=caller, clock=clock)
        due = list_due(config, on=on)
        if due.is_empty:
            return made
        certificate = _certificate(config, kind="retention", due=due, caller=caller, clock=clock)
        certificate["rule"] = {"on": on.isoformat(), "years": dict(config.retention)}
        announce(config, certificate)
        if _needs_vault(certificate):
            mark = PastRetention(on, config.retention[VAULT])
            with _writing(config) as (paths, keys, catalog):
                _certified(certificate, _erase(config, paths, keys, catalog, mark=mark, certificate=certificate, tags=(), today=today))
                announce(config, certificate)
        return [*made, _finish(config, certificate, caller=caller, clock=clock)]


def find_persons(config: Config, numbers: Sequence[str]) -> Due:
    """What the vault holds of the persons with these 宛名番号. Changes nothing. Raises DataError when it holds none of them."""
    paths = VaultPaths(config.vault_dir)
    keys, catalog = open_catalog(paths, config.key_dir)
    counts, held = count_gone(paths=paths, catalog=catalog, keys=keys, mark=OfPersons(_pseudonyms_of(keys, numbers), catalog))
    # The numbers asked for are among `held` only where the vault holds them.
    if not counts and not held:
        raise DataError("the vault holds none of the numbers in the file: check them against the register; nothing was erased.")
    return Due(counts, held)


def erase_persons(config: Config, numbers: Sequence[str], *, today: date, clock: Clock = local_now) -> list[Path]:
    """Erase every row of the persons with these 宛名番号, under all their numbers, and keep them from being taken in again.

    A worklist or a list of quarantined rows names nobody, so nobody can tell which of its lines point at these persons: all of them go.
    Worklists are made anew when needed; the counts of quarantined rows stay, and an extract that is taken in again says where they stand.
    """
    caller = require_officer(config, today=today)
    with no_gate(config):
        made = _finish_announced(config, caller=caller, clock=clock)
        due = find_persons(config, numbers)
        lists = [Count(table, year, rows) for table in LISTS for year, rows in sorted(lines_by_year(lists_held(config, table)).items())]
        due = Due((*due.counts, *lists), due.pseudonyms)
        certificate = _certificate(config, kind="person", due=due, caller=caller, clock=clock)
        certificate["rule"] = {"on": today.isoformat(), "request": "person"}
        certificate["numbers"] = len(due.pseudonyms)
        announce(config, certificate)
        with _writing(config) as (paths, keys, catalog):
            asked = _pseudonyms_of(keys, numbers)
            tags = erasure_tags(keys.scanner, sorted({*due.pseudonyms, *asked}))
            mark = OfPersons(asked, catalog)
            _certified(certificate, _erase(config, paths, keys, catalog, mark=mark, certificate=certificate, tags=tags, today=today))
            announce(config, certificate)
        return [*made, _finish(config, certificate, caller=caller, clock=clock)]


def _pseudonyms_of(keys: KeyRing, numbers: Sequence[str]) -> tuple[bytes, ...]:
    normal = pl.DataFrame({"number": list(numbers)}, schema={"number": pl.String}).select(normal_number(pl.col("number")))["number"]
    return tuple(pseudonyms(keys.pseudonym, sorted({number for number in normal.to_list() if number})))


@contextmanager
def _writing(config: Config) -> Iterator[tuple[VaultPaths, KeyRing, Catalog]]:
    paths = VaultPaths(config.vault_dir)
    with writer_lock(paths):
        yield paths, *open_for_writing(paths, config.key_dir)


def _erase(
    config: Config,
    paths: VaultPaths,
    keys: KeyRing,
    catalog: Catalog,
    *,
    mark: PastRetention | OfPersons,
    certificate: Mapping[str, Any],
    tags: Sequence[str],
    today: date,
) -> Rekeyed:
    return rewrite_without(
        config, paths=paths, catalog=catalog, keys=keys, mark=mark, certificate=certificate["certificate"], tags=tags, today=today
    )


def _certificate(config: Config, *, kind: str, due: Due, caller: Caller, clock: Clock) -> dict[str, Any]:
    now = clock()
    return {
        "certificate": f"E{now:%Y%m%d}-{secrets.token_hex(4)}",
        "kind": kind,
        "municipality": {"code": config.municipality_code, "name": config.municipality_name},
        "time": now.isoformat(timespec="seconds"),
        "by": {"user": caller.user, "uid": caller.uid, "terminal": caller.terminal},
        "rule": {},
        "erased": [asdict(count) for count in due.counts],
        "scanner_entries": 0,
        "old_vault_key": "",
        "new_vault_key": "",
    }


def _certified(certificate: dict[str, Any], done: Rekeyed) -> None:
    certificate |= {"scanner_entries": done.scanner_entries, "old_vault_key": done.old_key_id, "new_vault_key": done.new_key_id}


def _needs_vault(certificate: Mapping[str, Any]) -> bool:
    return certificate["kind"] == "person" or any(item["table"] not in (LOG, RELEASES, *LISTS) for item in certificate["erased"])


def _finish_announced(config: Config, *, caller: Caller, clock: Clock) -> list[Path]:
    """End what a crash cut short: when the vault's part is done the rest follows; when it is not, nothing has happened."""
    made = []
    for certificate in announced(config):
        if _needs_vault(certificate) and not _is_committed(config, certificate):
            withdraw(config, certificate)
        else:
            made.append(_finish(config, certificate, caller=caller, clock=clock))
    return made


def _is_committed(config: Config, certificate: dict[str, Any]) -> bool:
    """Whether the vault's part is done; a half-known certificate gets what the vault still knows."""
    with _writing(config) as (_, keys, catalog):
        if certificate["certificate"] not in catalog.erasures:
            return False
        if not certificate["old_vault_key"]:
            certificate |= {"old_vault_key": keys.vault.replaces, "new_vault_key": keys.vault.key_id, "scanner_entries": None}
        return True


def _finish(config: Config, certificate: dict[str, Any], *, caller: Caller, clock: Clock) -> Path:
    """Everything after the vault: log, releases, lists; then the line in the log and the certificate."""
    log = AccessLog(config.log_dir, clock=clock)
    number = certificate["certificate"]
    if certificate["kind"] == "retention":
        on = date.fromisoformat(certificate["rule"]["on"])
        facts = {"certificate": number, "time": certificate["time"], "by": certificate["by"]["user"]}
        lines, _ = _log_due(config, on=on)
        if lines:
            log.cut(lines, facts=facts, seal_key=_seal_key(config))
        ledger = ReleaseLedger(config.releases_dir)
        lines, found = _releases_due(config, on=on)
        if found:
            named = {entry["release_id"] for entry in log.entries()}
            ledger.cut(lines, named=named, facts=facts, seal_key=_seal_key(config))
        if any(item["table"] == RELEASES for item in certificate["erased"]):
            ledger.remove_unrecorded()
    for path in _lists_of(config, certificate):
        path.unlink(missing_ok=True)
    if not any(entry["request"].get("certificate") == number for entry in log.entries()):
        rows = sum(item["rows"] for item in certificate["erased"])
        log.record(caller, request={"op": "erasure", "certificate": number, "kind": certificate["kind"], "rows": rows}, outcome=ERASED)
    return certify(config, certificate)


def _seal_key(config: Config) -> bytes:
    """The scanner key seals cut records: it is the one key that neither rotation nor erasure replaces."""
    paths = VaultPaths(config.vault_dir)
    return (load_keys(config.key_dir) if paths.is_empty() else open_catalog(paths, config.key_dir)[0]).scanner.secret


def _vault_due(config: Config, *, on: date) -> Due:
    paths = VaultPaths(config.vault_dir)
    years = config.retention.get(VAULT)
    if paths.is_empty() or years is None:
        return Due(())
    keys, catalog = open_catalog(paths, config.key_dir)
    counts, held = count_gone(paths=paths, catalog=catalog, keys=keys, mark=PastRetention(on, years))
    return Due(counts, held)


def _first_kept(config: Config, table: str, on: date) -> int | None:
    years = config.retention.get(table)
    return None if years is None else first_kept_year(on, years=years)


def _log_due(config: Config, *, on: date) -> tuple[int, Counter[int]]:
    """How many lines the log begins with that are past, and how many of each year."""
    first = _first_kept(config, LOG, on)
    found: Counter[int] = Counter()
    for entry in AccessLog(config.log_dir, clock=local_now).entries() if first is not None else ():
        year = _year_of(entry["time"])
        if first is None or year >= first:
            break
        found[year] += 1
    return sum(found.values()), found


def _releases_due(config: Config, *, on: date) -> tuple[int, Counter[int]]:
    """How many lines the ledger begins with up to the last release that is past, and how many releases of each year."""
    first = _first_kept(config, RELEASES, on)
    found: Counter[int] = Counter()
    lines = 0
    for number, entry in enumerate(ReleaseLedger(config.releases_dir).entries() if first is not None else (), start=1):
        if entry["entry"] != "release":
            continue
        year = _year_of(entry["recorded_at"])
        if first is None or year >= first:
            break
        found[year] += 1
        lines = number
    return lines, found


def _lists_of(config: Config, certificate: Mapping[str, Any]) -> list[Path]:
    """The lists that an erasure takes away."""
    if certificate["kind"] == "person":
        return [path for table in LISTS for path, _, _ in lists_held(config, table)]
    on = date.fromisoformat(certificate["rule"]["on"])
    return [path for table in LISTS for path, _, _ in lists_due(config, table, on=on)]


def _year_of(time: str) -> int:
    return fiscal_year(date.fromisoformat(time[:10]))

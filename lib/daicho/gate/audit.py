"""What `daicho audit` checks of the gate: the access log's chain, the release ledger's chain and files, that the two agree,
and that no public releases, taken together, tell what one of them withholds."""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass

from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.gate.access_log import ACCESS_LOG_FILE, AccessLog
from daicho.gate.chain import Break
from daicho.gate.engine import Engine
from daicho.gate.ledger_engine import LedgerEngine
from daicho.gate.profiles import load_disclosure
from daicho.gate.recovery import RECOVERED, unlogged_releases
from daicho.gate.release import release_from_bytes
from daicho.gate.release_ledger import LEDGER_FILE, Recorded, ReleaseLedger
from daicho.gate.server import local_now
from daicho.gate.snapshots import OpenSnapshots
from daicho.gate.standing import Standing
from daicho.gate.witness import lost_journals
from daicho.vault.catalog import VaultPaths, key_named
from daicho.vault.keys import load_keys

PROOF_SECONDS = 600.0


@dataclass(frozen=True)
class Finding:
    """`severity` error: the record cannot be trusted there; notice: worth knowing."""

    severity: str
    where: str
    message: str


@dataclass(frozen=True)
class Proof:
    """What the joint audit of everything public found, over how many releases, in how many seconds."""

    findings: tuple[Finding, ...]
    releases: int
    seconds: float


def audit_gate(config: Config, *, engine: Engine | None = None) -> tuple[Finding, ...]:
    """Verify log and release ledger, and prove the public releases again; no finding of severity error means that all of it holds."""
    return (*audit_records(config), *prove_public(config, engine=engine).findings)


def audit_records(config: Config) -> tuple[Finding, ...]:
    """Verify log and release ledger; no finding of severity error means both are whole and agree."""
    log = AccessLog(config.log_dir, clock=local_now)
    findings: list[Finding] = []
    seal_key = _seal_key(config)
    findings += _chain(ACCESS_LOG_FILE, log, seal_key)
    try:
        ledger = ReleaseLedger(config.releases_dir)
    except (ValueError, KeyError, TypeError):
        return (*findings, Finding("error", LEDGER_FILE, "the journal cannot be read: restore it from its backup."))
    findings += _chain(LEDGER_FILE, ledger, seal_key)
    findings += _witnessed(config, log, ledger)
    damaged = set(ledger.damaged())
    findings += [Finding("error", f"{release_id}.arrow", "the stored release is missing or was changed.") for release_id in sorted(damaged)]
    findings += [finding for recorded in ledger.all() if recorded.release_id not in damaged for finding in _facts_agree(ledger, recorded)]
    findings += _no_longer_stand(ledger)
    if not any(finding.severity == "error" and finding.where == ACCESS_LOG_FILE for finding in findings):
        findings += _log_agrees(log, ledger)
    return tuple(findings)


def _no_longer_stand(ledger: ReleaseLedger) -> list[Finding]:
    """Releases withdrawn or superseded: worth knowing, and still part of every proof."""
    found = []
    for recorded in ledger.all():
        standing = ledger.standing(recorded.release_id)
        if standing["state"] == "withdrawn":
            found.append(Finding("notice", recorded.release_id, f"withdrawn on {standing['at'][:10]} by {standing['by']}."))
        elif standing["state"] == "superseded":
            found.append(Finding("notice", recorded.release_id, f"superseded by {standing['by_release']}."))
    return found


def prove_public(config: Config, *, engine: Engine | None = None) -> Proof:
    """Make the joint systems of all public releases anew, from the ledger's own counts, and attack them."""
    started = time.perf_counter()
    rules = load_disclosure(config.contracts_dir)
    guarded = {name for name, profile in rules.profiles.items() if profile.refuse_derivable}
    try:
        ledger = ReleaseLedger(config.releases_dir)
        public = [recorded for recorded in ledger.all() if recorded.profile in guarded]
        whole = not any(recorded.release_id in set(ledger.damaged()) for recorded in public)
    except (ValueError, KeyError, TypeError):
        return Proof((), 0, 0.0)  # said already of the record
    if not public or not whole:
        return Proof((), 0, time.perf_counter() - started)
    opened = engine or LedgerEngine(config)
    snapshots = OpenSnapshots(opened, timeout_seconds=PROOF_SECONDS)
    standing = Standing(
        engine=opened, count=lambda snapshot, query: snapshots.run(snapshot, query.sql, query.bound), ledger=ledger, rules=rules
    )
    try:
        found = [Finding("error", later.release_id, f"{why} {earlier.release_id}.") for later, earlier, why in standing.failures()]
    finally:
        snapshots.close()
    return Proof(tuple(found), len(public), time.perf_counter() - started)


def _seal_key(config: Config) -> bytes | None:
    """What cut records are sealed with; None where the keys cannot be read: then a cut journal cannot be vouched for."""
    try:
        return load_keys(config.key_dir, vault_key_id=key_named(VaultPaths(config.vault_dir))).scanner.secret
    except VaultError:
        return None


def _chain(name: str, journal: AccessLog | ReleaseLedger, seal_key: bytes | None) -> list[Finding]:
    broken: Break | str | None
    try:
        broken = journal.verify(seal_key=seal_key)
    except VaultError as error:
        broken = str(error)
    if broken is None:
        return []
    if isinstance(broken, str):
        return [Finding("error", name, broken)]
    return [Finding("error", name, f"the chain breaks at line {broken.line}: {broken.reason}.")]


def _witnessed(config: Config, log: AccessLog, ledger: ReleaseLedger) -> list[Finding]:
    """Both journals must hold the lines that the vault's catalogue noted; where the vault cannot be opened, it says so itself elsewhere."""
    lost: dict[str, int] = {}
    with contextlib.suppress(VaultError):
        lost = lost_journals(config, log=log, ledger=ledger)
    what = "the vault's catalogue noted line {}, and the journal no longer holds it: it was deleted or written anew; restore it from its backup."
    return [Finding("error", name, what.format(seq)) for name, seq in lost.items()]


def _facts_agree(ledger: ReleaseLedger, recorded: Recorded) -> list[Finding]:
    facts = release_from_bytes(ledger.read(recorded.release_id)).facts
    stated = (facts.release_id, facts.profile, facts.cells, facts.suppressed_cells)
    if stated == (recorded.release_id, recorded.profile, recorded.cells, recorded.suppressed_cells):
        return []
    return [Finding("error", f"{recorded.release_id}.arrow", "the stored release and the release ledger state different facts.")]


def _log_agrees(log: AccessLog, ledger: ReleaseLedger) -> list[Finding]:
    findings = []
    # A gate killed at its very first release leaves one that is not logged; more than one means that lines are gone.
    if len(ledger.all()) > 1 and not any(log.entries()):
        findings.append(Finding("error", ACCESS_LOG_FILE, "the log is gone, but releases are recorded: restore it from its backup."))
    findings += _anchors_hold(log, ledger)
    gone = ledger.gone()
    for entry in log.entries():
        number = entry["seq"]
        if entry["release_id"] and ledger.find(entry["release_id"]) is None and entry["release_id"] not in gone:
            findings.append(Finding("error", ACCESS_LOG_FILE, f"line {number} names a release that the release ledger does not hold."))
        if entry["outcome"] == RECOVERED:
            findings.append(Finding("notice", ACCESS_LOG_FILE, f"line {number}: a gate was killed after recording, before answering."))
    findings += [
        Finding("notice", LEDGER_FILE, f"release {release_id} is not logged: a gate was killed; the next one writes the line.")
        for release_id in unlogged_releases(log=log, ledger=ledger)
    ]
    return findings


def _anchors_hold(log: AccessLog, ledger: ReleaseLedger) -> list[Finding]:
    """The release ledger noted lines of the log: each must still be there, unless retention took it away."""
    held = log.hashes()
    first = min(held)
    missing = [seq for seq, hash_ in ledger.anchors() if seq >= first and held.get(seq) != hash_]
    if missing:
        what = f"the release ledger noted line {missing[0]} of the log, and the log no longer holds it: it was deleted or written anew"
        return [Finding("error", ACCESS_LOG_FILE, f"{what}; restore it from its backup.")]
    opening = [entry["outcome"] for entry in itertools.islice(log.entries(), 2)]
    if not ledger.anchors() and opening == [RECOVERED] * 2 and first == 0:
        what = "the log begins with several releases that were recorded and never logged: it was deleted"
        return [Finding("error", ACCESS_LOG_FILE, f"{what}; restore it from its backup.")]
    return []

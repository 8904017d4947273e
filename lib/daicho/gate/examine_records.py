"""Checks of what was recorded: log and ledger, purposes, roles, retention, certificates, copies, kernels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from daicho.gate.access_log import ACCESS_LOG_FILE
from daicho.gate.certificate import announced, certificates_dir, text_of
from daicho.gate.examined import EXAMINED, NOT_APPLICABLE, TURNED_AWAY, USES, Ground, Outcome, day_of, judged
from daicho.gate.retention import LOG, VAULT
from daicho.gate.roles import roles_of

LOG_YEARS, LEAST_YEARS = 7, 5
YEAR_DAYS = 366


def access_log(ground: Ground) -> Outcome:
    """No line of the log was changed, dropped, moved or cut off."""
    broken = sum(finding.where == ACCESS_LOG_FILE for finding in ground.findings)
    since = day_of(ground.entries[0]) if ground.entries else ""
    return judged(broken == 0, lines=len(ground.entries), since=since, broken=broken)


def release_ledger(ground: Ground) -> Outcome:
    """Every release is recorded, and its stored bytes are those that were handed out."""
    broken = sum(finding.where != ACCESS_LOG_FILE for finding in ground.findings)
    return judged(broken == 0, releases=len(ground.releases), broken=broken)


def public_proof(ground: Ground) -> Outcome:
    """No public releases, taken together, tell what one of them withholds."""
    guarded = {name for name, profile in ground.rules.profiles.items() if profile.refuse_derivable}
    public = sum(recorded.profile in guarded for recorded in ground.releases)
    if not public:
        return Outcome(NOT_APPLICABLE)
    proof = ground.proof
    broken = sum(finding.severity == "error" for finding in proof.findings)
    return judged(broken == 0 and proof.releases == public, releases=public, proven=proof.releases, broken=broken)


def purposes(ground: Ground) -> Outcome:
    """Every use has a purpose; what is read again serves the purpose it was released for."""
    of_release = {recorded.release_id: str(recorded.key.get("purpose", "")) for recorded in ground.releases}
    uses = [entry for entry in ground.entries if entry["outcome"] in USES]
    lacking = sum(not (entry["purpose"] or (entry["outcome"] == "read_again" and of_release.get(entry["release_id"]))) for entry in uses)
    faceless = sum(not (entry["time"] and (entry["user"] or entry["outcome"] == "recovered")) for entry in uses)
    return judged(lacking + faceless == 0, uses=len(uses), lacking=lacking + faceless)


def log_kept(ground: Ground) -> Outcome:
    """The log is kept for seven years at least, and nothing but certified retention ever took lines away."""
    years = ground.config.retention.get(LOG)
    since = day_of(ground.entries[0]) if ground.entries else ""
    return judged(years is None or years >= LOG_YEARS, years=years or 0, since=since)


def yearly_check(ground: Ground) -> Outcome:
    """This examination was made within a year before, or the workspace is younger than that."""
    made = [day_of(entry) for entry in ground.entries if entry["outcome"] == EXAMINED]
    since = day_of(ground.entries[0]) if ground.entries else ground.today.isoformat()
    last = made[-1] if made else ""
    is_recent = ground.today - date.fromisoformat(last or since) <= timedelta(days=YEAR_DAYS)
    return judged(is_recent, last=last, since=since)


def roles_bounded(ground: Ground) -> Outcome:
    """Every grant ends, within a year from today at the latest. Until one is made, the workspace's creator holds every role."""
    grants = ground.config.roles
    if not grants:
        return Outcome(NOT_APPLICABLE)
    limit = ground.today + timedelta(days=YEAR_DAYS)
    long = sum(grant.valid_until is None or grant.valid_until > limit for grant in grants)
    expired = sum(grant.valid_until is not None and grant.valid_until < ground.today for grant in grants)
    return judged(long == 0, grants=len(grants), long=long, expired=expired)


def roles_expire(ground: Ground) -> Outcome:
    """The day after its end a grant gives nothing; the log holds no use under one that has ended."""
    grants = ground.config.roles
    if not grants:
        return Outcome(NOT_APPLICABLE)
    outlasting = late = 0
    ends: dict[tuple[str, str], str] = {}
    for grant in grants:
        if grant.valid_until is not None:
            after = grant.valid_until + timedelta(days=1)
            outlasting += bool(roles_of(grant.user, config=replace(ground.config, roles=(grant,)), today=after))
            ends[grant.user, grant.role] = max(ends.get((grant.user, grant.role), ""), grant.valid_until.isoformat())
    for entry in ground.entries:
        until = ends.get((entry["user"], entry["role"]), "")
        late += entry["outcome"] in USES and bool(until) and day_of(entry) > until
    return judged(outlasting == 0 and late == 0, grants=len(grants), outlasting=outlasting, late=late)


def retention_current(ground: Ground) -> Outcome:
    """Periods are set, the ledger's for five years at least, and nothing is kept beyond its period."""
    years = ground.config.retention
    is_long = bool(years) and years.get(VAULT, LEAST_YEARS) >= LEAST_YEARS
    return judged(is_long and not ground.overdue, years=years.get(VAULT, 0), overdue=len(ground.overdue))


def certificates(ground: Ground) -> Outcome:
    """Every erasure that vault or log know of has its certificate, whole in both forms and agreeing with the log; none was left half done."""
    logged = {entry["request"]["certificate"]: entry["request"] for entry in ground.entries if "certificate" in entry["request"]}
    known = logged.keys() | (set(ground.opened[1].erasures) if ground.has_vault else set())
    begun = len(announced(ground.config))
    if not known and not begun:
        return Outcome(NOT_APPLICABLE)
    folder = certificates_dir(ground.config)
    wrong = sum(not _is_whole(folder / f"{number}.json", number, logged.get(number)) for number in known)
    return judged(wrong == 0 and begun == 0, erasures=len(known), wrong=wrong, begun=begun)


def copy_checked(ground: Ground) -> Outcome:
    """The copy offered to other municipalities was held against the original since it was last delivered."""
    batches = ground.opened[1].live_batches() if ground.has_vault else ()
    delivered = [batch.received_on for batch in batches if batch.kind == "shared_copy"]
    if not delivered:
        return Outcome(NOT_APPLICABLE)
    checked = [recorded.recorded_at[:10] for recorded in ground.releases if recorded.request.get("measure") == "shared_copy_check"]
    last = max(checked, default="")
    return judged(last >= max(delivered), delivered=max(delivered), last=last)


def kernels_sealed(ground: Ground) -> Outcome:
    """No notebook runs unsealed, and whoever comes without a launch token is turned away."""
    launched = sum(entry["outcome"] == "launched" for entry in ground.entries)
    refused = sum(entry["request"].get("op") == TURNED_AWAY for entry in ground.entries)
    return judged(not ground.config.allow_unsealed, launched=launched, refused=refused)


CHECKS: Mapping[str, Callable[[Ground], Outcome]] = MappingProxyType(
    {
        check.__name__: check
        for check in (
            access_log, release_ledger, public_proof, purposes, log_kept, yearly_check, roles_bounded, roles_expire, retention_current,
            certificates, copy_checked, kernels_sealed,
        )
    }
)  # fmt: skip


def _is_whole(path: Path, number: str, logged: Mapping[str, Any] | None) -> bool:
    """Whether a certificate is there, is called what it says, is the same in Japanese, and tells the rows that the log tells."""
    try:
        certificate = json.loads(path.read_text(encoding="utf-8"))
        is_same = path.with_suffix(".txt").read_text(encoding="utf-8") == text_of(certificate) + "\n"
        rows = sum(item["rows"] for item in certificate["erased"])
        return is_same and certificate["certificate"] == number and (logged is None or logged["rows"] == rows)
    except (OSError, ValueError, KeyError, TypeError):
        return False

"""What an officer should look at beside the checks: reference data nobody verified, keys without a backup, roles about to end, periods over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from daicho.contracts.reference import list_reference, load_reference
from daicho.core.config import ROLES
from daicho.core.errors import DaichoError
from daicho.gate.certificate import announced
from daicho.gate.examined import Ground
from daicho.vault.keys import last_backup

SOON_DAYS = 60
BACKUP_DAYS = 366


@dataclass(frozen=True)
class OpenPoint:
    """`kind` of the point, the `subject` it concerns (a table, a role), how many, and a day in ISO form; empty or 0 where there is none."""

    kind: str
    subject: str = ""
    count: int = 0
    day: str = ""

    def as_data(self) -> dict[str, Any]:
        return dict(vars(self))


def open_points(ground: Ground) -> tuple[OpenPoint, ...]:
    """Everything open, in the order in which an officer would take it up. What cannot be read is a broken check already."""
    found: list[OpenPoint] = []
    for gather in (_retention, _keys, _roles, _erasures, _reference):
        try:
            found += gather(ground)
        except DaichoError:
            continue
    return tuple(found)


def _retention(ground: Ground) -> list[OpenPoint]:
    """Tables with entries past their period; how many entries is not told."""
    return [OpenPoint("overdue", table) for table in ground.overdue]


def _keys(ground: Ground) -> list[OpenPoint]:
    if not ground.has_vault:
        return []
    noted = last_backup(ground.config.key_dir, ground.opened[0])
    if noted is None:
        return [OpenPoint("no_backup")]
    return [OpenPoint("old_backup", day=noted.isoformat())] if (ground.today - noted).days > BACKUP_DAYS else []


def _roles(ground: Ground) -> list[OpenPoint]:
    grants = ground.config.roles
    if not grants:
        return [OpenPoint("no_grants")]
    soon = ground.today + timedelta(days=SOON_DAYS)
    found = []
    for role in ROLES:
        ends = sorted(grant.valid_until for grant in grants if grant.role == role and grant.valid_until is not None)
        ending = [day for day in ends if ground.today <= day <= soon]
        found += [OpenPoint("role_ending", role, len(ending), ending[0].isoformat())] if ending else []
        expired = sum(day < ground.today for day in ends)
        found += [OpenPoint("role_ended", role, expired)] if expired else []
    return found


def _erasures(ground: Ground) -> list[OpenPoint]:
    begun = len(announced(ground.config))
    return [OpenPoint("erasure_begun", count=begun)] if begun else []


def _reference(ground: Ground) -> list[OpenPoint]:
    """Reference tables with rows that nobody has verified, or with invented prices."""
    found = []
    for name in list_reference(ground.config.contracts_dir):
        table = load_reference(ground.config.contracts_dir, name)
        for column, wanted, kind in (("verified", "yes", "unverified"), ("illustrative", "no", "illustrative")):
            rows = int((table[column].fill_null("") != wanted).sum()) if column in table.columns else 0
            found += [OpenPoint(kind, name, rows)] if rows else []
    return found

"""What the checks of an examination look at, read once for all of them, and what each of them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from daicho.contracts.loader import load_contracts
from daicho.contracts.model import Contract
from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.gate.access_log import AccessLog
from daicho.gate.audit import Finding, Proof, audit_records, prove_public
from daicho.gate.engine import Engine
from daicho.gate.profiles import DisclosureRules
from daicho.gate.release_ledger import Recorded, ReleaseLedger
from daicho.gate.retention import list_due
from daicho.gate.vault_files import Held, look_into
from daicho.vault.catalog import Batch, Catalog, VaultPaths, open_catalog
from daicho.vault.keys import KeyRing

KEPT, BROKEN, NOT_APPLICABLE = "kept", "broken", "not_applicable"
EXAMINED = "examined"
"""Outcome of the line that an examination leaves in the access log."""
TURNED_AWAY = "connect"
"""Operation of the line that a connection without a valid token leaves there."""
USES = frozenset({"released", "listed", "closed", "closed_before", "launched", "read_again", "recovered", EXAMINED})
"""Outcomes of requests that gave somebody something: each needs a purpose."""


@dataclass(frozen=True)
class Outcome:
    """One check: its result, and what it saw in counts, days (ISO) and ids of keys."""

    result: str
    counts: Mapping[str, int | str] = field(default_factory=dict)


def judged(is_kept: bool, **counts: int | str) -> Outcome:
    return Outcome(KEPT if is_kept else BROKEN, counts)


@dataclass(frozen=True)
class Ground:
    """What is examined. Everything is read when it is first asked for, and once."""

    config: Config
    engine: Engine
    rules: DisclosureRules
    log: AccessLog
    ledger: ReleaseLedger
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    @cached_property
    def entries(self) -> Sequence[dict[str, Any]]:
        """Every line of the access log."""
        return list(self.log.entries())

    @cached_property
    def releases(self) -> tuple[Recorded, ...]:
        return self.ledger.all()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Errors that the audit of log and release ledger found, twice: a release made while the first looked can seem unrecorded to it."""
        first = self._errors()
        return tuple(finding for finding in self._errors() if finding in first) if first else ()

    def _errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in audit_records(self.config) if finding.severity == "error")

    @cached_property
    def proof(self) -> Proof:
        """The joint proof of all public releases, made anew."""
        return prove_public(self.config, engine=self.engine)

    @cached_property
    def paths(self) -> VaultPaths:
        return VaultPaths(self.config.vault_dir)

    @cached_property
    def opened(self) -> tuple[KeyRing, Catalog]:
        """Keys and catalogue. Raises VaultError where there is no vault yet, or none that opens."""
        if self.paths.is_empty():
            raise VaultError("the vault is empty.")
        return open_catalog(self.paths, self.config.key_dir)

    @cached_property
    def segments(self) -> Sequence[tuple[Batch, Held]]:
        """Each batch with what its file holds. Raises VaultError where one does not open."""
        keys, catalog = self.opened
        files = [self.paths.segments / batch.segment for batch in catalog.batches]
        return list(zip(catalog.batches, look_into(files, key=keys.vault, temp_dir=self.paths.temp), strict=True))

    @cached_property
    def marts(self) -> Sequence[Held]:
        """What the tables made for measures hold."""
        files = sorted(self.paths.marts.glob("*.duckdb"))
        return look_into(files, key=self.opened[0].vault, temp_dir=self.paths.temp)

    @cached_property
    def overdue(self) -> tuple[str, ...]:
        """Tables that hold something past its period; how much is not told."""
        return tuple(sorted({count.table for count in list_due(self.config, on=self.today).counts}))

    @property
    def has_vault(self) -> bool:
        return not self.paths.is_empty()

    @cached_property
    def contracts(self) -> Mapping[str, Contract]:
        return load_contracts(self.config.contracts_dir)


def day_of(entry: Mapping[str, Any]) -> str:
    """The day of a line of the access log, in ISO form."""
    return str(entry["time"])[:10]

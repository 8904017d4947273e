"""Public releases that no longer stand: withdrawn by an officer, or superseded by the same table at a newer snapshot.

What was published stays known to whoever read it: such a release remains in every joint system, and only its standing is marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError, UsageError
from daicho.gate.access_log import AccessLog, Caller, Clock
from daicho.gate.protocol import Answer, refusal
from daicho.gate.release import release_from_bytes
from daicho.gate.release_ledger import Recorded, ReleaseLedger
from daicho.gate.request import NOT_IN_VOCABULARY
from daicho.gate.roles import roles_of

REASON_CHARACTERS = 400


def superseded_by(new: Recorded, ledger: ReleaseLedger, *, snapshot: int) -> list[str]:
    """Ids of the releases of the same request, profile and purpose at older snapshots that nothing superseded yet."""
    return [
        other.release_id
        for other in ledger.all()
        if other.release_id != new.release_id
        and other.profile == new.profile
        and other.request == new.request
        and other.key["purpose"] == new.key["purpose"]
        and ledger.standing(other.release_id)["state"] == "stands"
        and release_from_bytes(ledger.read(other.release_id)).facts.snapshot < snapshot
    ]


class Revocation:
    """Lists releases and withdraws them, for officers at the command line; to a sealed kernel these operations do not exist."""

    def __init__(self, config: Config, *, ledger: ReleaseLedger, log: AccessLog, clock: Clock) -> None:
        self._config, self._ledger, self._log, self._clock = config, ledger, log, clock

    def withdraw(self, raw: Mapping[str, Any], caller: Caller) -> Answer:
        """Record that a release is withdrawn, and why."""
        try:
            result = self._withdraw(raw, caller)
        except DaichoError as error:
            self._log.record(caller, request={"op": "withdraw"}, outcome=f"refused:{type(error).__name__}")
            return refusal(error)
        self._log.record(caller, request={"op": "withdraw"}, outcome="withdrawn", release_id=str(raw["release_id"]))
        return Answer(outcome="done", result=result)

    def listed(self, raw: Mapping[str, Any], caller: Caller) -> Answer:
        """Every release of a profile (all where none is named) with its standing."""
        try:
            self._require_officer(caller)
            profile = raw.get("profile")
            if not set(raw) <= {"op", "profile"} or not isinstance(profile, str | None):
                raise UsageError(NOT_IN_VOCABULARY)
        except DaichoError as error:
            self._log.record(caller, request={"op": "releases"}, outcome=f"refused:{type(error).__name__}")
            return refusal(error)
        self._log.record(caller, request={"op": "releases", "profile": profile or ""}, outcome="listed")
        return Answer(outcome="done", result=[self._entry(each) for each in self._ledger.all() if profile in (None, each.profile)])

    def _withdraw(self, raw: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        self._require_officer(caller)
        release_id, reason = raw.get("release_id"), raw.get("reason")
        if set(raw) != {"op", "release_id", "reason"} or not isinstance(release_id, str) or not isinstance(reason, str):
            raise UsageError(NOT_IN_VOCABULARY)
        recorded = self._ledger.find(release_id)
        if recorded is None:
            raise UsageError("the release ledger holds no such release: see `daicho release list`.")
        if not reason.strip() or len(reason) > REASON_CHARACTERS or not reason.isprintable():
            raise UsageError(f"give the reason of the withdrawal in up to {REASON_CHARACTERS} characters.")
        if self._ledger.standing(release_id)["state"] == "withdrawn":
            raise UsageError(f"release {release_id} is withdrawn already.")
        self._ledger.withdraw(release_id, reason=reason.strip(), by=caller.user, at=self._clock().isoformat(timespec="milliseconds"))
        return self._entry(recorded)

    def _entry(self, recorded: Recorded) -> dict[str, Any]:
        request = recorded.request
        return {
            "release_id": recorded.release_id,
            "measure": request["measure"],
            "by": list(request["by"]),
            "profile": recorded.profile,
            "recorded_at": recorded.recorded_at,
            "cells": recorded.cells,
            "suppressed_cells": recorded.suppressed_cells,
            **self._ledger.standing(recorded.release_id),
        }

    def _require_officer(self, caller: Caller) -> None:
        if not caller.is_admin:
            raise UsageError(NOT_IN_VOCABULARY)
        if "officer" not in roles_of(caller.user, config=self._config, today=self._clock().date()):
            raise DisclosureError(
                f"user {caller.user} may not list or withdraw releases: that takes the role officer, granted in daicho.toml ([[roles]])."
            )

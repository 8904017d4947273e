"""The request of a compliance page (個人情報保護の点検): the gate examines itself and answers facts of governance, never of persons.

The request has nothing to choose but its purpose. To an analyst's kernel it does not exist.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError, UsageError
from daicho.gate.access_log import AccessLog, Caller, Clock
from daicho.gate.engine import Engine
from daicho.gate.failures import FAILED, note_failure
from daicho.gate.profiles import DisclosureRules
from daicho.gate.protocol import Answer, refusal
from daicho.gate.release_ledger import ReleaseLedger
from daicho.gate.request import NOT_IN_VOCABULARY, checked_purpose, joined_purpose
from daicho.gate.roles import roles_of

FIELDS = frozenset({"op", "purpose"})
OFFICER = "officer"
KERNEL_ROLES = frozenset({OFFICER, "report_runner"})
"""Roles of a launch under which a kernel may ask: the launcher gives them only for a report that declares that it needs one."""


class Compliance:
    """Examines one workspace's gate, one examination at a time."""

    def __init__(
        self, config: Config, *, engine: Engine, rules: DisclosureRules, log: AccessLog, ledger: ReleaseLedger, clock: Clock
    ) -> None:
        self._config = config
        self._engine = engine
        self._rules = rules
        self._log = log
        self._ledger = ledger
        self._clock = clock
        self._turn = threading.Lock()

    def make(self, raw: Mapping[str, Any], caller: Caller) -> Answer:
        """Examine, log it, answer what was found."""
        from daicho.gate.examined import EXAMINED  # here: audit and retention, which it imports, import the server

        refused: DaichoError = FAILED
        result: dict[str, Any] | None = None
        try:
            result = self._examine(raw, caller)
            outcome = EXAMINED
        except DaichoError as error:
            refused, outcome = error, f"refused:{type(error).__name__}"
        except Exception as error:
            note_failure(error)
            outcome = f"failed:{type(error).__name__}"
        self._log.record(caller, request={"op": "compliance"}, outcome=outcome, purpose=joined_purpose(caller.purpose, raw.get("purpose")))
        return refusal(refused) if result is None else Answer(outcome="done", result=result)

    def _examine(self, raw: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        from daicho.gate.examination import examine
        from daicho.gate.examined import Ground

        self._require_officer(raw, caller)
        with self._turn:
            ground = Ground(
                config=self._config, engine=self._engine, rules=self._rules, log=self._log, ledger=self._ledger, now=self._clock()
            )
            return examine(ground).as_data()

    def _require_officer(self, raw: Mapping[str, Any], caller: Caller) -> None:
        """A grant may have ended since the connection was opened: roles are looked up as they stand now."""
        held = roles_of(caller.user, config=self._config, today=self._clock().date())
        if not set(raw) <= FIELDS or (not caller.is_admin and not held & KERNEL_ROLES & {caller.role}):
            raise UsageError(NOT_IN_VOCABULARY)
        purpose = checked_purpose(raw.get("purpose", ""))
        if caller.is_admin and OFFICER not in held:
            raise DisclosureError(
                f"user {caller.user} may not examine the gate: that takes the role officer, granted in daicho.toml ([[roles]])."
            )
        if not joined_purpose(caller.purpose, purpose):
            raise UsageError("give the purpose of the examination.")

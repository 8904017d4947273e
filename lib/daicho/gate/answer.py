"""From a request to a release: count, protect, label, compare with what is published, record, log, answer.

Nothing is returned before the release ledger and the access log hold it on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError, UsageError
from daicho.gate.access_log import AccessLog, Caller, Clock
from daicho.gate.engine import Engine
from daicho.gate.failures import FAILED, note_failure
from daicho.gate.plan import Plan, make_plan, planned_facts
from daicho.gate.profiles import DisclosureRules
from daicho.gate.protocol import Answer, refusal
from daicho.gate.publication import refuse_gaps
from daicho.gate.release import Release, canonical_json, label_of, release_from_bytes, release_to_bytes, status_of
from daicho.gate.release_ledger import Recorded, ReleaseLedger, body_hash
from daicho.gate.request import joined_purpose, parse_request
from daicho.gate.revocation import superseded_by
from daicho.gate.roles import profiles_for, require_profile, roles_of
from daicho.gate.snapshots import OpenSnapshots
from daicho.gate.standing import Draft, Standing, Verdict
from daicho.gate.suppression import PAYEES_COLUMN, protect
from daicho.gate.thresholds import with_thresholds

MAX_ROWS = 500_000
DEFAULT_PROFILE = "internal"
OUTSIDE = f"refused:{UsageError.__name__}"
LOGGED_CHARACTERS = 8192


@dataclass(frozen=True)
class _Answered:
    """An answer and what the access log says about it."""

    answer: Answer
    release_id: str = ""
    cells: int = 0
    suppressed: int = 0


class Answers:
    """Answers measure requests for one workspace. Safe for many threads."""

    def __init__(
        self,
        config: Config,
        *,
        engine: Engine,
        rules: DisclosureRules,
        log: AccessLog,
        ledger: ReleaseLedger,
        snapshots: OpenSnapshots,
        clock: Clock,
    ) -> None:
        self._config = config
        self._engine = engine
        self._rules = rules
        self._log = log
        self._ledger = ledger
        self._snapshots = snapshots
        self._clock = clock
        self._publishing = threading.Lock()
        self._standing = Standing(
            engine=engine, count=lambda snapshot, query: snapshots.run(snapshot, query.sql, query.bound), ledger=ledger, rules=rules
        )

    def allowed_profiles(self, caller: Caller) -> frozenset[str]:
        """Profiles the caller may ask for now: a grant may have ended since the connection was opened."""
        held = roles_of(caller.user, config=self._config, today=self._clock().date())
        if caller.is_admin:
            return profiles_for(held, self._rules)
        return profiles_for(held & {caller.role}, self._rules) & caller.profiles

    def measure(self, raw: Mapping[str, Any], caller: Caller) -> Answer:
        """Answer one request and log it. An answer that cannot be logged is not given."""
        try:
            answered, outcome = self._release(raw, caller), "released"
        except DaichoError as error:
            answered, outcome = _Answered(refusal(error)), f"refused:{type(error).__name__}"
        except Exception as error:
            note_failure(error)
            answered, outcome = _Answered(refusal(FAILED)), f"failed:{type(error).__name__}"
        self._log.record(
            caller,
            request=_loggable(raw, is_in_vocabulary=outcome != OUTSIDE),
            outcome=outcome,
            purpose=joined_purpose(caller.purpose, raw.get("purpose")),
            release_id=answered.release_id,
            cells=answered.cells,
            suppressed=answered.suppressed,
        )
        return answered.answer

    def _release(self, raw: Mapping[str, Any], caller: Caller) -> _Answered:
        request = parse_request(raw, measures=self._engine.measures(), profiles=self._rules.profiles)
        profile = self._rules.profiles[request.profile or caller.default_profile or DEFAULT_PROFILE]
        require_profile(profile, user=caller.user, allowed=self.allowed_profiles(caller))
        purpose = joined_purpose(caller.purpose, request.purpose)
        plan = make_plan(request, profile=profile, purpose=purpose, engine=self._engine, config=self._config)
        recorded = self._ledger.find(plan.release_id)
        if recorded is None:
            recorded, body = self._record(plan, self._make(plan))
        else:
            body = self._ledger.read(plan.release_id)
        self._ledger.record_use(plan.release_id, run_id=caller.run_id)
        return _Answered(
            Answer(outcome="released", result={"release_id": plan.release_id}, body=body),
            release_id=plan.release_id,
            cells=recorded.cells,
            suppressed=recorded.suppressed_cells,
        )

    def _make(self, plan: Plan) -> Draft:
        """Count and protect; nothing is kept yet."""
        measure, profile = plan.request.measure, plan.profile
        counted = self._snapshots.run(plan.snapshot, plan.query.sql, plan.query.bound)
        if counted.height > MAX_ROWS:
            raise DisclosureError(f"the table has more than {MAX_ROWS:,} rows: drop a dimension or filter.")
        if profile.minimum_payees and measure.counts_payees and PAYEES_COLUMN not in counted.columns:
            raise DisclosureError(f"{measure.name} has no figures under the profile {profile.name}: its payees cannot be counted.")
        counted = with_thresholds(counted, by=plan.request.by, where=plan.query.where, profile=profile, engine=self._engine)
        protected = protect(counted, dimensions=plan.request.by, values=measure.rules, profile=profile)
        recorded = Recorded(
            release_id=plan.release_id,
            request=plan.resolved,
            key=plan.key,
            profile=profile.name,
            sha256="",
            cells=protected.cells,
            suppressed_cells=protected.suppressed_cells,
            recorded_at=self._clock().isoformat(timespec="milliseconds"),
        )
        if profile.refuse_derivable:
            refuse_gaps(recorded, has_estimates=any(rule.kind == "estimate" for rule in measure.rules), implicit=measure.implicit)
        bare = protected
        if profile.refuse_derivable:
            bare = protect(counted, dimensions=plan.request.by, values=measure.rules, profile=profile, with_siblings=False)
        return Draft(recorded=recorded, snapshot=plan.snapshot, counted=counted, by_rules=protected.frame, statuses=bare.frame)

    def _record(self, plan: Plan, draft: Draft) -> tuple[Recorded, bytes]:
        """Record a new release, one at a time: no two public ones may pass each other unseen."""
        with self._publishing:
            held = self._ledger.find(plan.release_id)
            if held is not None:
                return held, self._ledger.read(plan.release_id)
            verdict = Verdict("not_required", draft.by_rules)
            if plan.profile.refuse_derivable:
                twin = next((other for other in self._ledger.all() if other.key["content"] == plan.key["content"]), None)
                if twin is not None:
                    # The same table for another purpose: the same figures, whatever was published since.
                    held_by_twin = release_from_bytes(self._ledger.read(twin.release_id))
                    verdict = Verdict(held_by_twin.facts.audit, held_by_twin.frame, held_by_twin.facts.protection)
                    return self._keep(plan, draft, verdict)
                verdict = self._standing.judge(draft)
            labelled = self._engine.add_labels(verdict.frame, by=plan.request.by, snapshot=plan.snapshot)
            return self._keep(plan, draft, replace(verdict, frame=_in_order(labelled, plan=plan)))

    def _keep(self, plan: Plan, draft: Draft, verdict: Verdict) -> tuple[Recorded, bytes]:
        """Write a finished table as a release into the ledger."""
        frame = verdict.frame
        suppressed = sum(int((frame[status_of(value.name)] == "suppressed").sum()) for value in plan.request.measure.values)
        unverified = self._engine.is_unverified(plan.request.measure.name, where=plan.query.where)
        facts = planned_facts(
            plan,
            cells=draft.recorded.cells,
            suppressed_cells=suppressed,
            unverified=unverified,
            audit=verdict.audit,
            protection=verdict.protection,
        )
        body = release_to_bytes(Release(frame=frame, facts=facts))
        recorded = replace(draft.recorded, sha256=body_hash(body), suppressed_cells=suppressed)
        self._ledger.record(recorded, body, log=self._log.position(), bounds=verdict.bounds)
        if plan.profile.refuse_derivable:
            for older in superseded_by(recorded, self._ledger, snapshot=plan.snapshot):
                self._ledger.supersede(older, by=recorded.release_id)
        return recorded, body


def _in_order(frame: pl.DataFrame, *, plan: Plan) -> pl.DataFrame:
    """Columns as promised, rows by dimension codes: never an order that a figure decides."""
    by = plan.request.by
    columns = [name for dimension in by for name in (dimension, label_of(dimension))]
    columns += [name for value in plan.request.measure.values for name in (value.name, status_of(value.name))]
    ordered = frame.select(columns)
    return ordered.sort(by, nulls_last=True, maintain_order=True) if by else ordered


def _loggable(raw: Mapping[str, Any], *, is_in_vocabulary: bool) -> Mapping[str, Any]:
    """A request as the log keeps it: whole when it is small and all its words are ours, else only its size: a name may have been typed."""
    size = len(canonical_json(raw))
    return raw if is_in_vocabulary and size <= LOGGED_CHARACTERS else {"op": "measure", "characters": size}

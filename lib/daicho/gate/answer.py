"""From a request to a release: compile, count, protect, label, compare with what is published, record, log, answer.

Nothing is returned before the release ledger and the access log hold it on disk.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import polars as pl

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError, UsageError, VaultError
from daicho.gate.access_log import AccessLog, Caller, Clock
from daicho.gate.engine import Engine, MeasureSpec, Query
from daicho.gate.profiles import DisclosureRules, Profile, recipient_of
from daicho.gate.protocol import Answer, refusal
from daicho.gate.publication import refuse_derivable
from daicho.gate.release import ColumnFacts, Facts, Release, canonical_json, label_of, release_to_bytes, status_of
from daicho.gate.release_ledger import Recorded, ReleaseLedger, body_hash
from daicho.gate.request import NOT_IN_VOCABULARY, Request, parse_request
from daicho.gate.roles import profiles_for, require_profile, roles_of
from daicho.gate.snapshots import OpenSnapshots
from daicho.gate.suppression import PAYEES_COLUMN, THRESHOLD_COLUMN, protect

MAX_ROWS = 500_000
FORMAT = 1
DEFAULT_PROFILE = "internal"
FAILED = VaultError("the gate failed on this request and released nothing: see the gate's own log (var/log/gate.log).")


@dataclass(frozen=True)
class Answered:
    """An answer and what the access log says about it."""

    answer: Answer
    release_id: str = ""
    cells: int = 0
    suppressed: int = 0
    purpose: str = ""


class Answers:
    """Answers measure requests for one workspace. Safe for many threads."""

    def __init__(
        self, config: Config, *, engine: Engine, rules: DisclosureRules, log: AccessLog, ledger: ReleaseLedger, snapshots: OpenSnapshots, clock: Clock
    ) -> None:
        self._config = config
        self._engine = engine
        self._rules = rules
        self._log = log
        self._ledger = ledger
        self._snapshots = snapshots
        self._clock = clock
        self._publishing = threading.Lock()

    def allowed_profiles(self, caller: Caller) -> frozenset[str]:
        """Profiles the caller may ask for now: a grant may have ended since the connection was opened."""
        held = roles_of(caller.user, config=self._config, today=self._clock().date())
        if not caller.is_admin:
            held &= {caller.role}
        allowed = profiles_for(held, self._rules)
        return allowed if caller.is_admin else allowed & caller.profiles

    def measure(self, raw: Mapping[str, Any], caller: Caller) -> Answer:
        """Answer one request and log it. An answer that cannot be logged is not given."""
        try:
            answered = self._release(raw, caller)
            outcome = "released"
        except DaichoError as error:
            answered, outcome = Answered(refusal(error)), f"refused:{type(error).__name__}"
        except Exception as error:
            answered, outcome = Answered(refusal(FAILED)), f"failed:{type(error).__name__}"
        self._log.record(
            caller,
            request=loggable(raw),
            outcome=outcome,
            purpose=answered.purpose or _joined(caller.purpose, raw.get("purpose")),
            release_id=answered.release_id,
            cells=answered.cells,
            suppressed=answered.suppressed,
        )
        return answered.answer

    def _release(self, raw: Mapping[str, Any], caller: Caller) -> Answered:
        request = parse_request(raw, measures=self._engine.measures(), profiles=self._rules.profiles)
        profile = self._rules.profiles[request.profile or caller.default_profile or DEFAULT_PROFILE]
        require_profile(profile, user=caller.user, allowed=self.allowed_profiles(caller))
        purpose = _joined(caller.purpose, request.purpose)
        snapshot = request.snapshot if request.snapshot is not None else self._engine.latest_snapshot()
        query = self._compile(request, snapshot=snapshot)
        _require_payee(profile, by=request.by, where=query.where)
        resolved = _resolved(request, query)
        content = {
            "format": FORMAT,
            "request": resolved,
            "snapshot": snapshot,
            "profile": profile.name,
            "rules": profile.digest,
            "sql": _hash(query.sql),
            "reference": self._engine.fingerprint(request.measure.name),
        }
        key = {"content": _hash(canonical_json(content)), "purpose": purpose, "recipient": recipient_of(profile, config=self._config, where=query.where)}
        release_id = "R" + _hash(canonical_json(key))[:24]
        recorded = self._ledger.find(release_id)
        if recorded is None:
            facts = self._facts(release_id, request=request, query=query, profile=profile, snapshot=snapshot, purpose=purpose, recipient=key["recipient"])
            recorded, body = self._make(facts, request=request, query=query, profile=profile, key=key, resolved=resolved)
        else:
            body = self._ledger.read(release_id)
        self._ledger.record_use(release_id, run_id=caller.run_id)
        return Answered(
            Answer(outcome="released", result={"release_id": release_id}, body=body),
            release_id=release_id,
            cells=recorded.cells,
            suppressed=recorded.suppressed_cells,
            purpose=purpose,
        )

    def _compile(self, request: Request, *, snapshot: int) -> Query:
        """Compile; a filter value or parameter the measures do not know gets the same refusal as any other unknown word."""
        try:
            return self._engine.compile(
                request.measure.name, by=request.by, where=request.where, parameters=request.parameters, snapshot=snapshot
            )
        except UsageError:
            pass
        raise UsageError(NOT_IN_VOCABULARY)

    def _make(
        self, facts: Facts, *, request: Request, query: Query, profile: Profile, key: Mapping[str, str], resolved: Mapping[str, Any]
    ) -> tuple[Recorded, bytes]:
        counted = self._snapshots.run(facts.snapshot, query.sql, query.bound)
        if counted.height > MAX_ROWS:
            raise DisclosureError(f"the table has more than {MAX_ROWS:,} rows: drop a dimension or filter.")
        if profile.minimum_payees and request.measure.counts_payees and PAYEES_COLUMN not in counted.columns:
            raise DisclosureError(f"{request.measure.name} cannot be released under the profile {profile.name}: its payees cannot be counted yet.")
        counted = self._with_thresholds(counted, request=request, query=query, profile=profile)
        protected = protect(counted, dimensions=request.by, values=request.measure.rules, profile=profile)
        frame = _in_order(self._engine.add_labels(protected.frame, by=request.by), by=request.by, measure=request.measure)
        facts = replace(facts, cells=protected.cells, suppressed_cells=protected.suppressed_cells)
        body = release_to_bytes(Release(frame=frame, facts=facts))
        recorded = Recorded(
            release_id=facts.release_id,
            request=resolved,
            key=key,
            profile=profile.name,
            sha256=body_hash(body),
            cells=facts.cells,
            suppressed_cells=facts.suppressed_cells,
            recorded_at=self._clock().isoformat(timespec="milliseconds"),
        )
        with self._publishing:
            held = self._ledger.find(facts.release_id)
            if held is not None:
                return held, self._ledger.read(facts.release_id)
            if profile.refuse_derivable:
                refuse_derivable(recorded, published=self._ledger.all(), rules=self._rules)
            self._ledger.record(recorded, body)
        return recorded, body

    def _with_thresholds(self, counted: pl.DataFrame, *, request: Request, query: Query, profile: Profile) -> pl.DataFrame:
        """Give each row its area's threshold where the table is about areas: broken down or filtered by one."""
        about = [name for name in profile.area_dimensions if name in request.by or name in query.where]
        if profile.threshold is None or not about:
            return counted
        thresholds = pl.lit(profile.threshold)
        for name in about:
            population = self._engine.area_population(name)
            by_code = {code: profile.area_threshold(population.get(code)) for code in (counted[name].unique() if name in request.by else query.where[name])}
            if name in request.by:
                nothing = [code for code, threshold in by_code.items() if threshold is None]
                area = pl.col(name).replace_strict({code: t or 0 for code, t in by_code.items()}, return_dtype=pl.Int64)
                thresholds = pl.when(pl.col(name).is_in(nothing)).then(None).otherwise(pl.max_horizontal(thresholds, area))
            elif len(by_code) == 1:
                (threshold,) = by_code.values()
                thresholds = pl.max_horizontal(thresholds, pl.lit(threshold)) if threshold is not None else pl.lit(None, dtype=pl.Int64)
        return counted.with_columns(thresholds.alias(THRESHOLD_COLUMN))

    def _facts(
        self, release_id: str, *, request: Request, query: Query, profile: Profile, snapshot: int, purpose: str, recipient: str
    ) -> Facts:
        measure = request.measure
        return Facts(
            release_id=release_id,
            measure=measure.name,
            title=measure.title,
            title_en=measure.title_en,
            by=request.by,
            where=query.where,
            parameters={name: _plain(value) for name, value in query.parameters.items()},
            profile=profile.name,
            profile_label=profile.label,
            marking=profile.marking,
            strictness=profile.strictness,
            snapshot=snapshot,
            as_of=query.as_of,
            purpose=purpose,
            recipient=recipient,
            legal_basis=profile.legal_basis,
            source=measure.source,
            notes=measure.notes,
            cells=0,
            suppressed_cells=0,
            audit="no_derivation" if profile.refuse_derivable else "not_required",
            columns=_columns(measure, by=request.by),
            unverified=self._engine.is_unverified(measure.name),
        )


def loggable(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """A request as the log keeps it: whole when it is small, else only its size."""
    text = canonical_json(raw)
    return raw if len(text) <= 8192 else {"op": str(raw.get("op"))[:40], "characters": len(text)}


def _require_payee(profile: Profile, *, by: tuple[str, ...], where: Mapping[str, tuple[str, ...]]) -> None:
    for dimension, payees in (profile.payee_dimensions or {}).items():
        if (dimension in by or dimension in where) and not any(len(where.get(name, ())) == 1 for name in payees):
            raise DisclosureError(f"the profile {profile.name} shows {dimension} only to its own payee: filter for one of {', '.join(payees)}, or drop {dimension}.")


def _resolved(request: Request, query: Query) -> dict[str, Any]:
    return {
        "measure": request.measure.name,
        "by": list(request.by),
        "where": {name: list(codes) for name, codes in sorted(query.where.items())},
        "parameters": {name: _plain(value) for name, value in sorted(query.parameters.items())},
        "is_stock": request.measure.is_stock,
    }


def _in_order(frame: pl.DataFrame, *, by: tuple[str, ...], measure: MeasureSpec) -> pl.DataFrame:
    """Columns as promised, rows by dimension codes: never an order that a figure decides."""
    columns = [name for dimension in by for name in (dimension, label_of(dimension))]
    columns += [name for value in measure.values for name in (value.name, status_of(value.name))]
    ordered = frame.select(columns)
    return ordered.sort(by, nulls_last=True, maintain_order=True) if by else ordered


def _columns(measure: MeasureSpec, *, by: tuple[str, ...]) -> tuple[ColumnFacts, ...]:
    return (*(measure.dimensions[name] for name in by), *measure.values)


def _plain(value: str | int | date) -> str | int:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _joined(purpose: str, more: object) -> str:
    """The purpose a session was opened for, and what the analyst added to it."""
    added = more if isinstance(more, str) and more != purpose and len(more) <= 500 else ""
    return " / ".join(part for part in (purpose, added) if part)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""What one request comes to before anything is counted: the compiled query, the rules, and the release's identity.

The id is a hash over everything the figures depend on, and over purpose and recipient, which the release states. So the same request at
the same snapshot, rules and reference data is the same release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from daicho.core.config import Config
from daicho.core.errors import DisclosureError, UsageError
from daicho.gate.engine import Engine, Query
from daicho.gate.profiles import Profile, recipient_of
from daicho.gate.release import Facts, canonical_json
from daicho.gate.request import NOT_IN_VOCABULARY, Request

FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """A request made ready. `key` identifies the release; `resolved` is the request in codes, as ledger and log of releases keep it."""

    release_id: str
    request: Request
    query: Query
    profile: Profile
    snapshot: int
    purpose: str
    recipient: str
    legal_basis: str
    key: Mapping[str, str]
    resolved: Mapping[str, Any]


def make_plan(request: Request, *, profile: Profile, purpose: str, engine: Engine, config: Config) -> Plan:
    """Compile a request. Raises UsageError for words outside the vocabulary, DisclosureError where a payee's figures have no payee."""
    snapshot = request.snapshot if request.snapshot is not None else engine.latest_snapshot()
    query = _compile(request, engine=engine, snapshot=snapshot)
    _require_payee(profile, by=request.by, where=query.where)
    recipient = recipient_of(profile, config=config, where=query.where)
    by_law = engine.legal_basis(request.measure.name, on=query.as_of) if profile.recipient == "prefecture" else ""
    legal_basis = by_law or profile.legal_basis
    resolved = {
        "measure": request.measure.name,
        "by": list(request.by),
        "where": {name: list(codes) for name, codes in sorted(query.where.items())},
        "parameters": {name: _plain(value) for name, value in sorted(query.parameters.items())},
        "is_stock": request.measure.is_stock,
    }
    content = {
        "format": FORMAT,
        "request": resolved,
        "snapshot": snapshot,
        "profile": profile.name,
        "rules": profile.digest,
        "query": _hash(canonical_json([query.sql, query.bound])),
        "reference": engine.fingerprint(request.measure.name),
    }
    key = {"content": _hash(canonical_json(content)), "purpose": purpose, "recipient": recipient, "legal_basis": legal_basis}
    return Plan(
        release_id="R" + _hash(canonical_json(key))[:24],
        request=request,
        query=query,
        profile=profile,
        snapshot=snapshot,
        purpose=purpose,
        recipient=recipient,
        legal_basis=legal_basis,
        key=key,
        resolved=resolved,
    )


def planned_facts(plan: Plan, *, cells: int, suppressed_cells: int, unverified: bool, audit: str, protection: Mapping[str, Any]) -> Facts:
    """The facts of the release a plan leads to."""
    measure, profile = plan.request.measure, plan.profile
    return Facts(
        release_id=plan.release_id,
        measure=measure.name,
        title=measure.title,
        title_en=measure.title_en,
        by=plan.request.by,
        where=plan.query.where,
        parameters={name: _plain(value) for name, value in plan.query.parameters.items()},
        profile=profile.name,
        profile_label=profile.label,
        marking=profile.marking,
        strictness=profile.strictness,
        snapshot=plan.snapshot,
        as_of=plan.query.as_of,
        purpose=plan.purpose,
        recipient=plan.recipient,
        legal_basis=plan.legal_basis,
        source=measure.source,
        notes=measure.notes,
        cells=cells,
        suppressed_cells=suppressed_cells,
        audit=audit,
        columns=(*(measure.dimensions[name] for name in plan.request.by), *measure.values),
        unverified=unverified,
        protection=protection,
    )


def _compile(request: Request, *, engine: Engine, snapshot: int) -> Query:
    """Compile; a filter value or parameter the measures do not know gets the same refusal as any other unknown word."""
    measure = request.measure.name
    try:
        return engine.compile(measure, by=request.by, where=request.where, parameters=request.parameters, snapshot=snapshot)
    except UsageError:
        pass
    raise UsageError(NOT_IN_VOCABULARY)


def _require_payee(profile: Profile, *, by: tuple[str, ...], where: Mapping[str, tuple[str, ...]]) -> None:
    for dimension, payees in (profile.payee_dimensions or {}).items():
        if (dimension in by or dimension in where) and not any(len(where.get(name, ())) == 1 for name in payees):
            raise DisclosureError(
                f"the profile {profile.name} shows {dimension} only to its own payee: "
                f"filter for exactly one {' or '.join(payees)}, or drop {dimension}."
            )


def _plain(value: str | int | date) -> str | int:
    return value.isoformat() if isinstance(value, date) else value


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

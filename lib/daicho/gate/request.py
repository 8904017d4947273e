"""A request is data in a closed vocabulary. Whatever is not in it gets one and the same refusal."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from daicho.core.errors import UsageError
from daicho.gate.engine import MeasureSpec, ParameterSpec, ParameterValue, WorklistSpec

NOT_IN_VOCABULARY = "the request asks for something the catalogue does not offer: see `daicho measures NAME` for what can be asked."
FIELDS = frozenset({"op", "measure", "by", "where", "parameters", "snapshot", "profile", "purpose"})
WORKLIST_FIELDS = frozenset({"op", "worklist", "where", "parameters", "snapshot", "purpose"})
MAX_DIMENSIONS = 8
MAX_FILTERS = 16
MAX_FILTER_VALUES = 1000
MAX_TEXT = 200
MAX_PURPOSE = 500
_RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")


@dataclass(frozen=True)
class Request:
    """A well-formed request: every name is in the vocabulary, every parameter has its type. Filter values are not resolved yet."""

    measure: MeasureSpec
    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, ParameterValue]
    snapshot: int | None
    profile: str | None
    purpose: str


@dataclass(frozen=True)
class WorklistRequest:
    """A well-formed request for a worklist. Filter values are not resolved yet."""

    worklist: WorklistSpec
    where: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, ParameterValue]
    snapshot: int | None
    purpose: str


def parse_request(raw: Mapping[str, Any], *, measures: Mapping[str, MeasureSpec], profiles: Collection[str]) -> Request:
    """Check a request strictly. Raises UsageError with one text for everything that does not fit."""
    if not set(raw) <= FIELDS:
        raise _refused()
    name = raw.get("measure")
    if not isinstance(name, str) or name not in measures:
        raise _refused()
    measure = measures[name]
    profile = raw.get("profile")
    if profile is not None and (not isinstance(profile, str) or profile not in profiles):
        raise _refused()
    return Request(
        measure=measure,
        by=_by(raw.get("by", []), measure),
        where=_where(raw.get("where", {}), measure),
        parameters=_parameters(raw.get("parameters", {}), measure),
        snapshot=_snapshot(raw.get("snapshot")),
        profile=profile,
        purpose=checked_purpose(raw.get("purpose", "")),
    )


def parse_worklist_request(raw: Mapping[str, Any], *, worklists: Mapping[str, WorklistSpec]) -> WorklistRequest:
    """Check a request for a worklist as strictly. Raises UsageError with the same one text."""
    name = raw.get("worklist")
    if not set(raw) <= WORKLIST_FIELDS or not isinstance(name, str) or name not in worklists:
        raise _refused()
    worklist = worklists[name]
    return WorklistRequest(
        worklist=worklist,
        where=_where(raw.get("where", {}), worklist),
        parameters=_parameters(raw.get("parameters", {}), worklist),
        snapshot=_snapshot(raw.get("snapshot")),
        purpose=checked_purpose(raw.get("purpose", "")),
    )


def joined_purpose(purpose: str, more: object) -> str:
    """The purpose a session was opened for, and what the analyst added to it."""
    added = more.strip() if isinstance(more, str) and len(more) <= MAX_PURPOSE and more.strip() != purpose else ""
    return " / ".join(part for part in (purpose, added) if part)


def checked_purpose(text: object) -> str:
    """A purpose (利用目的) is one line of bounded length. Raises UsageError."""
    if not isinstance(text, str) or len(text) > MAX_PURPOSE or not text.isprintable():
        raise UsageError(f"a purpose is one line of at most {MAX_PURPOSE} characters.")
    return text.strip()


def is_run_id(text: object) -> bool:
    return isinstance(text, str) and _RUN_ID.fullmatch(text) is not None


def _by(raw: object, measure: MeasureSpec) -> tuple[str, ...]:
    if not isinstance(raw, list) or len(raw) > MAX_DIMENSIONS or not all(isinstance(name, str) for name in raw):
        raise _refused()
    if not set(raw) <= set(measure.dimensions) or len(set(raw)) != len(raw):
        raise _refused()
    return (*raw, *(name for name in measure.implicit if name not in raw))


def _where(raw: object, measure: MeasureSpec | WorklistSpec) -> dict[str, tuple[str, ...]]:
    if not isinstance(raw, dict) or len(raw) > MAX_FILTERS:
        raise _refused()
    if not set(measure.required_filters) <= set(raw) <= measure.filters:
        raise _refused()
    for values in raw.values():
        if not isinstance(values, list) or not 0 < len(values) <= MAX_FILTER_VALUES:
            raise _refused()
        if not all(isinstance(value, str) and 0 < len(value) <= MAX_TEXT for value in values):
            raise _refused()
    return {name: tuple(sorted(set(values))) for name, values in raw.items()}


def _parameters(raw: object, measure: MeasureSpec | WorklistSpec) -> dict[str, ParameterValue]:
    if not isinstance(raw, dict) or not set(raw) <= set(measure.parameters):
        raise _refused()
    if not {name for name, spec in measure.parameters.items() if spec.required} <= set(raw):
        raise _refused()
    return {name: _typed(value, measure.parameters[name]) for name, value in raw.items()}


def _typed(value: object, spec: ParameterSpec) -> ParameterValue:
    if spec.type == "date" and isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _refused() from None
    if spec.type == "int" and _is_int(value) and isinstance(value, int) and -(10**6) <= value <= 10**6:
        return value
    if spec.type == "month" and _is_int(value) and isinstance(value, int) and 190001 <= value <= 299912 and 1 <= value % 100 <= 12:
        return value
    if spec.type == "dose" and isinstance(value, str) and len(value) <= MAX_TEXT:
        return value
    if spec.type == "choice" and isinstance(value, str) and value in spec.choices:
        return value
    raise _refused()


def _snapshot(raw: object) -> int | None:
    if raw is None or (isinstance(raw, int) and _is_int(raw) and 0 <= raw < 1 << 31):
        return raw
    raise _refused()


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _refused() -> UsageError:
    return UsageError(NOT_IN_VOCABULARY)

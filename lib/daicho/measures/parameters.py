"""Parameters of a request: types checked, defaults filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from daicho.core.errors import UsageError
from daicho.measures.model import NOT_OFFERED, Parameter, ParameterValue, Vocabulary

_YEARS = range(1900, 3000)


def resolve_parameters(measure: Vocabulary, given: Mapping[str, object]) -> dict[str, ParameterValue]:
    """Types checked and defaults filled in; a parameter without default that is not given is left out.

    Dates may come as `date` or as 2026-03-31, months as 202603. Raises UsageError (one text for everything) for an unknown name, a
    missing required parameter or a value of another type.
    """
    known = {parameter.name: parameter for parameter in measure.parameters}
    if not set(given) <= set(known):
        raise UsageError(NOT_OFFERED)
    resolved = {}
    for name, parameter in known.items():
        value = given.get(name)
        if value is None:
            value = parameter.default
        if value is not None:
            resolved[name] = _typed(parameter, value)
        elif parameter.required:
            raise UsageError(NOT_OFFERED)
    return resolved


def _typed(parameter: Parameter, value: object) -> ParameterValue:
    if parameter.type == "date":
        return _day(value)
    if parameter.type == "choice":
        if isinstance(value, str) and value in parameter.choices:
            return value
        raise UsageError(NOT_OFFERED)
    if parameter.type == "dose":
        if isinstance(value, str) and re.fullmatch(r"[0-9A-Za-z-]{1,40}", value):
            return value
        raise UsageError(NOT_OFFERED)
    number = _whole(value)
    if parameter.type == "month" and not (number // 100 in _YEARS and 1 <= number % 100 <= 12):
        raise UsageError(NOT_OFFERED)
    if parameter.name == "fiscal_year" and number not in _YEARS:
        raise UsageError(NOT_OFFERED)
    return number


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise UsageError(NOT_OFFERED)


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 10**6:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value):
        return int(value)
    raise UsageError(NOT_OFFERED)

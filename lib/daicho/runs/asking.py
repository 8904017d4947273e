"""Fill in what a request on the shell leaves out: today as the as-of day, values in the measure's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from daicho.core.errors import UsageError
from daicho.core.fiscal import fiscal_year as fiscal_year_of
from daicho.measures import Parameter, catalogue


def with_defaults(
    measure: str, *, as_of: str | None, fiscal_year: int | None, parameters: Mapping[str, str], today: date
) -> dict[str, Any]:
    """Parameters for the gate: those given, typed, and today's day or fiscal year where the measure needs one. Raises UsageError."""
    known = catalogue()
    if measure not in known:
        raise UsageError(f"there is no measure {measure}: known measures are {', '.join(known)}.")
    return completed(measure, known[measure].parameters, as_of=as_of, fiscal_year=fiscal_year, parameters=parameters, today=today)


def completed(
    name: str, offered: Sequence[Parameter], *, as_of: str | None, fiscal_year: int | None, parameters: Mapping[str, str], today: date
) -> dict[str, Any]:
    """The same for anything that offers parameters, called `name` where it is complained about. Raises UsageError."""
    takes = {parameter.name: parameter for parameter in offered}
    given: dict[str, Any] = dict(parameters)
    if as_of is not None:
        given["as_of"] = as_of
    if fiscal_year is not None:
        given["fiscal_year"] = fiscal_year
    for given_name in given:
        if given_name not in takes:
            raise UsageError(f"{name} takes no parameter {given_name}: it takes {', '.join(takes) or 'none'}.")
    if "as_of" in takes and "as_of" not in given:
        given["as_of"] = today.isoformat()
    if "fiscal_year" in takes and takes["fiscal_year"].required and "fiscal_year" not in given:
        given["fiscal_year"] = fiscal_year_of(today)
    return {key: _typed(name, key, takes[key].type, value) for key, value in given.items()}


def _typed(measure: str, name: str, kind: str, value: Any) -> Any:
    try:
        if kind in ("int", "month"):
            return int(str(value).replace("-", "")) if kind == "month" else int(value)
        if kind == "date":
            return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise UsageError(
            f"{measure}: the parameter {name} must be {'a date such as 2026-04-01' if kind == 'date' else 'a whole number'}."
        ) from None
    return value

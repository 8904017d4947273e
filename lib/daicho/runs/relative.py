"""Parameters of a plan that are relative to its day: `previous_month`, `half_year` and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from daicho.core.fiscal import fiscal_year


def _last_month(on: date) -> date:
    return on.replace(day=1) - timedelta(days=1)


def _half_year(on: date) -> str:
    return f"{fiscal_year(on)}H{1 if 4 <= on.month <= 9 else 2}"


def _previous_half_year(on: date) -> str:
    begins = date(on.year, 4, 1) if 4 <= on.month <= 9 else date(on.year if on.month >= 10 else on.year - 1, 10, 1)
    return _half_year(begins - timedelta(days=1))


RELATIVE: Mapping[str, Callable[[date], int | str]] = MappingProxyType(
    {
        "today": date.isoformat,
        "this_month": lambda on: on.year * 100 + on.month,
        "previous_month": lambda on: _last_month(on).year * 100 + _last_month(on).month,
        "end_of_previous_month": lambda on: _last_month(on).isoformat(),
        "half_year": _half_year,
        "previous_half_year": _previous_half_year,
        "this_fiscal_year": fiscal_year,
        "previous_fiscal_year": lambda on: fiscal_year(on) - 1,
        "end_of_previous_fiscal_year": lambda on: date(fiscal_year(on), 3, 31).isoformat(),
    }
)


def resolve(parameters: Mapping[str, Any], *, on: date) -> dict[str, Any]:
    """Relative parameters as of the plan's day; others unchanged."""
    return {name: RELATIVE[value](on) if isinstance(value, str) and value in RELATIVE else value for name, value in parameters.items()}

"""Which public releases may share people, judged from their requests alone, never from rows; and what to say when they may not stand together.

A figure withheld in one public table can be found by subtraction as soon as another public table counts the same people in a coarser,
finer or other breakdown, or at another snapshot. `standing` decides what then happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daicho.core.errors import DisclosureError
from daicho.gate.profiles import DisclosureRules
from daicho.gate.release_ledger import Recorded

_PERIODS = ("fiscal_year", "month")


def refuse_gaps(release: Recorded, *, has_estimates: bool, implicit: Sequence[str]) -> None:
    """Raise DisclosureError when a table with estimates lacks a figure: estimates accumulate, and what is missing could be divided out."""
    if not (has_estimates and release.suppressed_cells):
        return
    dropped = _dimension_to_drop([name for name in release.request["by"] if name not in implicit], ())
    what = f"drop the dimension {dropped}" if dropped else "ask for a larger group or fewer months"
    raise DisclosureError(
        f"a published table of {release.request['measure']} shows every figure or none, and {release.suppressed_cells} of these rest on too "
        f"few persons: {what}, or use the profile internal."
    )


def may_share_people(request: Mapping[str, Any], other: Mapping[str, Any], *, rules: DisclosureRules) -> bool:
    """Whether figures of one request could be subtracted from figures of the other.

    Not when a filter on people (their district, cohort, sex) or the period keeps them apart. A filter on what happened (vaccine, dose,
    month) keeps events apart, but not the people of a denominator: the cohort of the first dose is the cohort of the second. Such tables
    are apart only when they break the same people down in the same way.
    """
    apart = {name for name in set(request["where"]) & set(other["where"]) if not set(request["where"][name]) & set(other["where"][name])}
    if apart - rules.event_dimensions or any(_differ(request["parameters"].get(name), other["parameters"].get(name)) for name in _PERIODS):
        return False
    if not apart:
        return True
    if request["is_stock"] or other["is_stock"]:
        return _people(request, rules=rules) != _people(other, rules=rules)
    return False


def _people(request: Mapping[str, Any], *, rules: DisclosureRules) -> tuple[Any, ...]:
    where = {name: codes for name, codes in request["where"].items() if name not in rules.event_dimensions}
    by = sorted(set(request["by"]) - rules.event_dimensions)
    return request["measure"], by, where, dict(request["parameters"])


def _differ(mine: object, theirs: object) -> bool:
    return mine is not None and theirs is not None and mine != theirs


def advice(release: Recorded, earlier: Recorded) -> str:
    """Why a release may not stand beside an earlier one, and what to ask for instead."""
    dropped = _dimension_to_drop(release.request["by"], earlier.request["by"])
    what = f"drop the dimension {dropped}" if dropped else "ask for the breakdown already published, or filter for people it does not count"
    return (
        f"the published release {earlier.release_id} of {earlier.request['measure']} counts some of the same people, and beside it a withheld "
        f"figure, or a difference of few persons, could be computed: {what}, ask for its day and snapshot, or use the profile internal."
    )


def alone(release: Recorded) -> str:
    """Why a release may not be published though nothing stands beside it."""
    dropped = _dimension_to_drop(release.request["by"], ())
    what = f"drop the dimension {dropped}" if dropped else "ask for a larger group"
    return f"a withheld figure of {release.request['measure']} follows from the others: {what}, or use the profile internal."


def _dimension_to_drop(by: Sequence[str], published_by: Sequence[str]) -> str:
    """The last dimension that the published table does not have; the last one at all when it has them all."""
    new = [name for name in by if name not in published_by]
    return (new or [*by] or [""])[-1]

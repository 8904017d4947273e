"""What an attacker could say of each withheld cell when a release was made: kept beside the release ledger, never part of what leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

TOLERANCE = 0.5  # bounds are whole numbers


class Bound(NamedTuple):
    """Persons behind one withheld count of one row: at least `lower`, at most `upper` (None: nothing bounds it)."""

    column: str
    row: tuple[str, ...]
    lower: float
    upper: float | None


def bounds_to_bytes(bounds: Sequence[Bound]) -> bytes:
    return json.dumps([[each.column, list(each.row), each.lower, each.upper] for each in bounds], ensure_ascii=False).encode()


def bounds_from_bytes(body: bytes) -> list[Bound]:
    return [Bound(column, tuple(row), lower, upper) for column, row, lower, upper in json.loads(body)]


def disagrees(stored: Sequence[Bound], found: Sequence[Bound], *, is_newest: bool) -> bool:
    """Whether bounds worked out anew are others. What was published later may have narrowed those of an earlier release, never widened."""
    now = {(each.column, each.row): each for each in found}
    if now.keys() != {(each.column, each.row) for each in stored}:
        return True
    for before in stored:
        after = now[before.column, before.row]
        low, high = after.lower - before.lower, _number(before.upper) - _number(after.upper)
        if low < -TOLERANCE or high < -TOLERANCE or (is_newest and (low > TOLERANCE or high > TOLERANCE)):
            return True
    return False


def _number(upper: float | None) -> float:
    return 1e18 if upper is None else upper

"""The order in which the codes of a dimension are shown, whichever of them a table or chart happens to meet first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from daicho.gate.release import Release, label_of


@dataclass(frozen=True)
class OrderedRelease(Release):
    """A release that knows the order of its code lists: dimension → codes, as offices print them."""

    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    """Where the codes of a dimension stand on its tile map: code → (row, column)."""


def codes_in_order(release: Release, dimension: str, *further: str) -> list[tuple[object, ...]]:
    """Return (code, label, further columns…) of a dimension once each.

    Numbers ascend, the unknown last; text stands in the order of its code list, and codes without one in the order of the frame.
    """
    codes = release.frame.select(dimension, label_of(dimension), *further).unique(maintain_order=True)
    if codes.schema[dimension] != pl.String:
        return list(codes.sort(dimension, nulls_last=True).iter_rows())
    orders = release.orders if isinstance(release, OrderedRelease) else {}
    places = {code: place for place, code in enumerate(orders.get(dimension, ()))}
    return sorted(codes.iter_rows(), key=lambda row: places.get(row[0], len(places)))

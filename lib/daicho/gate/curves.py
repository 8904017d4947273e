"""Curves of estimates (累積接種率): which points may be shown where single months rest on few people.

S(m) / S(m-1) is 1 - events / at risk, so a point of a curve beside the point before it tells the events of its month, and the people at
risk of two months tell them too. Where a month is withheld, its events are therefore pooled with those of the months behind it until the
pool holds nobody or at least k; only then the curve is shown again. Within a pool every number of people is withheld (a zero may stand):
what the next point tells is the sum of the pool, which is k or more. From the first pool on a curve has few decimals, so that no search
over whole numbers finds how a pool divides.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import polars as pl

POOLED_DECIMALS = 3

Row = tuple[tuple[Any, ...], int, bool, bool, int | None]


class _Point(NamedTuple):
    """One month of one curve. `pending`: events since the last shown point, None where that is the month before."""

    curve: tuple[Any, ...] | None
    pending: int | None = None
    is_pooled: bool = False
    is_withheld: bool = False
    is_coarse: bool = False


def pool_curve(
    frame: pl.DataFrame, *, curve: Sequence[str], along: str, events: str, at_risk: str, masks: Sequence[str], threshold: pl.Expr
) -> pl.DataFrame:
    """Withhold what would tell the events of a withheld month.

    `frame` holds `__mask_<column>` for both counts and each of the estimates `masks`. Returns it with these masks as the rule above asks
    and with `__coarse_<estimate>`: whether the figure has few decimals only.
    """
    masked_events, masked_at_risk = pl.col(f"__mask_{events}"), pl.col(f"__mask_{at_risk}")
    ordered = frame.with_row_index("__row").sort([*curve, along], nulls_last=True)
    rows = ordered.select(pl.col(events).fill_null(0), masked_events | masked_at_risk, masked_at_risk.alias("few"), threshold.alias("k"))
    keys = ordered.select(curve).rows() if curve else [()] * ordered.height
    # A pool begins where the one before it ended: the points of a curve can only be told one after the other.
    points = list(accumulate(((key, *row) for key, row in zip(keys, rows.rows(), strict=True)), _next_point, initial=_Point(None)))[1:]
    pooled, withheld, coarse = (
        pl.Series([getattr(point, name) for point in points], dtype=pl.Boolean) for name in ("is_pooled", "is_withheld", "is_coarse")
    )
    return (
        ordered.with_columns(
            (masked_events | (pl.lit(pooled) & (pl.col(events) != 0))).alias(f"__mask_{events}"),
            (masked_at_risk | pl.lit(pooled)).alias(f"__mask_{at_risk}"),
            *(pl.lit(withheld).alias(f"__mask_{name}") for name in masks),
            *(pl.lit(coarse).alias(f"__coarse_{name}") for name in masks),
        )
        .sort("__row")
        .drop("__row")
    )


def _next_point(before: _Point, row: Row) -> _Point:
    curve, events, is_masked, is_masked_at_risk, threshold = row
    if before.curve != curve:
        before = _Point(curve)
    if not before.pending and not is_masked:
        return _Point(curve, is_coarse=before.is_coarse)
    pending = (before.pending or 0) + events
    # A month withheld though its events are many tells of those who are left: it ends no pool.
    is_closed = threshold is not None and pending >= threshold and not is_masked_at_risk and not (is_masked and events >= threshold)
    return _Point(curve, None if is_closed else pending, is_pooled=True, is_withheld=not is_closed, is_coarse=True)

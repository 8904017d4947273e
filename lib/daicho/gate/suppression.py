"""Primary suppression: pure functions over aggregated frames. Which single figures must not be shown, and how the others are marked.

Rules (disclosure.md 4): a figure resting on 1 to k-1 persons is withheld, whatever it counts: twelve doses of one person are one person.
Where the profile tests complements, 95 of 100 is as revealing as 5 of 100, and 0 % or 100 % of a group as either. Whatever can be
computed from a withheld figure within its row goes with it: rates, yen, and the sibling numerators of the same denominator. Rates are
computed here, from the counts that remain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from daicho.gate.profiles import Profile
from daicho.gate.release import status_of

THRESHOLD_COLUMN = "__threshold"
"""Optional column of a frame: the row's own threshold (an area's); null withholds the whole row."""

PAYEES_COLUMN = "__payees"
"""Optional column of a frame: how many payees share the row's figures."""


@dataclass(frozen=True)
class ValueRule:
    """How one released value is protected.

    `contributors` names the columns that count the distinct persons behind it; a figure is safe when each of them is 0 or at least k.
    `numerator` and `denominator` are set for rates, and name count columns; a rate's contributors count the persons behind the difference
    of the two. `is_personal` is False for what counts no people (rows of a
    delivery): such figures are never withheld.
    """

    name: str
    kind: str  # count | yen | rate
    contributors: tuple[str, ...] = ()
    is_personal: bool = True
    numerator: str = ""
    denominator: str = ""


@dataclass(frozen=True)
class Protected:
    """A frame in which every value has a status and no withheld value is left."""

    frame: pl.DataFrame
    cells: int
    suppressed_cells: int


def protect(frame: pl.DataFrame, *, dimensions: Sequence[str], values: Sequence[ValueRule], profile: Profile) -> Protected:
    """Apply a profile's primary suppression to one row per cell; drop every column that is not released.

    `frame` holds the dimensions, the counts and yen, their contributor columns, and possibly `__threshold`.
    """
    masks = _masks(values, profile=profile, columns=frame.columns)
    marked = frame.with_columns(mask.fill_null(False).alias(f"__mask_{name}") for name, mask in masks.items())
    columns: list[pl.Expr] = [pl.col(name) for name in dimensions]
    for value in values:
        number, status = _released(value, profile=profile)
        columns += [number.alias(value.name), status.alias(status_of(value.name))]
    released = marked.select(columns)
    suppressed = sum(int((released[status_of(value.name)] == "suppressed").sum()) for value in values)
    return Protected(frame=released, cells=released.height * len(values), suppressed_cells=suppressed)


def _masks(values: Sequence[ValueRule], *, profile: Profile, columns: Sequence[str]) -> dict[str, pl.Expr]:
    """For every value, whether it is withheld in a row."""
    if profile.threshold is None or not any(value.is_personal for value in values):
        return {value.name: pl.lit(False) for value in values}
    threshold = pl.col(THRESHOLD_COLUMN) if THRESHOLD_COLUMN in columns else pl.lit(profile.threshold)
    nothing = threshold.is_null()
    if profile.minimum_payees and PAYEES_COLUMN in columns:
        nothing = nothing | _few(pl.col(PAYEES_COLUMN), pl.lit(profile.minimum_payees))
    counts = {value.name: value for value in values if value.kind == "count"}
    rates = [value for value in values if value.kind == "rate"]
    masks = {name: nothing | _rests_on_few(value, threshold) for name, value in counts.items()}
    for rate in rates:
        masks[rate.numerator] = masks[rate.numerator] | _complement_reveals(rate, counts=counts, threshold=threshold, profile=profile)
    masks = _with_siblings(masks, rates)
    any_count = _any(masks.values())
    for value in values:
        if value.kind == "yen":
            masks[value.name] = nothing | any_count | _rests_on_few(value, threshold)
        elif value.kind == "rate":
            masks[value.name] = masks[value.numerator] | masks[value.denominator]
    return masks


def _few(persons: pl.Expr, threshold: pl.Expr) -> pl.Expr:
    return ((persons > 0) & (persons < threshold)).fill_null(False)


def _any(conditions: Iterable[pl.Expr]) -> pl.Expr:
    return pl.any_horizontal(pl.lit(False), *conditions)


def _rests_on_few(value: ValueRule, threshold: pl.Expr) -> pl.Expr:
    """A count below k rests on fewer than k persons whatever it counts; so does a figure with few contributors; a zero rests on nobody."""
    few = _any(_few(pl.col(name), threshold) for name in value.contributors)
    if value.kind == "yen":
        return few
    return (pl.col(value.name) != 0) & (few | _few(pl.col(value.name), threshold))


def _complement_reveals(rate: ValueRule, *, counts: dict[str, ValueRule], threshold: pl.Expr, profile: Profile) -> pl.Expr:
    """Whether denominator minus numerator is small (by the counts or by the persons behind them), or the group is uniform."""
    numerator, denominator = pl.col(rate.numerator), pl.col(rate.denominator)
    reveals = pl.lit(False)
    if profile.complement:
        reveals = _few(denominator - numerator, threshold)
        behind = (counts[rate.numerator].contributors, counts[rate.denominator].contributors)
        for persons, of_persons in zip(*behind, strict=False):
            if persons != of_persons:
                reveals = reveals | _few(pl.col(of_persons) - pl.col(persons), threshold)
        reveals = reveals | _any(_few(pl.col(name), threshold) for name in rate.contributors)
    if profile.protect_uniform_groups:
        reveals = reveals | ((denominator > 0) & ((numerator == 0) | (numerator == denominator)))
    return reveals


def _with_siblings(masks: dict[str, pl.Expr], rates: Sequence[ValueRule]) -> dict[str, pl.Expr]:
    """Numerators of one denominator may add up to it: where one is withheld, the others are too (a true zero adds nothing)."""
    widened = dict(masks)
    for rate in rates:
        siblings = {other.numerator for other in rates if other.denominator == rate.denominator} - {rate.numerator}
        for sibling in sorted(siblings):
            widened[rate.numerator] = widened[rate.numerator] | (masks[sibling] & (pl.col(rate.numerator) != 0))
    return widened


def _released(value: ValueRule, *, profile: Profile) -> tuple[pl.Expr, pl.Expr]:
    """The number (null when withheld or not applicable) and its status."""
    if value.kind == "rate":
        applicable = (pl.col(value.denominator) > 0) & pl.col(value.numerator).is_not_null()
        zero = pl.col(value.numerator) == 0
        number = _rate(value, decimals=profile.rate_decimals)
    else:
        applicable = pl.col(value.name).is_not_null()
        zero = pl.col(value.name) == 0
        number = pl.col(value.name).cast(pl.Int64)
    masked = pl.col(f"__mask_{value.name}")
    status = (
        pl.when(masked)
        .then(pl.lit("suppressed"))
        .when(~applicable.fill_null(False))
        .then(pl.lit("not_applicable"))
        .when(zero)
        .then(pl.lit("zero"))
        .otherwise(pl.lit("value"))
    )
    return pl.when(~masked & applicable).then(number).otherwise(None), status


def _rate(value: ValueRule, *, decimals: int | None) -> pl.Expr:
    """Numerator over denominator; rounded half up in whole numbers, so that no binary fraction decides a digit."""
    numerator, denominator = pl.col(value.numerator).cast(pl.Int64), pl.col(value.denominator).cast(pl.Int64)
    safe = pl.when(denominator > 0).then(denominator).otherwise(1)
    if decimals is None:
        return numerator / safe
    scale = pl.lit(10**decimals, dtype=pl.Int64)
    return ((2 * scale * numerator + safe) // (2 * safe)) / scale

"""Primary suppression: pure functions over aggregated frames. Which single figures must not be shown, and how the others are marked.

Rules (disclosure.md 4): a figure resting on 1 to k-1 persons is withheld, whatever it counts: twelve doses of one person are one person.
Where the profile tests complements, 95 of 100 is as revealing as 5 of 100, and 0 % or 100 % of a group as either. Whatever can be
computed from a withheld figure goes with it: rates, yen, estimates; where the profile tests complements, so do the sibling numerators of
the same denominator. Rates are computed here, from the counts that remain; estimates come from the query. Estimates that accumulate follow `curves`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from daicho.gate.curves import POOLED_DECIMALS, pool_curve
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
    of the two. `may_exceed_one`: the numerator is no part of the denominator, and their difference counts nobody. `part_of` names the
    count that a count is a part of where no rate says so. An estimate is withheld with any of the counts it `rests_on`; where it
    accumulates `along` a dimension, these are the events and the people at risk. `is_personal` is False for what counts no people (rows
    of a delivery): such figures are never withheld. A figure that is not `is_released` takes part in protection and is then dropped.
    """

    name: str
    kind: str  # count | yen | rate | estimate
    contributors: tuple[str, ...] = ()
    is_personal: bool = True
    numerator: str = ""
    denominator: str = ""
    may_exceed_one: bool = False
    part_of: str = ""
    rests_on: tuple[str, ...] = ()
    along: str = ""
    is_released: bool = True


@dataclass(frozen=True)
class Protected:
    """A frame in which every value has a status and no withheld value is left."""

    frame: pl.DataFrame
    cells: int
    suppressed_cells: int


def protect(
    frame: pl.DataFrame, *, dimensions: Sequence[str], values: Sequence[ValueRule], profile: Profile, with_siblings: bool = True
) -> Protected:
    """Apply a profile's primary suppression to one row per cell; drop every column that is not released.

    `frame` holds the dimensions, the counts, yen and estimates, their contributor columns, and possibly `__threshold`.
    `with_siblings` False: a system of equations decides which sibling numerators go along, this rule does not.
    """
    masks = _masks(values, profile=profile, columns=frame.columns, with_siblings=with_siblings)
    marked = frame.with_columns(mask.fill_null(False).alias(f"__mask_{name}") for name, mask in masks.items())
    marked = _with_pools(marked, dimensions=dimensions, values=values, profile=profile)
    columns: list[pl.Expr] = [pl.col(name) for name in dimensions]
    shown = [value for value in values if value.is_released]
    for value in shown:
        number, status = _released(value, profile=profile)
        columns += [number.alias(value.name), status.alias(status_of(value.name))]
    released = marked.select(columns)
    suppressed = sum(int((released[status_of(value.name)] == "suppressed").sum()) for value in shown)
    return Protected(frame=released, cells=released.height * len(shown), suppressed_cells=suppressed)


def withhold_more(frame: pl.DataFrame, withheld: Mapping[str, Sequence[bool]], *, values: Sequence[ValueRule]) -> pl.DataFrame:
    """Withhold further counts of a protected frame, and with them the rates that are computed from them."""
    counts = {name: list(gone) for name, gone in withheld.items() if any(gone)}
    for value in values:
        if value.kind == "rate":
            gone = [counts[name] for name in (value.numerator, value.denominator) if name in counts]
            if gone:
                counts[value.name] = [any(each) for each in zip(*gone, strict=True)]
    for name, each in ((value.name, counts[value.name]) for value in values if value.is_released and value.name in counts):
        mask = pl.Series(each, dtype=pl.Boolean)
        status = pl.when(mask).then(pl.lit("suppressed")).otherwise(pl.col(status_of(name)))
        frame = frame.with_columns(pl.when(mask).then(None).otherwise(pl.col(name)).alias(name), status.alias(status_of(name)))
    return frame


def _masks(values: Sequence[ValueRule], *, profile: Profile, columns: Sequence[str], with_siblings: bool) -> dict[str, pl.Expr]:
    """For every value, whether it is withheld in a row."""
    if profile.threshold is None or not any(value.is_personal for value in values):
        return {value.name: pl.lit(False) for value in values}
    threshold = _threshold(profile, columns)
    nothing = threshold.is_null()
    if profile.minimum_payees and PAYEES_COLUMN in columns:
        nothing = nothing | _few(pl.col(PAYEES_COLUMN), pl.lit(profile.minimum_payees))
    counts = {value.name: value for value in values if value.kind == "count"}
    parts = _parts(values)
    masks = {name: nothing | _rests_on_few(value, threshold) for name, value in counts.items()}
    for part in parts:
        masks[part.numerator] = masks[part.numerator] | _complement_reveals(part, counts=counts, threshold=threshold, profile=profile)
    if profile.complement and with_siblings:
        masks = _with_siblings(masks, parts)
    any_count = _any(masks.values())
    for value in values:
        if value.kind == "yen":
            masks[value.name] = nothing | any_count | _rests_on_few(value, threshold)
        elif value.kind == "rate":
            masks[value.name] = masks[value.numerator] | masks[value.denominator]
        elif value.kind == "estimate":
            few = _any(_few(pl.col(name), threshold) for name in value.contributors)
            masks[value.name] = nothing | few | _any(masks[name] for name in value.rests_on)
    return masks


def _threshold(profile: Profile, columns: Sequence[str]) -> pl.Expr:
    return pl.col(THRESHOLD_COLUMN) if THRESHOLD_COLUMN in columns else pl.lit(profile.threshold, dtype=pl.Int64)


def _parts(values: Sequence[ValueRule]) -> list[ValueRule]:
    """Every count that is measured against another, as a numerator and its denominator: in rates, by `part_of`, along curves."""
    counts = [ValueRule(value.name, "rate", numerator=value.name, denominator=value.part_of) for value in values if value.part_of]
    curves = dict.fromkeys(value.rests_on for value in values if value.along)
    hazards = [ValueRule("", "estimate", numerator=events, denominator=at_risk) for events, at_risk in curves]
    return [*(value for value in values if value.kind == "rate"), *counts, *hazards]


def _with_pools(marked: pl.DataFrame, *, dimensions: Sequence[str], values: Sequence[ValueRule], profile: Profile) -> pl.DataFrame:
    """Withhold the points of curves that would tell a withheld month."""
    if profile.threshold is None:
        return marked
    for along, rests_on in dict.fromkeys((value.along, value.rests_on) for value in values if value.along):
        events, at_risk = rests_on
        marked = pool_curve(
            marked,
            curve=[name for name in dimensions if name != along],
            along=along,
            events=events,
            at_risk=at_risk,
            masks=[value.name for value in values if (value.along, value.rests_on) == (along, rests_on)],
            threshold=_threshold(profile, marked.columns),
        )
    return marked


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
    if profile.complement and not rate.may_exceed_one:
        reveals = _few(denominator - numerator, threshold)
        behind = (counts[rate.numerator].contributors, counts[rate.denominator].contributors)
        for persons, of_persons in zip(*behind, strict=False):
            if persons != of_persons:
                reveals = reveals | _few(pl.col(of_persons) - pl.col(persons), threshold)
        reveals = reveals | _any(_few(pl.col(name), threshold) for name in rate.contributors)
    if profile.protect_uniform_groups:
        # A month of age in which nothing happens says nothing of anybody; a year without a dose does.
        nobody = pl.lit(False) if rate.kind == "estimate" else numerator == 0
        everybody = pl.lit(False) if rate.may_exceed_one else numerator == denominator
        reveals = reveals | ((denominator > 0) & (nobody | everybody))
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
    elif value.kind == "estimate":
        number = _estimate(value, decimals=profile.rate_decimals, has_pools=bool(value.along) and profile.threshold is not None)
        applicable = number.is_not_null()
        zero = number == 0
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


def _estimate(value: ValueRule, *, decimals: int | None, has_pools: bool) -> pl.Expr:
    exact = pl.col(value.name).cast(pl.Float64)
    if decimals is not None:
        return exact.round(decimals)
    if not has_pools:
        return exact
    return pl.when(pl.col(f"__coarse_{value.name}")).then(exact.round(POOLED_DECIMALS)).otherwise(exact)


def _rate(value: ValueRule, *, decimals: int | None) -> pl.Expr:
    """Numerator over denominator; rounded half up in whole numbers, so that no binary fraction decides a digit."""
    numerator, denominator = pl.col(value.numerator).cast(pl.Int64), pl.col(value.denominator).cast(pl.Int64)
    safe = pl.when(denominator > 0).then(denominator).otherwise(1)
    if decimals is None:
        return numerator / safe
    scale = pl.lit(10**decimals, dtype=pl.Int64)
    return ((2 * scale * numerator + safe) // (2 * safe)) / scale

"""Figures that two public releases show, so close that what lies between them is few persons (disclosure.md 4: month n against month n+1, a
corrected re-release, an age of 18 months against one of 19, doses against valid doses, two measures of the same people).

Releases of one system are not compared here: their differences are cells of the system. Beside any other release a table is compared in the
groups that both show: rows are added up over what only one of them breaks down, and each is held against the group of the same codes that
the other shows. Counts of the same name count the same thing. What both show of a group must be equal, or k or more persons apart; so must
the rests (denominator minus numerator), and those who come in between must not all have, or all lack, what the numerator counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from daicho.gate.engine import MeasureSpec
from daicho.gate.profiles import DisclosureRules, Profile
from daicho.gate.release import status_of
from daicho.gate.suppression import THRESHOLD_COLUMN
from daicho.gate.withheld import are_of_other_facts, parts_and_wholes

Limits = Callable[[pl.DataFrame, Sequence[str], Mapping[str, Sequence[str]]], pl.DataFrame]
"""Gives a frame over dimensions, under a filter, the rows' own thresholds where it is about areas."""

_WITHHELD = -1
_MINE, _THEIRS = "mine ", "theirs "
_UNIFORM = "uniform "


@dataclass(frozen=True)
class Shown:
    """A release as its readers know it: the request in codes, the table, and the measure."""

    request: Mapping[str, Any]
    frame: pl.DataFrame
    spec: MeasureSpec


def are_close(one: Shown, other: Shown, *, profile: Profile, rules: DisclosureRules, limits: Limits) -> bool:
    """Whether a group that both show differs by few persons, or by such of one kind alone."""
    if profile.threshold is None:
        return False
    return any(_is_few(figures, profile) for figures in _differences(one, other, rules=rules, limits=limits))


def _may_be_nested(one: Mapping[str, Any], other: Mapping[str, Any], *, events: frozenset[str]) -> bool:
    """Whether the people of one may be among those of the other, as far as filters say that no breakdown can mend."""
    for name in (set(one["where"]) & set(other["where"])) - events:
        mine, theirs = set(one["where"][name]), set(other["where"][name])
        if not (mine <= theirs or theirs <= mine) and name not in one["by"] and name not in other["by"]:
            return False
    return True


def _differences(one: Shown, other: Shown, *, rules: DisclosureRules, limits: Limits) -> Iterator[pl.DataFrame]:
    names = [name for name in _counts(one.spec) if name in _counts(other.spec)]
    parts = {part for shown in (one, other) for part, _ in parts_and_wholes(shown.spec)}
    people = [name for name in names if name not in parts] if one.spec.is_stock and other.spec.is_stock else []
    if one.spec.name != other.spec.name:
        # Who is eligible for one measure and who for another differ by those who came and went in between: a balance, no group of people.
        names, people = [name for name in names if name not in people], []
    if people and _may_be_nested(one.request, other.request, events=rules.event_dimensions):
        # The same people stand behind every vaccine: a denominator is held against each of the other's, event by event.
        yield _compared(one, other, people, events=rules.event_dimensions, limits=limits)
    is_told = _may_be_nested(one.request, other.request, events=frozenset()) and not are_of_other_facts(
        one.request, other.request, rules=rules
    )
    if names and is_told:
        yield _compared(one, other, names, events=frozenset(), limits=limits)


def _counts(spec: MeasureSpec) -> list[str]:
    return [rule.name for rule in spec.rules if rule.kind == "count" and rule.is_personal and rule.is_released]


def _compared(one: Shown, other: Shown, names: Sequence[str], *, events: frozenset[str], limits: Limits) -> pl.DataFrame:
    """What lies between the two in each group that both show: persons, rests, and whether those are all of one kind."""
    shared = [name for name in one.request["by"] if name in other.request["by"] and name not in events]
    mine = _summed(one, other.request, names, shared, events=events).rename(lambda name: name if name in shared else _MINE + name)
    theirs = _summed(other, one.request, names, shared, events=events).rename(lambda name: name if name in shared else _THEIRS + name)
    both = mine.join(theirs, on=shared, how="full", coalesce=True) if shared else mine.join(theirs, how="cross")
    between = {name: _between(name) for name in names}
    pairs = [pair for pair in parts_and_wholes(one.spec) if set(pair) <= set(names)]
    rated = {rule.numerator for rule in one.spec.rules if rule.kind == "rate"}
    figures = both.select(
        *shared,
        *(persons.alias(name) for name, persons in between.items()),
        *((between[whole] - between[part]).alias(f"{part} of {whole}") for part, whole in pairs),
        *(_are_of_one_kind(between[part], between[whole]).alias(f"{_UNIFORM}{part}") for part, whole in pairs if part in rated),
    )
    return limits(figures, shared, one.request["where"]).drop(shared)


def _summed(
    shown: Shown, beside: Mapping[str, Any], names: Sequence[str], shared: Sequence[str], *, events: frozenset[str]
) -> pl.DataFrame:
    """The table over the shared dimensions, of the people that the other release filters for."""
    by = shown.request["by"]
    rows = shown.frame.with_columns(pl.col(name).cast(pl.String) for name in by)
    kept = [pl.col(name).is_in(list(codes)) for name, codes in beside["where"].items() if name in by and name not in events]
    rows = rows.filter(pl.all_horizontal(pl.lit(True), *kept))
    figures = [
        pl.when((pl.col(status_of(name)) == "suppressed").any()).then(pl.lit(_WITHHELD)).otherwise(pl.col(name).sum()).alias(name)
        for name in names
    ]
    groups = [*shared, *(name for name in by if name in events)]
    return rows.group_by(groups).agg(figures).select(*shared, *names) if groups else rows.select(figures)


def _between(name: str) -> pl.Expr:
    """Persons between the two figures; a group without a row is nobody, one that is withheld says nothing."""
    mine, theirs = (pl.col(side + name).fill_null(0) for side in (_MINE, _THEIRS))
    return pl.when((mine != _WITHHELD) & (theirs != _WITHHELD)).then(mine - theirs)


def _are_of_one_kind(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return ((whole != 0) & ((part == 0) | (part == whole))).fill_null(False)


def _is_few(figures: pl.DataFrame, profile: Profile) -> bool:
    limit = pl.col(THRESHOLD_COLUMN).fill_null(2**62) if THRESHOLD_COLUMN in figures.columns else pl.lit(profile.threshold)
    uniform = [name for name in figures.columns if name.startswith(_UNIFORM)] if profile.protect_uniform_groups else []
    persons = [name for name in figures.columns if not name.startswith(_UNIFORM) and name != THRESHOLD_COLUMN]
    few = [((pl.col(name) != 0) & (pl.col(name).abs() < limit)).fill_null(False) for name in persons]
    return bool(figures.select(pl.any_horizontal(pl.lit(False), *few, *(pl.col(name) for name in uniform)).any()).item())

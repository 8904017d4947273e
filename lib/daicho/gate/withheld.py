"""What a public release withholds, cell by cell, and whether another request could tell it: judged from codes alone, never from figures.

A withheld figure is told by a table that counts some of the same people and the same facts of them. A denominator counts people, whatever
happened to them: every table of these people may tell it. A numerator (vaccinated, withheld beside its shown denominator) is a fact of an
event: a table of another vaccine tells nothing of it. Facts that no filter names are named by the contract (`implied_events`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from daicho.gate.engine import MeasureSpec
from daicho.gate.profiles import DisclosureRules
from daicho.gate.publication import may_share_people
from daicho.gate.release import STATUS_SUFFIX


@dataclass(frozen=True)
class Withheld:
    """The request that would ask for one row's withheld figures alone. `is_numerator`: all of them are parts of shown denominators."""

    request: Mapping[str, Any]
    is_numerator: bool


def withheld_of(request: Mapping[str, Any], frame: pl.DataFrame, *, spec: MeasureSpec) -> list[Withheld]:
    """The rows of a release in which something is withheld, each as a request of its own."""
    names = [name for name in frame.columns if name.endswith(STATUS_SUFFIX) and name.removesuffix(STATUS_SUFFIX) not in request["by"]]
    gone = frame.filter(pl.any_horizontal(pl.lit(False), *(pl.col(name) == "suppressed" for name in names)))
    parts = _numerators(spec)
    found = []
    for row in gone.select(*request["by"], *names).iter_rows(named=True):
        where = {**request["where"], **{name: [str(row[name])] for name in request["by"] if row[name] is not None}}
        withheld = {name.removesuffix(STATUS_SUFFIX) for name in names if row[name] == "suppressed"}
        found.append(Withheld({**request, "where": where}, withheld <= parts))
    return found


def tells(other: Mapping[str, Any], cells: Iterable[Withheld], *, rules: DisclosureRules) -> bool:
    """Whether figures of another request could tell any of the cells."""
    return any(_tells(other, cell, rules) for cell in cells)


def _tells(other: Mapping[str, Any], cell: Withheld, rules: DisclosureRules) -> bool:
    if not may_share_people(cell.request, other, rules=rules):
        return False
    return not cell.is_numerator or not _are_apart(_facts(cell.request, rules), _facts(other, rules), rules.event_dimensions)


def _facts(request: Mapping[str, Any], rules: DisclosureRules) -> dict[str, Sequence[str]]:
    return {**rules.implied_events.get(request["measure"], {}), **request["where"]}


def _are_apart(mine: Mapping[str, Sequence[str]], theirs: Mapping[str, Sequence[str]], events: frozenset[str]) -> bool:
    return any(not set(mine[name]) & set(theirs[name]) for name in events & set(mine) & set(theirs))


def _numerators(spec: MeasureSpec) -> set[str]:
    """Figures that are parts of a denominator, and their rates; no denominator of another figure."""
    rates = [rule for rule in spec.rules if rule.kind == "rate" and not rule.may_exceed_one]
    parts = {rule.numerator for rule in rates} | {rule.name for rule in spec.rules if rule.part_of}
    wholes = {rule.denominator for rule in rates} | {rule.part_of for rule in spec.rules if rule.part_of}
    return (parts - wholes) | {rule.name for rule in rates}

"""What a public release withholds, cell by cell, and whether another request could tell it: judged from codes alone, never from figures.

A withheld figure is told by a table that counts some of the same people and the same facts of them. A denominator counts people, whatever
happened to them: every table of these people may tell it. A numerator (vaccinated, withheld beside its shown denominator) is a fact of an
event: a table of another vaccine tells nothing of it. Facts that no filter names are named by the contract (`implied_events`).

Nor is it told by a table that cannot tell its people from their neighbours: where a release of the same system shows the row that a cell is
a part of (the ward's cohort, of which a district is withheld) and the other table divides people no further than that row, people may
change places within the row (a vaccinated child of one district with an unvaccinated one of the next) without a change in that table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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


def is_blind(
    other: Mapping[str, Any],
    cell: Withheld,
    beside: Iterable[tuple[Mapping[str, Any], pl.DataFrame]],
    *,
    facts: Collection[str],
    rules: DisclosureRules,
) -> bool:
    """Whether a release beside the cell, in one system with it, shows a row around it that another request does not divide. `facts` are
    dimensions of that request which are no people's (the age at a dose)."""
    people = (set(other["by"]) | set(other["where"])) - rules.event_dimensions - set(facts)
    return any(people <= set(request["by"]) and _shows(request, frame, cell, rules.event_dimensions) for request, frame in beside)


def _shows(request: Mapping[str, Any], frame: pl.DataFrame, cell: Withheld, events: frozenset[str]) -> bool:
    """Whether every figure is shown in the rows of a release that hold the cell's people and count its facts, no more and no less."""
    where, filters, by = cell.request["where"], request["where"], request["by"]
    if any(name not in where or not set(where[name]) <= set(codes) for name, codes in filters.items() if name not in by):
        return False
    if any(set(where[name]) != set(filters.get(name, ())) for name in events & set(where) if name not in by):
        return False
    if any(len(where.get(name, ())) != 1 for name in by if name in events):
        return False
    rows = frame.filter(pl.all_horizontal(pl.lit(True), *(pl.col(name).cast(pl.String).is_in(where[name]) for name in by if name in where)))
    statuses = [name for name in frame.columns if name.endswith(STATUS_SUFFIX) and name.removesuffix(STATUS_SUFFIX) not in by]
    return rows.height > 0 and not any((rows[name] == "suppressed").any() for name in statuses)


def _tells(other: Mapping[str, Any], cell: Withheld, rules: DisclosureRules) -> bool:
    if not may_share_people(cell.request, other, rules=rules):
        return False
    return not cell.is_numerator or not are_of_other_facts(cell.request, other, rules=rules)


def are_of_other_facts(request: Mapping[str, Any], other: Mapping[str, Any], *, rules: DisclosureRules) -> bool:
    """Whether what one request's numerators tell of people is another fact than what the other's tell."""
    return _are_apart(_facts(request, rules), _facts(other, rules), rules.event_dimensions)


def _facts(request: Mapping[str, Any], rules: DisclosureRules) -> dict[str, Sequence[str]]:
    return {**rules.implied_events.get(request["measure"], {}), **request["where"]}


def _are_apart(mine: Mapping[str, Sequence[str]], theirs: Mapping[str, Sequence[str]], events: frozenset[str]) -> bool:
    return any(not set(mine[name]) & set(theirs[name]) for name in events & set(mine) & set(theirs))


def parts_and_wholes(spec: MeasureSpec) -> list[tuple[str, str]]:
    """Counts that are parts of another, each with that one."""
    rates = [(rule.numerator, rule.denominator) for rule in spec.rules if rule.kind == "rate" and not rule.may_exceed_one]
    return [*rates, *((rule.name, rule.part_of) for rule in spec.rules if rule.part_of)]


def _numerators(spec: MeasureSpec) -> set[str]:
    """Figures that are parts of a denominator, and their rates; no denominator of another figure."""
    parts, wholes = {part for part, _ in parts_and_wholes(spec)}, {whole for _, whole in parts_and_wholes(spec)}
    return (parts - wholes) | {rule.name for rule in spec.rules if rule.kind == "rate" and not rule.may_exceed_one}

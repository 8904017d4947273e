"""The released counts of a measure as counts of persons: which columns stand for which persons, and what is a part of what.

A count of doses or records is told where its persons are told, and is protected with them: the column of its persons stands for it. A
count that its contributors exceed is no count of theirs (arrivals among spells), and stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from daicho.gate.engine import MeasureSpec
from daicho.gate.protection.system import Numbers


@dataclass(frozen=True)
class PersonColumns:
    """`counts`: the counts that each column of persons stands for. `pairs`: numerator, denominator and the column of the persons that are
    missing to it (empty: the difference). `laws`: columns that sum to another everywhere (one: that equal it)."""

    counts: Mapping[str, tuple[str, ...]]
    pairs: tuple[tuple[str, str, str], ...]
    laws: tuple[tuple[tuple[str, ...], str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.counts)

    def rest(self, frame: pl.DataFrame, pair: tuple[str, str, str]) -> Numbers:
        """The persons missing to a denominator."""
        numerator, denominator, missing = pair
        return _numbers(frame, missing) if missing else _numbers(frame, denominator) - _numbers(frame, numerator)


def unmodelled(spec: MeasureSpec) -> str:
    """Why no system can be made of a measure's figures, in a word; empty where it can."""
    if not any(rule.kind == "count" for rule in spec.rules) or not all(rule.is_personal for rule in spec.rules):
        return "nobody"
    if spec.counts_payees or any(rule.kind == "yen" for rule in spec.rules):
        return "amounts"
    return "estimates" if any(rule.kind == "estimate" or rule.along for rule in spec.rules) else ""


def person_columns(spec: MeasureSpec, frames: Sequence[pl.DataFrame]) -> PersonColumns | None:
    """The columns that hold for all frames. None where a count is missing, or a part exceeds its whole."""
    counts = [rule for rule in spec.rules if rule.kind == "count"]
    if any(frame[rule.name].null_count() for frame in frames for rule in counts):
        return None
    stands = {rule.name: _persons_of(rule.name, rule.contributors, frames) for rule in counts}
    held: dict[str, list[str]] = {}
    for rule in counts:
        held.setdefault(stands[rule.name], []).append(rule.name)
    wanted: list[tuple[str, str, tuple[str, ...]]] = [(rule.name, rule.part_of, ()) for rule in counts if rule.part_of]
    wanted += [(r.numerator, r.denominator, r.contributors) for r in spec.rules if r.kind == "rate" and not r.may_exceed_one]
    pairs = {
        (stands[part], stands[whole]): next((name for name in missing if all(name in frame.columns for frame in frames)), "")
        for part, whole, missing in wanted
        if stands[part] != stands[whole]
    }
    found = PersonColumns({name: tuple(own) for name, own in held.items()}, tuple((*pair, missing) for pair, missing in pairs.items()))
    if any((found.rest(frame, pair) < 0).any() for frame in frames for pair in found.pairs):
        return None
    return PersonColumns(found.counts, found.pairs, _laws(found, frames))


def overlap(columns: PersonColumns, frame: pl.DataFrame, pair: tuple[str, str, str]) -> Numbers:
    """By how much part and rest together exceed the whole: persons who are in both."""
    return _numbers(frame, pair[0]) + columns.rest(frame, pair) - _numbers(frame, pair[1])


def obeys_another_law(columns: PersonColumns, frame: pl.DataFrame) -> bool:
    """Whether the counts obey some linear law that is not among the known ones. Of few rows nothing can be said."""
    live = [name for name in columns.names if frame[name].sum()]
    if frame.height <= len(live):
        return False
    known = sum(1 for _, whole in columns.laws if whole in live)
    return int(np.linalg.matrix_rank(np.stack([_numbers(frame, name) for name in live], axis=1))) < len(live) - known if live else False


def orders(columns: PersonColumns, frame: pl.DataFrame) -> list[tuple[tuple[str, ...], str]]:
    """Counts that are never above another, one or two together: an attacker may know such a rule, so what holds everywhere counts as one."""
    known = {(pair[:1], pair[1]) for pair in columns.pairs} | set(columns.laws)
    names = columns.names
    wanted: list[tuple[tuple[str, ...], str]] = [((part,), whole) for part in names for whole in names if part != whole]
    wanted += [(two, whole) for two in combinations(names, 2) for whole in names if whole not in two]
    return [(parts, whole) for parts, whole in wanted if (parts, whole) not in known and (_missing(frame, parts, whole) >= 0).all()]


def _persons_of(count: str, contributors: Sequence[str], frames: Sequence[pl.DataFrame]) -> str:
    name = next((name for name in contributors if all(name in frame.columns for frame in frames)), "")
    if not name or any((_numbers(frame, count) < _numbers(frame, name)).any() for frame in frames):
        return count
    return name


def _laws(columns: PersonColumns, frames: Sequence[pl.DataFrame]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Columns that are equal everywhere, and denominators whose parts add up to them everywhere."""
    names = columns.names
    wanted: list[tuple[tuple[str, ...], str]] = []
    equal: dict[str, str] = {}
    for one, other in combinations(names, 2):
        if other not in equal and _holds(frames, (one,), other):
            equal[other] = one
            wanted.append(((one,), other))
    for whole in names:
        parts = tuple(pair[0] for pair in columns.pairs if pair[1] == whole and pair[0] not in equal)
        if len(parts) > 1 and _holds(frames, parts, whole):
            wanted.append((parts, whole))
    return tuple(wanted)


def _holds(frames: Sequence[pl.DataFrame], parts: Sequence[str], whole: str) -> bool:
    return all((_missing(frame, parts, whole) == 0).all() for frame in frames) and any(frame[whole].sum() for frame in frames)


def _missing(frame: pl.DataFrame, parts: Sequence[str], whole: str) -> Numbers:
    found: Numbers = _numbers(frame, whole) - np.sum([_numbers(frame, part) for part in parts], axis=0)
    return found


def _numbers(frame: pl.DataFrame, name: str) -> Numbers:
    found: Numbers = frame[name].fill_null(0).to_numpy().astype(float)
    return found

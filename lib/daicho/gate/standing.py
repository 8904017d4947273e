"""Which public releases a new one stands beside, and whether they may: together as one system where that is sure, pair by pair elsewhere.

Releases of one measure that may share people, at one snapshot and with the same parameters, are one *group*: their joint system decides,
and more of the new release is withheld where its figures would tell what an earlier one withholds (or a difference of few persons). What
was published is never taken back. A release that stands alone is a system of itself. Beside a release outside the group (another measure,
snapshot or day) no cell may be withheld, on either side, of which the other counts the same people and facts, and no figures of both may
lie within few persons: subtraction across such releases follows no equation that is known here (`telling`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import polars as pl

from daicho.core.errors import DaichoError, DisclosureError
from daicho.gate.bounds import Bound, disagrees
from daicho.gate.engine import Engine, Query
from daicho.gate.joint import Joint, Part, common_refinement, make_joint
from daicho.gate.person_columns import unmodelled
from daicho.gate.profiles import DisclosureRules, Profile
from daicho.gate.protection.attacker import audit
from daicho.gate.protection.complete import Pattern, complete_pattern
from daicho.gate.protection.optimise import NoPattern
from daicho.gate.publication import advice, alone, may_share_people
from daicho.gate.release_ledger import Recorded, ReleaseLedger
from daicho.gate.request import parse_request
from daicho.gate.suppression import withhold_more
from daicho.gate.telling import Telling
from daicho.gate.thresholds import with_thresholds

JOINT_SECONDS = 120.0
Count = Callable[[int, Query], pl.DataFrame]


@dataclass(frozen=True)
class Draft:
    """A release before it is recorded: its record, its snapshot, its true counts and the table row by row: as rules alone protect it, and
    with what a system of equations begins from."""

    recorded: Recorded
    snapshot: int
    counted: pl.DataFrame
    by_rules: pl.DataFrame
    statuses: pl.DataFrame


@dataclass(frozen=True)
class Verdict:
    """How a draft was judged (`joint`: with other releases; `table`: alone; `rules_…`: by rules, and why no system was made), the table with
    all that is withheld, and what the audit of the whole group found (counts only)."""

    audit: str
    frame: pl.DataFrame
    protection: Mapping[str, Any] = field(default_factory=dict)
    bounds: Sequence[Bound] | None = None


class Standing:
    """Judges drafts against the release ledger. `count` runs a compiled query at a snapshot."""

    def __init__(self, *, engine: Engine, count: Count, ledger: ReleaseLedger, rules: DisclosureRules) -> None:
        self._engine = engine
        self._count = count
        self._ledger = ledger
        self._rules = rules
        self._snapshots: dict[str, int] = {}
        self._telling = Telling(
            engine=engine, ledger=ledger, rules=rules, group=lambda release: self._group(release, self._beside(release))[0]
        )

    def judge(self, draft: Draft) -> Verdict:
        """Raises DisclosureError when the draft may not stand beside what is published, whatever else of it is withheld."""
        new = draft.recorded
        self._snapshots[new.release_id] = draft.snapshot
        group, outside = self._group(new, self._beside(new))
        joint = self._joint(group, draft=draft)
        if isinstance(joint, str):
            self._telling.refuse(new, draft.by_rules, [*group[1:], *outside], group=None)
            return Verdict(f"rules_{joint}", draft.by_rules)
        pattern = _pattern(joint, new, group[1:])
        rules = self._engine.measures()[new.request["measure"]].rules
        widened = joint.widened(pattern.hidden)
        if len(group) > 1 and all(map(all, widened.values())):
            raise DisclosureError(advice(new, group[1]))
        frame = withhold_more(draft.statuses, widened, values=rules)
        self._telling.refuse(new, frame, outside, group=group[1:])
        facts = _facts(pattern, self._rules.profiles[new.profile], releases=len(group))
        (bounds,) = joint.bounds(pattern.hidden, -1)
        return Verdict("joint" if len(group) > 1 else "table", frame, facts, bounds)

    def failures(self) -> Iterable[tuple[Recorded, Recorded, str]]:
        """Every public release that breaks an earlier one, with that one and why; the groups' systems are made and attacked anew."""
        guarded = {name for name, profile in self._rules.profiles.items() if profile.refuse_derivable}
        for name in sorted(guarded):
            public = [release for release in self._ledger.all() if release.profile == name]
            seen: set[str] = set()
            for release in public:
                group, outside = self._group(release, public)
                for other in outside:
                    if other.recorded_at <= release.recorded_at and self._telling.each_other(release, other):
                        yield release, other, "a withheld figure, or a difference of few persons, could be computed beside public release"
                if release.release_id not in seen:
                    seen |= {member.release_id for member in group}
                    yield from self._broken(group)

    def _broken(self, group: Sequence[Recorded]) -> Iterable[tuple[Recorded, Recorded, str]]:
        last, first = max(group, key=lambda member: member.recorded_at), min(group, key=lambda member: member.recorded_at)
        joint = self._joint(group)
        if isinstance(joint, str):
            for one, other in combinations(sorted(group, key=lambda member: member.recorded_at), 2):
                if self._telling.each_other(other, one):
                    yield other, one, "no joint system proves that nothing can be computed beside public release"
            return
        hidden = joint.problem.always_hidden()
        if audit(joint.problem, hidden, is_complete=False).failures:
            yield last, first, "a withheld figure or a difference of few persons could be computed beside public release"
        newest = group[-1] if len(group) == 1 else max(group, key=self._place)
        for member, found in zip(group, joint.bounds(hidden, *range(len(group))), strict=True):
            stored = self._ledger.bounds(member.release_id)
            if stored is not None and disagrees(stored, found, is_newest=member is newest):
                yield member, first, "the bounds stored with the release are not those that its audit finds beside public release"

    def _beside(self, release: Recorded) -> list[Recorded]:
        """The recorded releases of the same profile."""
        return [each for each in self._ledger.all() if each.profile == release.profile]

    def _place(self, release: Recorded) -> int:
        """Where a release stands in the ledger."""
        return [each.release_id for each in self._ledger.all()].index(release.release_id)

    def _group(self, new: Recorded, public: Sequence[Recorded]) -> tuple[list[Recorded], list[Recorded]]:
        """The releases that are joined with one, directly or through others (each table once), and those beside them that cannot be."""
        group = [new]
        waiting = [release for release in public if release.key["content"] != new.key["content"]]
        is_growing = True
        while is_growing:
            added = [release for release in waiting if any(self._are_joined(release, member) for member in group)]
            group += list({release.key["content"]: release for release in added}.values())
            contents = {member.key["content"] for member in group}
            waiting = [release for release in waiting if release.key["content"] not in contents]
            is_growing = bool(added)
        return group, [release for release in waiting if any(self._may_share(release, member) for member in group)]

    def _are_joined(self, one: Recorded, other: Recorded) -> bool:
        mine, theirs = one.request, other.request
        return (
            mine["measure"] == theirs["measure"]
            and mine["parameters"] == theirs["parameters"]
            and not unmodelled(self._engine.measures()[mine["measure"]])
            and self._snapshot(one) == self._snapshot(other)
            and self._may_share(one, other)
        )

    def _may_share(self, one: Recorded, other: Recorded) -> bool:
        related = other.request["measure"] in self._rules.joint_with(one.request["measure"])
        return related and may_share_people(one.request, other.request, rules=self._rules)

    def _snapshot(self, release: Recorded) -> int:
        if release.release_id not in self._snapshots:
            self._snapshots[release.release_id] = self._telling.released(release).facts.snapshot
        return self._snapshots[release.release_id]

    def _joint(self, group: Sequence[Recorded], *, draft: Draft | None = None) -> Joint | str:
        """The group's system, the draft's cells last; a word where there is none."""
        spec = self._engine.measures()[group[0].request["measure"]]
        if word := unmodelled(spec):
            return word
        profile = self._rules.profiles[group[0].profile]
        snapshot = self._snapshot(group[0])
        wanted = common_refinement([member.request for member in group], spec=spec)
        if wanted is None:
            return "no_refinement"
        is_alone = draft is not None and len(group) == 1
        try:
            if is_alone and draft is not None:
                atoms = draft.counted
            else:
                atoms = self._counted({**wanted, "parameters": group[0].request["parameters"]}, snapshot, profile)
            parts = [self._published(member, snapshot, profile) for member in group if draft is None or member is not draft.recorded]
        except DaichoError:
            return "not_found_again"
        if draft is not None:
            by, where = tuple(draft.recorded.request["by"]), _tuples(draft.recorded.request["where"])
            parts.append(Part(by, where, draft.counted, draft.statuses, is_new=True))
        if None in parts:
            return "not_found_again"
        return make_joint(
            [part for part in parts if part],
            atoms,
            dimensions=wanted["by"],
            spec=spec,
            profile=profile,
            event_dimensions=self._rules.event_dimensions,
        )

    def _counted(self, request: Mapping[str, Any], snapshot: int, profile: Profile) -> pl.DataFrame:
        raw = {name: request[name] for name in ("measure", "by", "where", "parameters")}
        asked = parse_request(raw, measures=self._engine.measures(), profiles=())
        query = self._engine.compile(asked.measure.name, by=asked.by, where=asked.where, parameters=asked.parameters, snapshot=snapshot)
        counted = self._count(snapshot, query)
        return with_thresholds(counted, by=asked.by, where=query.where, profile=profile, engine=self._engine)

    def _published(self, release: Recorded, snapshot: int, profile: Profile) -> Part | None:
        """A release as it was published, over the counts it rests on; None where a published figure is not found again."""
        by = tuple(release.request["by"])
        stored = self._telling.released(release).frame
        counted = self._counted(release.request, snapshot, profile)
        if counted.height != stored.height:
            return None
        spec = self._engine.measures()[release.request["measure"]]
        for name in (rule.name for rule in spec.rules if rule.kind == "count" and rule.is_released):
            held = dict(zip(stored.select(by).rows() if by else [()], stored[name].to_list(), strict=True))
            true = dict(zip(counted.select(by).rows() if by else [()], counted[name].to_list(), strict=True))
            if held.keys() != true.keys() or any(figure is not None and figure != true[key] for key, figure in held.items()):
                return None
        place = {key: row for row, key in enumerate(stored.select(by).rows())} if by else {(): 0}
        order = [place[key] for key in counted.select(by).rows()] if by else [0]
        return Part(by, _tuples(release.request["where"]), counted, stored[order], is_new=False)


def _pattern(joint: Joint, new: Recorded, earlier: Sequence[Recorded]) -> Pattern:
    try:
        return complete_pattern(joint.problem, seconds=JOINT_SECONDS)
    except (NoPattern, DisclosureError):
        pass
    raise DisclosureError(advice(new, earlier[0]) if earlier else alone(new))


def _facts(pattern: Pattern, profile: Profile, *, releases: int) -> dict[str, Any]:
    """What may be said of an audit: counts only, no bound of any cell by name."""
    narrowest = pattern.audit.narrowest
    return {
        "threshold": profile.threshold,
        "interval_width": profile.interval_width,
        "narrowest": None if narrowest == float("inf") else int(narrowest),
        "cells": len(pattern.hidden),
        "releases": releases,
        "method": pattern.method,
        "seconds": round(pattern.seconds, 3),
    }


def _tuples(where: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(codes) for name, codes in where.items()}

"""Which public releases a new one stands beside, and whether they may: together as one system where that is sure, pair by pair elsewhere.

Releases of one measure that may share people, at one snapshot and with the same parameters, are one *group*: their joint system decides,
and more of the new release is withheld where its figures would tell what an earlier one withholds (or a difference of few persons). What
was published is never taken back. Beside a release outside the group (another measure, snapshot or day) nothing in the group may be
withheld on either side: subtraction across such releases follows no equation that is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from daicho.core.errors import DaichoError, DisclosureError
from daicho.gate.engine import Engine, Query
from daicho.gate.joint import Joint, Part, can_join, common_refinement, make_joint
from daicho.gate.profiles import DisclosureRules, Profile
from daicho.gate.protection.attacker import audit
from daicho.gate.protection.complete import Pattern, complete_pattern
from daicho.gate.protection.optimise import NoPattern
from daicho.gate.publication import advice, may_share_people
from daicho.gate.release import release_from_bytes
from daicho.gate.release_ledger import Recorded, ReleaseLedger
from daicho.gate.request import parse_request
from daicho.gate.thresholds import with_thresholds

JOINT_SECONDS = 10.0
Count = Callable[[int, Query], pl.DataFrame]


@dataclass(frozen=True)
class Draft:
    """A release before it is recorded: its record, its snapshot, its true counts and its statuses, row by row."""

    recorded: Recorded
    snapshot: int
    counted: pl.DataFrame
    statuses: pl.DataFrame


@dataclass(frozen=True)
class Verdict:
    """What else of a draft must be withheld, column by column, and what the audit of the whole group found (counts only)."""

    widened: Mapping[str, list[bool]] = field(default_factory=dict)
    protection: Mapping[str, Any] = field(default_factory=dict)


class Standing:
    """Judges drafts against the release ledger. `count` runs a compiled query at a snapshot."""

    def __init__(self, *, engine: Engine, count: Count, ledger: ReleaseLedger, rules: DisclosureRules) -> None:
        self._engine = engine
        self._count = count
        self._ledger = ledger
        self._rules = rules
        self._snapshots: dict[str, int] = {}

    def judge(self, draft: Draft) -> Verdict:
        """Raises DisclosureError when the draft may not stand beside what is published, whatever else of it is withheld."""
        new = draft.recorded
        self._snapshots[new.release_id] = draft.snapshot
        public = [release for release in self._ledger.all() if release.profile == new.profile]
        group, outside = self._group(new, public)
        if len(group) == 1:
            self._refuse_pairs(new, outside, public)
            return Verdict()
        joint = self._joint(group, draft=draft)
        if joint is None:
            self._refuse_pairs(new, [*group[1:], *outside], public)
            return Verdict()
        pattern = _pattern(joint, new, group[1])
        widened = joint.widened(pattern.hidden)
        is_withheld = any(map(any, widened.values())) or any(member.suppressed_cells for member in group)
        for other in outside:
            if is_withheld or self._withholds(other, public):
                raise DisclosureError(advice(new, other))
        if all(map(all, widened.values())):
            raise DisclosureError(advice(new, group[1]))
        return Verdict(widened, _facts(pattern, self._rules.profiles[new.profile], releases=len(group)))

    def failures(self) -> Iterable[tuple[Recorded, Recorded, str]]:
        """Every public release that breaks an earlier one, with that one and why; the groups' systems are made and attacked anew."""
        guarded = {name for name, profile in self._rules.profiles.items() if profile.refuse_derivable}
        for name in sorted(guarded):
            public = [release for release in self._ledger.all() if release.profile == name]
            seen: set[str] = set()
            for release in public:
                group, outside = self._group(release, public)
                for other in outside:
                    if other.recorded_at <= release.recorded_at and (self._withholds(release, public) or self._withholds(other, public)):
                        yield release, other, "a withheld figure could be computed beside public release"
                if release.release_id in seen or len(group) == 1:
                    continue
                seen |= {member.release_id for member in group}
                yield from self._broken(group)

    def _broken(self, group: Sequence[Recorded]) -> Iterable[tuple[Recorded, Recorded, str]]:
        last, first = max(group, key=lambda member: member.recorded_at), min(group, key=lambda member: member.recorded_at)
        joint = self._joint(group)
        if joint is None:
            if any(member.suppressed_cells for member in group):
                yield last, first, "no joint system proves that nothing can be computed beside public release"
        elif audit(joint.problem, joint.problem.always_hidden(), is_complete=False).failures:
            yield last, first, "a withheld figure or a difference of few persons could be computed beside public release"

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
            and can_join(self._engine.measures()[mine["measure"]])
            and self._snapshot(one) == self._snapshot(other)
            and self._may_share(one, other)
        )

    def _may_share(self, one: Recorded, other: Recorded) -> bool:
        related = other.request["measure"] in self._rules.joint_with(one.request["measure"])
        return related and may_share_people(one.request, other.request, rules=self._rules)

    def _withholds(self, release: Recorded, public: Sequence[Recorded]) -> bool:
        """Whether anything is withheld in a release or in one that is joined with it: what tells of the one tells of the other."""
        return any(member.suppressed_cells for member in self._group(release, public)[0])

    def _refuse_pairs(self, new: Recorded, others: Iterable[Recorded], public: Sequence[Recorded]) -> None:
        for other in others:
            if new.suppressed_cells or self._withholds(other, public):
                raise DisclosureError(advice(new, other))

    def _snapshot(self, release: Recorded) -> int:
        if release.release_id not in self._snapshots:
            self._snapshots[release.release_id] = release_from_bytes(self._ledger.read(release.release_id)).facts.snapshot
        return self._snapshots[release.release_id]

    def _joint(self, group: Sequence[Recorded], *, draft: Draft | None = None) -> Joint | None:
        """The group's system, the draft's cells last. None where the ledger can no longer say what the releases rest on."""
        spec = self._engine.measures()[group[0].request["measure"]]
        profile = self._rules.profiles[group[0].profile]
        snapshot = self._snapshot(group[0])
        try:
            wanted = common_refinement([member.request for member in group], spec=spec, event_dimensions=self._rules.event_dimensions)
            if wanted is None:
                return None
            atoms = self._counted({**wanted, "parameters": group[0].request["parameters"]}, snapshot, profile)
            parts = [self._published(member, snapshot, profile) for member in group if draft is None or member is not draft.recorded]
        except DaichoError:
            return None
        if draft is not None:
            by, where = tuple(draft.recorded.request["by"]), _tuples(draft.recorded.request["where"])
            parts.append(Part(by, where, draft.counted, draft.statuses, is_new=True))
        if None in parts:
            return None
        return make_joint([part for part in parts if part], atoms, dimensions=wanted["by"], spec=spec, profile=profile)

    def _counted(self, request: Mapping[str, Any], snapshot: int, profile: Profile) -> pl.DataFrame:
        raw = {name: request[name] for name in ("measure", "by", "where", "parameters")}
        asked = parse_request(raw, measures=self._engine.measures(), profiles=())
        query = self._engine.compile(asked.measure.name, by=asked.by, where=asked.where, parameters=asked.parameters, snapshot=snapshot)
        counted = self._count(snapshot, query)
        return with_thresholds(counted, by=asked.by, where=query.where, profile=profile, engine=self._engine)

    def _published(self, release: Recorded, snapshot: int, profile: Profile) -> Part | None:
        """A release as it was published, over the counts it rests on; None where a published figure is not found again."""
        by = tuple(release.request["by"])
        stored = release_from_bytes(self._ledger.read(release.release_id)).frame
        counted = self._counted(release.request, snapshot, profile)
        if counted.height != stored.height:
            return None
        spec = self._engine.measures()[release.request["measure"]]
        for name in (rule.name for rule in spec.rules if rule.kind == "count"):
            held = dict(zip(stored.select(by).rows() if by else [()], stored[name].to_list(), strict=True))
            true = dict(zip(counted.select(by).rows() if by else [()], counted[name].to_list(), strict=True))
            if held.keys() != true.keys() or any(figure is not None and figure != true[key] for key, figure in held.items()):
                return None
        place = {key: row for row, key in enumerate(stored.select(by).rows())} if by else {(): 0}
        order = [place[key] for key in counted.select(by).rows()] if by else [0]
        return Part(by, _tuples(release.request["where"]), counted, stored[order], is_new=False)


def _pattern(joint: Joint, new: Recorded, earlier: Recorded) -> Pattern:
    try:
        return complete_pattern(joint.problem, seconds=JOINT_SECONDS)
    except (NoPattern, DisclosureError):
        pass
    raise DisclosureError(advice(new, earlier))


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

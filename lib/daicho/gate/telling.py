"""Releases that form no system: judged pair by pair. Neither may tell what the other withholds, nor lie within few persons of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from daicho.core.errors import DisclosureError
from daicho.gate.close_figures import Shown, are_close
from daicho.gate.engine import Engine
from daicho.gate.profiles import DisclosureRules
from daicho.gate.publication import advice
from daicho.gate.release import Release, release_from_bytes
from daicho.gate.release_ledger import Recorded, ReleaseLedger
from daicho.gate.thresholds import with_thresholds
from daicho.gate.withheld import Withheld, is_blind, tells, withheld_of

Beside = Sequence[tuple[Mapping[str, Any], pl.DataFrame]]


class Telling:
    """What recorded releases tell of each other and of a draft. `group` gives the releases of one's system, itself among them."""

    def __init__(
        self, *, engine: Engine, ledger: ReleaseLedger, rules: DisclosureRules, group: Callable[[Recorded], Sequence[Recorded]]
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._rules = rules
        self._group = group
        self._released: dict[str, Release] = {}
        self._cells: dict[str, list[Withheld]] = {}

    def released(self, release: Recorded) -> Release:
        """A recorded release; they never change, so each is read once."""
        if release.release_id not in self._released:
            self._released[release.release_id] = release_from_bytes(self._ledger.read(release.release_id))
        return self._released[release.release_id]

    def each_other(self, one: Recorded, other: Recorded) -> bool:
        """Whether one of two recorded releases tells of the other what is withheld, or both show figures that few persons tell apart."""
        if self._is_told(other, one) or self._is_told(one, other):
            return True
        return self._are_close(one, self.released(one).frame, other)

    def refuse(self, new: Recorded, frame: pl.DataFrame, others: Iterable[Recorded], *, group: Sequence[Recorded] | None) -> None:
        """Raise DisclosureError where a draft and another release tell of each other. `group`: the releases that form one system with the
        draft; None where it has no system."""
        mine = withheld_of(new.request, frame, spec=self._engine.measures()[new.request["measure"]])
        beside = [] if group is None else [(new.request, frame), *((each.request, self.released(each).frame) for each in group)]
        for other in others:
            if self._could_tell(other, mine, beside) or self._is_told(other, new) or self._are_close(new, frame, other):
                raise DisclosureError(advice(new, other))

    def _are_close(self, one: Recorded, frame: pl.DataFrame, other: Recorded) -> bool:
        profile, specs = self._rules.profiles[one.profile], self._engine.measures()
        return are_close(
            Shown(one.request, frame, specs[one.request["measure"]]),
            Shown(other.request, self.released(other).frame, specs[other.request["measure"]]),
            profile=profile,
            rules=self._rules,
            limits=lambda rows, by, where: with_thresholds(rows, by=by, where=where, profile=profile, engine=self._engine),
        )

    def _is_told(self, release: Recorded, other: Recorded) -> bool:
        """Whether another release could tell a cell that a recorded one withholds."""
        cells = self._withheld(release)
        if not tells(other.request, cells, rules=self._rules):
            return False
        beside = [(each.request, self.released(each).frame) for each in self._group(release) if self._is_system(each)]
        return self._could_tell(other, cells, beside if self._is_system(release) else [])

    def _could_tell(self, other: Recorded, cells: Sequence[Withheld], beside: Beside) -> bool:
        facts = self._engine.measures()[other.request["measure"]].implicit
        told = [cell for cell in cells if tells(other.request, [cell], rules=self._rules)]
        return not all(is_blind(other.request, cell, beside, facts=facts, rules=self._rules) for cell in told)

    def _withheld(self, release: Recorded) -> list[Withheld]:
        """The cells that a recorded release withholds."""
        if release.release_id not in self._cells:
            frame = self.released(release).frame if release.suppressed_cells else None
            spec = self._engine.measures()[release.request["measure"]]
            self._cells[release.release_id] = [] if frame is None else withheld_of(release.request, frame, spec=spec)
        return self._cells[release.release_id]

    def _is_system(self, release: Recorded) -> bool:
        return self.released(release).facts.audit in ("table", "joint")

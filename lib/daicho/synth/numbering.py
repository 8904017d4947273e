"""宛名番号: who has which number when. Numbers say nothing about persons; some persons had others before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.synth import rates
from daicho.synth.days import NEVER
from daicho.synth.population import Population
from daicho.synth.streams import Days, Flags, Indexes, Streams
from daicho.synth.text import era_days, numbers

FIRST_NUMBER, FIRST_OLD_NUMBER, FIRST_UNKNOWN_NUMBER = 5_000_000_000, 4_200_000_000, 4_700_000_000
_SPACING = 7
_SHORTEST_STAY = 900  # days a person must have lived here before a number can have changed
_OLD_NUMBER_SHARE = 0.8  # rows from before the change that still carry the old number


@dataclass(frozen=True)
class Numbering:
    """Numbers by person. `changed_on` is NEVER for most; `chained_on` is an earlier change of the same person.

    Returners left on `left_on` and came back under the new number on `changed_on`; others never left (`left_on` is NEVER).
    """

    current: np.ndarray
    old: np.ndarray
    oldest: np.ndarray
    changed_on: Days
    chained_on: Days
    left_on: Days

    def is_away(self, persons: Indexes, days: Days) -> Flags:
        """Whether a returner was away on the day."""
        away: Flags = (self.left_on[persons] <= days) & (days < self.changed_on[persons])
        return away

    def on(self, rng: np.random.Generator, persons: Indexes, days: Days) -> np.ndarray:
        """The number a row of that day carries: mostly the one then in use, where it is not rewritten to the current one."""
        is_kept = rng.random(len(persons)) < _OLD_NUMBER_SHARE
        changed, chained = self.changed_on[persons], self.chained_on[persons]
        has_changed = changed < NEVER
        found = np.where(has_changed & is_kept & (days < changed), self.old[persons], self.current[persons])
        return np.where(has_changed & is_kept & (chained < NEVER) & (days < chained), self.oldest[persons], found)

    def frame(self) -> pl.DataFrame:
        """The extract 宛名番号変更, in order of the change."""
        changed, chained = np.flatnonzero(self.changed_on < NEVER), np.flatnonzero(self.chained_on < NEVER)
        before = np.concatenate([self.old[changed], self.oldest[chained]])
        after = np.concatenate([self.current[changed], self.old[chained]])
        days = np.concatenate([self.changed_on[changed], self.chained_on[chained]])
        order = np.lexsort((before, days))
        return pl.DataFrame({"旧宛名番号": numbers(before[order]), "新宛名番号": numbers(after[order]), "変更日": era_days(days[order])})


def draw_numbers(streams: Streams, population: Population) -> Numbering:
    """A number for everybody, and the changes of a few."""
    rng = streams.generator("numbers")
    size = len(population)
    current = FIRST_NUMBER + rng.permutation(size).astype(np.int64) * _SPACING + rng.integers(0, _SPACING, size)
    stay = np.minimum(population.until, population.last_day) - population.since
    changes = (rng.random(size) < rates.NUMBER_CHANGES) & (stay > _SHORTEST_STAY)
    changed_on = np.where(changes, population.since + (stay * (0.4 + 0.5 * rng.random(size))).astype(np.int32), NEVER)
    returns = changes & (rng.random(size) < rates.RETURNERS)
    left_on = np.where(returns, changed_on - 60 - (rng.random(size) * 240).astype(np.int32), NEVER)
    chains = changes & ~returns & (rng.random(size) < rates.NUMBER_CHAINS)
    chained_on = np.where(chains, population.since + (stay * (0.05 + 0.3 * rng.random(size))).astype(np.int32), NEVER)
    old = FIRST_OLD_NUMBER + rng.permutation(size).astype(np.int64) * _SPACING * 2
    return Numbering(
        current=current,
        old=old,
        oldest=old + _SPACING,
        changed_on=changed_on.astype(np.int32),
        chained_on=chained_on.astype(np.int32),
        left_on=left_on.astype(np.int32),
    )

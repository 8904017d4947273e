"""The children whose doses can be in the ledger, and what a family brings to every vaccine: refusal, pace, and the uptake of its district."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from daicho.synth import rates
from daicho.synth.days import DAYS_A_YEAR, birth_fiscal_year, day
from daicho.synth.population import Population
from daicho.synth.streams import Days, Flags, Floats, Indexes, Streams

BORN_FROM = day("1995-04-02")  # the oldest cohort with a rule of its own (日本脳炎の特例)
_GROWN_YEARS = 20


@dataclass(frozen=True)
class Children:
    """One entry a child. `shift` is added to every uptake, `pace` multiplies every waiting time of the family."""

    persons: Indexes
    births: Days
    cohort: Indexes
    shift: Floats
    refuses: Flags
    pace: Floats

    def some(self, which: Flags) -> Children:
        """Those for whom `which` is true."""
        return Children(
            self.persons[which], self.births[which], self.cohort[which], self.shift[which], self.refuses[which], self.pace[which]
        )

    def take_up(self, rng: np.random.Generator, uptake: float | Floats) -> Flags:
        """Who begins a course of this uptake."""
        begins: Flags = ~self.refuses & (rng.random(len(self.persons)) < uptake + self.shift)
        return begins


def by_cohort(table: Mapping[int, float], cohort: Indexes, *, default: float) -> Floats:
    """The figure of each birth cohort (fiscal year); the default for cohorts that the table lacks."""
    low, high = min(table), max(table)
    # A place at both ends for all cohorts outside the table.
    figures = np.array([default, *(table.get(year, default) for year in range(low, high + 1)), default])
    return figures[np.clip(cohort - low + 1, 0, len(figures) - 1)]


def draw_children(streams: Streams, population: Population) -> Children:
    """Everybody born since `BORN_FROM` whose childhood doses this ledger can know: who lived here as a child, or brought a handbook."""
    rng = streams.generator("children")
    came_as_child = population.since < population.births + _GROWN_YEARS * DAYS_A_YEAR
    persons = np.flatnonzero((population.births >= BORN_FROM) & (came_as_child | population.is_history_known)).astype(np.int32)
    births = population.births[persons]
    cohort = birth_fiscal_year(births)
    by_district = np.array(rates.DISTRICT_UPTAKE)
    return Children(
        persons=persons,
        births=births,
        cohort=cohort,
        shift=by_district[population.district[persons] % len(by_district)] + by_cohort(rates.COHORT_UPTAKE, cohort, default=0.0),
        refuses=rng.random(len(persons)) < rates.REFUSES_ALL,
        pace=np.exp(rates.PACE_SPREAD * rng.standard_normal(len(persons))),
    )

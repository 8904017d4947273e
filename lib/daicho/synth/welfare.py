"""生活保護・障害者手帳: who is exempt from self-payment, and who may have the seasonal vaccines from sixty on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.synth import rates
from daicho.synth.days import NEVER, day
from daicho.synth.numbering import Numbering
from daicho.synth.population import Population, by_age
from daicho.synth.streams import Days, Flags, Indexes, Streams, pick
from daicho.synth.text import era_days, gather, numbers

# Codes of the code lists, and how this ledger's extract writes them.
WELFARE_CLASSES, _WELFARE_LABELS = ("none", "welfare", "returnee"), ("該当なし", "生活保護", "中国残留邦人等支援給付")
_HANDBOOK_LABELS = ("該当なし", "身体障害者手帳1級", "身体障害者手帳2級", "身体障害者手帳3級以下", "療育手帳", "精神障害者保健福祉手帳")
_HANDBOOK_WEIGHTS = (0.22, 0.12, 0.30, 0.10, 0.26)  # of the handbooks above, from 1級 on; assumed
_FIRST_GRADE = 1
_RECORDS_FROM = day("2005-04-01")
_RETURNEES_BORN_TO = day("1955-12-31")


@dataclass(frozen=True)
class Welfare:
    """One entry a period. Nobody has two periods of welfare or two of a handbook. `last` is NEVER while a period runs."""

    persons: Indexes
    welfare: Indexes  # position in WELFARE_CLASSES
    handbook: Indexes
    first: Days
    last: Days
    size: int  # of the population

    def first_grade_since(self) -> Days:
        """By person: the day since when the first-grade handbook is held, NEVER for the others."""
        since = np.full(self.size, NEVER, dtype=np.int32)
        holds = self.handbook == _FIRST_GRADE
        since[self.persons[holds]] = self.first[holds]
        return since

    def is_exempt(self, persons: Indexes, days: Days, *, classes: frozenset[str]) -> Flags:
        """Whether each person is in one of the welfare classes on the day."""
        first, last = np.full(self.size, NEVER, dtype=np.int32), np.full(self.size, -NEVER, dtype=np.int32)
        counts = np.array([code in classes for code in WELFARE_CLASSES])[self.welfare]
        first[self.persons[counts]], last[self.persons[counts]] = self.first[counts], self.last[counts]
        exempt: Flags = (first[persons] <= days) & (days <= last[persons])
        return exempt

    def frame(self, numbering: Numbering) -> pl.DataFrame:
        """The extract, by 宛名番号 and first day."""
        number = numbering.current[self.persons]
        order = np.lexsort((self.handbook, self.first, number))
        return pl.DataFrame(
            {
                "宛名番号": numbers(number[order]),
                "生保区分": gather(_WELFARE_LABELS, self.welfare[order]),
                "手帳区分": gather(_HANDBOOK_LABELS, self.handbook[order]),
                "適用開始日": era_days(self.first[order]),
                "適用終了日": era_days(self.last[order], present=self.last[order] < NEVER),
            }
        )


def draw_welfare(streams: Streams, population: Population) -> Welfare:
    """Periods within the stay of each person; the old are on welfare more often, and handbooks come with age."""
    rng = streams.generator("welfare")
    size = len(population)
    age = population.age(population.last_day)
    share = np.where(age >= 65, rates.WELFARE_ELDERLY_SHARE, rates.WELFARE_SHARE)
    on_welfare = rng.random(size) < share
    is_returnee = (population.births <= _RETURNEES_BORN_TO) & (rng.random(size) < rates.RETURNEE_SHARE)
    has_handbook = rng.random(size) < by_age(rates.HANDBOOK_SHARE, age)
    welfare = np.where(is_returnee, 2, np.where(on_welfare, 1, 0))
    supported, disabled = np.flatnonzero(welfare), np.flatnonzero(has_handbook)
    persons = np.concatenate([supported, disabled]).astype(np.int32)
    is_support = np.arange(len(persons)) < len(supported)
    begin = np.maximum(population.since[persons], _RECORDS_FROM)
    end = np.minimum(population.until[persons] - 1, population.last_day)
    first = begin + (rng.beta(1.0, 3.0, len(persons)) * np.maximum(end - begin, 0)).astype(np.int32)
    stops = first + 180 + (rng.random(len(persons)) * 6 * 365).astype(np.int32)
    ends = is_support & (rng.random(len(persons)) < rates.WELFARE_ENDS) & (stops < end)
    has_left = population.until[persons] < NEVER
    last = np.where(ends, stops, np.where(has_left, end, NEVER))
    handbook = np.where(is_support, 0, pick(rng, _HANDBOOK_WEIGHTS, len(persons)) + 1)
    kept = begin <= end
    return Welfare(
        persons=persons[kept],
        welfare=np.where(is_support, welfare[persons], 0)[kept].astype(np.int32),
        handbook=handbook[kept].astype(np.int32),
        first=first[kept].astype(np.int32),
        last=last[kept].astype(np.int32),
        size=size,
    )

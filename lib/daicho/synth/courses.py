"""A course of doses over many persons at once: legal bounds, usual waiting, coming back or not, and the few doses outside the rules."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from daicho.synth import rates
from daicho.synth.days import april_first, birth_fiscal_year, reached_months
from daicho.synth.reference import DoseList
from daicho.synth.streams import Days, Flags, Floats, Indexes, lognormal_days

_ONE_MONTH = 30.4


@dataclass(frozen=True)
class Bound:
    """A legal bound of a window: so many reached months, days after birth, or a fiscal year of age."""

    kind: str  # months | days | fiscal_year
    value: int

    def first_day(self, births: Days) -> Days:
        if self.kind == "months":
            return reached_months(births, self.value) if self.value else births
        if self.kind == "days":
            return (births + self.value).astype(np.int32)
        return april_first((birth_fiscal_year(births) + self.value).astype(np.int32))

    def last_day(self, births: Days) -> Days:
        if self.kind == "fiscal_year":
            return (april_first((birth_fiscal_year(births) + self.value + 1).astype(np.int32)) - 1).astype(np.int32)
        return self.first_day(births)


@dataclass(frozen=True)
class Step:
    """One dose of a course. `wait`: median days from the first day on which it is due to the day it is given; `spread`: its log spread.

    `days_between`, `months_between`: full days or months that must lie after the dose before (or, with `from_first`, after the first).
    """

    dose: str
    opens: Bound
    closes: Bound
    wait: float
    spread: float = 0.8
    days_between: int = 0
    months_between: int = 0
    from_first: bool = False


@dataclass
class DoseBook:
    """Doses collected from all stages, in the order the stages ran."""

    doses: DoseList
    _persons: list[Indexes] = field(default_factory=list)
    _kinds: list[Indexes] = field(default_factory=list)
    _days: list[Days] = field(default_factory=list)
    _transitional: list[Flags] = field(default_factory=list)

    def add(self, dose: str, persons: Indexes, days: Days, *, transitional: Flags | bool = False) -> None:
        """Enter one dose of each person."""
        self._persons.append(persons.astype(np.int32))
        self._kinds.append(np.full(len(persons), self.doses.position(dose), dtype=np.int32))
        self._days.append(days.astype(np.int32))
        self._transitional.append(np.broadcast_to(np.asarray(transitional, dtype=np.bool_), (len(persons),)))

    def collect(self) -> tuple[Indexes, Indexes, Days, Flags]:
        """Person, dose position, day and 経過措置 of every dose."""
        return (
            np.concatenate(self._persons), np.concatenate(self._kinds), np.concatenate(self._days), np.concatenate(self._transitional),
        )  # fmt: skip


def follow_course(
    book: DoseBook,
    steps: tuple[Step, ...],
    *,
    persons: Indexes,
    births: Days,
    pace: Floats,
    rng: np.random.Generator,
    not_before: int | Days = 0,
    continues: float = rates.CONTINUES,
) -> Days:
    """Give the course to `persons`, who all begin it; `births` and `pace` go with them. Returns the day of the first dose.

    A dose that would fall behind its window is missed, and with it the rest, but for a few given late; a few come too early or too soon
    after the dose before.
    """
    size = len(persons)
    going = np.ones(size, dtype=np.bool_)
    first = previous = np.zeros(size, dtype=np.int32)
    for number, step in enumerate(steps):
        due = np.maximum(step.opens.first_day(births), not_before).astype(np.int32)
        if number:
            base = first if step.from_first else previous
            apart = reached_months(base, step.months_between) if step.months_between else base
            due = np.maximum(due, apart + step.days_between + 1).astype(np.int32)
            going = going & (rng.random(size) < continues)
        given = due + np.floor(lognormal_days(rng, size, median=step.wait, sigma=step.spread) * pace).astype(np.int32)
        slip = rng.random(size)
        if number and step.days_between:
            given = np.where(slip < rates.SHORT_INTERVAL, previous + np.maximum(step.days_between - 4, 1), given).astype(np.int32)
        elif not number:
            opens = step.opens.first_day(births)
            is_early = (slip < rates.TOO_EARLY) & (opens > births + 10)
            given = np.where(is_early, opens - 1 - (slip * 1e5).astype(np.int32) % 9, given).astype(np.int32)
        closes = step.closes.last_day(births)
        # Families that are late see the end of the window coming: half of those who would miss it come in the last weeks.
        rescued = (given > closes) & (due < closes - _ONE_MONTH) & (rng.random(size) < 0.5)
        given = np.where(rescued, closes - (rng.random(size) * _ONE_MONTH).astype(np.int32), given).astype(np.int32)
        going = going & ((given <= closes) | (rng.random(size) < rates.TOO_LATE)) & (given > np.where(number, previous, births - 1))
        book.add(step.dose, persons[going], given[going])
        first = given if number == 0 else first
        previous = given
    return first

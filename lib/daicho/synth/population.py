"""Who lives here from when until when: residents on the last day, and those removed in the years before.

The population is taken as steady: an age pyramid, a chance of leaving at every age, and newcomers that make up the difference. Then
the time a resident of age *a* has already lived here follows from the pyramid itself: of the P(a) of today, those here for at least
t years are P(a - t) · exp(-H(a - t, a)), and those never anywhere else are the births · exp(-H(0, a)), H being the summed chance of leaving.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daicho.synth import rates
from daicho.synth.days import DAYS_A_YEAR, NEVER, whole
from daicho.synth.reference import Places
from daicho.synth.streams import Days, Flags, Floats, Indexes, Streams, pick

OLDEST = 105


@dataclass(frozen=True)
class Population:
    """One entry a person, in no order that means anything. Days are day numbers; `until` is NEVER for residents."""

    births: Days
    since: Days  # 住民となった日
    until: Days  # 消除日
    is_dead: Flags
    is_born_here: Flags
    sex: Indexes  # 0 not registered, 1 men, 2 women
    district: Indexes  # position in the code list
    is_foreign: Flags
    is_history_known: Flags  # doses before 転入 were entered
    last_day: int

    def __len__(self) -> int:
        return len(self.births)

    def is_resident(self, persons: Indexes, days: Days) -> Flags:
        """Whether each person lives here on each day: the day of removal is no resident day."""
        here: Flags = (self.since[persons] <= days) & (days < self.until[persons])
        return here

    def age(self, days: Days | int) -> Floats:
        """Ages in years, roughly: for rates only, never for a legal rule."""
        return (np.asarray(days, dtype=np.float64) - self.births) / DAYS_A_YEAR


def by_age(table: tuple[tuple[int, float], ...], ages: Floats) -> Floats:
    """A rate given in steps (from age, rate), for each age."""
    steps = np.searchsorted([age for age, _ in table], ages, side="right") - 1
    return np.array([rate for _, rate in table])[np.maximum(steps, 0)]


def draw_population(streams: Streams, *, persons: int, last_day: int, places: Places) -> Population:
    """`persons` residents on `last_day`, and everybody removed in the years before."""
    rng = streams.generator("population")
    pyramid = _pyramid()
    ages = np.arange(OLDEST + 1, dtype=np.float64)
    leaving = by_age(rates.MOVE_OUT, ages) + by_age(rates.DEATH, ages)
    # Residents: the pyramid; those removed: the pyramid times the chance of leaving.
    here = pick(rng, pyramid, persons)
    years = np.arange(1, rates.REGISTER_YEARS + 1)
    in_year = persons * (pyramid @ leaving) * (1 - rates.YEARLY_GROWTH) ** years
    back = np.repeat(years, np.round(in_year).astype(np.int64))
    gone = pick(rng, pyramid * leaving, len(back))
    removed_on = _removal_days(rng, back.astype(np.int32), last_day=last_day)
    age = np.concatenate([here, gone])
    reference = np.concatenate([np.full(persons, last_day, dtype=np.int32), (removed_on - 1).astype(np.int32)])
    until = np.concatenate([np.full(persons, NEVER, dtype=np.int32), removed_on])
    exact_age = (age + rng.random(len(age))) * DAYS_A_YEAR
    births = (reference - whole(exact_age)).astype(np.int32)
    tenure, is_born_here = _tenures(rng, age, pyramid=pyramid, leaving=leaving)
    since = np.where(is_born_here, births, np.maximum(reference - whole(np.minimum(tenure * DAYS_A_YEAR, exact_age - 1)), births)).astype(
        np.int32
    )
    is_leaver = until < NEVER
    death_share = by_age(rates.DEATH, age.astype(np.float64)) / leaving[age]
    district, is_foreign = _districts(rng, age, is_leaver=is_leaver, places=places)
    sex = np.where(rng.random(len(age)) < rates.WOMEN, 2, 1)
    arrival_age = (since - births) / DAYS_A_YEAR
    return Population(
        births=births,
        since=since,
        until=until,
        is_dead=is_leaver & (rng.random(len(age)) < death_share),
        is_born_here=is_born_here,
        sex=np.where(rng.random(len(age)) < rates.UNREGISTERED_SEX, 0, sex).astype(np.int32),
        district=district,
        is_foreign=is_foreign,
        is_history_known=rng.random(len(age)) < by_age(rates.HISTORY_KNOWN, arrival_age),
        last_day=last_day,
    )


def _pyramid() -> Floats:
    """Shares by single year of age: the cumulative bands, interpolated and smoothed."""
    bounds = np.append(np.arange(0, 101, 5), OLDEST + 1)
    cumulative = np.concatenate([[0.0], np.cumsum(rates.AGE_BANDS)])
    single = np.diff(np.interp(np.arange(OLDEST + 2), bounds, cumulative))
    smooth = np.convolve(np.pad(single, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    shares: Floats = smooth / smooth.sum()
    return shares


def _removal_days(rng: np.random.Generator, years_back: Indexes, *, last_day: int) -> Days:
    """Days of removal: `years_back` 1 is the last year, more of them in the moving season."""
    start = last_day + 1 - years_back * DAYS_A_YEAR
    months = np.roll(rates.MOVE_MONTH_WEIGHTS, -int(np.datetime64(last_day + 1, "D").astype("datetime64[M]").astype(int) % 12))
    drawn = whole(start + (pick(rng, months, len(years_back)) + rng.random(len(years_back))) * DAYS_A_YEAR / 12)
    return np.minimum(drawn, last_day).astype(np.int32)


def _tenures(rng: np.random.Generator, ages: Indexes, *, pyramid: Floats, leaving: Floats) -> tuple[Floats, Flags]:
    """Years lived here (any number past the age for those born here), and who was born here."""
    summed = np.concatenate([[0.0], np.cumsum(leaving)])
    middle = (summed[:-1] + summed[1:]) / 2
    tenure, is_born_here = np.empty(len(ages)), np.zeros(len(ages), dtype=np.bool_)
    drawn = rng.random(len(ages))
    for age in range(OLDEST + 1):
        mine = np.flatnonzero(ages == age)
        earlier = age - np.arange(age + 1)
        share = np.minimum.accumulate(np.minimum(1.0, pyramid[earlier] / pyramid[age] * np.exp(middle[earlier] - middle[age])))
        born = min(float(share[-1]), rates.BIRTHS_PER_RESIDENT / pyramid[age] * np.exp(-middle[age]))
        is_born_here[mine] = drawn[mine] < born
        # Shares fall with the years; interpolation wants them rising.
        tenure[mine] = np.interp(drawn[mine], np.append(share[::-1], 1.0), np.append(np.arange(age + 1)[::-1] + 0.0, 0.0))
    return tenure, is_born_here


def _districts(rng: np.random.Generator, ages: Indexes, *, is_leaver: Flags, places: Places) -> tuple[Indexes, Flags]:
    district = pick(rng, places.district_population, len(ages))
    share = places.district_foreign_share[district] * by_age(rates.FOREIGN_BY_AGE, ages.astype(np.float64))
    share = share * np.where(is_leaver, rates.FOREIGN_LEAVERS_RATIO, 1.0)
    # The age profile must not change the district's share among residents.
    share /= by_age(rates.FOREIGN_BY_AGE, ages[~is_leaver].astype(np.float64)).mean()
    return district, rng.random(len(ages)) < share

"""Vaccines of adults: influenza, COVID-19 since it became routine, pneumococcus, zoster, 風しん5期, RSV in pregnancy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daicho.synth import rates
from daicho.synth.courses import DoseBook
from daicho.synth.days import DAYS_A_YEAR, april_first, birth_fiscal_year, day, fiscal_year, reached_months, whole
from daicho.synth.population import Population
from daicho.synth.streams import Days, Flags, Floats, Indexes, Streams, lognormal_days

_MAN, _WOMAN = 1, 2
_AGE_60, _AGE_65, _AGE_66 = 720, 780, 792  # in months
FIRST_SEASON, COVID_ROUTINE_FROM = 2015, 2024
PNEUMOCOCCUS_FROM = day("2014-10-01")
ZOSTER_FROM, ZOSTER_AGES, ZOSTER_ALL_FROM = 2025, (65, 70, 75, 80, 85, 90, 95, 100), 100
RUBELLA_BIRTHS, RUBELLA_DAYS = (day("1962-04-02"), day("1979-04-01")), (day("2019-06-01"), day("2025-03-31"))
RUBELLA_EXTENDED_TO = day("2027-03-31")
RSV_FROM_YEAR = 2026
_MOTHERS = (22, 43)
_SEASON_WAIT, _SEASON_SPREAD = 30.0, 0.6


@dataclass(frozen=True)
class _Elders:
    """Everybody of sixty or more. `habit` lies evenly between -1 and 1: those who come every season have the most of it."""

    persons: Indexes
    births: Days
    cohort: Indexes
    may_from: Days  # the day from which the seasonal vaccines are open to the person
    habit: Floats

    def come(self, rng: np.random.Generator, uptake: float) -> Flags:
        comes: Flags = rng.random(len(self.persons)) < uptake + rates.HABIT_SPREAD * self.habit
        return comes


def give_adult_doses(book: DoseBook, population: Population, streams: Streams, *, first_grade_since: Days) -> None:
    """All routine vaccines of adults. `first_grade_since`: the day since when each person holds a first-grade handbook."""
    rng = streams.generator("adults")
    elders = _elders(rng, population, first_grade_since)
    last_year = int(fiscal_year(np.array([population.last_day], dtype=np.int32))[0])
    for year in range(FIRST_SEASON, last_year + 1):
        uptake = rates.FLU_BASE.get(year, rates.FLU_OTHER_YEARS)
        _give_season(book, elders, rng, dose="FLU-E-1", opens=day(f"{year}-10-01"), closes=day(f"{year + 1}-01-31"), uptake=uptake)
    for year in range(COVID_ROUTINE_FROM, last_year + 1):
        uptake = rates.COVID_ROUTINE.get(year, rates.COVID_ROUTINE_OTHER_YEARS)
        _give_season(book, elders, rng, dose="COVID-1", opens=day(f"{year}-10-01"), closes=day(f"{year + 1}-03-31"), uptake=uptake)
    _give_pneumococcus(book, elders, rng)
    _give_zoster(book, elders, rng, last_year=last_year)
    _give_rubella(book, population, rng)
    for year in range(RSV_FROM_YEAR, last_year + 1):
        _give_maternal(book, population, rng, year=year)


def _elders(rng: np.random.Generator, population: Population, first_grade_since: Days) -> _Elders:
    persons = np.flatnonzero(population.births <= population.last_day - 60 * DAYS_A_YEAR).astype(np.int32)
    births = population.births[persons]
    with_handbook = np.maximum(reached_months(births, _AGE_60), first_grade_since[persons])
    return _Elders(
        persons=persons,
        births=births,
        cohort=birth_fiscal_year(births),
        may_from=np.minimum(reached_months(births, _AGE_65), with_handbook).astype(np.int32),
        habit=rng.uniform(-1.0, 1.0, len(persons)),
    )


def _give_season(book: DoseBook, elders: _Elders, rng: np.random.Generator, *, dose: str, opens: int, closes: int, uptake: float) -> None:
    """One season: most come in its first weeks."""
    size = len(elders.persons)
    days = opens + whole(lognormal_days(rng, size, median=_SEASON_WAIT, sigma=_SEASON_SPREAD))
    given = elders.come(rng, uptake) & (elders.may_from <= days) & (days <= closes)
    book.add(dose, elders.persons[given], days[given])


def _give_pneumococcus(book: DoseBook, elders: _Elders, rng: np.random.Generator) -> None:
    """Once in a life, at sixty-five."""
    opens, closes = reached_months(elders.births, _AGE_65), reached_months(elders.births, _AGE_66)
    days = (opens + whole(lognormal_days(rng, len(opens), median=90.0, sigma=0.8))).astype(np.int32)
    given = elders.come(rng, rates.PNEUMO_UPTAKE) & (days <= closes) & (days >= PNEUMOCOCCUS_FROM)
    book.add("PNEUMO-E-1", elders.persons[given], days[given])


def _give_zoster(book: DoseBook, elders: _Elders, rng: np.random.Generator, *, last_year: int) -> None:
    """In the fiscal years of the ages 65, 70 … 100, in the first year from 100 on: one live dose, or two recombinant ones."""
    size = len(elders.persons)
    is_live = rng.random(size) < rates.ZOSTER_LIVE
    for year in range(ZOSTER_FROM, last_year + 1):
        age = year - elders.cohort
        may = np.isin(age, ZOSTER_AGES) | ((age > ZOSTER_ALL_FROM) & (year == ZOSTER_FROM))
        opens, closes = day(f"{year}-04-01"), day(f"{year + 1}-03-31")
        first = (opens + 30 + whole(lognormal_days(rng, size, median=70.0, sigma=0.7))).astype(np.int32)
        given = may & elders.come(rng, rates.ZOSTER_UPTAKE) & (first <= closes)
        second = (reached_months(first, 2) + 1 + whole(lognormal_days(rng, size, median=12.0, sigma=0.8))).astype(np.int32)
        again = given & ~is_live & (second <= closes) & (rng.random(size) < rates.ZOSTER_SECOND)
        is_transitional = age != ZOSTER_AGES[0]
        for dose, days, which in (
            ("ZOSTER-L-1", first, given & is_live),
            ("ZOSTER-R-1", first, given & ~is_live),
            ("ZOSTER-R-2", second, again),
        ):
            book.add(dose, elders.persons[which], days[which], transitional=is_transitional[which])


def _give_rubella(book: DoseBook, population: Population, rng: np.random.Generator) -> None:
    """Men whom the childhood programme left out, tested and found low; a few of them in the extension."""
    is_meant = (population.sex == _MAN) & (population.births >= RUBELLA_BIRTHS[0]) & (population.births <= RUBELLA_BIRTHS[1])
    persons = np.flatnonzero(is_meant & (rng.random(len(population)) < rates.RUBELLA_5)).astype(np.int32)
    begin, end = RUBELLA_DAYS
    days = begin + whole(rng.beta(1.2, 1.8, len(persons)) * (end - begin))
    is_late = rng.random(len(persons)) < rates.RUBELLA_5_EXTENDED
    days = np.where(is_late, end + 1 + whole(rng.random(len(persons)) * (RUBELLA_EXTENDED_TO - end)), days).astype(np.int32)
    book.add("RUBELLA-5", persons, days, transitional=is_late)


def _give_maternal(book: DoseBook, population: Population, rng: np.random.Generator, *, year: int) -> None:
    """Expectant mothers of one fiscal year: as many as births take it up, whichever women they are."""
    start = int(april_first(np.array([year], dtype=np.int32))[0])
    age = population.age(start)
    may = (population.sex == _WOMAN) & (age >= _MOTHERS[0]) & (age < _MOTHERS[1])
    everyone = np.arange(len(population), dtype=np.int32)
    here = population.is_resident(everyone, np.full(len(population), start, dtype=np.int32))
    women = np.flatnonzero(may & here).astype(np.int32)
    expected = rates.RSV_MATERNAL_A_YEAR * rates.BIRTHS_PER_RESIDENT * here.sum()
    chosen = women[rng.random(len(women)) < expected / max(len(women), 1)]
    days = start + whole(rng.random(len(chosen)) * DAYS_A_YEAR)
    book.add("RSV-M-1", chosen, days.astype(np.int32))

"""HPV: the first wave, the silent years, the resumption of 2022, the catch-up and its 経過措置, and which vaccine when."""

from __future__ import annotations

import numpy as np

from daicho.synth import rates
from daicho.synth.children import by_cohort
from daicho.synth.courses import DoseBook
from daicho.synth.days import april_first, birth_fiscal_year, day, fiscal_year, reached_months, whole
from daicho.synth.population import Population
from daicho.synth.streams import Days, Flags, Indexes, Streams, lognormal_days, pick

_WOMAN = 2
VALENCIES = ("HPV2", "HPV4", "HPV9")
_QUADRIVALENT, _NONAVALENT = 1, 2
FIRST_WAVE_FROM, FIRST_WAVE_TO = day("2011-02-01"), day("2013-06-14")
QUADRIVALENT_FROM = day("2011-09-15")
NONAVALENT_FROM = day("2023-04-01")
NONAVALENT_ONLY_FROM = day("2026-04-01")
CATCH_UP_FROM, CATCH_UP_TO = day("2022-04-01"), day("2025-03-31")
TRANSITION_TO = day("2026-03-31")
CATCH_UP_COHORTS, TRANSITION_COHORT = (1997, 2007), 2008  # born 1997-04-02 to 2008-04-01, and to 2009-04-01
_CATCH_UP_YEARS = (0.22, 0.26, 0.52)
_REGULAR_AGES = (12, 16)
_SWITCHES = 0.45  # 4価 courses of 2022-23 that go on with 9価


def give_hpv(book: DoseBook, population: Population, streams: Streams) -> None:
    """Courses of girls and young women; doses outside every legal period are not given."""
    rng = streams.generator("hpv")
    persons = np.flatnonzero((population.sex == _WOMAN) & (population.births >= day("1994-04-02"))).astype(np.int32)
    births = population.births[persons]
    cohort = birth_fiscal_year(births)
    shift = 1.5 * np.array(rates.DISTRICT_UPTAKE)[population.district[persons] % len(rates.DISTRICT_UPTAKE)]
    begins, start = _starts(rng, births, cohort, shift)
    persons, births, cohort, start = persons[begins], births[begins], cohort[begins], start[begins]
    _give_course(book, rng, persons=persons, births=births, cohort=cohort, start=start)


def _starts(rng: np.random.Generator, births: Days, cohort: Indexes, shift: np.ndarray) -> tuple[Flags, Days]:
    """Who begins, and on which day."""
    size = len(births)
    wave = (cohort <= 1999) & (rng.random(size) < rates.HPV_FIRST_WAVE)
    wave_day = FIRST_WAVE_FROM + whole(rng.beta(1.3, 2.0, size) * (FIRST_WAVE_TO - FIRST_WAVE_FROM))
    latest = max(rates.HPV_REGULAR)
    planned = by_cohort(rates.HPV_REGULAR, cohort, default=rates.HPV_REGULAR[latest])
    regular = (cohort >= 2000) & (rng.random(size) < planned + shift)
    age = _REGULAR_AGES[0] + pick(rng, rates.HPV_START_WEIGHTS, size)
    # Nobody was invited before the resumption: most of those cohorts come in the last year of their window.
    age = np.where((cohort < 2009) & (rng.random(size) < 0.7), _REGULAR_AGES[1], age)
    in_year = np.where(age == _REGULAR_AGES[1], rng.beta(1.0, 1.5, size), rng.beta(1.6, 1.8, size))
    regular_day = april_first((cohort + age).astype(np.int32)) + whole(in_year * 364)
    catch_up = (
        ~wave
        & ~regular
        & (cohort >= CATCH_UP_COHORTS[0])
        & (cohort <= CATCH_UP_COHORTS[1])
        & (rng.random(size) < rates.HPV_CATCH_UP + shift)
    )
    year = 2022 + pick(rng, _CATCH_UP_YEARS, size)
    catch_up_day = april_first(year.astype(np.int32)) + whole(rng.beta(2.0, 1.4, size) * 364)
    start = np.select([wave, regular, catch_up], [wave_day, regular_day, catch_up_day], 0).astype(np.int32)
    return (wave | regular | catch_up) & (start > births), start


def _give_course(book: DoseBook, rng: np.random.Generator, *, persons: Indexes, births: Days, cohort: Indexes, start: Days) -> None:
    size = len(persons)
    draw = rng.random(size)
    early = np.where((start < QUADRIVALENT_FROM) | (draw < 0.12), 0, _QUADRIVALENT)
    later = np.where(draw < 0.93, _NONAVALENT, np.where(draw < 0.99, _QUADRIVALENT, 0))
    valency = np.where(start < NONAVALENT_FROM, early, np.where(start < NONAVALENT_ONLY_FROM, later, _NONAVALENT))
    is_two_dose = (valency == _NONAVALENT) & (start <= reached_months(births, 180))
    switches = rng.random(size) < _SWITCHES
    going = np.ones(size, dtype=np.bool_)
    had_in_catch_up = np.zeros(size, dtype=np.bool_)
    given = start
    for number in (1, 2, 3):
        if number > 1:
            months = np.where(is_two_dose, 5, np.where(number == 2, 1, 3)).astype(np.int64)
            # 2価 asks for 5 months after the first and two and a half after the second dose; 4 and 9価 for 3 after the second.
            usual = np.where(is_two_dose, 32, np.where(number == 2, 30, 30))
            wait = np.floor(lognormal_days(rng, size, median=1.0, sigma=0.7) * usual).astype(np.int32)
            given = (reached_months(given, months) + 1 + wait + np.where((number == 3) & (valency == 0), 61, 0)).astype(np.int32)
            going &= (rng.random(size) < rates.HPV_CONTINUES) & ~(is_two_dose & (number == 3))
            moves_on = (given >= NONAVALENT_FROM) & (valency == _QUADRIVALENT) & switches
            valency = np.where(moves_on | (given >= NONAVALENT_ONLY_FROM), _NONAVALENT, valency)
        allowed, is_transitional = _legal(given, cohort, had_in_catch_up)
        going &= allowed
        had_in_catch_up |= going & (given >= CATCH_UP_FROM) & (given <= CATCH_UP_TO)
        for position, vaccine in enumerate(VALENCIES):
            mine = going & (valency == position)
            book.add(f"{vaccine}-{number}", persons[mine], given[mine], transitional=is_transitional[mine])


def _legal(given: Days, cohort: Indexes, had_in_catch_up: Flags) -> tuple[Flags, Flags]:
    """Whether a dose is given under some rule of its day, and whether that rule is the 経過措置."""
    year = fiscal_year(given)
    first_wave = (given <= FIRST_WAVE_TO + 365) & (cohort <= 1999)
    regular = (year >= cohort + _REGULAR_AGES[0]) & (year <= cohort + _REGULAR_AGES[1])
    is_cohort = (cohort >= CATCH_UP_COHORTS[0]) & (cohort <= CATCH_UP_COHORTS[1])
    catch_up = is_cohort & (given >= CATCH_UP_FROM) & (given <= CATCH_UP_TO)
    eligible = (cohort >= CATCH_UP_COHORTS[0]) & (cohort <= TRANSITION_COHORT) & had_in_catch_up
    transition = eligible & (given > CATCH_UP_TO) & (given <= TRANSITION_TO)
    return first_wave | regular | catch_up | transition, transition & ~regular

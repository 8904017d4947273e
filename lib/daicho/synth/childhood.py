"""From the first birthday to school age and on: measles and rubella, varicella, Japanese encephalitis, diphtheria and tetanus."""

from __future__ import annotations

import numpy as np

from daicho.synth import rates
from daicho.synth.children import Children, by_cohort
from daicho.synth.courses import Bound, DoseBook, Step, follow_course
from daicho.synth.days import april_first, day, reached_months, whole
from daicho.synth.infancy import INFANTS_BORN_FROM, give_infant_doses
from daicho.synth.streams import Days, Flags, Streams

SECOND_MR_FROM_COHORT = 2000  # the second dose began in FY2006
SHORTAGE_FROM, SHORTAGE_TO = day("2025-04-01"), day("2027-03-31")
FIRST_MR_EXTENDED, SECOND_MR_EXTENDED = 2022, 2018  # cohorts that the MR shortage left out
VARICELLA_BIRTHS, VARICELLA_FROM = day("2012-10-01"), day("2014-10-01")
JE_SPECIAL_TO, JE_SPECIAL_FROM = day("2007-04-01"), day("2011-05-20")  # last birth of the 特例, and its beginning
_LIVE_APART = 28  # 27 full days between two different live injections
_SAME_VISIT = 0.85

_MR_1 = (Step("MR-1", Bound("months", 12), Bound("months", 24), 22.0),)
_MR_2 = (Step("MR-2", Bound("fiscal_year", 6), Bound("fiscal_year", 6), 60.0, spread=1.0),)
_VARICELLA = (
    Step("VAR-1", Bound("months", 12), Bound("months", 36), 0.0),
    Step("VAR-2", Bound("months", 12), Bound("months", 36), 95.0, months_between=3),
)
_JE_WINDOW = Bound("months", 90)
_JE = (
    Step("JE-11", Bound("months", 36), _JE_WINDOW, 70.0, spread=1.0),
    Step("JE-12", Bound("months", 36), _JE_WINDOW, 10.0, days_between=6),
    Step("JE-1A", Bound("months", 36), _JE_WINDOW, 200.0, months_between=6),
)
_JE_2 = (Step("JE-2", Bound("months", 108), Bound("months", 156), 120.0, spread=1.0),)
_TWENTY_YEARS = Bound("months", 240)
_JE_SPECIAL = (
    Step("JE-11", Bound("months", 110), _TWENTY_YEARS, 250.0, spread=1.0),
    Step("JE-12", Bound("months", 110), _TWENTY_YEARS, 12.0, days_between=6),
    Step("JE-1A", Bound("months", 110), _TWENTY_YEARS, 230.0, months_between=6),
    Step("JE-2", Bound("months", 120), _TWENTY_YEARS, 500.0, days_between=6),
)
_DT = (Step("DT-2", Bound("months", 132), Bound("months", 156), 110.0, spread=1.0),)


def give_childhood_doses(book: DoseBook, children: Children, streams: Streams) -> None:
    """All courses of children but HPV."""
    give_infant_doses(book, children, streams)
    rng = streams.generator("childhood")
    since_mr = children.some(children.births >= INFANTS_BORN_FROM)
    measles_days = _give_first_measles(book, since_mr, rng)
    _give_varicella(book, since_mr, measles_days, rng)
    _give_second_measles(book, children.some(children.cohort >= SECOND_MR_FROM_COHORT), rng)
    _give_encephalitis(book, children, rng)
    _course(book, children, _DT, rng, begins=children.take_up(rng, rates.UPTAKE_DT))


def _course(
    book: DoseBook, children: Children, steps: tuple[Step, ...], rng: np.random.Generator, *, begins: Flags, not_before: int | Days = 0
) -> Days:
    """Give the course to those who begin it; the day of the first dose for each of them."""
    takers = children.some(begins)
    start = not_before[begins] if isinstance(not_before, np.ndarray) else not_before
    return follow_course(book, steps, persons=takers.persons, births=takers.births, pace=takers.pace, rng=rng, not_before=start)


def _give_first_measles(book: DoseBook, children: Children, rng: np.random.Generator) -> Days:
    """MR 1期, and the extension for the cohort of the shortage. The day of the first dose, as planned; 0 for those without."""
    begins = children.take_up(rng, rates.UPTAKE_MR1 + by_cohort(rates.MR1_COHORT, children.cohort, default=0.0))
    days = np.zeros(len(children.persons), dtype=np.int32)
    days[begins] = _course(book, children, _MR_1, rng, begins=begins)
    missed = ~begins & (children.cohort == FIRST_MR_EXTENDED)
    _give_extended(book, "MR-1", children.some(missed), rng, closed=reached_months(children.births[missed], 24))
    return days


def _give_second_measles(book: DoseBook, children: Children, rng: np.random.Generator) -> None:
    begins = children.take_up(rng, rates.UPTAKE_MR2 + by_cohort(rates.MR2_COHORT, children.cohort, default=0.0))
    _course(book, children, _MR_2, rng, begins=begins)
    missed = ~begins & (children.cohort == SECOND_MR_EXTENDED)
    closed = april_first((children.cohort[missed] + 7).astype(np.int32)) - 1
    _give_extended(book, "MR-2", children.some(missed), rng, closed=closed.astype(np.int32))


def _give_extended(book: DoseBook, dose: str, missed: Children, rng: np.random.Generator, *, closed: Days) -> None:
    """The MR 特例: some of those left out come between the end of their window and the end of the extension."""
    opens = np.maximum(closed + 1, SHORTAGE_FROM)
    days = (opens + whole(rng.beta(1.0, 2.0, len(closed)) * (SHORTAGE_TO - opens))).astype(np.int32)
    comes = ~missed.refuses & (rng.random(len(closed)) < rates.CATCHES_UP_MR)
    book.add(dose, missed.persons[comes], days[comes], transitional=True)


def _give_varicella(book: DoseBook, children: Children, measles_days: Days, rng: np.random.Generator) -> None:
    """Mostly on the visit for MR 1期; otherwise the two live vaccines keep their distance."""
    size = len(children.persons)
    alone = reached_months(children.births, 12) + whole(rng.exponential(40.0, size))
    apart = np.where(rng.random(size) < _SAME_VISIT, 0, _LIVE_APART + whole(rng.exponential(15.0, size)))
    start = np.where(measles_days > 0, measles_days + apart, alone)
    begins = children.take_up(rng, rates.UPTAKE_VARICELLA) & (children.births >= VARICELLA_BIRTHS)
    _course(book, children, _VARICELLA, rng, begins=begins, not_before=np.maximum(start, VARICELLA_FROM).astype(np.int32))


def _give_encephalitis(book: DoseBook, children: Children, rng: np.random.Generator) -> None:
    is_special = children.births <= JE_SPECIAL_TO
    begins = children.take_up(rng, rates.UPTAKE_JE)
    _course(book, children, _JE, rng, begins=begins & ~is_special)
    # The second period belongs to those who had the first.
    _course(book, children, _JE_2, rng, begins=begins & ~is_special & (rng.random(len(begins)) < rates.UPTAKE_JE_2 / rates.UPTAKE_JE))
    _course(
        book, children, _JE_SPECIAL, rng, begins=children.take_up(rng, rates.UPTAKE_JE_SPECIAL) & is_special, not_before=JE_SPECIAL_FROM
    )

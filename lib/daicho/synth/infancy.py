"""Vaccines of the first year and their boosters: the mixtures, Hib, pneumococcus, hepatitis B, rotavirus, BCG.

Legal ages and intervals are those of the schedule; most families come to the same visits for everything. Doses from before a vaccine became
routine are not in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daicho.synth import rates
from daicho.synth.children import Children
from daicho.synth.courses import Bound, DoseBook, Step, follow_course
from daicho.synth.days import day, reached_months
from daicho.synth.streams import Days, Floats, Streams, lognormal_days

INFANTS_BORN_FROM = day("2005-04-02")  # the first cohort of MR; doses of older infants were never entered
QUADRIVALENT_BIRTHS, QUADRIVALENT_FROM = day("2012-08-01"), day("2012-11-01")
POLIO_BIRTHS, POLIO_FROM = day("2011-07-01"), day("2012-09-01")
TWO_MONTHS_FROM = day("2023-04-01")  # the four-fold mixture from two months on, before from three
PENTAVALENT_FROM = day("2024-04-01")
HIB_PCV_BIRTHS, HIB_PCV_FROM = day("2013-01-01"), day("2013-04-01")
HB_BIRTHS, HB_FROM = day("2016-04-01"), day("2016-10-01")
ROTA_BIRTHS, ROTA_FROM = day("2020-08-01"), day("2020-10-01")
BCG_LATER_BIRTHS = day("2012-11-01")  # 2013-04: within a year instead of half a year, usually at five months

_TWO, _THREE, _SEVEN, _TWELVE = Bound("months", 2), Bound("months", 3), Bound("months", 7), Bound("months", 12)
_TWENTY_FOUR, _SIXTY, _NINETY = Bound("months", 24), Bound("months", 60), Bound("months", 90)
_AT_VISIT = 0.0  # the dose is given on the family's visit itself
_VISIT_WAIT, _NEXT_VISIT_WAIT = 12.0, 4.0


def _mixture(vaccine: str, opens: Bound, *, booster_wait: float) -> tuple[Step, ...]:
    return (
        Step(f"{vaccine}-11", opens, _NINETY, _AT_VISIT),
        Step(f"{vaccine}-12", opens, _NINETY, 10.0, days_between=20),
        Step(f"{vaccine}-13", opens, _NINETY, 10.0, days_between=20),
        Step(f"{vaccine}-1A", opens, _NINETY, booster_wait, months_between=6),
    )


_HIB = (
    Step("HIB-1", _TWO, _SEVEN, _AT_VISIT),
    Step("HIB-2", _TWO, _TWELVE, _NEXT_VISIT_WAIT, days_between=27),
    Step("HIB-3", _TWO, _TWELVE, _NEXT_VISIT_WAIT, days_between=27),
    Step("HIB-A", _TWO, _SIXTY, 40.0, months_between=7),
)
_HIB_LATE = (Step("HIB-1", _TWELVE, _SIXTY, 150.0),)
_PCV = (
    Step("PCV-1", _TWO, _SEVEN, _AT_VISIT),
    Step("PCV-2", _TWO, _TWELVE, _NEXT_VISIT_WAIT, days_between=27),
    Step("PCV-3", _TWO, _TWELVE, _NEXT_VISIT_WAIT, days_between=27),
    Step("PCV-A", _TWELVE, _SIXTY, 28.0, days_between=60),
)
_PCV_LATE = (Step("PCV-1", _TWELVE, _TWENTY_FOUR, 60.0), Step("PCV-2", _TWELVE, _SIXTY, 25.0, days_between=60))
_HB = (
    Step("HB-1", _TWO, _TWELVE, _AT_VISIT),
    Step("HB-2", _TWO, _TWELVE, _NEXT_VISIT_WAIT, days_between=27),
    Step("HB-3", _TWO, _TWELVE, 25.0, days_between=139, from_first=True),
)
_RV1 = tuple(
    Step(f"RV1-{n}", Bound("days", 42), Bound("days", 168), _NEXT_VISIT_WAIT if n > 1 else _AT_VISIT, days_between=27 * (n > 1))
    for n in (1, 2)
)
_RV5 = tuple(
    Step(f"RV5-{n}", Bound("days", 42), Bound("days", 224), _NEXT_VISIT_WAIT if n > 1 else _AT_VISIT, days_between=27 * (n > 1))
    for n in (1, 2, 3)
)


@dataclass(frozen=True)
class _Visits:
    """Children with the day of their first visit, from which the courses run."""

    children: Children
    first: Days

    def some(self, which: np.ndarray) -> _Visits:
        return _Visits(self.children.some(which), self.first[which])


def give_infant_doses(book: DoseBook, children: Children, streams: Streams) -> None:
    """Give the courses of the first year to everybody of the age for them."""
    rng = streams.generator("infancy")
    infants = children.some(children.births >= INFANTS_BORN_FROM)
    wait = lognormal_days(rng, len(infants.persons), median=_VISIT_WAIT, sigma=0.8) * infants.pace
    visits = _Visits(infants, (reached_months(infants.births, 2) + np.floor(wait)).astype(np.int32))
    _give_mixtures(book, visits, rng)
    _give_hib_and_pneumococcus(book, visits, rng)
    later = visits.some(infants.births >= HB_BIRTHS)
    _course(book, later, _HB, rng, uptake=rates.UPTAKE_INFANT, programme=HB_FROM)
    youngest = visits.some(infants.births >= ROTA_BIRTHS)
    is_monovalent = rng.random(len(youngest.first)) < rates.ROTA_MONOVALENT
    for steps, which in ((_RV1, is_monovalent), (_RV5, ~is_monovalent)):
        _course(book, youngest.some(which), steps, rng, uptake=rates.UPTAKE_ROTA, programme=ROTA_FROM)
    _give_bcg(book, visits, rng)


def _course(
    book: DoseBook,
    visits: _Visits,
    steps: tuple[Step, ...],
    rng: np.random.Generator,
    *,
    uptake: float | Floats,
    programme: int = 0,
    after: int = 0,
) -> None:
    """A course on the family's visits, not before the vaccine became routine; `after` days later than the first visit."""
    begins = visits.children.take_up(rng, uptake)
    takers = visits.children.some(begins)
    start = np.maximum(visits.first[begins] + after, programme).astype(np.int32)
    follow_course(book, steps, persons=takers.persons, births=takers.births, pace=takers.pace, rng=rng, not_before=start)


def _give_mixtures(book: DoseBook, visits: _Visits, rng: np.random.Generator) -> None:
    births = visits.children.births
    is_penta = reached_months(births, 2) >= PENTAVALENT_FROM
    is_quadri = (births >= QUADRIVALENT_BIRTHS) & ~is_penta
    from_two = reached_months(births, 3) >= TWO_MONTHS_FROM
    is_older = births < QUADRIVALENT_BIRTHS
    groups = (
        (is_penta, "DPT-IPV-HIB", _TWO, 75.0, PENTAVALENT_FROM, 0),
        (is_quadri & from_two, "DPT-IPV", _TWO, 200.0, TWO_MONTHS_FROM, 0),
        (is_quadri & ~from_two, "DPT-IPV", _THREE, 200.0, QUADRIVALENT_FROM, 31),
        (is_older, "DPT", _THREE, 200.0, 0, 31),
        (is_older & (births >= POLIO_BIRTHS), "IPV", _THREE, 200.0, POLIO_FROM, 45),
    )
    for which, vaccine, opens, booster_wait, programme, after in groups:
        steps = _mixture(vaccine, opens, booster_wait=booster_wait)
        _course(book, visits.some(which), steps, rng, uptake=rates.UPTAKE_INFANT, programme=programme, after=after)


def _give_hib_and_pneumococcus(book: DoseBook, visits: _Visits, rng: np.random.Generator) -> None:
    """Most begin at two months; a few begin after their first birthday, with fewer doses."""
    from_birth = visits.some(visits.children.births >= HIB_PCV_BIRTHS)
    is_late = rng.random(len(from_birth.first)) < rates.LATE_START
    with_single_hib = reached_months(from_birth.children.births, 2) < PENTAVALENT_FROM
    for regular, late, group in ((_HIB, _HIB_LATE, with_single_hib), (_PCV, _PCV_LATE, np.ones_like(is_late))):
        _course(book, from_birth.some(group & ~is_late), regular, rng, uptake=rates.UPTAKE_INFANT, programme=HIB_PCV_FROM)
        _course(book, from_birth.some(group & is_late), late, rng, uptake=rates.UPTAKE_INFANT)


def _give_bcg(book: DoseBook, visits: _Visits, rng: np.random.Generator) -> None:
    is_later = visits.children.births >= BCG_LATER_BIRTHS
    for which, opens, closes in ((is_later, 5, 12), (~is_later, 3, 6)):
        step = Step("BCG-1", Bound("months", opens), Bound("months", closes), 14.0)
        _course(book, visits.some(which), (step,), rng, uptake=rates.UPTAKE_INFANT)

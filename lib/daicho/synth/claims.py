"""From doses to what the ledger holds of them: known or not, where they were given, when they were paid, and what came twice."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from daicho.synth import rates
from daicho.synth.days import DAYS_A_YEAR
from daicho.synth.institutions import Institutions
from daicho.synth.numbering import Numbering
from daicho.synth.population import Population
from daicho.synth.register import are_residents
from daicho.synth.streams import Days, Flags, Floats, Indexes, Streams, pick

IMPORTED, OWN = -1, 0  # locations: entered from a handbook, in the municipality; k is the k-th other ward
UNPAID = 0
_ADULT_YEARS = 18
# An extract is drawn two months after its last day: with the claims of its last month, and of its half-year where that ends with it.
_DRAWN_AFTER_MONTHS = 2
_APRIL, _HALF_YEAR, _SETTLED_AFTER = 3, 6, 7  # months; doses of April to September are paid in November, the others in May
_SHORTEST_AGAIN, _LONGEST_AGAIN = 3, 15  # days from a visit that ended with the screening to the dose
_MOST_AGAIN_MONTHS = 3


@dataclass(frozen=True)
class Claims:
    """One entry a row of the vaccination extracts.

    `days`: of the dose, or of the screening where nothing was given. `paid`: months since 1970-01, UNPAID without a claim. `lot_draws`: which
    of the lots of the day it was; rows about the same dose have the same.
    """

    persons: Indexes
    kinds: Indexes  # position in the dose list
    days: Days
    is_transitional: Flags
    location: Indexes
    institution: Indexes
    paid: Indexes
    is_screened_only: Flags
    is_second_channel: Flags
    lot_draws: Floats

    def __len__(self) -> int:
        return len(self.persons)

    def take(self, which: np.ndarray) -> Claims:
        """The entries at the positions, or where the flags are true."""
        return Claims(*(getattr(self, field.name)[which] for field in fields(self)))


def draw_claims(
    streams: Streams,
    population: Population,
    numbering: Numbering,
    institutions: Institutions,
    *,
    doses: tuple[Indexes, Indexes, Days, Flags],
) -> Claims:
    """What an extract drawn after the ledger's last day holds of the doses."""
    rng = streams.generator("claims")
    given = _given(rng, population, institutions, _known(population, numbering, doses))
    visits = _screened_before(rng, population, numbering, given)
    again, elsewhere = _claimed_again(rng, given), _through_another_ward(rng, institutions, given)
    everything = _joined([given, visits, again, elsewhere])
    drawn_in = int(_months(np.array([population.last_day], dtype=np.int32))[0]) + _DRAWN_AFTER_MONTHS
    return everything.take(everything.paid <= drawn_in)


def _known(
    population: Population, numbering: Numbering, doses: tuple[Indexes, Indexes, Days, Flags]
) -> tuple[Indexes, Indexes, Days, Flags, Flags]:
    """Doses given while the person lived here, and earlier ones of newcomers whose history is known; the last value marks these."""
    persons, kinds, days, is_transitional = doses
    is_earlier = (days < population.since[persons]) & population.is_history_known[persons]
    kept = np.flatnonzero((days <= population.last_day) & (is_earlier | are_residents(population, numbering, persons, days)))
    # In order of person, so that the rows of one person lie together whatever stage gave them.
    kept = kept[np.lexsort((kinds[kept], days[kept], persons[kept]))]
    return persons[kept], kinds[kept], days[kept], is_transitional[kept], is_earlier[kept]


def _given(
    rng: np.random.Generator, population: Population, institutions: Institutions, known: tuple[Indexes, Indexes, Days, Flags, Flags]
) -> Claims:
    persons, kinds, days, is_transitional, is_imported = known
    size = len(persons)
    is_adult = days - population.births[persons] >= _ADULT_YEARS * DAYS_A_YEAR
    is_elsewhere = rng.random(size) < np.where(is_adult, rates.OTHER_WARD_ADULT, rates.OTHER_WARD_CHILD)
    location = np.where(is_elsewhere, rng.integers(1, len(institutions.wards), size), OWN).astype(np.int32)
    institution = institutions.choose(rng, location, days)
    monthly = _months(days) + pick(rng, rates.PAID_DELAY_MONTHS, size)
    paid = np.where(is_elsewhere, _settled(days, later=rng.random(size) < rates.LATE_HALF_YEAR), monthly)
    return Claims(
        persons=persons,
        kinds=kinds,
        days=days,
        is_transitional=is_transitional,
        location=np.where(is_imported, IMPORTED, location).astype(np.int32),
        institution=institution,
        paid=np.where(is_imported, UNPAID, paid).astype(np.int32),
        is_screened_only=np.zeros(size, dtype=np.bool_),
        is_second_channel=np.zeros(size, dtype=np.bool_),
        lot_draws=rng.random(size),
    )


def _screened_before(rng: np.random.Generator, population: Population, numbering: Numbering, given: Claims) -> Claims:
    """Visits that ended with the screening, some days before the dose."""
    base = given.take(np.flatnonzero((given.location >= OWN) & (rng.random(len(given)) < rates.SCREENED_ONLY)))
    days = (base.days - rng.integers(_SHORTEST_AGAIN, _LONGEST_AGAIN, len(base))).astype(np.int32)
    monthly = _months(days) + pick(rng, rates.PAID_DELAY_MONTHS, len(base))
    paid = np.where(base.location > OWN, _settled(days, later=np.zeros(len(base), dtype=np.bool_)), monthly).astype(np.int32)
    visits = replace(
        base, days=days, paid=paid, is_screened_only=np.ones(len(base), dtype=np.bool_), is_transitional=np.zeros(len(base), dtype=np.bool_)
    )
    return visits.take(are_residents(population, numbering, base.persons, days))


def _claimed_again(rng: np.random.Generator, given: Claims) -> Claims:
    """The same claim once more, in the same month or soon after."""
    base = given.take(np.flatnonzero((given.location == OWN) & (rng.random(len(given)) < rates.SAME_CLAIM_TWICE)))
    return replace(base, paid=(base.paid + rng.integers(0, _MOST_AGAIN_MONTHS + 1, len(base))).astype(np.int32))


def _through_another_ward(rng: np.random.Generator, institutions: Institutions, given: Claims) -> Claims:
    """Doses of the monthly file that another ward has in its half-year file as well."""
    base = given.take(np.flatnonzero((given.location == OWN) & (rng.random(len(given)) < rates.SECOND_CHANNEL)))
    location = rng.integers(1, len(institutions.wards), len(base)).astype(np.int32)
    return replace(
        base,
        location=location,
        institution=institutions.choose(rng, location, base.days),
        paid=_settled(base.days, later=np.zeros(len(base), dtype=np.bool_)),
        is_second_channel=np.ones(len(base), dtype=np.bool_),
    )


def _settled(days: Days, *, later: Flags) -> Indexes:
    """The month in which the half-year of each day is paid; the next one for claims that missed their file."""
    half_year = (_months(days) - _APRIL) // _HALF_YEAR + later
    return (half_year * _HALF_YEAR + _APRIL + _SETTLED_AFTER).astype(np.int32)


def _months(days: Days) -> Indexes:
    """Months since 1970-01."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)


def _joined(parts: list[Claims]) -> Claims:
    return Claims(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Claims)))

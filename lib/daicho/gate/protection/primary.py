"""Which cells are sensitive, by the rules of a profile, and what is promised of each (disclosure.md 4).

Counts: 1 to k-1 persons; with complements, denominator minus numerator too; with uniform groups, 0 % and 100 % of a group. Promise: the
cell could be k or more, and its interval is `interval_width` wide. Amounts: fewer payees than the minimum, one payee nearly all (p% rule,
by the second largest payee's knowledge; (n,k) rule); promise: nobody comes closer to the largest payee than the rule allows.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from daicho.gate.profiles import Profile
from daicho.gate.protection.system import Marks, Needs, Numbers, Places, Relation, lone_contributors


def few(values: Numbers, threshold: Numbers) -> Marks:
    """1 to k-1 persons; where the threshold is infinite (an area too small to show anything), everybody."""
    found: Marks = (values > 0) & (values < threshold)
    return found


def uniform(numerator: Numbers, denominator: Numbers) -> Marks:
    """Nobody or everybody of a group that is not empty."""
    found: Marks = (denominator > 0) & ((numerator == 0) | (numerator == denominator))
    return found


def count_needs(
    values: Numbers, is_primary: Marks, *, threshold: Numbers, width: int, relations: Iterable[Relation], is_latent: Marks | None = None
) -> Needs:
    """Promises of sensitive counts. A lone contributor counts where a table has a cell of him alone; his other cells are
    his too, shown by a table or not."""
    latent = np.zeros(len(values), dtype=bool) if is_latent is None else is_latent
    contributor = lone_contributors(values, np.where(is_primary, values, 0.0), relations)
    known = np.isin(contributor, contributor[~latent & (contributor >= 0)])
    return Needs(
        is_primary=is_primary,
        # In an area too small to show anything no number is harmless: what counts there is the width.
        upper=np.where(is_primary, np.where(np.isfinite(threshold), threshold, values + width), -np.inf),
        lower=np.full(len(values), np.inf),
        width=np.where(is_primary, float(width), 0.0),
        contributor=np.where(known, contributor, -1),
    )


def amount_needs(contributions: list[Numbers], *, lone_payee: Places, profile: Profile) -> Needs:
    """Promises of sensitive amounts; `contributions` holds each cell's payments by payee, largest first, `lone_payee` the number of a
    cell's only payee (-1 where there are several).

    p%: the second largest payee, who subtracts his own, must not come within p% of the largest: the interval reaches p% of the largest
    less what the others receive, above and below. (n,k): the n largest must not be known to hold more than k% of the total.
    """
    totals = np.array([each.sum() for each in contributions])
    payees = np.array([float(np.count_nonzero(each)) for each in contributions])
    closeness, share, dominant = profile.closeness_percent or 0, profile.dominance_percent or 100, profile.dominant_payees or 1
    largest = np.array([each[:1].sum() for each in contributions])
    others = np.array([each[2:].sum() for each in contributions])
    leading = np.array([each[:dominant].sum() for each in contributions])
    slack = np.maximum(closeness / 100 * largest - others, leading * 100 / share - totals)
    is_few = (payees > 0) & (payees < (profile.minimum_payees or 0))
    slack = np.where(is_few, np.maximum(slack, np.maximum(closeness, 10) / 100 * largest), slack)
    is_primary = slack > 0
    return Needs(
        is_primary=is_primary,
        upper=np.where(is_primary, totals + slack, -np.inf),
        lower=np.where(is_primary, np.maximum(totals - slack, 0), np.inf),
        width=np.where(is_primary, np.minimum(2 * slack, totals + slack), 0.0),
        contributor=np.where(is_primary, lone_payee, -1),
    )

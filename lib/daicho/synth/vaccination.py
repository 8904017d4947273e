"""The vaccination extracts: the monthly file of the municipality, and the half-year file of doses given in other wards."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from daicho.synth.claims import OWN, UNPAID, Claims
from daicho.synth.institutions import Institutions
from daicho.synth.numbering import Numbering
from daicho.synth.products import PRODUCTS, choose_products, lots
from daicho.synth.reference import DoseList
from daicho.synth.streams import Flags, Indexes, Streams
from daicho.synth.text import compact_days, era_days, gather, numbers, only_where
from daicho.synth.welfare import Welfare

_PAID, _EXEMPT, _FREE, _NO_CLASS = 0, 1, 2, 3
_COPAY = ("徴収", "免除", "無料", "")
_IN_MUNICIPALITY, _ELSEWHERE = "1", "2"


def vaccination_frames(
    streams: Streams,
    claims: Claims,
    numbering: Numbering,
    institutions: Institutions,
    welfare: Welfare,
    *,
    doses: DoseList,
    copay: Mapping[str, tuple[int, frozenset[str]]],
    category_b: frozenset[str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The monthly file with everything else entered at home, and the half-year file; each by month of payment, day and 宛名番号."""
    rng = streams.generator("vaccination")
    number = numbering.on(rng, claims.persons, claims.days)
    is_elsewhere = claims.location > OWN
    copay_class = _copay_classes(claims, welfare, doses=doses, copay=copay, category_b=category_b)
    frames = []
    # The half-year files of the other wards write days in the era form.
    for which, write_days in ((~is_elsewhere, compact_days), (is_elsewhere, era_days)):
        mine = np.flatnonzero(which)
        order = mine[np.lexsort((claims.kinds[mine], number[mine], claims.days[mine], claims.paid[mine]))]
        frames.append(_frame(claims.take(order), number[order], copay_class[order], institutions, doses, write_days=write_days))
    return frames[0], frames[1]


def _copay_classes(
    claims: Claims, welfare: Welfare, *, doses: DoseList, copay: Mapping[str, tuple[int, frozenset[str]]], category_b: frozenset[str]
) -> Indexes:
    """徴収, 免除 or 無料 for claimed doses of 定期B; no class for all other rows."""
    classes = np.full(len(claims), _NO_CLASS, dtype=np.int32)
    vaccines = np.array(doses.vaccines)[claims.kinds]
    is_claimed_dose = (claims.paid > UNPAID) & ~claims.is_screened_only
    for vaccine in sorted(category_b):
        mine = np.flatnonzero((vaccines == vaccine) & is_claimed_dose)
        amount, exempt = copay.get(vaccine, (0, frozenset()))
        is_exempt = welfare.is_exempt(claims.persons[mine], claims.days[mine], classes=exempt)
        classes[mine] = np.where(is_exempt, _EXEMPT, _PAID) if amount else _FREE
    return classes


def _frame(
    claims: Claims,
    number: np.ndarray,
    copay_class: Indexes,
    institutions: Institutions,
    doses: DoseList,
    *,
    write_days: Callable[..., pl.Series],
) -> pl.DataFrame:
    is_dose, is_claimed = ~claims.is_screened_only, claims.paid > UNPAID
    product = choose_products(doses, claims.persons, claims.kinds, claims.days)
    is_elsewhere = (claims.location > OWN).astype(np.int32)
    flags = ("0", "1")
    return pl.DataFrame(
        {
            "宛名番号": numbers(number),
            "予防接種種別コード": gather(doses.vaccines, claims.kinds),
            "接種期": gather(doses.stages, claims.kinds),
            "接種回数": gather(doses.numbers, claims.kinds),
            "ワクチンロット番号": only_where(lots(product, claims.days, claims.lot_draws), is_dose & is_claimed),
            "接種日": write_days(claims.days, present=is_dose),
            "予診日": write_days(claims.days, present=is_claimed),
            "医療機関コード": only_where(gather(institutions.codes, claims.institution), is_claimed),
            "区名コード": only_where(gather(institutions.wards, np.maximum(claims.location, OWN)), is_claimed),
            "混合ワクチン種類": gather([each.combination for each in PRODUCTS], product),
            "予診フラグ": gather(flags, claims.is_screened_only.astype(np.int32)),
            "支払月": _payment_months(claims.paid, is_claimed),
            "医療機関所在地フラグ": only_where(gather((_IN_MUNICIPALITY, _ELSEWHERE), is_elsewhere), is_claimed),
            "経過措置フラグ": gather(flags, claims.is_transitional.astype(np.int32)),
            "ワクチン種類": only_where(gather([each.kind for each in PRODUCTS], product), is_dose),
            "自己負担区分": gather(_COPAY, copay_class),
            "ワクチン名称": only_where(gather([each.name for each in PRODUCTS], product), is_dose),
        }
    )


def _payment_months(paid: Indexes, present: Flags) -> pl.Series:
    """YYYYMM."""
    return numbers((1970 + paid // 12) * 100 + paid % 12 + 1, present=present)

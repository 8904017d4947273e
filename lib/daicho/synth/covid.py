"""COVID-19, special programme of 2021 to 2024: the doses, and the ledger's own records of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.synth import rates
from daicho.synth.days import day, whole
from daicho.synth.numbering import Numbering
from daicho.synth.population import Population
from daicho.synth.reference import Places
from daicho.synth.register import are_residents
from daicho.synth.streams import Days, Flags, Indexes, Streams, lognormal_days, pick
from daicho.synth.text import compact_days, gather, numbers, only_where

PROGRAMME_FROM, PROGRAMME_TO = day("2021-04-12"), day("2024-03-31")
MOST_DOSES = 7
FIRST_VOUCHER = 2_000_000_000
_FIRST_DOSE = ((5, day("2022-03-01")), (12, day("2021-08-25")), (18, day("2021-07-10")), (65, day("2021-05-01")))
# Earliest day of dose k (third doses from December 2021, then the campaigns of spring and autumn).
_CAMPAIGNS = (0, 0, day("2021-12-15"), day("2022-06-01"), day("2022-10-15"), day("2023-05-15"), day("2023-10-01"))
_CAMPAIGN_WAIT = (30.0, 1.5, 50.0, 40.0, 40.0, 35.0, 30.0)
_THREE_WEEKS, _THREE_MONTHS = 21, 92
MAKERS = ("ファイザー", "武田/モデルナ", "武田/ノババックス", "アストラゼネカ")
_PRODUCTS = ("コミナティ筋注", "スパイクバックス筋注", "ヌバキソビッド筋注", "バキスゼブリア筋注")
_KINDS = ("mRNA", "mRNA", "組換え", "ウイルスベクター")
_MAKER_WEIGHTS = (0.74, 0.245, 0.01, 0.005)
_SAME_MAKER = 0.85
_BIVALENT_FROM, _XBB_FROM = day("2022-09-20"), day("2023-09-20")
_OTHER_MUNICIPALITY = 0.03
_FAR_AWAY = ("141003", "271004")  # 横浜市, 大阪市
_CHANNELS, _CHANNEL_WEIGHTS = ("窓口", "電子", "コンビニ"), (0.2, 0.6, 0.2)
_COUNTRIES = ("JPN", "CHN", "USA", "KOR", "FRA")
LOTS = 40


@dataclass(frozen=True)
class CovidDoses:
    """One entry a dose, ordered by person and number. `number` counts from 1."""

    persons: Indexes
    number: Indexes
    days: Days
    maker: Indexes
    lot: Indexes
    municipality: Indexes  # position in `municipality_codes`
    is_complete: Flags  # where not, neither source knows maker and municipality
    in_ledger: Flags
    in_vrs: Flags


def draw_covid(streams: Streams, population: Population, numbering: Numbering, places: Places) -> CovidDoses:
    """Doses of the special programme given to persons while they lived here."""
    rng = streams.generator("covid")
    age = population.age(PROGRAMME_FROM)
    persons = np.flatnonzero(age >= _FIRST_DOSE[0][0]).astype(np.int32)
    age = age[persons]
    starts = np.array([start for _, start in _FIRST_DOSE])[np.searchsorted([low for low, _ in _FIRST_DOSE], age, side="right") - 1]
    chances = np.where((age >= 60)[:, None], rates.COVID_FROM_60, rates.COVID_UNDER_60)
    going, given = np.ones(len(persons), dtype=np.bool_), np.zeros(len(persons), dtype=np.int32)
    maker = pick(rng, _MAKER_WEIGHTS, len(persons))
    taken: list[tuple[Indexes, int, Days, Indexes]] = []
    for number in range(1, MOST_DOSES + 1):
        wait = whole(lognormal_days(rng, len(persons), median=_CAMPAIGN_WAIT[number - 1], sigma=0.8))
        apart = given + (_THREE_WEEKS if number == 2 else _THREE_MONTHS)
        given = (np.maximum(starts if number == 1 else apart, _CAMPAIGNS[number - 1]) + wait).astype(np.int32)
        going &= (rng.random(len(persons)) < chances[:, number - 1]) & (given <= PROGRAMME_TO)
        if number > 2:
            maker = np.where(rng.random(len(persons)) < _SAME_MAKER, maker, pick(rng, _MAKER_WEIGHTS, len(persons)))
        taken.append((persons[going], number, given[going], maker[going]))
    return _on_record(rng, population, numbering, places, taken)


def _on_record(
    rng: np.random.Generator, population: Population, numbering: Numbering, places: Places, taken: list[tuple[Indexes, int, Days, Indexes]]
) -> CovidDoses:
    persons, days, maker = (np.concatenate([part[column] for part in taken]) for column in (0, 2, 3))
    number = np.concatenate([np.full(len(part[0]), part[1], dtype=np.int32) for part in taken])
    known = np.flatnonzero(are_residents(population, numbering, persons, days) & (days <= population.last_day))
    known = known[np.lexsort((number[known], persons[known]))]
    size = len(known)
    source = rng.random(size)
    elsewhere = rng.random(size) < _OTHER_MUNICIPALITY
    return CovidDoses(
        persons=persons[known],
        number=number[known],
        days=days[known],
        maker=maker[known].astype(np.int32),
        lot=rng.integers(0, LOTS, size).astype(np.int32),
        municipality=np.where(elsewhere, rng.integers(1, len(municipality_codes(places)), size), 0).astype(np.int32),
        in_ledger=source >= rates.COVID_ONLY_VRS,
        in_vrs=source < 1 - rates.COVID_ONLY_LEDGER,
        is_complete=rng.random(size) >= rates.COVID_INCOMPLETE,
    )


def covid_record_frame(streams: Streams, doses: CovidDoses, numbering: Numbering, places: Places) -> pl.DataFrame:
    """The extract 新型コロナ; the certificate stands with the last dose of its holder."""
    rng = streams.generator("covid record")
    mine = np.flatnonzero(doses.in_ledger)
    number = numbering.current[doses.persons[mine]]
    mine = mine[np.lexsort((doses.number[mine], number))]
    persons, days = doses.persons[mine], doses.days[mine]
    is_last = np.append(persons[1:] != persons[:-1], True) if len(persons) else np.zeros(0, dtype=np.bool_)
    certified = is_last & (rng.random(len(mine)) < rates.CERTIFICATES)
    issued = (days + 10 + whole(lognormal_days(rng, len(mine), median=60, sigma=0.8))).astype(np.int32)
    certified &= issued <= PROGRAMME_TO
    return pl.DataFrame(
        {
            "宛名番号": numbers(numbering.current[persons]),
            "自治体コード": only_where(gather(municipality_codes(places), doses.municipality[mine]), doses.is_complete[mine]),
            "接種券番号": numbers(vouchers(persons)),
            "接種状況": gather(("接種済",), np.zeros(len(mine), dtype=np.int32)),
            "接種回": numbers(doses.number[mine]),
            "接種日": compact_days(days),
            "ワクチンメーカー": only_where(gather(MAKERS, doses.maker[mine]), doses.is_complete[mine]),
            "ロット番号": lots(doses.maker[mine], doses.lot[mine], days),
            "ワクチン種類": gather(_KINDS, doses.maker[mine]),
            "製品名": _products(doses.maker[mine], days),
            "旅券国籍": only_where(gather(_COUNTRIES, pick(rng, (0.9, 0.04, 0.03, 0.02, 0.01), len(mine))), certified),
            "旅券番号": only_where(_passports(rng, len(mine)), certified),
            "証明書ID": only_where("VC" + numbers(10_000_000_000 + persons.astype(np.int64) * 13), certified),
            "証明書発行年月日": compact_days(issued, present=certified),
            "証明書交付方法": only_where(gather(_CHANNELS, pick(rng, _CHANNEL_WEIGHTS, len(mine))), certified),
        }
    )  # fmt: skip


def municipality_codes(places: Places) -> tuple[str, ...]:
    """Where doses were given: here, in the other wards and cities of the list, or far away."""
    return (places.municipality_code, *places.other_wards, *_FAR_AWAY)


def vouchers(persons: Indexes) -> np.ndarray:
    """接種券番号 of each person."""
    return FIRST_VOUCHER + persons.astype(np.int64) * 11


def _passports(rng: np.random.Generator, size: int) -> pl.Series:
    return "T" + gather(("R", "S", "Z"), rng.integers(0, 3, size)) + numbers(rng.integers(1_000_000, 10_000_000, size))


def lots(maker: Indexes, lot: Indexes, days: Days) -> pl.Series:
    """Lots by maker and half-year."""
    half = np.maximum(days - PROGRAMME_FROM, 0) // 183
    table = [
        f"{'FMNA'[number // LOTS % 4]}{chr(65 + number % LOTS % 20)}{number // (LOTS * 4):02d}{number % LOTS:02d}"
        for number in range(LOTS * 4 * 8)
    ]
    return gather(table, (half * 4 + maker) * LOTS + lot)


def _products(maker: Indexes, days: Days) -> pl.Series:
    # Only the two mRNA products were adapted to variants.
    table = [
        product + (suffix if kind == "mRNA" else "")
        for suffix in ("", "(2価)", "(XBB.1.5)")
        for product, kind in zip(_PRODUCTS, _KINDS, strict=True)
    ]
    version = (days >= _BIVALENT_FROM).astype(np.int32) + (days >= _XBB_FROM)
    return gather(table, version * len(_PRODUCTS) + maker)

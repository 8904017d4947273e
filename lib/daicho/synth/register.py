"""The register of persons as an extract: 基本情報."""

from __future__ import annotations

import numpy as np
import polars as pl

from daicho.synth import rates
from daicho.synth.days import DAYS_A_YEAR, NEVER, eight_digits
from daicho.synth.names import draw_names
from daicho.synth.numbering import Numbering
from daicho.synth.population import Population
from daicho.synth.reference import Places
from daicho.synth.streams import Days, Flags, Indexes, Streams
from daicho.synth.text import compact_days, era_days, gather, numbers, only_where

_KANJI = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
_BUILDINGS = ("", "", "", "メゾン髙﨑①", "グランドハイツ", "コーポ富士②号棟", "レジデンス東", "パークタワー")
_KANJI_CHOME = 0.8
_MOVED_WITHIN = 0.25
_FROM_ABROAD, _TO_ABROAD = 0.6, 0.45
_BIRTH, _MOVED_IN, _CAME = 0, 1, 2
_ENTRY_REASONS = ("出生", "転入", "国外転入")
_REMOVAL_REASONS = ("転出", "国外転出", "死亡")
_RELATIONS = ("世帯主", "妻", "夫", "子", "同居人")


def register_frame(streams: Streams, population: Population, numbering: Numbering, places: Places) -> pl.DataFrame:
    """One row a person, and a second one for the earlier stay of those who came back under a new number; by 宛名番号."""
    rng = streams.generator("register")
    returned = np.flatnonzero(numbering.left_on < NEVER).astype(np.int32)
    person = np.concatenate([np.arange(len(population), dtype=np.int32), returned])
    is_earlier = np.arange(len(person)) >= len(population)
    number = np.where(is_earlier, numbering.old[person], numbering.current[person])
    is_returner = numbering.left_on[person] < NEVER
    since = np.where(is_returner & ~is_earlier, numbering.changed_on[person], population.since[person]).astype(np.int32)
    until = np.where(is_earlier, numbering.left_on[person], population.until[person]).astype(np.int32)
    order = np.argsort(number, kind="stable")
    names = draw_names(rng, sex=population.sex, is_foreign=population.is_foreign)
    name, kana, head = (series.gather(person[order].astype(np.uint32)) for series in names)
    person, since, until, number, is_earlier = person[order], since[order], until[order], number[order], is_earlier[order]
    is_gone, is_foreign = until < NEVER, population.is_foreign[person]
    born_here = population.is_born_here[person] & (since == population.births[person])
    entry = np.where(born_here, _BIRTH, np.where(is_foreign & (rng.random(len(person)) < _FROM_ABROAD), _CAME, _MOVED_IN))
    abroad = is_foreign & (rng.random(len(person)) < _TO_ABROAD)
    removal = np.where(population.is_dead[person] & ~is_earlier, 2, np.where(abroad, 1, 0))
    moved = (rng.random(len(person)) < _MOVED_WITHIN) & (np.minimum(until, population.last_day) - since > 400)
    settled = np.where(
        moved, since + ((np.minimum(until, population.last_day) - since) * rng.random(len(person))).astype(np.int32), since
    ).astype(np.int32)
    notified = np.minimum(settled + rng.integers(0, 14, len(person)), population.last_day).astype(np.int32)
    return pl.DataFrame(
        {
            "宛名番号": numbers(number),
            "氏名": name,
            "カナ氏名": kana,
            "漢字氏名": name.str.replace_all("　", "", literal=True),
            "生年月日": _birth_dates(streams, population).gather(person.astype(np.uint32)),
            "性別": gather(("0", "1", "2"), population.sex[person]),
            "世帯主情報": head,
            "続柄": _relations(rng, population, person),
            "住所": _addresses(streams, population, places).gather(person.astype(np.uint32)),
            "住所を定めた日": compact_days(settled),
            "住所届出日": era_days(notified),
            "住民となった日": compact_days(since),
            "住民となった理由": gather(_ENTRY_REASONS, entry),
            "消除日": compact_days(until, present=is_gone),
            "消除事由": only_where(gather(_REMOVAL_REASONS, removal), is_gone),
            "住民区分": gather(("日本人", "外国籍"), is_foreign),
            "外国人住民となった日": compact_days(since, present=is_foreign),
            "外国人届出日": compact_days(notified, present=is_foreign),
        }
    )


def _birth_dates(streams: Streams, population: Population) -> pl.Series:
    """YYYYMMDD; a few with unknown day or month, as 00."""
    rng = streams.generator("partial births")
    written = eight_digits(population.births).astype(np.int64)
    # Only grown-ups: a birth registered today has a day.
    is_partial = (rng.random(len(population)) < rates.PARTIAL_BIRTH) & (population.age(population.last_day) > 40)
    no_month = rng.random(len(population)) < 0.5
    partial = np.where(no_month, written // 10000 * 10000, written // 100 * 100)
    return numbers(np.where(is_partial, partial, written))


def _relations(rng: np.random.Generator, population: Population, person: Indexes) -> pl.Series:
    age = (population.last_day - population.births[person]) / DAYS_A_YEAR
    partner = np.where(population.sex[person] == 2, 1, 2)
    adult = np.where(rng.random(len(person)) < 0.6, 0, np.where(rng.random(len(person)) < 0.85, partner, 4))
    return gather(_RELATIONS, np.where(age < 22, 3, adult))


def _addresses(streams: Streams, population: Population, places: Places) -> pl.Series:
    """An address in the person's district, for most with the 丁目 in 漢数字, for some with hyphens."""
    rng = streams.generator("addresses")
    size = len(population)
    towns = [town.split("|") for district in places.towns for town in district]
    starts = np.concatenate([[0], np.cumsum([len(district) for district in places.towns])])
    count = np.diff(starts)[population.district]
    town = starts[population.district] + (rng.random(size) * count).astype(np.int64)
    low, high = np.array([int(town[1]) for town in towns])[town], np.array([int(town[2]) for town in towns])[town]
    chome = low + (rng.random(size) * (np.minimum(high, len(_KANJI) - 1) - low + 1)).astype(np.int64)
    block, house = rng.integers(1, 31, size), rng.integers(1, 25, size)
    building, room = rng.integers(0, len(_BUILDINGS), size), rng.integers(1, 25, size) * 100 + rng.integers(1, 12, size)
    name = gather([places.prefecture + places.municipality + town[0] for town in towns], town)
    long = gather(_KANJI, chome) + "丁目" + numbers(block) + "番" + numbers(house) + "号"
    short = numbers(chome) + "-" + numbers(block) + "-" + numbers(house)
    spoken = long.zip_with(pl.Series(rng.random(size) < _KANJI_CHOME), short)
    suffix = ("　" + gather(_BUILDINGS, building) + numbers(room)).fill_null("")
    return name + spoken + suffix


def are_residents(population: Population, numbering: Numbering, persons: Indexes, days: Days) -> Flags:
    """Whether each person lives here on each day; returners are away between their stays."""
    here: Flags = population.is_resident(persons, days) & ~numbering.is_away(persons, days)
    return here

"""Medical institutions: codes with the right check digit, in the municipality and in every ward of the code list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.synth.days import NEVER, day
from daicho.synth.reference import Places
from daicho.synth.streams import Days, Indexes, Streams, pick
from daicho.synth.text import compact_days, gather

_PERSONS_AN_INSTITUTION = 900
_FEWEST_OWN, _FEWEST_OTHER, _MOST_OTHER = 8, 2, 14
_MEDICAL = 1  # 点数表: 医科
_OPEN_ALWAYS = day("2000-04-01")
_CLOSED, _OPENED = 0.06, 0.12
_KINDS = ("内科クリニック", "こどもクリニック", "小児科", "医院", "診療所", "総合病院", "ファミリークリニック", "レディースクリニック")
_WORDS = ("さくら", "みどり", "あおば", "ひかり", "すみれ", "のぞみ", "中央", "駅前", "東", "西", "南", "北", "髙﨑", "山田", "伊藤", "第①")


@dataclass(frozen=True)
class Institutions:
    """`place` 0 is the municipality, k the k-th other ward. In every place the first institution is open throughout."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    place: Indexes
    opened: Days
    closed: Days
    wards: tuple[str, ...]  # by place

    def choose(self, rng: np.random.Generator, places: Indexes, days: Days) -> Indexes:
        """An institution of the place for each dose, one that is open on the day; a few have many patients."""
        found = np.zeros(len(places), dtype=np.int32)
        for place in range(len(self.wards)):
            mine, here = np.flatnonzero(self.place == place), np.flatnonzero(places == place)
            chosen = mine[pick(rng, 1.0 / np.sqrt(1.0 + np.arange(len(mine))), len(here))]
            is_open = (self.opened[chosen] <= days[here]) & (days[here] <= self.closed[chosen])
            found[here] = np.where(is_open, chosen, mine[0])
        return found

    def frame(self) -> pl.DataFrame:
        """The extract 医療機関."""
        wards = gather(self.wards, self.place)
        return pl.DataFrame(
            {
                "医療機関コード": list(self.codes),
                "名称": list(self.names),
                "所在地自治体コード": wards,
                "医師会コード": wards.str.slice(0, 5) + "01",
                "有効開始日": compact_days(self.opened),
                "有効終了日": compact_days(self.closed, present=self.closed < NEVER),
            }
        )


def draw_institutions(streams: Streams, *, persons: int, places: Places, last_day: int) -> Institutions:
    """Own institutions by population, a few in each other ward."""
    rng = streams.generator("institutions")
    own = max(_FEWEST_OWN, persons // _PERSONS_AN_INSTITUTION)
    other = min(_MOST_OTHER, max(_FEWEST_OTHER, own // 12))
    wards = (places.municipality_code, *places.other_wards)
    place = np.repeat(np.arange(len(wards)), [own] + [other] * (len(wards) - 1)).astype(np.int32)
    within = np.concatenate([np.arange(own)] + [np.arange(other)] * (len(wards) - 1))
    is_first = within == 0
    size = len(place)
    prefecture = int(places.municipality_code[:2])
    # 郡市区番号 has no official mapping from the 自治体コード: the position in the list of wards serves.
    numbers = ((prefecture * 10 + _MEDICAL) * 100 + place + 1) * 10_000 + 1_000 + within * 7 + rng.integers(0, 7, size)
    span = last_day - _OPEN_ALWAYS
    opened = np.where(is_first | (rng.random(size) > _OPENED), _OPEN_ALWAYS, _OPEN_ALWAYS + (rng.random(size) * span).astype(np.int64))
    closes = ~is_first & (rng.random(size) < _CLOSED)
    closed = np.where(closes, np.minimum(opened + 400 + (rng.random(size) * span * 0.9).astype(np.int64), last_day), NEVER)
    names = [
        f"{_WORDS[word]}{_KINDS[kind]}"
        for word, kind in zip(rng.integers(0, len(_WORDS), size), rng.integers(0, len(_KINDS), size), strict=True)
    ]
    return Institutions(
        codes=tuple((numbers * 10 + check_digits(numbers)).astype(str)),
        names=tuple(names),
        place=place,
        opened=opened.astype(np.int32),
        closed=closed.astype(np.int32),
        wards=wards,
    )


def check_digits(nine: np.ndarray) -> np.ndarray:
    """`daicho.core.check_digits.institution_check_digit` over an array of nine-digit numbers."""
    digits = nine[:, None] // 10 ** np.arange(8, -1, -1) % 10
    products = digits * np.array([2, 1, 2, 1, 2, 1, 2, 1, 2])
    digits_of_products: np.ndarray = products // 10 + products % 10
    found: np.ndarray = -digits_of_products.sum(axis=1) % 10
    return found

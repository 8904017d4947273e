"""Which product a dose was: by vaccine, day and market share; and its lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.synth.days import NEVER, day
from daicho.synth.reference import DoseList
from daicho.synth.streams import Days, Indexes
from daicho.synth.text import gather

_LOTS_A_QUARTER = 4
_FIRST_YEAR = 2000
_HASH, _HASH_2 = np.uint32(2_654_435_761), np.uint32(40_503)


@dataclass(frozen=True)
class Product:
    """A product on the market between two days; `kind` is ワクチン種類, `combination` 混合ワクチン種類."""

    vaccine: str
    name: str
    share: float = 1.0
    sold_from: str = ""
    sold_to: str = ""
    kind: str = ""
    combination: str = ""


# Names as on the market; shares are assumed. HB by the two names the price list knows.
PRODUCTS = (
    Product("DPT-IPV-HIB", "ゴービック水性懸濁注シリンジ", 0.55, combination="DPT-IPV-Hib"),
    Product("DPT-IPV-HIB", "クイントバック水性懸濁注射用", 0.45, combination="DPT-IPV-Hib"),
    Product("DPT-IPV", "テトラビック皮下注シリンジ", 0.6, combination="DPT-IPV"),
    Product("DPT-IPV", "クアトロバック皮下注シリンジ", 0.4, combination="DPT-IPV"),
    Product("DPT", "トリビック", combination="DPT"),
    Product("IPV", "イモバックスポリオ皮下注"),
    Product("DT", "沈降ジフテリア破傷風混合トキソイド", combination="DT"),
    Product("MR", "ミールビック", 0.6, combination="MR"),
    Product("MR", "乾燥弱毒生麻しん風しん混合ワクチン「タケダ」", 0.25, combination="MR"),
    Product("MR", "はしか風しん混合生ワクチン「第一三共」", 0.15, combination="MR"),
    Product("MEASLES", "乾燥弱毒生麻しんワクチン「タケダ」"),
    Product("RUBELLA", "乾燥弱毒生風しんワクチン「タケダ」"),
    Product("JE", "日本脳炎ワクチン(マウス脳)", sold_to="2009-05-31"),
    Product("JE", "ジェービックV", 0.6, sold_from="2009-06-01"),
    Product("JE", "エンセバック皮下注用", 0.4, sold_from="2011-04-01"),
    Product("BCG", "乾燥BCGワクチン(経皮用)"),
    Product("HIB", "アクトヒブ"),
    Product("PCV", "プレベナー", kind="PCV7", sold_to="2013-10-31"),
    Product("PCV", "プレベナー13", kind="PCV13", sold_from="2013-11-01", sold_to="2024-03-31"),
    Product("PCV", "バクニュバンス", kind="PCV15", sold_from="2024-04-01", sold_to="2024-09-30"),
    Product("PCV", "プレベナー20", 0.93, kind="PCV20", sold_from="2024-10-01"),
    Product("PCV", "バクニュバンス", 0.07, kind="PCV15", sold_from="2024-10-01"),
    Product("HB", "ビームゲン", 0.55),
    Product("HB", "ヘプタバックス", 0.45),
    Product("RV1", "ロタリックス内用液"),
    Product("RV5", "ロタテック内用液"),
    Product("VAR", "乾燥弱毒生水痘ワクチン「ビケン」"),
    Product("HPV2", "サーバリックス", kind="2価"),
    Product("HPV4", "ガーダシル", kind="4価"),
    Product("HPV9", "シルガード9", kind="9価"),
    Product("FLU-E", "インフルエンザHAワクチン", kind="標準量"),
    Product("PNEUMO-E", "ニューモバックスNP", kind="PPSV23", sold_to="2026-03-31"),
    Product("PNEUMO-E", "プレベナー20", kind="PCV20", sold_from="2026-04-01"),
    Product("COVID", "コミナティ筋注", 0.6, kind="mRNA"),
    Product("COVID", "スパイクバックス筋注", 0.2, kind="mRNA"),
    Product("COVID", "ヌバキソビッド筋注", 0.2, kind="組換え"),
    Product("ZOSTER-L", "乾燥弱毒生水痘ワクチン「ビケン」", kind="生"),
    Product("ZOSTER-R", "シングリックス筋注用", kind="組換え"),
    Product("RSV-M", "アブリスボ筋注用", kind="組換えRS"),
)


def choose_products(doses: DoseList, persons: Indexes, kinds: Indexes, days: Days) -> Indexes:
    """The position in PRODUCTS of each dose: the same person keeps to the same product while it is sold."""
    vaccines = np.array(doses.vaccines)
    chosen = np.zeros(len(kinds), dtype=np.int32)
    # A steady number between 0 and 1 for each person: courses are finished with the product they began with.
    taste = (persons.astype(np.uint32) * _HASH ^ _HASH_2).astype(np.float64) / 2.0**32
    by_vaccine = np.unique(vaccines)
    number_of = np.searchsorted(by_vaccine, vaccines)[kinds]
    order = np.argsort(number_of, kind="stable")
    bounds = np.searchsorted(number_of[order], np.arange(len(by_vaccine) + 1))
    for position, vaccine in enumerate(by_vaccine):
        rows = order[bounds[position] : bounds[position + 1]]
        choices = [number for number, product in enumerate(PRODUCTS) if product.vaccine == vaccine]
        if not len(rows) or not choices:
            continue
        on = days[rows]
        weights = np.stack([PRODUCTS[number].share * _is_sold(PRODUCTS[number], on) for number in choices])
        if vaccine == "PCV":
            weights = _keep_to_fifteen(weights, choices, persons[rows], on)
        summed = np.cumsum(weights, axis=0)
        picked = (summed < taste[rows] * summed[-1] + 1e-12).sum(axis=0)
        chosen[rows] = np.array(choices)[np.minimum(picked, len(choices) - 1)]
    return chosen


def lots(products: Indexes, days: Days, draws: np.ndarray) -> pl.Series:
    """Lot numbers: some lots of each product in each quarter."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    quarter = np.maximum((months - (_FIRST_YEAR - 1970) * 12) // 3, 0)
    code = (quarter * len(PRODUCTS) + products) * _LOTS_A_QUARTER + (draws * _LOTS_A_QUARTER).astype(np.int64)
    table = [_lot(number) for number in range(int(code.max()) + 1)] if len(code) else []
    return gather(table, code)


def _lot(number: int) -> str:
    rest, variant = divmod(number, _LOTS_A_QUARTER)
    quarter, product = divmod(rest, len(PRODUCTS))
    return f"{chr(65 + product % 26)}{chr(65 + product // 26 + 10)}{quarter:03d}{chr(65 + variant)}"


def _is_sold(product: Product, days: Days) -> np.ndarray:
    start = day(product.sold_from) if product.sold_from else -NEVER
    end = day(product.sold_to) if product.sold_to else NEVER
    return (days >= start) & (days <= end)


def _keep_to_fifteen(weights: np.ndarray, choices: list[int], persons: Indexes, days: Days) -> np.ndarray:
    """15価 starters finish with 15価, whatever came on the market since (定期接種実施要領)."""
    first = np.full(int(persons.max()) + 1, NEVER, dtype=np.int32)
    np.minimum.at(first, persons, days)
    began = (first[persons] >= day("2024-04-01")) & (first[persons] <= day("2024-09-30")) & (days >= day("2024-10-01"))
    is_fifteen = np.array([PRODUCTS[number].kind == "PCV15" for number in choices])[:, None]
    return np.where(began[None, :], weights * is_fifteen, weights)

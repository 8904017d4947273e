"""From an address to a district: town and 丁目 looked up in the reference list, the text dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

UNKNOWN = "unknown"
_KANJI_DIGITS = {"〇": "0", "一": "1", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9"}


@dataclass(frozen=True)
class DistrictFinder:
    """Finds districts by `town.csv` (town, chome_from, chome_to, district_code)."""

    towns: pl.DataFrame
    prefecture: str
    municipality: str

    def districts(self, addresses: pl.Series) -> pl.Series:
        """District codes for a column of addresses; `unknown` where no town or 丁目 matches; null where empty."""
        distinct = pl.DataFrame({"raw": addresses.unique()})
        names = sorted({str(town) for town in self.towns["town"]}, key=len, reverse=True)
        pattern = (
            f"^(?:{re.escape(self.prefecture)})?(?:{re.escape(self.municipality)})?"
            f"({'|'.join(map(re.escape, names))})(?:([0-9]+|[一二三四五六七八九十]+)(?:丁目|[\\-－‐−ー番の]|$))?"
        )
        text = pl.col("raw").str.normalize("NFKC").str.replace_all(r"\s", "")
        found = distinct.with_columns(
            text.str.extract(pattern, 1).alias("town"),
            _chome(text.str.extract(pattern, 2)).alias("chome"),
        )
        towns = self.towns.select("town", pl.col("chome_from").cast(pl.Int32), pl.col("chome_to").cast(pl.Int32), "district_code")
        matched = (
            found.join(towns, on="town", how="inner")
            .filter(pl.col("chome_from").is_null() | pl.col("chome").is_between(pl.col("chome_from"), pl.col("chome_to")))
            .group_by("raw")
            .agg(pl.col("district_code").min())
        )
        known = found.join(matched, on="raw", how="left").select(
            "raw", pl.when(pl.col("raw").str.len_bytes() > 0).then(pl.col("district_code").fill_null(UNKNOWN)).alias("district")
        )
        return addresses.to_frame("raw").join(known, on="raw", how="left", maintain_order="left")["district"]


def _chome(text: pl.Expr) -> pl.Expr:
    """丁目 as a number: 3, 三, 十, 十二, 二十三."""
    digits = text.str.replace_many(list(_KANJI_DIGITS), list(_KANJI_DIGITS.values()))
    tens = digits.str.extract(r"^([0-9]?)十", 1)
    units = digits.str.extract(r"十([0-9]?)$", 1)
    kanji = pl.when(tens == "").then(1).otherwise(tens.cast(pl.Int32, strict=False)) * 10 + units.cast(pl.Int32, strict=False).fill_null(0)
    return pl.when(digits.str.contains("十")).then(kanji).otherwise(digits.cast(pl.Int32, strict=False)).cast(pl.Int32)

"""Make a large vaccination extract and its register: `python -m benchmarks.large_extract DIR --rows 10000000 --persons 1000000`.

Rows are drawn at random in the exact format of the contracts (CP932, CRLF), without the care `daicho synth` takes: here size
is what counts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

VACCINES = [
    ("MR", "1期", 1),
    ("MR", "2期", 1),
    ("BCG", "", 1),
    ("HIB", "初回", 1),
    ("HIB", "初回", 2),
    ("VAR", "", 1),
    ("VAR", "", 2),
    ("FLU-E", "", 1),
]
FIVE = [("DPT-IPV-HIB", "1期初回", 1), ("DPT-IPV-HIB", "1期初回", 2), ("DPT-IPV-HIB", "1期初回", 3), ("DPT-IPV-HIB", "1期追加", 1)]
TOWNS = ["赤坂", "白金台", "芝浦", "南麻布", "台場", "元麻布"]
PART = 1_000_000


def dates(days: pl.Expr) -> pl.Expr:
    return (pl.lit(0).cast(pl.Date) + pl.duration(days=days)).dt.strftime("%Y%m%d")


def numbers(index: np.ndarray) -> pl.Series:
    return pl.Series(index + 5_100_000_000).cast(pl.String)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--persons", type=int, default=1_000_000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(1)
    kinds = pl.DataFrame(VACCINES + FIVE, schema=["code", "stage", "number"], orient="row")
    with (options.folder / "vaccination.csv").open("wb") as file:
        for start in range(0, options.rows, PART):
            count = min(PART, options.rows - start)
            person = (np.arange(start, start + count) * options.persons // options.rows).astype(np.int64)
            kind = kinds[draw.integers(0, kinds.height, count)]
            frame = pl.DataFrame(
                {"宛名番号": numbers(person), "day": draw.integers(12_000, 20_540, count), "lot": draw.integers(0, 5000, count)}
            ).select(
                "宛名番号",
                kind["code"].alias("予防接種種別コード"),
                kind["stage"].alias("接種期"),
                kind["number"].cast(pl.String).alias("接種回数"),
                pl.format("L{}A", "lot").alias("ワクチンロット番号"),
                dates(pl.col("day")).alias("接種日"),
                dates(pl.col("day")).alias("予診日"),
                pl.lit("1310113715").alias("医療機関コード"),
                pl.lit("131032").alias("区名コード"),
                pl.lit("").alias("混合ワクチン種類"),
                pl.lit("0").alias("予診フラグ"),
                dates(pl.col("day")).str.slice(0, 6).alias("支払月"),
                pl.lit("1").alias("医療機関所在地フラグ"),
                pl.lit("0").alias("経過措置フラグ"),
                pl.lit("").alias("ワクチン種類"),
                pl.lit("").alias("自己負担区分"),
                pl.lit("乾燥弱毒生ワクチン").alias("ワクチン名称"),
            )
            file.write(frame.write_csv(include_header=start == 0, line_terminator="\r\n", quote_style="never").encode("cp932"))
    person = np.arange(options.persons)
    town = np.array(TOWNS)[draw.integers(0, len(TOWNS), options.persons)]
    birth = draw.integers(-10_000, 20_000, options.persons)
    register = pl.DataFrame({"宛名番号": numbers(person), "birth": birth, "town": town, "n": person}).select(
        "宛名番号",
        pl.format("髙橋太郎{}", "n").alias("氏名"),
        pl.format("タカハシタロウ{}", "n").alias("カナ氏名"),
        pl.format("髙橋太郎{}", "n").alias("漢字氏名"),
        dates(pl.col("birth")).alias("生年月日"),
        (pl.col("n") % 2 + 1).cast(pl.String).alias("性別"),
        pl.lit("").alias("世帯主情報"),
        pl.lit("子").alias("続柄"),
        pl.format("東京都港区{}一丁目{}番{}号", "town", pl.col("n") % 90 + 1, pl.col("n") % 17 + 1).alias("住所"),
        dates(pl.col("birth")).alias("住所を定めた日"),
        dates(pl.col("birth")).alias("住所届出日"),
        dates(pl.col("birth")).alias("住民となった日"),
        pl.lit("出生").alias("住民となった理由"),
        pl.lit("").alias("消除日"),
        pl.lit("").alias("消除事由"),
        pl.lit("日本人").alias("住民区分"),
        pl.lit("").alias("外国人住民となった日"),
        pl.lit("").alias("外国人届出日"),
    )
    (options.folder / "resident.csv").write_bytes(register.write_csv(line_terminator="\r\n", quote_style="never").encode("cp932"))


if __name__ == "__main__":
    main()

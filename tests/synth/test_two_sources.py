"""What two extracts tell of one dose: every way of agreeing and disagreeing is there to be found."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from tests.synth.ledger import both_files, read_extract

from daicho.core.eras import japanese_date_expr

FIELDS = {"接種日": "date", "ワクチンメーカー": "maker", "ロット番号": "lot", "自治体コード": "municipality"}


def unfolded(wide: pl.DataFrame) -> pl.DataFrame:
    """One row a dose of VRS, under the ledger's headings."""
    parts = [
        wide.select(pl.col("個別宛名番号").alias("宛名番号"), pl.lit(str(k)).alias("接種回"), *(pl.col(f"{name}({k}回目)").alias(name.removeprefix("接種")
                    if name == "接種自治体コード" else name) for name in ("接種日", "ワクチンメーカー", "ロット番号", "接種自治体コード")))
        for k in range(1, 8)
    ]  # fmt: skip
    return pl.concat(parts).filter(pl.col("接種日").is_not_null())


def test_covid_doses_agree_differ_in_each_field_or_several_or_stand_in_one_source(town: Path) -> None:
    record, vrs = read_extract(town / "covid_record.csv"), unfolded(read_extract(town / "vrs_wide.csv"))
    assert vrs["宛名番号"].null_count() > 0
    key = ["宛名番号", "接種回"]
    both = record.join(vrs.drop_nulls("宛名番号"), on=key, how="inner", suffix="_vrs")
    differing = both.select((pl.col(name) != pl.col(f"{name}_vrs")).fill_null(False).alias(field) for name, field in FIELDS.items())
    several = differing.select(pl.sum_horizontal(pl.all().cast(pl.Int8)))[:, 0]
    assert (several > 1).any() and (several == 0).sum() > 0.9 * both.height
    for field in FIELDS.values():
        assert (differing[field] & (several == 1)).any(), field
    assert record.join(vrs, on=key, how="anti").height and vrs.join(record, on=key, how="anti").height


def test_some_doses_have_no_maker_in_either_source(town: Path) -> None:
    assert read_extract(town / "covid_record.csv")["ワクチンメーカー"].null_count() > 0
    assert unfolded(read_extract(town / "vrs_wide.csv"))["ワクチンメーカー"].null_count() > 0


def test_some_doses_were_given_far_away(town: Path) -> None:
    codes = set(read_extract(town / "covid_record.csv")["自治体コード"].drop_nulls())
    assert {code[:2] == "13" for code in codes} == {True, False} and "131032" in codes


def test_the_copy_agrees_differs_in_day_or_name_or_stands_alone(town: Path) -> None:
    copy = read_extract(town / "shared_copy.csv").with_columns(japanese_date_expr("接種日"))
    key = ["宛名番号", "予防接種種別コード", "接種回数"]
    doses = both_files(town).filter(pl.col("予診フラグ") == "0").unique([*key, "接種日"])
    of_day = copy.join(doses, on=[*key, "接種日"], how="inner")
    is_other = ~of_day.select(
        pl.struct("ワクチン名", "ワクチン名称").map_elements(
            lambda names: names["ワクチン名称"].startswith(names["ワクチン名"]), return_dtype=pl.Boolean
        )
    )[:, 0]
    assert 0 < is_other.sum() < 0.01 * of_day.height
    moved = copy.join(doses, on=[*key, "接種日"], how="anti").join(doses, on=key, how="semi")
    assert moved.height
    assert doses.filter(pl.col("予防接種種別コード").str.contains("^(HPV|RV)")).join(copy, on=key, how="anti").height
    assert copy.group_by(key).len().filter(pl.col("len") > 1).height  # one of the two stands in the copy alone

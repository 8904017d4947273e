"""Bills of the payees for the last months, from the claims and the price list, with planted differences; our own bills to the other wards; and
officers' decisions on some claims."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from daicho.synth.claims import OWN, UNPAID, Claims
from daicho.synth.days import DAYS_A_YEAR
from daicho.synth.institutions import Institutions
from daicho.synth.population import Population
from daicho.synth.products import PRODUCTS, choose_products
from daicho.synth.reference import DoseList
from daicho.synth.streams import Streams
from daicho.synth.text import gather, numbers

_MONTHS_BILLED = 13
_LINE = ("payee", "month", "kind", "vaccine")
# Shares of bill lines with a difference, by kind; the rest agrees with the claims.
_OTHER_PRICE, _ROUNDED, _TOO_MANY = 0.02, 0.02, 0.03
_DECIDED_MONTHS, _DECIDED = 3, 0.002
_DECISIONS = (("支払", "確認済み"), ("返戻", "返戻"), ("取消", "過誤"))
_GUESTS = (0.4, 1.6)  # other wards' residents treated here, as a share of ours treated there
_WRONG_SHEET = 33  # the bill of one payee is taken from the sheet of all municipalities together


def invoice_frame(
    streams: Streams, population: Population, claims: Claims, institutions: Institutions, *, doses: DoseList, prices: pl.DataFrame,
    copay: Mapping[str, tuple[int, frozenset[str]]],
) -> pl.DataFrame:  # fmt: skip
    """The extract 請求書: a line for each payee, month, vaccine, kind and unit price, and one for the administration fees."""
    rng = streams.generator("invoices")
    recent = claims.take(np.flatnonzero(claims.paid > int(claims.paid.max(initial=0)) - _MONTHS_BILLED))
    billed = _billed(_claimed(recent, population, institutions, doses), prices, copay)
    lines = billed.group_by(*_LINE, "unit").agg(pl.len().cast(pl.Int64).alias("count")).sort(*_LINE, "unit")
    lines = _with_differences(rng, lines)
    fees = (
        billed.filter(pl.col("fee") > 0).group_by("payee", "month", pl.col("fee").alias("unit")).agg(pl.len().cast(pl.Int64).alias("count"))
    )
    fees = fees.with_columns(pl.lit("事務費").alias("kind"), pl.lit(None, pl.String).alias("vaccine"), pl.lit(0, pl.Int64).alias("extra"))
    received = pl.concat([lines, fees.select(lines.columns)]).with_columns(pl.lit(None, pl.String).alias("payer"))
    sent = _sent(streams.generator("invoices_sent"), billed, home=institutions.wards[OWN])
    every = pl.concat([received, sent.select(received.columns)]).sort("payer", *_LINE, "unit", nulls_last=True)
    return every.select(
        pl.col("payee").alias("請求者コード"),
        pl.col("payer").alias("請求先コード"),
        pl.col("month").cast(pl.String).alias("支払月"),
        pl.col("kind").alias("請求区分"),
        pl.col("vaccine").alias("予防接種種別コード"),
        pl.col("unit").cast(pl.String).alias("単価"),
        pl.col("count").cast(pl.String).alias("件数"),
        (pl.col("unit") * pl.col("count") + pl.col("extra")).cast(pl.String).alias("金額"),
    )


def decision_frame(streams: Streams, vaccination: pl.DataFrame, *, file_name: str) -> pl.DataFrame:
    """The extract 支払判定: decisions on some lines of the newest months of the vaccination extract, decided in the month of payment."""
    rng = streams.generator("payment_decisions")
    months = vaccination["支払月"]
    newest = months.drop_nulls().unique().sort()[-_DECIDED_MONTHS:]
    lines = np.flatnonzero(months.is_in(newest.implode()).fill_null(False).to_numpy())
    # At least one of each kind, so that a small ledger has them too.
    chosen = np.sort(rng.choice(lines, min(len(lines), max(len(_DECISIONS), int(len(lines) * _DECIDED))), replace=False))
    kinds = (np.arange(len(chosen)) % len(_DECISIONS)).astype(np.int32)
    return pl.DataFrame(
        {
            "抽出ファイル": pl.Series([file_name], dtype=pl.String).gather(np.zeros(len(chosen), dtype=np.uint32)),
            "行番号": numbers(chosen + 2),
            "判定": gather([decision for decision, _ in _DECISIONS], kinds),
            "判定理由": gather([reason for _, reason in _DECISIONS], kinds),
            "決裁者": pl.Series(["R001"], dtype=pl.String).gather(np.zeros(len(chosen), dtype=np.uint32)),
            "決定日": months.gather(chosen.astype(np.uint32)) + "20",
        }
    )


def _claimed(claims: Claims, population: Population, institutions: Institutions, doses: DoseList) -> pl.DataFrame:
    """The claims as their payees know them: payee, month, vaccine, kind, product, day, age in whole years."""
    wards = gather(institutions.wards, np.maximum(claims.location, OWN))
    is_own = pl.Series(claims.location == OWN)
    months = claims.paid
    product = choose_products(doses, claims.persons, claims.kinds, claims.days)
    return pl.DataFrame(
        {
            "payee": pl.select(pl.when(is_own).then(wards.str.slice(0, 5) + "01").otherwise(wards)).to_series(),
            "scheme": pl.select(pl.when(is_own).then(pl.lit("own_ward")).otherwise(pl.lit("mutual_use"))).to_series(),
            "month": (1970 + months // 12) * 100 + months % 12 + 1,
            "vaccine": gather(doses.vaccines, claims.kinds),
            "price_kind": gather(("DOSE", "SCREEN"), claims.is_screened_only.astype(np.int32)),
            "product": gather([each.name for each in PRODUCTS], product),
            "day": pl.Series(claims.days).cast(pl.Date),
            "age": ((claims.days - population.births[claims.persons] + 1) / DAYS_A_YEAR).astype(np.int32),
            "is_claimed": claims.paid > UNPAID,
        }
    ).filter("is_claimed")


def _billed(claimed: pl.DataFrame, prices: pl.DataFrame, copay: Mapping[str, tuple[int, frozenset[str]]]) -> pl.DataFrame:
    """Each claim with the unit price it is billed at and its administration fee, in yen with tax."""
    listed = prices.rename({"vaccine_code": "vaccine", "kind": "price_kind", "product": "of_product"})
    holds = (
        pl.col("day").is_between(pl.col("valid_from"), pl.col("valid_to"))
        & (pl.col("of_product").is_null() | (pl.col("of_product") == pl.col("product")))
        & (pl.col("age_from_years").is_null() | (pl.col("age") >= pl.col("age_from_years")))
        & (pl.col("age_to_years").is_null() | (pl.col("age") <= pl.col("age_to_years")))
    )
    taxed = 100 + pl.col("tax_rate_percent").cast(pl.Int64)
    is_dose = pl.col("price_kind") == "DOSE"
    amounts = {vaccine: yen for vaccine, (yen, _) in copay.items()}
    self_payment = pl.when(is_dose).then(pl.col("vaccine").replace_strict(amounts, default=0, return_dtype=pl.Int64)).otherwise(0)
    is_separate = pl.col("admin_fee_kind") == "separate"
    return claimed.join(listed, on=["scheme", "vaccine", "price_kind"], how="inner").filter(holds).select(
        "payee", "month", "vaccine", (pl.col("scheme") == "mutual_use").alias("is_elsewhere"),
        pl.when(is_dose).then(pl.lit("接種")).otherwise(pl.lit("予診のみ")).alias("kind"),
        (pl.col("price_excl_yen").cast(pl.Int64) * taxed // 100 - self_payment).cast(pl.Int64).alias("unit"),
        pl.when(is_separate).then(pl.col("admin_fee_yen").cast(pl.Int64) * taxed // 100).otherwise(0).cast(pl.Int64).alias("fee"),
    )  # fmt: skip


def _sent(rng: np.random.Generator, billed: pl.DataFrame, *, home: str) -> pl.DataFrame:
    """Our bills to the other wards for their residents. The ledger has no such people: as many, more or less, as ours who went there."""
    mutual = billed.filter(pl.col("is_elsewhere"))
    units = mutual.select("payee", "month", "kind", "vaccine", "unit")
    fees = mutual.filter(pl.col("fee") > 0).select(
        "payee", "month", pl.lit("事務費").alias("kind"), pl.lit(None, pl.String).alias("vaccine"), pl.col("fee").alias("unit")
    )
    lines = (
        pl.concat([units, fees]).group_by(*_LINE, "unit").agg(pl.len().cast(pl.Int64).alias("count")).sort(*_LINE, "unit", nulls_last=True)
    )
    wards = lines["payee"].unique().sort()
    share = pl.DataFrame({"payee": wards, "share": (rng.uniform(*_GUESTS, len(wards)) * 100).astype(np.int64)})
    return lines.join(share, on="payee", how="left").select(
        pl.lit(home).alias("payee"), pl.col("payee").alias("payer"), "month", "kind", "vaccine", "unit",
        (pl.col("count") * pl.col("share") // 100 + 1).alias("count"), pl.lit(0, pl.Int64).alias("extra"),
    )  # fmt: skip


def _with_differences(rng: np.random.Generator, lines: pl.DataFrame) -> pl.DataFrame:
    """Some lines at another price, with an amount rounded on the bill, or with more units; one payee's newest month from the wrong sheet."""
    draws = rng.random(lines.height)
    other = pl.Series(draws < _OTHER_PRICE)
    rounded = pl.Series((draws >= _OTHER_PRICE) & (draws < _OTHER_PRICE + _ROUNDED))
    more = pl.Series((draws >= _OTHER_PRICE + _ROUNDED) & (draws < _OTHER_PRICE + _ROUNDED + _TOO_MANY))
    newest = lines.filter(pl.col("month") == pl.col("month").max())["payee"].unique().sort()
    wrong = (pl.col("payee") == (newest[0] if len(newest) else "")) & (pl.col("month") == pl.col("month").max())
    return lines.with_columns(
        pl.when(other).then(pl.col("unit") - 242).otherwise(pl.col("unit")).cast(pl.Int64).alias("unit"),
        (pl.col("count") + pl.when(more).then(2).otherwise(0)).cast(pl.Int64).alias("count"),
        pl.when(rounded).then(3).otherwise(0).cast(pl.Int64).alias("extra"),
    ).with_columns(pl.when(wrong).then(pl.col("count") * _WRONG_SHEET).otherwise(pl.col("count")).cast(pl.Int64).alias("count"))

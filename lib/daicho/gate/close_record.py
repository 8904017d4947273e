"""What a closed month of payment comes to: its totals, its figures by payee and contract, and the digest by which it is known again.

The record holds figures and no person. It is written to the state folder's `closes`; the lines themselves stay in the vault.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from daicho.vault.catalog import sync_folder

HEADER, EVENT, ADJUSTMENT = "header", "event", "adjustment"
# Everything that is said of a line but whom it concerns.
CONTENT = (
    "line_kind", "vaccine", "dose", "event_on", "is_screened_only", "paid_month", "institution", "channel", "route", "ward", "payee", "product",
    "scheme", "copay_class", "decision", "reason", "price_excl_yen", "tax_rate", "gross_yen", "copay_yen", "fee_yen", "adjustment",
)  # fmt: skip
_CUTS = ("scheme", "payee", "channel", "vaccine", "kind", "decision", "reason")
_FIELD, _EMPTY = "\x1f", "\x00"


@dataclass(frozen=True)
class Totals:
    """Yen of a closed month; counts of doses and screenings by decision."""

    events_count: int
    paid_count: int
    gross_yen: int
    copay_yen: int
    payable_yen: int
    fee_yen: int
    rounding_yen: int
    adjustments_count: int
    adjustments_yen: int
    total_yen: int
    carried_in_yen: int
    carried_out_yen: int


def canonical(lines: pl.DataFrame) -> str:
    """The lines as one text, whatever order they come in and whatever numbers their persons have."""
    texts = [pl.col(name).cast(pl.String).fill_null(_EMPTY) for name in CONTENT]
    rows = lines.filter(pl.col("line_kind") != HEADER).select(pl.concat_str(texts, separator=_FIELD).alias("text"))
    return "\n".join(rows["text"].sort().to_list())


def totals(lines: pl.DataFrame, *, month: int, rounding: str) -> Totals:
    """The month's totals. `rounding`: unit, line or invoice, where the tax of what is paid is cut off."""
    events, adjustments = lines.filter(pl.col("line_kind") == EVENT), lines.filter(pl.col("line_kind") == ADJUSTMENT)
    paid, held = events.filter(pl.col("decision") == "pay"), events.filter(pl.col("decision") == "hold")
    year = month // 100 - (month % 100 < 4)
    is_earlier = pl.col("event_on") < date(year, 4, 1)
    gross, copay, fee = _sum(paid, "gross_yen"), _sum(paid, "copay_yen"), _sum(paid, "fee_yen")
    extra = rounded(paid, stage=rounding)
    corrected = _sum(adjustments, "gross_yen") - _sum(adjustments, "copay_yen") + _sum(adjustments, "fee_yen")
    return Totals(
        events_count=events.height,
        paid_count=paid.height,
        gross_yen=gross,
        copay_yen=copay,
        payable_yen=gross - copay,
        fee_yen=fee,
        rounding_yen=extra,
        adjustments_count=adjustments.height,
        adjustments_yen=corrected,
        total_yen=gross - copay + fee + extra + corrected,
        carried_in_yen=_sum(paid.filter(is_earlier), "gross_yen") - _sum(paid.filter(is_earlier), "copay_yen"),
        carried_out_yen=_sum(held, "gross_yen") - _sum(held, "copay_yen"),
    )


def rounded(paid: pl.DataFrame, *, stage: str) -> int:
    """Yen that rounding on the line or the bill adds to rounding each unit."""
    if stage == "unit":
        return 0
    by = ["payee"] if stage == "invoice" else ["payee", "vaccine", "is_screened_only", "price_excl_yen"]
    hundredths = pl.col("price_excl_yen") * (100 + pl.col("tax_rate").cast(pl.Int64))
    priced = paid.filter(pl.col("price_excl_yen").is_not_null()).group_by(by)
    return _sum(priced.agg((hundredths.sum() // 100 - (hundredths // 100).sum()).alias("yen")), "yen")


def figures(lines: pl.DataFrame) -> list[dict[str, Any]]:
    """Counts and yen by contract, payee, channel, vaccine, kind, decision and reason; adjustments have the kind `adjustment`."""
    kind = pl.when(pl.col("line_kind") == ADJUSTMENT).then(pl.lit(ADJUSTMENT)).when("is_screened_only").then(pl.lit("screening"))
    shown = lines.filter(pl.col("line_kind") != HEADER).with_columns(
        kind.otherwise(pl.lit("dose")).alias("kind"), pl.col("route").alias("channel")
    )
    sums = [pl.col(name).sum() for name in ("gross_yen", "copay_yen", "fee_yen")]
    return shown.group_by(_CUTS).agg(pl.len().alias("count"), *sums).sort(_CUTS, nulls_last=True).to_dicts()


def write_record(folder: Path, name: str, record: Mapping[str, Any]) -> Path:
    """Write a record whole or not at all, for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target, aside = folder / f"{name}.json", folder / f".{name}-{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            json.dump(record, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(target)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(folder)
    return target


def with_header(lines: Sequence[pl.DataFrame], *, month: int) -> pl.DataFrame:
    """All lines of a close behind a header, so that a month without claims is closed too."""
    every = pl.concat([part.select(sorted(part.columns)) for part in lines], how="vertical_relaxed")
    header = pl.DataFrame([{**dict.fromkeys(every.columns), "line_kind": HEADER}], schema=every.schema)
    return pl.concat([header, every]).with_columns(pl.lit(month, pl.Int32).alias("closed_month"))


def _sum(frame: pl.DataFrame, column: str) -> int:
    return int(frame[column].sum() or 0)

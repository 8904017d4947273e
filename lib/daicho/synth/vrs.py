"""The VRS export of the same doses: one wide row a person, mostly agreeing with the ledger's records."""

from __future__ import annotations

import numpy as np
import polars as pl

from daicho.synth import rates
from daicho.synth.covid import LOTS, MAKERS, MOST_DOSES, CovidDoses, lots, municipality_codes, vouchers
from daicho.synth.days import eight_digits
from daicho.synth.numbering import Numbering
from daicho.synth.reference import Places
from daicho.synth.streams import Days, Streams, pick
from daicho.synth.text import compact_days, gather, numbers, only_where

_VENUES = (
    "区民センター",
    "スポーツセンター",
    "職域会場",
    "髙﨑クリニック",
    "大規模接種会場①",
    "山田内科",
    "こどもクリニック東",
    "総合病院",
)
_DAY, _LOT, _MAKER, _PLACE, _DAY_AND_LOT = range(5)  # what differs, in the order of rates.COVID_DIFFERS
_DOCTORS = ("髙橋", "伊藤", "山﨑", "青木", "渡邉", "小林", "森田", "清水")


def vrs_frame(streams: Streams, doses: CovidDoses, numbering: Numbering, places: Places) -> pl.DataFrame:
    """The extract VRS: one wide row a person, some of them unlinked; a few doses differ from the ledger's."""
    rng = streams.generator("vrs")
    mine = np.flatnonzero(doses.in_vrs)
    persons, dose_number, days, lot = doses.persons[mine], doses.number[mine], doses.days[mine], doses.lot[mine]
    differs = np.searchsorted(np.cumsum(rates.COVID_DIFFERS), rng.random(len(mine)), side="right")
    days = np.where(np.isin(differs, (_DAY, _DAY_AND_LOT)), days + 1, days).astype(np.int32)
    lot = np.where(np.isin(differs, (_LOT, _DAY_AND_LOT)), (lot + 1) % LOTS, lot).astype(np.int32)
    maker = np.where(differs == _MAKER, (doses.maker[mine] + 1) % len(MAKERS), doses.maker[mine]).astype(np.int32)
    codes = municipality_codes(places)
    municipality = np.where(differs == _PLACE, (doses.municipality[mine] + 1) % len(codes), doses.municipality[mine]).astype(np.int32)
    row_of = np.unique(persons)
    order = np.argsort(numbering.current[row_of], kind="stable")
    rank = np.empty(len(row_of), dtype=np.int64)
    rank[order] = np.arange(len(row_of))
    row = rank[np.searchsorted(row_of, persons)]
    is_linked = rng.random(len(row_of)) >= rates.COVID_UNLINKED
    registered = _registered(rng, days)
    columns = {
        "接種履歴登録日時": registered,
        "接種日": compact_days(days),
        "券番号": numbers(vouchers(persons)),
        "接種自治体コード": only_where(gather(codes, municipality), doses.is_complete[mine]),
        "接種会場名": gather(_VENUES, rng.integers(0, len(_VENUES), len(mine))),
        "接種医師名": gather(
            [f"{name}　{given}" for name in _DOCTORS for given in ("一郎", "直美")], rng.integers(0, 2 * len(_DOCTORS), len(mine))
        ),
        "ワクチンメーカー": only_where(gather(MAKERS, maker), doses.is_complete[mine]),
        "ロット番号": lots(doses.maker[mine], lot, doses.days[mine]),
    }
    wide: dict[str, pl.Series] = {"個別宛名番号": numbers(numbering.current[row_of[order]], present=is_linked)}
    for number in range(1, MOST_DOSES + 1):
        here = dose_number == number
        place = np.full(len(row_of), -1, dtype=np.int64)
        place[row[here]] = np.flatnonzero(here)
        at = pl.Series(np.maximum(place, 0)).set(pl.Series(place < 0), None).cast(pl.UInt32)
        for name, values in columns.items():
            wide[f"{name}({number}回目)"] = values.gather(at) if len(values) else pl.Series([None] * len(row_of), dtype=pl.String)
    return pl.DataFrame(wide)


def _registered(rng: np.random.Generator, days: Days) -> pl.Series:
    """YYYYMMDDHHMMSS, on the day of the dose or soon after."""
    after = days + pick(rng, (0.7, 0.15, 0.08, 0.04, 0.03), len(days))
    clock = rng.integers(9, 20, len(days)) * 10000 + rng.integers(0, 60, len(days)) * 100 + rng.integers(0, 60, len(days))
    return numbers(eight_digits(after.astype(np.int32)).astype(np.int64) * 1_000_000 + clock)

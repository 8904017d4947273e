"""The kinds of fault: in which column of which file, what is written there, and what intake must do with the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.synth.days import eight_digits, year_month
from daicho.synth.numbering import FIRST_UNKNOWN_NUMBER
from daicho.synth.writing import CUT_HERE, UNDECODABLE_HERE

QUARANTINED, KEPT, DEDUPLICATED = "quarantined", "kept", "deduplicated"
RESIDENT, DOSES, OTHER_WARDS, WELFARE = "resident.csv", "vaccination.csv", "vaccination_other_wards.csv", "welfare.csv"
COVID, VRS, CHANGES, COPY = "covid_record.csv", "vrs_wide.csv", "number_change.csv", "shared_copy.csv"
NOTICES, INSTITUTIONS = "notice_history.csv", "institution.csv"
_PERSON, _GIVEN, _VACCINE, _COUNT = "宛名番号", "接種日", "予防接種種別コード", "接種回数"
_IMPOSSIBLE_DATES = ("20230231", "99999999", "00000000", "20241301", "R7.2.30")
_UNKNOWN_VACCINES = ("ZZ9", "ワクチン不明", "X-01")
_NO_NUMBERS = ("A", "一回目", "-1", "100")
_NO_MONTHS = ("202613", "202500", "2025")
_LONG_AGO, _FAR_AHEAD = 40_000, (20, 900)
_SETTLED_MONTHS = 8


@dataclass(frozen=True)
class FaultSetting:
    """What the faults need to know of the ledger."""

    last_day: int
    wards: tuple[str, ...]  # codes, the municipality's own first


Values = Callable[[pl.DataFrame, str, FaultSetting, np.random.Generator], dict[str, list[str | None] | pl.Series]]
Copy = Callable[[pl.DataFrame, FaultSetting, np.random.Generator], pl.DataFrame]


def _same(frame: pl.DataFrame, _setting: FaultSetting, _rng: np.random.Generator) -> pl.DataFrame:
    return frame


def _nothing(
    _frame: pl.DataFrame, _column: str, _setting: FaultSetting, _rng: np.random.Generator
) -> dict[str, list[str | None] | pl.Series]:
    return {}


@dataclass(frozen=True)
class FaultKind:
    """`columns`: file to damaged column. `rule`: what intake names, for quarantined rows. `where`: rows it can be planted in.

    Kinds that are deduplicated add `copy` of a row, taken from the file `copied_from` (the same file where empty).
    """

    name: str
    expected: str
    columns: Mapping[str, str]
    rule: str = ""
    values: Values = _nothing
    where: pl.Expr | None = None
    copy: Copy = _same
    copied_from: str = ""


def _one_of(*texts: str | None) -> Values:
    def values(
        frame: pl.DataFrame, column: str, _setting: FaultSetting, rng: np.random.Generator
    ) -> dict[str, list[str | None] | pl.Series]:
        return {column: [texts[number] for number in rng.integers(0, len(texts), frame.height)]}

    return values


def _wrong_check_digit(
    frame: pl.DataFrame, column: str, _setting: FaultSetting, rng: np.random.Generator
) -> dict[str, list[str | None] | pl.Series]:
    code = frame[column].cast(pl.Int64).to_numpy()
    return {column: pl.Series(code // 10 * 10 + (code % 10 + rng.integers(1, 10, len(code))) % 10).cast(pl.String)}


def _unlinked(
    frame: pl.DataFrame, column: str, _setting: FaultSetting, rng: np.random.Generator
) -> dict[str, list[str | None] | pl.Series]:
    return {column: pl.Series(FIRST_UNKNOWN_NUMBER + rng.integers(0, 100_000_000, frame.height)).cast(pl.String)}


def _before_birth(
    frame: pl.DataFrame, column: str, setting: FaultSetting, rng: np.random.Generator
) -> dict[str, list[str | None] | pl.Series]:
    """Longer ago than anybody of the register can remember."""
    days = pl.Series(eight_digits((setting.last_day - _LONG_AGO - rng.integers(0, 900, frame.height)).astype(np.int32))).cast(pl.String)
    return {column: days, "予診日": days}


def _in_future(
    frame: pl.DataFrame, column: str, setting: FaultSetting, rng: np.random.Generator
) -> dict[str, list[str | None] | pl.Series]:
    days = pl.Series(eight_digits((setting.last_day + rng.integers(*_FAR_AHEAD, frame.height)).astype(np.int32))).cast(pl.String)
    return {column: days, "予診日": days}


def _no_date(
    frame: pl.DataFrame, column: str, _setting: FaultSetting, _rng: np.random.Generator
) -> dict[str, list[str | None] | pl.Series]:
    return {column: [None] * frame.height, "予診日": [None] * frame.height}


def _partial(frame: pl.DataFrame, column: str, _setting: FaultSetting, rng: np.random.Generator) -> dict[str, list[str | None] | pl.Series]:
    year, month = frame[column].str.slice(0, 4) + "0000", frame[column].str.slice(0, 6) + "00"
    return {column: year.zip_with(pl.Series(rng.random(frame.height) < 0.5), month)}


def _cut(frame: pl.DataFrame, _column: str, _setting: FaultSetting, _rng: np.random.Generator) -> dict[str, list[str | None] | pl.Series]:
    return {frame.columns[-1]: [CUT_HERE] * frame.height}


def _through_the_other_channel(frame: pl.DataFrame, setting: FaultSetting, rng: np.random.Generator) -> pl.DataFrame:
    """A dose of the monthly file claimed again by another ward, half a year later."""
    months = frame["支払月"].cast(pl.Int32).to_numpy()
    days = ((months // 100).astype("int64") - 1970) * 12 + months % 100 - 1
    later = year_month(days.astype("datetime64[M]").astype("datetime64[D]").astype(np.int32), later=_SETTLED_MONTHS)
    wards = [setting.wards[number] for number in rng.integers(1, len(setting.wards), frame.height)]
    return frame.with_columns(
        pl.Series("区名コード", wards, dtype=pl.String),
        pl.Series("支払月", later).cast(pl.String),
        pl.lit("2").alias("医療機関所在地フラグ"),
    )


_BOTH = (DOSES, OTHER_WARDS)
_IS_DOSE = (pl.col("予診フラグ") == "0") & pl.col("医療機関コード").is_not_null()
_ALL_FILES = (RESIDENT, DOSES, OTHER_WARDS, WELFARE, COVID, VRS, CHANGES, COPY, NOTICES, INSTITUTIONS)


def _in(files: tuple[str, ...], column: str) -> dict[str, str]:
    return dict.fromkeys(files, column)


FAULT_KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        "bad_date", QUARANTINED,
        _in((*_BOTH, COVID, COPY), _GIVEN) | {
            RESIDENT: "住民となった日", WELFARE: "適用開始日", VRS: "接種日(1回目)", CHANGES: "変更日", NOTICES: "送付日", INSTITUTIONS: "有効開始日",
        },
        "bad_date", _one_of(*_IMPOSSIBLE_DATES),
    ),
    FaultKind("bad_birth_date", QUARANTINED, {RESIDENT: "生年月日"}, "bad_date", _one_of("99999999", "20230231")),
    FaultKind("missing_person", QUARANTINED, _in((RESIDENT, *_BOTH, WELFARE, COVID, COPY, NOTICES), _PERSON), "missing_person", _one_of(None)),
    FaultKind("missing_person", QUARANTINED, {CHANGES: "旧宛名番号"}, "missing_person_old", _one_of(None)),
    FaultKind("missing_institution_code", QUARANTINED, {INSTITUTIONS: "医療機関コード"}, "missing_institution_code", _one_of(None)),
    FaultKind("unknown_vaccine", QUARANTINED, _in((*_BOTH, COPY, NOTICES), _VACCINE), "unknown_vaccine_code", _one_of(*_UNKNOWN_VACCINES)),
    FaultKind("missing_vaccine", QUARANTINED, _in(_BOTH, _VACCINE), "missing_vaccine_code", _one_of(None)),
    FaultKind("unknown_sex", QUARANTINED, {RESIDENT: "性別"}, "unknown_sex", _one_of("7", "X")),
    FaultKind("bad_flag", QUARANTINED, _in(_BOTH, "予診フラグ"), "bad_flag", _one_of("X", "9")),
    FaultKind("bad_number", QUARANTINED, _in((*_BOTH, COPY, NOTICES), _COUNT) | {COVID: "接種回"}, "bad_number", _one_of(*_NO_NUMBERS)),
    FaultKind("bad_month", QUARANTINED, _in(_BOTH, "支払月"), "bad_month", _one_of(*_NO_MONTHS)),
    FaultKind("bad_timestamp", QUARANTINED, {VRS: "接種履歴登録日時(1回目)"}, "bad_timestamp", _one_of("20210631120000", "2021060112")),
    FaultKind("wrong_field_count", QUARANTINED, _in(_ALL_FILES, ""), "wrong_field_count", _cut),
    FaultKind(
        "undecodable", QUARANTINED, _in(_BOTH, "ワクチンロット番号") | {COVID: "ロット番号", VRS: "ロット番号(1回目)", INSTITUTIONS: "名称"},
        "undecodable", _one_of("A" + UNDECODABLE_HERE + "1"),
    ),
    FaultKind(
        "bad_institution_check_digit", KEPT, _in((*_BOTH, INSTITUTIONS), "医療機関コード"), "", _wrong_check_digit,
        pl.col("医療機関コード").is_not_null(),
    ),
    FaultKind("unknown_ward", KEPT, _in(_BOTH, "区名コード"), "", _one_of("999999", "130000"), pl.col("医療機関コード").is_not_null()),
    FaultKind("dose_before_birth", KEPT, _in(_BOTH, _GIVEN), "", _before_birth, _IS_DOSE),
    FaultKind("future_dose", KEPT, _in(_BOTH, _GIVEN), "", _in_future, _IS_DOSE),
    FaultKind("blank_dose_date", KEPT, _in(_BOTH, _GIVEN), "", _no_date, _IS_DOSE),
    FaultKind("unlinked_person", KEPT, _in((*_BOTH, WELFARE, COVID, COPY, NOTICES), _PERSON), "", _unlinked),
    FaultKind("unlinked_person", KEPT, {VRS: "個別宛名番号"}, "", _one_of(None), pl.col("個別宛名番号").is_not_null()),
    FaultKind("partial_birth_date", KEPT, {RESIDENT: "生年月日"}, "", _partial),
    FaultKind("unmatched_address", KEPT, {RESIDENT: "住所"}, "", _one_of("住所不明", "東京都架空区架空町一丁目1番1号", "転出先確認中")),
    FaultKind("exact_duplicate", DEDUPLICATED, _in((*_BOTH, WELFARE, COVID, COPY, NOTICES), "")),
    FaultKind("second_channel_duplicate", DEDUPLICATED, {OTHER_WARDS: ""}, where=_IS_DOSE, copy=_through_the_other_channel, copied_from=DOSES),
)  # fmt: skip

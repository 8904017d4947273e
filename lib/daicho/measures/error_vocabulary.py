"""The rules by which a dose record is found in error: codes and labels, in the order in which they are listed (docs/error_checks.md)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ANY = "any"
"""Records that break at least one rule, each once: a total of the rules would count a record as often as it breaks one."""

RULE_LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "no_date": ("接種日なし", "No date of the dose"),
        "before_birth": ("接種日が出生日より前", "Dated before birth"),
        "after_receipt": ("接種日が受入日より後", "Dated after the extract was received"),
        "not_in_register": ("住民の抽出にない者の記録", "Of nobody in the register"),
        "not_resident": ("住民でない日の接種（支払あり）", "Not resident on the day, and paid for"),
        "unknown_dose": ("種別・接種期・回数が不明", "Unknown vaccine, stage or number"),
        "wrong_sex": ("性別の対象外", "Not for this sex"),
        "too_early": ("対象年齢外（早すぎる）", "Before the legal age"),
        "too_late": ("対象年齢外（遅すぎる）", "After the legal age"),
        "out_of_season": ("実施期間外", "Outside the season"),
        "interval_too_short": ("接種間隔の不足", "Interval too short"),
        "live_interval": ("生ワクチンの間隔の不足", "Too soon after another live vaccine"),
        "too_many": ("回数超過", "More doses than the course has"),
        "order_reversed": ("順序の逆転", "On or before the day of an earlier stage"),
        "same_day": ("同一日の重複", "Two doses of one vaccine on one day"),
        "lot_expired": ("ロットの有効期限後", "After the lot's expiry date"),
        "lot_recalled": ("ロットの回収開始後", "After the lot's recall began"),
    }
)
ERROR_RULES = tuple(RULE_LABELS)
ANY_LABEL = ("いずれかの誤り（重複なし）", "Any error, each record once")

RULE_CLASSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "record": ("記録の不備", "The record itself"),
        "timing": ("接種時期", "Timing"),
        "age": ("年齢・性別", "Age and sex"),
        "count": ("回数・順序", "Count and order"),
        "interval": ("間隔", "Interval"),
        "lot": ("ロット", "Lot"),
    }
)
CLASS_OF: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("no_date", "not_in_register", "not_resident", "unknown_dose"), "record"),
        **dict.fromkeys(("before_birth", "after_receipt", "out_of_season"), "timing"),
        **dict.fromkeys(("wrong_sex", "too_early", "too_late"), "age"),
        **dict.fromkeys(("too_many", "order_reversed", "same_day"), "count"),
        **dict.fromkeys(("interval_too_short", "live_interval"), "interval"),
        **dict.fromkeys(("lot_expired", "lot_recalled"), "lot"),
    }
)
"""What a clerk looks at for each rule."""

"""Identifiers of known kinds, whoever's they are: found by their form, their check digit and what stands beside them."""

from __future__ import annotations

import polars as pl

from daicho.core.check_digits import is_individual_number

_DATE = (
    r"(?:[12][0-9]{3}[年/.\-][01]?[0-9][月/.\-][0-3]?[0-9]日?|[12][0-9]{3}[01][0-9][0-3][0-9]"
    r"|(?:明治|大正|昭和|平成|令和)(?:元|[0-9]{1,2}|[一二三四五六七八九十]{1,3})年[0-9一二三四五六七八九十]{1,3}月[0-9一二三四五六七八九十]{1,3}日"
    r"|[MTSHR][0-9]{1,2}[./\-][0-9]{1,2}[./\-][0-9]{1,2})"
)
_HOUSE = r"[0-9一二三四五六七八九十]{1,4}(?:丁目|番地)"
_KINDS = {
    "email": r"[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9\-]{1,63}\.)+(?:jp|com|net|org|info|ne|co|gov|edu|io|tokyo)\b",
    "phone": r"(?:^|[^0-9\-])0(?:[0-9]-[0-9]{4}|[0-9]{2}-[0-9]{3,4}|[0-9]{3}-[0-9]{2,3}|[0-9]{4}-[0-9])-[0-9]{4}(?:$|[^0-9\-])",
    "postal_address": r"〒\s?[0-9]{3}-[0-9]{4}",
    "birth_date": rf"(?:生年月日|誕生日)[^0-9]{{0,12}}{_DATE}|{_HOUSE}[^0-9]{{0,30}}{_DATE}|{_DATE}[^0-9]{{0,30}}{_HOUSE}",
}
_BORN = rf"{_DATE}\s?(?:生まれ|生(?:$|[^0-9A-Za-zぁ-ん一-龠ァ-ヶ]))"
# School years are told by such days: 4月2日から翌年4月1日生まれ names nobody.
_SCHOOL_YEAR = r"(?:4|04|四)[月/.\-](?:1|2|01|02|一|二)日?\s?生|040[12]\s?生"
_INDIVIDUAL_NUMBER = r"(?:個人番号|マイナンバー|[Mm][Yy] ?[Nn]umber)[^0-9]{0,40}([0-9][0-9 \-]{10,16}[0-9])"


def kinds_in(texts: pl.Series) -> set[str]:
    """Kinds of identifier that stand in normalised (NFKC) texts."""
    kinds = {kind for kind, pattern in _KINDS.items() if texts.str.contains(pattern).any()}
    born = texts.str.extract_all(_BORN).explode().drop_nulls()
    if not born.filter(~born.str.contains(_SCHOOL_YEAR)).is_empty():
        kinds.add("birth_date")
    beside = texts.str.extract_all(_INDIVIDUAL_NUMBER).explode().drop_nulls()
    numbers = beside.str.replace_all(r"[^0-9]", "")
    if any(is_individual_number(number) for number in numbers.unique().to_list()):
        kinds.add("individual_number")
    return kinds

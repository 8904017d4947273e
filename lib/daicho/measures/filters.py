"""Filters of a request: codes or labels in, codes out. Unknown values get the one refusal, whatever the ledger holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from daicho.core.errors import UsageError
from daicho.measures.dimensions import dimension, dimension_of
from daicho.measures.model import NOT_OFFERED, UNKNOWN, Dimension, Measure, Vocabulary

UNKNOWN_LABELS = ("不明", "Unknown")
_LABEL_COLUMNS = ("code", "label", "label_en")


def resolve_filters(
    measure: Vocabulary, where: Mapping[str, Sequence[str]], reference: Mapping[str, pl.DataFrame]
) -> dict[str, tuple[str, ...]]:
    """Filters as sorted codes. Each value is a code, a label (Japanese or English) or another writing its code list knows.

    A dose label such as 1期 means the doses of that label of the vaccines filtered for (of every vaccine where none is). `unknown`
    or 不明 asks for what is not known. Raises UsageError with one text for an unknown dimension or value, and for a dose that belongs
    to none of the vaccines.
    """
    if not set(where) <= set(measure.filters) or not set(measure.required_filters) <= set(where):
        raise UsageError(NOT_OFFERED)
    resolved: dict[str, tuple[str, ...]] = {}
    for name in sorted(where, key=lambda name: (name == "dose", name)):
        item = dimension_of(measure, name)
        writings = _writings(item, reference, vaccines=resolved.get("vaccine"))
        codes = {code for value in where[name] for code in _codes(item, value, writings)}
        if not codes:
            raise UsageError(NOT_OFFERED)
        resolved[name] = tuple(sorted(codes))
    return dict(sorted(resolved.items()))


def resolve_doses(
    measure: Measure, parameters: Mapping[str, object], *, where: Mapping[str, Sequence[str]], reference: Mapping[str, pl.DataFrame]
) -> dict[str, object]:
    """Parameters of the type dose as codes; each is a code or label of the one vaccine filtered for. Raises UsageError."""
    resolved = dict(parameters)
    for name in (item.name for item in measure.parameters if item.type == "dose" and parameters.get(item.name) is not None):
        vaccines = where.get("vaccine", ())
        writings = _writings(dimension("dose"), reference, vaccines=vaccines)
        found = writings.get(_folded(str(parameters[name])), set()) - {UNKNOWN}
        if len(vaccines) != 1 or len(found) != 1:
            raise UsageError(NOT_OFFERED)
        resolved[name] = next(iter(found))
    return resolved


def _codes(item: Dimension, value: str, writings: Mapping[str, set[str]]) -> set[str]:
    text = _folded(value)
    if text in writings:
        return writings[text]
    if item.kind == "text" and item.pattern and re.fullmatch(item.pattern, text):
        return {text}
    if item.kind != "text" and re.fullmatch(r"[0-9]{1,9}", text):
        return {str(int(text))}
    raise UsageError(NOT_OFFERED)


def _writings(item: Dimension, reference: Mapping[str, pl.DataFrame], *, vaccines: Sequence[str] | None) -> dict[str, set[str]]:
    """Every folded writing of a closed vocabulary with the codes it stands for; a code or label goes before an alias."""
    found: dict[str, set[str]] = {}
    for column, code, text in _entries(item, reference, vaccines=vaccines):
        key = _folded(text)
        if column != "aliases" or key not in found:
            found.setdefault(key, set()).add(code)
    for text in (UNKNOWN, *UNKNOWN_LABELS):
        found.setdefault(_folded(text), {UNKNOWN})
    return found


def _entries(item: Dimension, reference: Mapping[str, pl.DataFrame], *, vaccines: Sequence[str] | None) -> Iterator[tuple[str, str, str]]:
    for code, labels in item.labels.items():
        for column, text in zip(_LABEL_COLUMNS, (code, *labels), strict=True):
            yield column, code, text
    if item.codelist is None or item.codelist not in reference:
        return
    frame = reference[item.codelist]
    if vaccines is not None and "vaccine_code" in frame.columns:
        frame = frame.filter(pl.col("vaccine_code").is_in(list(vaccines)))
    for column in (*_LABEL_COLUMNS, "aliases"):
        # Aliases of doses concern how an extract writes stage and number, not what a person asks for.
        if column not in frame.columns or (column == "aliases" and item.name == "dose"):
            continue
        for code, text in zip(frame["code"].to_list(), frame[column].to_list(), strict=True):
            for part in (text or "").split("|") if column == "aliases" else (text,):
                if code and part:
                    yield column, code, part


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()

"""Labels beside codes: from code lists where there is one, in plain words for whole numbers, 不明 where the code is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from daicho.core.fiscal import fiscal_year_label
from daicho.measures.dimensions import dimension
from daicho.measures.filters import UNKNOWN_LABELS
from daicho.measures.model import UNKNOWN, Dimension

LABEL_SUFFIX = "_label"

INSTITUTION_NAMES = """
SELECT institution AS code, arg_max(name, coalesce(valid_from, DATE '0001-01-01')) AS label
FROM institution WHERE institution IS NOT NULL GROUP BY institution
"""
"""The ledger's own list of institutions in the shape of a code list: put its rows under `institution` in the reference tables."""


def label_columns(
    frame: pl.DataFrame, *, dimensions: Sequence[str], reference: Mapping[str, pl.DataFrame], language: str = "ja"
) -> pl.DataFrame:
    """Add `<dimension>_label` right behind each dimension. A code without a label is its own label; null and `unknown` are 不明."""
    columns: list[pl.Expr] = []
    for name in frame.columns:
        columns.append(pl.col(name))
        if name in dimensions:
            columns.append(_label(frame[name], dimension(name), reference, language=language).alias(name + LABEL_SUFFIX))
    return frame.select(columns)


def _label(codes: pl.Series, item: Dimension, reference: Mapping[str, pl.DataFrame], *, language: str) -> pl.Expr:
    unknown = UNKNOWN_LABELS[language == "en"]
    if item.kind == "text":
        known = _known_labels(item, reference, language=language)
        labels = {code: known.get(code, unknown if code == UNKNOWN else code) for code in codes.unique().drop_nulls().to_list()}
    else:
        labels = {number: _number_label(number, item, language=language) for number in codes.unique().drop_nulls().to_list()}
    if not labels:
        return pl.lit(unknown)
    return pl.col(codes.name).replace_strict(labels, default=None, return_dtype=pl.String).fill_null(unknown)


def _known_labels(item: Dimension, reference: Mapping[str, pl.DataFrame], *, language: str) -> dict[str, str]:
    labels = {code: texts[language == "en"] for code, texts in item.labels.items()}
    if item.codelist is not None and item.codelist in reference:
        frame = reference[item.codelist]
        column = "label_en" if language == "en" and "label_en" in frame.columns else "label"
        labels |= {code: label or code for code, label in frame.select("code", column).iter_rows()}
    return labels


def _number_label(number: int, item: Dimension, *, language: str) -> str:
    if item.kind == "month":
        year, month = divmod(number, 100)
        return f"{year}-{month:02d}" if language == "en" else f"{year}年{month}月"
    if item.kind == "fiscal_year" and item.template == ("{}", "{}"):
        return fiscal_year_label(number, language=language)
    return item.template[language == "en"].format(number)

"""English reports: labels of codes from the code lists, prose from the translations that stand beside the Japanese."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from daicho.core.errors import DaichoError
from daicho.gate.release import Release, label_of
from daicho.present.labels import english_label

if TYPE_CHECKING:
    from nbformat import NotebookNode

_CODELISTS = {"dose": "dose_stage"}
"""Dimensions whose code list has another name; every other dimension's list is named like it."""


def labelled_in_english(release: Release, *, contracts_dir: Path | None) -> pl.DataFrame:
    """Return the frame with English labels; a code without one keeps its Japanese label."""
    frame = release.frame
    for dimension in release.facts.by:
        names = _english_names(dimension, contracts_dir=contracts_dir)
        labels = [
            english_label(dimension, code, str(label), names=names)
            for code, label in frame.select(dimension, label_of(dimension)).iter_rows()
        ]
        frame = frame.with_columns(pl.Series(label_of(dimension), labels, dtype=pl.String))
    return frame


def _english_names(dimension: str, *, contracts_dir: Path | None) -> dict[str, str]:
    if contracts_dir is None:
        return {}
    from daicho.contracts.codelists import load_codelist

    try:
        codes = load_codelist(contracts_dir, _CODELISTS.get(dimension, dimension))
    except DaichoError:
        return {}
    if "label_en" not in codes.columns:
        return {}
    return {code: label for code, label in codes.select("code", "label_en").iter_rows() if label}


def localise_notebook(notebook: NotebookNode, *, language: str) -> NotebookNode:
    """Return a copy of a report's notebook with its prose in the language of the report.

    Each markdown cell keeps its English text in its metadata (`daicho.en`); code cells are the same in every language. A cell without a
    translation stays as it is.
    """
    translated = copy.deepcopy(notebook)
    if language != "ja":
        for cell in translated.cells:
            source = cell.metadata.get("daicho", {}).get(language)
            if cell.cell_type == "markdown" and source:
                cell.source = source
    return translated

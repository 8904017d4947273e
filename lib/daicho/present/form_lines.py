"""The form of a fiscal year as its reference data prints it: rows in order with their groups, and the columns that divide some of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from daicho.contracts.codelists import load_codelist
from daicho.contracts.reference import load_reference
from daicho.core.fiscal import fiscal_year_end

FORM = "regional_health_report"
WHOLE = "all"
"""Code of the one column of a row that the form does not divide."""

_TABLES = ("form_row", "form_column", "statutory", "schedule", "program")


@dataclass(frozen=True)
class FormLine:
    """One row: its code, the group and stage it prints, and whether the form divides it by age."""

    code: str
    group: str
    stage: str
    is_divided: bool


@dataclass(frozen=True)
class Form:
    """Rows in print order; `categories` are (code, label) of the columns that divide some of them."""

    lines: tuple[FormLine, ...]
    categories: tuple[tuple[str, str], ...]

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(line.code for line in self.lines)

    def columns_of(self, line: FormLine) -> tuple[str, ...]:
        """Codes of the columns in which a row has a figure."""
        return tuple(code for code, _ in self.categories) if line.is_divided else (WHOLE,)


def load_form(fiscal_year: int, *, contracts_dir: Path, language: str) -> Form:
    """Return the form of a fiscal year: the rows and columns in force on its last day."""
    day, english = fiscal_year_end(fiscal_year), "_en" if language == "en" else ""
    rows = _in_force(load_reference(contracts_dir, "form_row"), day).filter(pl.col("form") == FORM)
    columns = _in_force(load_reference(contracts_dir, "form_column"), day).filter(pl.col("form") == FORM)
    vaccine_of = load_codelist(contracts_dir, "dose_stage").select(pl.col("code").alias("dose_code"), "vaccine_code")
    words = load_codelist(contracts_dir, "form_line").select(
        pl.col("code").alias("row_code"), pl.col(f"group_label{english}").alias("group"), pl.col(f"stage_label{english}").alias("stage")
    )
    is_divided = pl.col("vaccine_code").is_in(columns["vaccine_code"].unique().to_list()).any()
    placed = (
        rows.join(vaccine_of, on="dose_code", how="left")
        .group_by("row_code")
        .agg(pl.col("position").min(), is_divided.alias("is_divided"))
        .join(words, on="row_code", how="left")
        .sort("position", "row_code")
    )
    categories = load_codelist(contracts_dir, "age_category").filter(pl.col("code").is_in(columns["category"].unique().to_list()))
    return Form(
        lines=tuple(FormLine(*row) for row in placed.select("row_code", "group", "stage", "is_divided").iter_rows()),
        categories=tuple(categories.select("code", "label_en" if language == "en" else "label").iter_rows()),
    )


def unverified_rows(fiscal_year: int, *, contracts_dir: Path) -> dict[str, int]:
    """Return, for each reference table the return rests on, how many rows of that year nobody has verified; tables without any are left out."""
    start, end = date(fiscal_year, 4, 1), fiscal_year_end(fiscal_year)
    found = {}
    for name in _TABLES:
        frame = load_reference(contracts_dir, name)
        begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= end)
        lasting = pl.col("valid_to").is_null() | (pl.col("valid_to") >= start)
        found[name] = frame.filter(begun & lasting & (pl.col("verified") == "no")).height
    return {name: count for name, count in found.items() if count}


def _in_force(frame: pl.DataFrame, day: date) -> pl.DataFrame:
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    return frame.filter(begun & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)))

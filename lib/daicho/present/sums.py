"""Figures that are added up after the gate: counts of doses alone, which add up where persons do not, and only where nothing is withheld."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import polars as pl

from daicho.gate.release import Release, label_of, status_of
from daicho.present.labels import format_value
from daicho.present.tables import Cell

Key = tuple[object, ...]
_R = TypeVar("_R", bound=Release)


def count_cell(value: float | None, status: str) -> Cell:
    """Return a count as a table shows it."""
    return Cell(value=value, status=status, text=format_value(value, status=status, kind="count"))


ABSENT = count_cell(None, "not_applicable")


def words(text: str) -> Cell:
    return Cell(value=text, status="value", text=text)


def cells_by(release: Release, *keys: str, value: str = "doses_count") -> dict[Key, Cell]:
    """Return the figures of a release by the codes of some of its dimensions; what the other dimensions divide is added up."""
    found: dict[Key, list[Cell]] = {}
    for row in release.frame.iter_rows(named=True):
        found.setdefault(tuple(row[key] for key in keys), []).append(count_cell(row[value], row[status_of(value)]))
    return {key: total(parts) for key, parts in found.items()}


def figure_of(cells: Mapping[Key, Cell], key: Key, *, release: Release) -> Cell:
    """Return one figure; a combination that the release does not hold is none, unless withheld figures leave that open."""
    if key in cells:
        return cells[key]
    return ABSENT if release.facts.suppressed_cells else count_cell(0, "zero")


def total(cells: Iterable[Cell]) -> Cell:
    """Return a sum; with a withheld part it is withheld, and of parts that do not apply it does not apply."""
    kept = list(cells)
    if any(cell.status == "suppressed" for cell in kept):
        return count_cell(None, "suppressed")
    known = [int(cell.value) for cell in kept if isinstance(cell.value, int | float)]
    if kept and not known:
        return ABSENT
    return count_cell(sum(known), "value" if sum(known) else "zero")


def sum_over(release: _R, *keep: str, value: str = "doses_count") -> _R:
    """Return a release by some of its dimensions, one value of it added up over the others."""
    labels = release.frame.select(column for key in keep for column in (key, label_of(key))).unique(subset=list(keep), maintain_order=True)
    cells = cells_by(release, *keep, value=value)
    summed = [cells[tuple(row[key] for key in keep)] for row in labels.iter_rows(named=True)]
    frame = labels.with_columns(
        pl.Series(value, [cell.value for cell in summed], dtype=pl.Int64),
        pl.Series(status_of(value), [cell.status for cell in summed], dtype=pl.String),
    )
    columns = tuple(column for column in release.facts.columns if column.name in (*keep, value))
    return replace(release, frame=frame, facts=replace(release.facts, by=keep, columns=columns))

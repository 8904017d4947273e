"""From a release to a table: as it stands, or turned so that one dimension becomes the headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daicho.core.errors import UsageError
from daicho.gate.release import Release, facts_as_data, label_of, status_of
from daicho.present.labels import TOTAL, column_facts, column_heading, column_label, format_value, table_kind
from daicho.present.reading_order import codes_in_order
from daicho.present.tables import Cell, Table, TableColumn

_ABSENT = Cell(value=None, status="not_applicable", text=format_value(None, status="not_applicable", kind="count"))


def value_columns(release: Release) -> tuple[str, ...]:
    """Return the value columns of a release, in the measure's order: those that have a status beside them."""
    return tuple(name for name in release.frame.columns if status_of(name) in release.frame.columns)


def build_table(
    release: Release,
    *,
    name: str,
    title: str,
    language: str,
    columns: Sequence[str] | None = None,
    pivot: str | None = None,
    totals: Sequence[Release] = (),
    notes: Sequence[str] = (),
) -> Table:
    """Lay a release out as a table.

    `columns` picks and orders value columns. `pivot` turns a dimension into headings (its labels); a combination the
    release does not hold is not applicable, never zero. `totals` are further releases of the same measure by fewer
    dimensions: totals come from the gate, because persons cannot be added up and masked cells must not be.
    Raises UsageError for a column or dimension that the release does not have.
    """
    values = _chosen(release, columns)
    dimensions = tuple(release.facts.by)
    if pivot is not None and pivot not in dimensions:
        raise UsageError(f"pivot: {pivot} is no dimension of this release; it has {', '.join(dimensions) or 'none'}.")
    keys = tuple(dimension for dimension in dimensions if dimension != pivot)
    heads = [TableColumn(key=key, label=column_label(release.facts, key, language=language), kind="text") for key in keys]
    if not keys:
        heads = [TableColumn(key="scope", label="区分" if language == "ja" else "Scope", kind="text")]
    slots = _slots(release, values, pivot=pivot, language=language)
    rows = _rows(release, keys, slots, pivot=pivot, language=language, is_total=not keys)
    emphasis: list[int] = []
    for total in totals:
        _check_total(release, total, pivot=pivot)
        added = _rows(total, keys, slots, pivot=pivot, language=language, is_total=True)
        emphasis.extend(range(len(rows), len(rows) + len(added)))
        rows.extend(added)
    return Table(
        name=name,
        title=title,
        columns=(*heads, *(column for column, _, _ in slots)),
        rows=tuple(rows),
        notes=tuple(notes),
        emphasis_rows=tuple(emphasis),
        release_ids=tuple(dict.fromkeys(part.facts.release_id for part in (release, *totals))),
        facts=facts_as_data(release.facts),
        language=language,
    )


def _chosen(release: Release, columns: Sequence[str] | None) -> tuple[str, ...]:
    present = value_columns(release)
    for name in columns or ():
        if name not in present:
            raise UsageError(f"columns: {name} is no value column of this release; it has {', '.join(present)}.")
    return tuple(columns) if columns else present


def _check_total(release: Release, total: Release, *, pivot: str | None) -> None:
    if total.facts.measure != release.facts.measure or not set(total.facts.by) < set(release.facts.by):
        raise UsageError("totals: give a release of the same measure by fewer dimensions.")
    if pivot is not None and pivot not in total.facts.by:
        raise UsageError(f"totals: a total under the headings of {pivot} must itself be by {pivot}.")


def _slots(release: Release, values: Sequence[str], *, pivot: str | None, language: str) -> list[tuple[TableColumn, str, object]]:
    """Return (table column, value column, code of the pivot) in table order."""
    facts = release.facts
    kinds = {value: table_kind(column_facts(facts, value)) for value in values}
    if pivot is None:
        return [(TableColumn(value, column_heading(facts, value, language=language), kinds[value]), value, None) for value in values]
    heads = codes_in_order(release, pivot)
    return [
        (
            TableColumn(
                key="_".join([pivot, "unknown" if code is None else str(code), *([] if len(values) == 1 else [value])]),
                label=str(label) if len(values) == 1 else f"{label} {column_heading(facts, value, language=language)}",
                kind=kinds[value],
            ),
            value,
            code,
        )
        for code, label, *_ in heads
        for value in values
    ]


def _rows(
    release: Release,
    keys: Sequence[str],
    slots: Sequence[tuple[TableColumn, str, object]],
    *,
    pivot: str | None,
    language: str,
    is_total: bool,
) -> list[tuple[Cell, ...]]:
    """Gather released rows under their keys; in a total, the first key it does not have reads 合計."""
    gathered: dict[tuple[object, ...], dict[tuple[str, object], Cell]] = {}
    heads: dict[tuple[object, ...], tuple[Cell, ...]] = {}
    held = [key for key in keys if key in release.frame.columns]
    for row in release.frame.iter_rows(named=True):
        key = tuple(row[name] for name in held)
        heads.setdefault(key, _head_cells(row, keys, language=language, is_total=is_total))
        cells = gathered.setdefault(key, {})
        for _, value, code in slots:
            if pivot is None or row[pivot] == code:
                kind = column_facts(release.facts, value).kind
                status = row[status_of(value)]
                cells[value, code] = Cell(value=row[value], status=status, text=format_value(row[value], status=status, kind=kind))
    return [(*heads[key], *(cells.get((value, code), _ABSENT) for _, value, code in slots)) for key, cells in gathered.items()]


def _head_cells(row: Mapping[str, Any], keys: Sequence[str], *, language: str, is_total: bool) -> tuple[Cell, ...]:
    if not keys:
        return (Cell(value=TOTAL[language], status="value", text=TOTAL[language]),)
    cells: list[Cell] = []
    is_named = not is_total
    for key in keys:
        if label_of(key) in row:
            text = str(row[label_of(key)])
        else:
            text, is_named = ("" if is_named else TOTAL[language]), True
        cells.append(Cell(value=text, status="value", text=text))
    return tuple(cells)

"""The tables of the yearly return: the form with its subtotals, its rows for pasting, and what is on no row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from daicho.gate.release import Release, facts_as_data
from daicho.present.form_lines import WHOLE, Form, FormLine
from daicho.present.sums import ABSENT, Key, cells_by, figure_of, total, words
from daicho.present.tables import Cell, Table, TableColumn

_HEADS = {
    "ja": ("ワクチン", "接種期・回数", "接種者数（人）", "うち{}", "計", "合計", "様式の行", "対象年齢区分", "対象者"),
    "en": ("Vaccine", "Stage", "Doses", "of these {}", "Subtotal", "Total", "Row", "Age category", "All eligible"),
}
_REASON_HEADS = {"ja": ("計上しない理由", "接種回数（回）", "記録件数（件）", "合計"), "en": ("Reason", "Doses", "Records", "Total")}

Row = tuple[Cell, ...]


def form_table(release: Release, form: Form, *, name: str, title: str, notes: Sequence[str], language: str) -> Table:
    """Lay the rows out as the form prints them: a column for each age category, a subtotal for each group of several rows, the grand total.

    `release` is `form_rows` by row and column. Every row of the form is there, whether anybody was vaccinated or not.
    """
    group, stage, doses, part, subtotal, all_of, *_ = _HEADS[language]
    cells = cells_by(release, "row", "column")
    columns = [TableColumn("group", group, "text"), TableColumn("stage", stage, "text"), TableColumn("doses_count", doses, "count")]
    columns += [TableColumn(f"doses_{_key(code)}_count", part.format(label), "count") for code, label in form.categories]
    rows: list[Row] = []
    emphasis: list[int] = []
    every: list[Row] = []
    for heading, lines in groupby(form.lines, key=lambda line: line.group):
        counted = [_figures(line, form, cells=cells, release=release) for line in lines if line.group == heading]
        rows += [(words(line.group), words(line.stage), *figures) for line, figures in counted]
        every += [figures for _, figures in counted]
        if len(counted) > 1:
            emphasis.append(len(rows))
            rows.append((words(heading), words(subtotal), *_added([figures for _, figures in counted])))
    if rows:
        emphasis.append(len(rows))
        rows.append((words(all_of), words(""), *_added(every)))
    return _table(release, name=name, title=title, columns=columns, rows=rows, emphasis=emphasis, notes=notes, language=language)


def row_table(release: Release, form: Form, *, name: str, title: str, notes: Sequence[str], language: str) -> Table:
    """Return the rows of the form one after another, without totals, one figure a line: for pasting, and for comparing with what was submitted."""
    group, stage, doses, _, _, _, row, category, whole = _HEADS[language]
    cells = cells_by(release, "row", "column")
    labels = {WHOLE: whole, **dict(form.categories)}
    heads = (("row", row), ("group", group), ("stage", stage), ("column", category))
    columns = [*(TableColumn(key, label, "text") for key, label in heads), TableColumn("doses_count", doses, "count")]
    rows = [
        (words(line.code), words(line.group), words(line.stage), words(labels[code]), figure_of(cells, (line.code, code), release=release))
        for line in form.lines
        for code in form.columns_of(line)
    ]
    return _table(release, name=name, title=title, columns=columns, rows=rows, emphasis=(), notes=notes, language=language)


def reason_table(release: Release, order: Sequence[str], *, name: str, title: str, notes: Sequence[str], language: str) -> Table:
    """Return the records on no row by reason, in the order in which the reasons are judged, with their total."""
    reason, doses, records, all_of = _REASON_HEADS[language]
    columns = [
        TableColumn("reason", reason, "text"),
        TableColumn("doses_count", doses, "count"),
        TableColumn("records_count", records, "count"),
    ]
    places = {code: place for place, code in enumerate(order)}
    found = sorted(release.frame.iter_rows(named=True), key=lambda row: places.get(row["reason"], len(places)))
    both = [cells_by(release, "reason", value=value) for value in ("doses_count", "records_count")]
    rows: list[Row] = [(words(str(row["reason_label"])), *(cells[(row["reason"],)] for cells in both)) for row in found]
    if rows:
        rows.append((words(all_of), *(total(cells.values()) for cells in both)))
    return _table(release, name=name, title=title, columns=columns, rows=rows, emphasis=(len(rows) - 1,), notes=notes, language=language)


def _figures(line: FormLine, form: Form, *, cells: dict[Key, Cell], release: Release) -> tuple[FormLine, Row]:
    """A row's total, then its part in each age category: － where the form does not divide it."""
    parts = {code: figure_of(cells, (line.code, code), release=release) for code in form.columns_of(line)}
    return line, (total(parts.values()), *(parts.get(code, ABSENT) for code, _ in form.categories))


def _added(rows: Sequence[Row]) -> Row:
    return tuple(total(column) for column in zip(*rows, strict=True))


def _key(code: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in code).strip("_")


def _table(
    release: Release,
    *,
    name: str,
    title: str,
    columns: Sequence[TableColumn],
    rows: Sequence[Row],
    emphasis: Sequence[int],
    notes: Sequence[str],
    language: str,
) -> Table:
    return Table(
        name=name,
        title=title,
        columns=tuple(columns),
        rows=tuple(rows),
        notes=tuple(notes),
        emphasis_rows=tuple(emphasis) if rows else (),
        release_ids=(release.facts.release_id,),
        facts=facts_as_data(release.facts),
        language=language,
    )

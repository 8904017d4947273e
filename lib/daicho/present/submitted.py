"""What changed in the yearly return since it was submitted: row by row."""

from __future__ import annotations

from collections.abc import Sequence

from daicho.gate.release import facts_as_data
from daicho.present.form_lines import Form
from daicho.present.released import PresentedRelease
from daicho.present.sums import ABSENT, cells_by, count_cell, figure_of, total, words
from daicho.present.tables import Cell, Table, TableColumn

_HEADS = {
    "ja": ("ワクチン", "接種期・回数", "対象年齢区分", "提出", "現在", "差", "合計"),
    "en": ("Vaccine", "Stage", "Age category", "Submitted", "Now", "Difference", "Total"),
}


def changed_rows(
    now: PresentedRelease, submitted: PresentedRelease, form: Form, *, name: str, title: str, notes: Sequence[str], language: str
) -> Table:
    """Return each row and age category of the form that differs from what was submitted, and the total; both by `row` and `column`."""
    group, stage, column, before, after, difference, all_of = _HEADS[language]
    columns = [TableColumn("group", group, "text"), TableColumn("stage", stage, "text"), TableColumn("column", column, "text")]
    columns += [TableColumn(key, label, "count") for key, label in (("submitted", before), ("now", after), ("difference", difference))]
    old, new = cells_by(submitted, "row", "column"), cells_by(now, "row", "column")
    names = dict(form.categories)
    rows = []
    for line in form.lines:
        for code in form.columns_of(line):
            pair = figure_of(old, (line.code, code), release=submitted), figure_of(new, (line.code, code), release=now)
            if pair[0].value != pair[1].value or "suppressed" in (pair[0].status, pair[1].status):
                rows.append((words(line.group), words(line.stage), words(names.get(code, "－")), *pair, _difference(*pair)))
    sums = total(old.values()), total(new.values())
    rows.append((words(all_of), words(""), words(""), *sums, _difference(*sums)))
    return Table(
        name=name, title=title, columns=tuple(columns), rows=tuple(rows), notes=tuple(notes), emphasis_rows=(len(rows) - 1,),
        facts=facts_as_data(now.facts), language=language,
    )  # fmt: skip


def _difference(before: Cell, after: Cell) -> Cell:
    if not isinstance(before.value, int | float) or not isinstance(after.value, int | float):
        return count_cell(None, "suppressed") if "suppressed" in (before.status, after.status) else ABSENT
    change = int(after.value) - int(before.value)
    return Cell(value=change, status="value" if change else "zero", text=f"{change:+,}" if change else "0")

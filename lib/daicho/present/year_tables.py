"""The form beside earlier years: each row over the years with its change, and releases of several years as one, for charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import polars as pl

from daicho.core.fiscal import fiscal_year_label
from daicho.gate.release import ColumnFacts, Release, facts_as_data, label_of
from daicho.present.form_lines import Form
from daicho.present.sums import ABSENT, cells_by, figure_of, total, words
from daicho.present.tables import Cell, Table, TableColumn

_R = TypeVar("_R", bound=Release)
_HEADS = {"ja": ("ワクチン", "接種期・回数", "前年度比", "標識", "合計"), "en": ("Vaccine", "Stage", "Change", "Flag", "Total")}
_MARKS = {"ja": ("▲", "▼", "▲皆増", "▼皆減", "新規"), "en": ("▲", "▼", "▲ from none", "▼ to none", "new")}


def year_table(
    years: Mapping[int, Release], forms: Mapping[int, Form], *, change: float, name: str, title: str, notes: Sequence[str], language: str
) -> Table:
    """Return each row of the newest year's form over the years, oldest first, with its change on the year before.

    `years` maps fiscal years to `form_rows` by row (and more). A row that a year's form did not have is －, not zero. A change of more than the share
    `change` (0.2 for 20 %) is flagged: ▲ up, ▼ down.
    """
    newest = max(years)
    group, stage, changed, flag, all_of = _HEADS[language]
    columns = [TableColumn("group", group, "text"), TableColumn("stage", stage, "text")]
    columns += [TableColumn(f"fy{year}", fiscal_year_label(year, language=language), "count") for year in sorted(years)]
    columns += [TableColumn("change", changed, "rate"), TableColumn("flag", flag, "text")]
    cells = {year: cells_by(release, "row") for year, release in years.items()}
    rows = []
    for line in forms[newest].lines:
        over = [
            figure_of(cells[year], (line.code,), release=years[year]) if line.code in forms[year].codes else ABSENT
            for year in sorted(years)
        ]
        rows.append((words(line.group), words(line.stage), *over, *_change(over, change=change, language=language)))
    sums = [total(cells[year].values()) for year in sorted(years)]
    rows.append((words(all_of), words(""), *sums, *_change(sums, change=change, language=language)))
    return Table(
        name=name,
        title=title,
        columns=tuple(columns),
        rows=tuple(rows),
        notes=tuple(notes),
        emphasis_rows=(len(rows) - 1,),
        facts=facts_as_data(years[newest].facts),
        language=language,
    )


def stack_years(years: Mapping[int, _R], *, language: str) -> _R:
    """Return releases of one measure by the same dimensions as one release, with the fiscal year as its first dimension."""
    newest = years[max(years)]
    frames = []
    for year in sorted(years):
        label = pl.lit(fiscal_year_label(year, language=language)).alias(label_of("fiscal_year"))
        frame = years[year].frame
        frames.append(frame.select(pl.lit(year, dtype=pl.Int64).alias("fiscal_year"), label, *frame.columns))
    column = ColumnFacts("fiscal_year", "年度", "Fiscal year", "fiscal_year", "")
    facts = replace(
        newest.facts,
        by=("fiscal_year", *newest.facts.by),
        columns=(column, *newest.facts.columns),
        suppressed_cells=sum(release.facts.suppressed_cells for release in years.values()),
    )
    return replace(newest, frame=pl.concat(frames), facts=facts)


def _change(over: Sequence[Cell], *, change: float, language: str) -> tuple[Cell, Cell]:
    """The change from the last year but one to the last as a share, and its flag."""
    up, down, from_none, to_none, is_new = _MARKS[language]
    now, before = over[-1].value, over[-2].value if len(over) > 1 else None
    if "suppressed" in {cell.status for cell in over[-2:]}:
        return Cell(None, "suppressed", "＊"), words("")
    if not isinstance(before, int | float):
        return ABSENT, words(is_new if now else "")
    if not isinstance(now, int | float) or (not now and not before):
        return ABSENT, words("")
    if not before:
        return ABSENT, words(from_none)
    share = now / before - 1
    cell = Cell(share, "value" if share else "zero", f"{share * 100:+.1f} %" if round(share, 3) else "0.0 %")
    if not now:
        return cell, words(to_none)
    return cell, words("" if abs(share) <= change else up if share > 0 else down)

"""Key figures: a value with what it was a year before, and tables that put figures of several releases beside one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from daicho.gate.release import Release, label_of, status_of
from daicho.present.cross_tables import value_columns
from daicho.present.denominators import denominator
from daicho.present.labels import NOT_APPLICABLE_MARK, SUPPRESSED_MARK, Figure, column_facts, column_label, format_value, table_kind
from daicho.present.picture import main_value
from daicho.present.reading_order import codes_in_order
from daicho.present.tables import Cell, Table, TableColumn

_HEADS = {
    "ja": ("指標", "対象", "値", "前年度", "ポイント差", "分母の人数（人）", "分母"),
    "en": ("Figure", "For", "Value", "Year before", "Points", "Of (persons)", "Denominator"),
}
_BOX_HEADS = {"ja": ("項目", "件数"), "en": ("Item", "Number")}
_SAME = {"ja": "横ばい", "en": "unchanged"}
_RISEN = {"ja": "{:.1f}ポイント上昇", "en": "up {:.1f} points"}
_FALLEN = {"ja": "{:.1f}ポイント低下", "en": "down {:.1f} points"}
_SINCE = {"ja": "{}（前年度と比べ{}）", "en": "{} ({} on the year before)"}
ABSENT = Figure(value=None, status="not_applicable", text=NOT_APPLICABLE_MARK)


@dataclass(frozen=True)
class KeyFigure:
    """One rate, the same a year before, and what it is a share of."""

    name: str
    scope: str
    now: Figure
    before: Figure
    whole: Figure
    rule: str
    release_id: str
    language: str

    @property
    def change(self) -> Figure:
        """How the rate moved, from the values as they are printed: equal ones are 横ばい."""
        if "suppressed" in (self.now.status, self.before.status):
            return Figure(value=None, status="suppressed", text=SUPPRESSED_MARK)
        if self.now.value is None or self.before.value is None:
            return ABSENT
        points = round(round(self.now.value * 100, 1) - round(self.before.value * 100, 1), 1)
        words = _SAME if not points else _RISEN if points > 0 else _FALLEN
        return Figure(value=points, status="value", text=words[self.language].format(abs(points)))

    def __str__(self) -> str:
        change = self.change
        return self.now.text if change.value is None else _SINCE[self.language].format(self.now.text, change.text)


def key_table(figures: Iterable[KeyFigure], *, name: str, title: str, notes: Sequence[str], language: str) -> Table:
    """Return one row a figure, each with its denominator beside it."""
    keys = ("figure", "scope", "value", "before", "change", "whole", "rule")
    kinds = ("text", "text", "rate", "rate", "text", "count", "text")
    columns = tuple(TableColumn(*parts) for parts in zip(keys, _HEADS[language], kinds, strict=True))
    kept = tuple(figures)
    rows = tuple(
        (
            _words(figure.name),
            _words(figure.scope),
            _number(figure.now, "rate"),
            _number(figure.before, "rate"),
            _points(figure.change, language),
            _number(figure.whole, "count"),
            _words(figure.rule),
        )
        for figure in kept
    )
    ids = tuple(dict.fromkeys(figure.release_id for figure in kept if figure.release_id))
    return Table(name=name, title=title, columns=columns, rows=rows, notes=tuple(notes), release_ids=ids, language=language)


def box_table(items: Iterable[tuple[str, Figure]], *, name: str, title: str, notes: Sequence[str], language: str) -> Table:
    """Return figures of different kinds and units as a list with their names."""
    columns = tuple(TableColumn(key, label, "text") for key, label in zip(("item", "number"), _BOX_HEADS[language], strict=True))
    rows = tuple((_words(label), _said(figure)) for label, figure in items)
    return Table(name=name, title=title, columns=columns, rows=rows, notes=tuple(notes), language=language)


def side_by_side(
    parts: Sequence[tuple[Release, str, str]], *, by: str, name: str, title: str, notes: Sequence[str], language: str
) -> Table:
    """Return one row for each code of `by` and one column for each (release, value column or nothing for the main one, heading); what a release lacks is －."""
    places: dict[object, str] = {}
    for release, _, _ in parts:
        places |= {code: str(label) for code, label, *_ in codes_in_order(release, by) if code not in places}
    heads = [TableColumn(by, column_label(parts[0][0].facts, by, language=language), "text")] if parts else []
    cells: dict[object, list[Cell]] = {code: [_words(label)] for code, label in places.items()}
    rules = {}
    for number, (release, asked, heading) in enumerate(parts, start=1):
        column = asked or main_value(release)
        facts = column_facts(release.facts, column)
        heads.append(TableColumn(f"{column}_{number}", heading, table_kind(facts)))
        found = {row[by]: row for row in release.frame.iter_rows(named=True)}
        for code in places:
            row = found.get(code)
            value, status = (row[column], row[status_of(column)]) if row else (None, "not_applicable")
            cells[code].append(Cell(value, status, format_value(value, status=status, kind=facts.kind)))
        rules[heading] = denominator(release.facts, language=language)
    colon, stop = ("：", "。") if language == "ja" else (": ", ".")
    said = [f"{heading}{colon}{rule}" for heading, rule in rules.items() if rule]
    head = "分母　" if language == "ja" else "Denominators: "
    denominators = (head + ("；" if language == "ja" else "; ").join(said) + stop,) if said else ()
    ids = tuple(dict.fromkeys(release.facts.release_id for release, _, _ in parts))
    rows = tuple(tuple(row) for row in cells.values())
    return Table(name=name, title=title, columns=tuple(heads), rows=rows, notes=(*denominators, *notes), release_ids=ids, language=language)


def extreme(release: Release, column: str, *, of: str) -> tuple[str, object, str] | None:
    """Return label, value and text of the lowest released value, when there is one and nothing withheld could be lower."""
    if column not in value_columns(release) or "suppressed" in release.frame.get_column(status_of(column)).to_list():
        return None
    known = release.frame.filter(release.frame.get_column(column).is_not_null())
    if known.is_empty():
        return None
    row = known.sort(column, maintain_order=True).row(0, named=True)
    kind = column_facts(release.facts, column).kind
    return str(row[label_of(of)]), row[column], format_value(row[column], status="value", kind=kind)


def _points(change: Figure, language: str) -> Cell:
    """Write a change in points with its sign: the heading has the unit."""
    if not isinstance(change.value, float | int):
        return _said(change)
    words = f"{change.value:+.1f}".replace("-", "－").replace("+", "＋") if change.value else _SAME[language]
    return Cell(value=words, status="value", text=words)


def _words(text: str) -> Cell:
    return Cell(value=text, status="value", text=text)


def _number(figure: Figure, kind: str) -> Cell:
    return Cell(value=figure.value, status=figure.status, text=format_value(figure.value, status=figure.status, kind=kind))


def _said(figure: Figure) -> Cell:
    is_said = figure.status in ("value", "zero")
    return Cell(value=figure.text if is_said else None, status=figure.status, text=figure.text)

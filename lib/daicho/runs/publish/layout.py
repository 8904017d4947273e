"""How wide text is and how a table fits an A4 page: type size, page direction, and column groups when even that is not enough.

Widths follow Noto Sans CJK JP in bold, a little generously: one em for a full-width character, less for digits, points and Latin letters.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daicho.runs.publish.tables import Table

PORTRAIT_PT = 481.0  # 170 mm
LANDSCAPE_PT = 728.0  # 257 mm
CELL_INSET_PT = 3.5
PORTRAIT_SIZES = (9.0, 8.5, 8.0, 7.5)
LANDSCAPE_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5)
_WIDE = frozenset("WFA")
_HALF_WIDTH_EM = 0.62
_DIGIT_EM = 0.555
_POINT_EM = 0.29
_DIGITS = frozenset("0123456789")
_POINTS = frozenset(",. ")
_SPARE = 1.04
_LONGEST_UNBROKEN_TEXT_EM = 16.0
_UNBROKEN_HEADING_EM = 6.0
_BROKEN_HEADING_EM = 5.0
_NARROWEST_EM = 3.0
_LINES_OF_WORDS = 3
_MOST_STRETCH = 1.7
_REPEATED_COLUMNS = 2
_LONGEST_UNBROKEN_TABLE = 20


@dataclass(frozen=True)
class TablePart:
    """A group of columns set as one table: positions in the whole table and their widths in pt."""

    columns: tuple[int, ...]
    widths_pt: tuple[float, ...]


@dataclass(frozen=True)
class TableLayout:
    """Type size in pt, page direction, whether it may run over pages, and its parts (one, unless it has too many columns for a page)."""

    size_pt: float
    is_landscape: bool
    is_breakable: bool
    parts: tuple[TablePart, ...]


def width_em(text: str) -> float:
    """The width of the longest line of a text in ems."""
    return max((sum(_advance(character) for character in line) for line in text.splitlines()), default=0.0)


def width_cells(text: str) -> int:
    """The width of the longest line in half-width characters: full-width ones count two."""
    return max((sum(2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in line) for line in text.splitlines()), default=0)


def layout_table(table: Table) -> TableLayout:
    """Fit a table: portrait in normal type, then smaller, then landscape, then in several parts that repeat the leading text columns."""
    needs = [_needed_em(table, position) for position in range(len(table.columns))]
    # A short table moves whole to the next page; a long one breaks and repeats its head.
    is_breakable = len(table.rows) > _LONGEST_UNBROKEN_TABLE
    for is_landscape, sizes, width in ((False, PORTRAIT_SIZES, PORTRAIT_PT), (True, LANDSCAPE_SIZES, LANDSCAPE_PT)):
        for size in sizes:
            if _total_pt(needs, size) <= width:
                part = _part(tuple(range(len(needs))), needs, size, width)
                return TableLayout(size, is_landscape, is_breakable, (part,))
    size = LANDSCAPE_SIZES[-1]
    groups = _groups(needs, size=size, repeated=_repeated(table))
    return TableLayout(size, True, is_breakable, tuple(_part(group, needs, size, LANDSCAPE_PT) for group in groups))


def _advance(character: str) -> float:
    if character in _DIGITS:
        return _DIGIT_EM
    if character in _POINTS:
        return _POINT_EM
    return 1.0 if unicodedata.east_asian_width(character) in _WIDE else _HALF_WIDTH_EM


def _needed_em(table: Table, position: int) -> float:
    """The least width of a column: numbers and short texts are never broken; headings and long texts may be."""
    column = table.columns[position]
    cells = max((width_em(row[position].text) for row in table.rows), default=0.0)
    if not column.is_number:
        cells = min(cells, _LONGEST_UNBROKEN_TEXT_EM)
    return max(cells, _heading_em(column.label), _NARROWEST_EM)


def _heading_em(label: str) -> float:
    """The least width of a heading: a long one takes two lines; one in words takes up to three, and no word is broken."""
    whole = width_em(label)
    if whole <= _UNBROKEN_HEADING_EM:
        return whole
    words = label.split(" ")
    if len(words) > 2:
        return max(*(width_em(word) for word in words), math.ceil(whole / _LINES_OF_WORDS) + 1.0)
    return max(_BROKEN_HEADING_EM, math.ceil(whole / 2) + 1.0)


def _width_pt(need_em: float, size: float) -> float:
    return need_em * size * _SPARE + 2 * CELL_INSET_PT


def _total_pt(needs: Sequence[float], size: float) -> float:
    return sum(_width_pt(need, size) for need in needs)


def _part(columns: tuple[int, ...], needs: Sequence[float], size: float, width: float) -> TablePart:
    natural = [_width_pt(needs[column], size) for column in columns]
    stretch = min(_MOST_STRETCH, width / sum(natural)) if natural else 1.0
    return TablePart(columns, tuple(round(pt * stretch, 2) for pt in natural))


def _repeated(table: Table) -> int:
    """How many leading text columns every part repeats."""
    leading = 0
    for column in table.columns[:_REPEATED_COLUMNS]:
        if column.is_number:
            break
        leading += 1
    return min(leading, len(table.columns) - 1)


def _groups(needs: Sequence[float], *, size: float, repeated: int) -> Iterator[tuple[int, ...]]:
    head = tuple(range(repeated))
    room = LANDSCAPE_PT - _total_pt(needs[:repeated], size)
    group: list[int] = []
    used = 0.0
    for column in range(repeated, len(needs)):
        width = _width_pt(needs[column], size)
        if group and used + width > room:
            yield head + tuple(group)
            group, used = [], 0.0
        group.append(column)
        used += width
    yield head + tuple(group)

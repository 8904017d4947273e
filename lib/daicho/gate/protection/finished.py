"""Finished tables as an attacker reads them: numbers, marks of what is withheld, margins, and tables that share cells.

Tables are linked where they break persons down by the same codes: a row's key is the set of its dimensions and codes without totals, so
the margin of one table is a row of another. Margins that no table shows are cells too: what is known of them from elsewhere joins tables.
A row that a table does not have is taken as nobody, or as unknown where so told. A printed rate bounds its count and denominator by its digits.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import polars as pl

from daicho.core.errors import UsageError
from daicho.gate.protection.attacker import bound_cells
from daicho.gate.protection.system import Relation, System
from daicho.gate.protection.tables import TOTAL, Key, is_total, margin_relations, nested_dimensions, with_margins
from daicho.gate.release import LABEL_SUFFIX, STATUS_SUFFIX

HIDDEN_MARKS = frozenset(
    {"", "x", "*", "-", "‐", "‑", "–", "—", "−", "ー", "・", "...", "…", "‥", "s", "c", "(d)", "d", "秘匿", "suppressed", "***", "**"}
)
COLUMN_DIMENSION = "(列)"
_NUMBER = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?|[+-]?\d+(\.\d+)?")

Cell = tuple[frozenset[tuple[str, str]], str]


@dataclass
class Published:
    """What all files say together: the shown value of each cell, None where it is withheld; and the equations between cells.

    `sensitive_mark`: how the withheld cells are written that are sensitive themselves; empty where files do not tell them from partners."""

    sensitive_mark: str = ""
    absent_is_unknown: bool = False
    cells: dict[Cell, float | None] = field(default_factory=dict)
    places: dict[Cell, str] = field(default_factory=dict)
    sums: list[tuple[Cell, tuple[Cell, ...]]] = field(default_factory=list)
    weighted: list[tuple[tuple[Cell, ...], tuple[float, ...]]] = field(default_factory=list)
    sensitive: set[Cell] = field(default_factory=set)


@dataclass(frozen=True)
class Interval:
    """A withheld cell as the attacker sees it. `verdict`: exact, small (surely below k), narrow, or kept; partner: withheld for another's
    sake, so that only an exact figure would matter."""

    where: str
    column: str
    lower: float
    upper: float
    verdict: str


def read_value(text: object) -> tuple[float | None, bool]:
    """A cell as (number, is it a number or a mark). A mark reads as None; text that is neither gives (None, False)."""
    plain = _plain(text)
    if plain.lower() in HIDDEN_MARKS:
        return None, True
    if _NUMBER.fullmatch(plain):
        return float(plain.replace(",", "")), True
    return None, False


def dimensions_of(frame: pl.DataFrame) -> tuple[str, ...]:
    """Columns that hold codes: those with any cell that is neither number nor mark, and those left of the last of them."""
    names = [name for name in frame.columns if not name.endswith((LABEL_SUFFIX, STATUS_SUFFIX))]
    coded = [place for place, name in enumerate(names) if not all(read_value(text)[1] for text in frame[name].to_list())]
    return tuple(names[: coded[-1] + 1]) if coded else ()


def add_table(published: Published, frame: pl.DataFrame, *, by: Sequence[str], values: Sequence[str], source: str) -> None:
    """Read one table. Raises UsageError where a row stands twice with different figures or a value is no number."""
    missing = [name for name in (*by, *values) if name not in frame.columns]
    if missing:
        raise UsageError(f"{source} has no column {missing[0]}: its columns are {', '.join(frame.columns)}.")
    dimensions, rows = tuple(by), [tuple(_code(text) for text in row) for row in frame.select(by).rows()]
    figures = {name: _figures(frame, name, source) for name in values}
    marked = {name: [_plain(text) == _plain(published.sensitive_mark) for text in frame[name].to_list()] for name in values}
    if any(is_total(name) for name in values) and len(values) > 1:
        dimensions, rows, figures = _turned(dimensions, rows, figures)
    nested = nested_dimensions(rows, len(dimensions))
    upper = {(fine, row[fine]): row[coarse] for row in rows for fine, coarse in nested.items() if TOTAL not in (row[fine], row[coarse])}
    rows = [_placed(row, nested, upper) for row in rows]
    absent = _absent(rows, nested, upper) if published.absent_is_unknown else []
    keys = with_margins([*rows, *absent], len(dimensions), nested)
    relations = margin_relations(keys, len(dimensions))
    for column, numbers in figures.items():
        cells = [(_key(key, dimensions), column) for key in keys]
        for cell, key in zip(cells, keys, strict=True):
            published.cells.setdefault(cell, math.nan)
            published.places.setdefault(cell, " ".join(key))
        for row, number in zip(rows, numbers, strict=True):
            _publish(published, (_key(row, dimensions), column), number, source)
        if published.sensitive_mark and column in marked:
            published.sensitive |= {(_key(row, dimensions), column) for row, gone in zip(rows, marked[column], strict=True) if gone}
        for relation in relations:
            total, *parts = relation.cells
            if cells[total] not in [cells[part] for part in parts]:
                published.sums.append((cells[total], tuple(cells[part] for part in parts)))


def add_denominators(published: Published, *, count: str, of: str) -> None:
    """Nobody is counted who is not in the denominator: the rest is a cell that no table shows."""
    for key, column in [cell for cell in published.cells if cell[1] == count]:
        if (key, of) in published.cells:
            rest = (key, f"{of} − {count}")
            published.cells.setdefault(rest, math.nan)
            published.places.setdefault(rest, published.places[(key, column)])
            published.sums.append(((key, of), ((key, count), rest)))


def add_rates(published: Published, frame: pl.DataFrame, *, by: Sequence[str], rate: str, count: str, of: str) -> None:
    """A rate of `count` to `of`, as printed: within half a unit of its last digit. A column with a figure above 1 is in per cent."""
    texts = [_plain(text) for text in frame[rate].to_list()]
    numbers = [read_value(text)[0] for text in texts]
    digits = max((len(text.partition(".")[2]) for text, number in zip(texts, numbers, strict=True) if number is not None), default=0)
    scale = 100.0 if any(number is not None and number > 1 for number in numbers) else 1.0
    half = 0.5 * 10.0**-digits / scale
    for row, number in zip(frame.select(by).rows(), numbers, strict=True):
        key = _key(tuple(_code(text) for text in row), by)
        part, whole = (key, count), (key, of)
        if number is None or part not in published.cells or whole not in published.cells:
            continue
        for name, factor, sign in (("≥", number / scale - half, 1.0), ("≤", number / scale + half, -1.0)):
            slack = (key, f"{rate} {name}")
            published.cells.setdefault(slack, math.nan)
            published.places.setdefault(slack, published.places[part])
            # count - least share of the denominator = what it exceeds it by; the other way round for the greatest share.
            published.weighted.append(((part, whole, slack), (sign, -sign * factor, -1.0)))


def attack(published: Published, *, threshold: int, width: int, is_whole: bool = True) -> list[Interval]:
    """Bound every withheld cell. Raises UsageError when the numbers contradict one another."""
    cells = list(published.cells)
    number = {cell: place for place, cell in enumerate(cells)}
    relations = tuple(
        Relation((number[total], *(number[part] for part in parts)), (-1.0, *([1.0] * len(parts)))) for total, parts in published.sums
    )
    relations += tuple(Relation(tuple(number[cell] for cell in members), factors) for members, factors in published.weighted)
    labels = tuple(f"{published.places[cell]} {cell[1]}".strip() for cell in cells)
    shown = np.array([np.nan if value is None else value for value in published.cells.values()])
    marked = [number[cell] for cell, value in published.cells.items() if value is None]
    lower, upper = bound_cells(System(labels, relations, is_whole), shown, targets=marked)
    return [
        Interval(
            published.places[cells[place]],
            cells[place][1],
            lower[place],
            upper[place],
            _verdict(
                lower[place],
                upper[place],
                threshold,
                width,
                is_partner=bool(published.sensitive_mark) and cells[place] not in published.sensitive,
            ),
        )
        for place in marked
    ]


def _verdict(lower: float, upper: float, threshold: int, width: int, *, is_partner: bool) -> str:
    if upper - lower < 1e-6:
        return "exact"
    if is_partner:
        return "partner"
    if upper < threshold:
        return "small"
    return "narrow" if lower < threshold and upper - lower < width else "kept"


def _figures(frame: pl.DataFrame, name: str, source: str) -> list[float | None]:
    read = [read_value(text) for text in frame[name].to_list()]
    if not all(is_read for _, is_read in read):
        raise UsageError(
            f"{source}: column {name} holds text that is neither a number nor a mark of a withheld figure: name the dimensions with --by."
        )
    status = frame[name + STATUS_SUFFIX].to_list() if name + STATUS_SUFFIX in frame.columns else ["value"] * len(read)
    return [
        math.nan if stated == "not_applicable" else None if stated == "suppressed" else value
        for (value, _), stated in zip(read, status, strict=True)
    ]


def _plain(text: object) -> str:
    return unicodedata.normalize("NFKC", "" if text is None else str(text)).strip()


def _absent(rows: Sequence[Key], nested: Mapping[int, int], upper: Mapping[tuple[int, str], str], limit: int = 20_000) -> list[Key]:
    """Combinations of codes that a table has no row for; a crossing of more than `limit` is left as it is."""
    inner = [row for row in rows if TOTAL not in row]
    codes = [sorted(set(each)) for each in zip(*inner, strict=True)]
    if not inner or math.prod(len(each) for each in codes) > limit:
        return []
    there = set(inner)
    crossed = (row for row in product(*codes) if row not in there)
    return [row for row in crossed if all(upper.get((fine, row[fine])) in (None, row[coarse]) for fine, coarse in nested.items())]


def _code(text: object) -> str:
    plain = _plain(text)
    return TOTAL if is_total(plain) else plain


def _turned(
    dimensions: Key, rows: Sequence[Key], figures: Mapping[str, Sequence[float | None]]
) -> tuple[Key, list[Key], dict[str, list[float | None]]]:
    """A table whose columns are codes of one more dimension, their total among them."""
    turned = [(*row, _code(name)) for name in figures for row in rows]
    return (*dimensions, COLUMN_DIMENSION), turned, {"": [number for name in figures for number in figures[name]]}


def _placed(row: Key, nested: Mapping[int, int], upper: Mapping[tuple[int, str], str]) -> Key:
    """A town without its district is the town of its district."""
    codes = list(row)
    for fine, coarse in nested.items():
        if codes[fine] != TOTAL and codes[coarse] == TOTAL:
            codes[coarse] = upper[fine, codes[fine]]
    return tuple(codes)


def _key(row: Key, dimensions: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, code) for name, code in zip(dimensions, row, strict=True) if code != TOTAL)


def _publish(published: Published, cell: Cell, number: float | None, source: str) -> None:
    held = published.cells[cell]
    if number is not None and math.isnan(number):
        return
    if held is not None and not math.isnan(held):
        if number is not None and number != held:
            raise UsageError(f"{source} and a table before it show different figures at {published.places[cell]}: they are not of one day.")
        return
    published.cells[cell] = number


def join_tables(published: Published, *, limit: int = 20_000) -> None:
    """Where three or more tables cross (A × B, B × C, A × C), join them by the cells of A × B × C, which none shows: their margins alone
    do not say all that the tables say together. Crossings of more than `limit` cells are left to their margins."""
    crossings = {frozenset(name for name, _ in key) for key, _ in published.cells}
    widest = [names for names in crossings if not any(names < other for other in crossings)]
    dimensions = sorted(frozenset().union(*widest))
    codes = {name: sorted({code for key, _ in published.cells for own, code in key if own == name}) for name in dimensions}
    if len(widest) < 3 or math.prod(len(each) for each in codes.values()) > limit:
        return
    for column in sorted({column for _, column in published.cells}):
        cells = [cell for cell in published.cells if cell[1] == column]
        atoms = [frozenset(zip(dimensions, chosen, strict=True)) for chosen in product(*codes.values())]
        for atom in atoms:
            published.cells.setdefault((atom, column), math.nan)
            published.places.setdefault((atom, column), " ".join(code for _, code in sorted(atom)))
        for key, _ in cells:
            published.sums.append(((key, column), tuple((atom, column) for atom in atoms if key <= atom)))

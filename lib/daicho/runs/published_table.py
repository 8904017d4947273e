"""Read a small published table of counts and rates: where its header is, what its columns are, what its cells say.

Tables as municipalities publish them: title lines above, one or two header rows, 対象者数・被接種者数・実施率(%) once or once for each stage,
full-width digits, thousands separated, totals above or below; and the tidy CSV files of this workspace.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from daicho.core.errors import UsageError
from daicho.runs.published_headings import WHOLE_AREA, Rate, folded, is_total_word, rates_by_heading, role_of, sums_by_heading

_AREA_HEADING = re.compile(r"地区|地域|区域|district", re.IGNORECASE)
_NOT_A_COUNT = re.compile(r"年度|^年$|年月|コード|番号|code|year|_fy$|month", re.IGNORECASE)
_DEEPEST_HEADER = 15
_LARGEST_BYTES = 5_000_000


@dataclass(frozen=True)
class Number:
    """A printed number: its value, its decimals, and whether it carries a percent sign."""

    value: Decimal
    decimals: int
    is_percent: bool


@dataclass(frozen=True)
class Row:
    """One line of the table: its line in the file, its cells, and its labels by label column."""

    line: int
    cells: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        return " ".join(label for label in self.labels if label) or f"line {self.line}"

    def number(self, position: int) -> Number | None:
        """None where nothing is printed, or a mark stands for it."""
        return printed_number(self.cells[position])


@dataclass(frozen=True)
class PublishedTable:
    """`counts` are positions of whole numbers that add up; `sums` maps a total column to the columns it is the sum of."""

    headings: tuple[str, ...]
    label_headings: tuple[str, ...]
    rows: tuple[Row, ...]
    rates: tuple[Rate, ...]
    counts: tuple[int, ...]
    sums: Mapping[int, tuple[int, ...]]
    total_words: tuple[str, ...]

    def is_total(self, label: str) -> bool:
        return label in self.total_words or is_total_word(label)

    def is_whole_area(self, label: str) -> bool:
        """Whether a total is that of a municipality over its districts."""
        return bool(WHOLE_AREA.fullmatch(label)) or (label in self.total_words and label[-1:] in "都道府県区市町村")


@dataclass(frozen=True)
class Columns:
    """What the reader of a table says of its columns; empty: to be found by their headings."""

    numerator: str = ""
    denominator: str = ""
    rate: str = ""
    by: tuple[str, ...] = ()
    total: tuple[str, ...] = ()


def printed_number(cell: str) -> Number | None:
    """The number a cell prints: 1,234 or 95.3% or １２; None for blanks, marks and words."""
    text = folded(cell).replace(",", "").replace("△", "-").removesuffix("人").removesuffix("件").removesuffix("回")
    is_percent = text.endswith("%")
    text = text.removesuffix("%").strip()
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return None
    return Number(Decimal(text), len(text.partition(".")[2]), is_percent)


def read_published_table(path: Path, columns: Columns) -> PublishedTable:
    """Raises UsageError, in one sentence, for a file that is no such table."""
    lines = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(_text(path), newline=""))]
    width = max((len(line) for line in lines), default=0)
    grid = [line + [""] * (width - len(line)) for line in lines]
    header = _header_row(grid, columns, path.name)
    headings = _headings(grid, header)
    # Where a code stands beside its label, the label says which row it is; a status says only why a number is missing.
    hidden = {i for i, name in enumerate(headings) if name.endswith("_status") or f"{name}_label" in headings}
    body = [(number, line) for number, line in enumerate(grid[header + 1 :], start=header + 2) if any(map(printed_number, line))]
    numeric = [i for i in range(width) if i not in hidden and _is_numeric([line[i] for _, line in body])]
    by = _named(headings, columns.by, path.name) or tuple(i for i in range(width) if i not in hidden and i not in numeric and headings[i])
    numeric = [i for i in numeric if i not in by]
    if not body or not numeric:
        raise UsageError(f"{path.name} holds no table of numbers below a row of headings: save one table as CSV with its headings.")
    rates = _rates(headings, numeric, columns, path.name)
    counts = tuple(i for i in numeric if i not in {r.rate for r in rates} and _is_count([line[i] for _, line in body], headings[i]))
    rows = _rows(body, by, [headings[i] for i in by])
    table = PublishedTable(
        headings=headings, label_headings=tuple(headings[i] for i in by), rows=rows, rates=rates, counts=counts,
        sums=sums_by_heading(headings, counts), total_words=tuple(map(folded, columns.total)) + _area_name(rows, [headings[i] for i in by]),
    )  # fmt: skip
    if missing := next((word for word in table.total_words if not any(word in row.labels for row in rows)), None):
        raise UsageError(f"{path.name}: no row is called {missing}.")
    return table


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError:
        raise UsageError(f"{path} cannot be read: check that the file is there.") from None
    if len(content) > _LARGEST_BYTES or b"\0" in content:
        raise UsageError(f"{path.name} is no small CSV table: save one sheet as CSV (UTF-8 or CP932).")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path.name} is neither UTF-8 nor CP932: save it as UTF-8.")


def _header_row(grid: Sequence[Sequence[str]], columns: Columns, name: str) -> int:
    """The last row before the first row of numbers in which a heading is known, or else simply the last one with two cells."""
    wanted = {folded(each) for each in (columns.numerator, columns.denominator, columns.rate, *columns.by) if each}
    first = next((i for i, line in enumerate(grid) if sum(printed_number(cell) is not None for cell in line[1:]) >= 1), None)
    if not first:
        raise UsageError(f"{name} holds no table of numbers below a row of headings: save one table as CSV with its headings.")
    above = range(max(0, first - _DEEPEST_HEADER), first)
    known = [i for i in above if any(role_of(folded(cell)) or folded(cell) in wanted for cell in grid[i])]
    full = [i for i in above if sum(bool(cell) for cell in grid[i]) >= 2]
    if not known and not full:
        raise UsageError(f"{name} holds no row of headings above its numbers: give the table its headings.")
    return (known or full)[-1]


def _headings(grid: Sequence[Sequence[str]], header: int) -> tuple[str, ...]:
    """The headings; where they repeat, each with the heading of its group in the row above, which spreads to the right."""
    names = [folded(cell) for cell in grid[header]]
    above = [folded(cell) for cell in grid[header - 1]] if header else [""] * len(names)
    is_grouped = max(Counter(name for name in names if name).values(), default=1) > 1 and sum(map(bool, above)) > 1
    if not is_grouped:
        return tuple(names)
    groups, last = [], ""
    for group in above:
        last = group or last
        groups.append(last)
    return tuple(f"{group} {name}".strip() if name else above[i] for i, (group, name) in enumerate(zip(groups, names, strict=True)))


def _named(headings: Sequence[str], wanted: Sequence[str], name: str) -> tuple[int, ...]:
    for each in wanted:
        if headings.count(folded(each)) != 1:
            raise UsageError(f"{name}: not exactly one column is headed {each}.")
    return tuple(headings.index(folded(each)) for each in wanted)


def _is_numeric(cells: Sequence[str]) -> bool:
    """Mostly numbers, among the cells that say anything but a mark."""
    said = [cell for cell in cells if folded(cell) not in ("", "-", "*", "…", "...", "x", "X", "―", "‐", "－", "ー")]
    return bool(said) and sum(printed_number(cell) is not None for cell in said) > len(said) / 2


def _is_count(cells: Sequence[str], heading: str) -> bool:
    numbers = [number for cell in cells if (number := printed_number(cell))]
    return not _NOT_A_COUNT.search(heading) and all(number.decimals == 0 and not number.is_percent for number in numbers)


def _rates(headings: Sequence[str], numeric: Sequence[int], columns: Columns, name: str) -> tuple[Rate, ...]:
    given = (columns.rate, columns.numerator, columns.denominator)
    if any(given):
        if not all(given):
            raise UsageError("give --numerator, --denominator and --rate together.")
        rate, numerator, denominator = _named(headings, given, name)
        return (Rate(rate, numerator, denominator),)
    return rates_by_heading(headings, numeric)


def _rows(body: Sequence[tuple[int, Sequence[str]]], by: Sequence[int], headings: Sequence[str]) -> tuple[Row, ...]:
    """A label that a merged cell leaves blank is that of the row above; the last label column stands for itself."""
    rows, last = [], [""] * len(headings)
    for line, cells in body:
        labels = [folded(cells[i]) for i in by]
        last = [label or (last[place] if place < len(by) - 1 else "") for place, label in enumerate(labels)]
        rows.append(Row(line, tuple(cells), tuple(last)))
    return tuple(rows)


def _area_name(rows: Sequence[Row], headings: Sequence[str]) -> tuple[str, ...]:
    """The municipality among its districts: the only name that ends like one."""
    found: list[str] = []
    for place, heading in enumerate(headings):
        if _AREA_HEADING.search(heading):
            names = {row.labels[place] for row in rows if re.search(r".[区市町村]$", row.labels[place])}
            found += names if len(names) == 1 and len({row.labels[place] for row in rows}) > 2 else []
    return tuple(found)

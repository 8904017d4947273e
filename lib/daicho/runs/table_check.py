"""Does a published table agree with itself? Rates recomputed, totals and total columns added up, districts against their municipality.

A rate agrees when it is the quotient, as a percentage or a fraction, rounded half up or half to even to the decimals its column prints. A sum
in which a part is not printed (blank, ＊, -) is not judged. The table is public: findings name rows and figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from pathlib import Path

from daicho.contracts.identifying import refuse_identifying
from daicho.core.errors import UsageError
from daicho.runs.published_headings import Rate
from daicho.runs.published_table import Columns, PublishedTable, Row, read_published_table

_MOST_DECIMALS = 10  # beyond, a computer's binary fractions differ from exact ones
_EXACT = Context(prec=60)
_SUBTOTALS = ("小計", "subtotal", "sub-total")


@dataclass(frozen=True)
class Contradiction:
    """`kind`: rate, total (a total row), district (districts against the municipality) or column_total. Figures as printed and recomputed."""

    kind: str
    line: int
    row: str
    column: str
    printed: str
    recomputed: str


@dataclass(frozen=True)
class TableReport:
    """What was found in a table, and how much of it could be judged."""

    contradictions: tuple[Contradiction, ...]
    rates_checked: int
    sums_checked: int


def check_table(path: Path, columns: Columns | None = None, *, contracts_dir: Path | None = None) -> TableReport:
    """Check one CSV table. Raises UsageError when nothing in it can be recomputed, DisclosureError for an extract (by its contracts)."""
    table = read_published_table(path, columns or Columns())
    if contracts_dir is not None:
        refuse_identifying(table.headings, contracts_dir=contracts_dir, file_name=path.name)
    judged = [*_rates(table), *_column_totals(table), *_row_totals(table)]
    if not judged:
        raise UsageError(
            f"{path.name} has neither a rate beside its counts nor a total: name the columns with --numerator, --denominator, --rate, "
            "and the row of the total with --total."
        )
    found = sorted((each for _, each in judged if each is not None), key=lambda each: (each.line, each.column))
    is_rate = [kind == "rate" for kind, _ in judged]
    return TableReport(tuple(found), rates_checked=sum(is_rate), sums_checked=len(is_rate) - sum(is_rate))


Judged = tuple[str, Contradiction | None]


def _rates(table: PublishedTable) -> Iterator[Judged]:
    for each in table.rates:
        rows = [row for row in table.rows if row.number(each.rate) is not None]
        decimals = min(max((number.decimals for row in rows if (number := row.number(each.rate))), default=0), _MOST_DECIMALS)
        as_percent = [_rate(table, row, each, decimals=decimals, scale=100) for row in rows]
        as_fraction = [_rate(table, row, each, decimals=decimals, scale=1) for row in rows]
        wrong = [sum(found is not None for _, found in judged) for judged in ([*filter(None, as_percent)], [*filter(None, as_fraction)])]
        yield from filter(None, as_percent if wrong[0] <= wrong[1] else as_fraction)


def _rate(table: PublishedTable, row: Row, columns: Rate, *, decimals: int, scale: int) -> Judged | None:
    numerator, denominator, printed = (row.number(i) for i in (columns.numerator, columns.denominator, columns.rate))
    if numerator is None or denominator is None or printed is None:
        return None
    if not denominator.value:
        expected = {Decimal(0)}
    else:
        exact = _EXACT.divide(numerator.value * scale, denominator.value)
        expected = {exact.quantize(Decimal(1).scaleb(-decimals), rounding=mode) for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN)}
    shown = printed.value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    if shown in expected:
        return "rate", None
    recomputed = str(max(expected)) if denominator.value else "-"
    return "rate", Contradiction("rate", row.line, row.name, table.headings[columns.rate], row.cells[columns.rate], recomputed)


def _column_totals(table: PublishedTable) -> Iterator[Judged]:
    for total, parts in table.sums.items():
        for row in table.rows:
            yield from _sum("column_total", table, row, total, [(row, part) for part in parts])


def _row_totals(table: PublishedTable) -> Iterator[Judged]:
    for row in table.rows:
        for place, label in enumerate(row.labels):
            if not table.is_total(label):
                continue
            parts = _parts(table, row, place)
            kind = "district" if table.is_whole_area(label) else "total"
            for column in table.counts if len(parts) > 1 else ():
                yield from _sum(kind, table, row, column, [(part, column) for part in parts])


def _parts(table: PublishedTable, total: Row, place: int) -> list[Row]:
    """The rows a total is of: the same labels elsewhere, no total here; of its own block where the same total stands several times."""
    same = [row for row in table.rows if row.labels[:place] + row.labels[place + 1 :] == total.labels[:place] + total.labels[place + 1 :]]
    label = total.labels[place]
    if sum(row.labels[place] == label for row in same) == 1 and label.lower() not in _SUBTOTALS:
        return [row for row in same if not table.is_total(row.labels[place])]
    return _block(table, same, total, place)


def _block(table: PublishedTable, rows: Sequence[Row], total: Row, place: int) -> list[Row]:
    """The rows between this total and the next one: those below where the table begins with its total, else those above."""
    marks = [table.is_total(row.labels[place]) for row in rows]
    at = rows.index(total)
    step = 1 if marks[0] else -1
    block = []
    position = at + step
    while 0 <= position < len(rows) and not marks[position]:
        block.append(rows[position])
        position += step
    return block


def _sum(kind: str, table: PublishedTable, row: Row, column: int, parts: Sequence[tuple[Row, int]]) -> Iterator[Judged]:
    printed, numbers = row.number(column), [part.number(position) for part, position in parts]
    known = [number.value for number in numbers if number is not None]
    if printed is None or len(known) < len(numbers):
        return
    found = None
    if sum(known) != printed.value:
        found = Contradiction(kind, row.line, row.name, table.headings[column], row.cells[column], f"{sum(known):,}")
    yield kind, found

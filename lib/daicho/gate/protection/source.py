"""From a file's rows to a table with its margins: one row one person, distinct persons, or counts that are there already.

A person who stands in several cells (two vaccines) makes the margins less than the sum of their parts. The groups of people who stand in
the same cells are then the atoms of the system: every cell and margin is a sum of atoms, and no table shows them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from daicho.core.errors import UsageError
from daicho.gate.protection.count_table import CountTable
from daicho.gate.protection.system import sum_relation
from daicho.gate.protection.tables import TOTAL, Key, is_total, margin_relations, nested_dimensions, with_margins

MAX_CELLS = 200_000


def table_of_persons(frame: pl.DataFrame, *, by: Sequence[str], person: str = "") -> CountTable:
    """Count rows, or distinct persons, in every cell and margin."""
    coded = _coded(frame, by)
    if not person:
        sizes = coded.group_by(by).len()
        keys, counts = _filled(sizes.select(by).rows(), [float(n) for n in sizes["len"].to_list()], len(by))
        return CountTable(keys, tuple(by), counts)
    pairs = coded.with_columns(frame[person].cast(pl.String).alias("__person")).unique()
    if pairs["__person"].null_count():
        raise UsageError(f"the column {person} has empty cells: every row needs its person.")
    rows = pairs.select(by).unique(maintain_order=True).sort(by).rows()
    keys = tuple(with_margins(rows, len(by), nested_dimensions(rows, len(by))))
    _refuse_giants(keys)
    where = pl.DataFrame(rows, schema=list(by), orient="row").with_row_index("__cell")
    groups = pairs.join(where, on=list(by)).group_by("__person").agg(pl.col("__cell").sort()).group_by("__cell").len().sort("__cell")
    atoms = groups["len"].to_numpy().astype(float)
    members = [frozenset(rows[cell] for cell in cells) for cells in groups["__cell"].to_list()]
    extra = tuple(
        sum_relation(place, [len(keys) + number for number, cells in enumerate(members) if any(_covers(key, row) for row in cells)])
        for place, key in enumerate(keys)
    )
    counts = np.array([sum(atoms[part - len(keys)] for part in relation.cells[1:]) for relation in extra])
    return CountTable(keys, tuple(by), counts, atoms=atoms, extra=extra)


def table_of_counts(frame: pl.DataFrame, *, by: Sequence[str], count: str, of: str = "") -> CountTable:
    """Take counts as they stand; rows of totals must be what their parts add up to."""
    coded = _coded(frame, by)
    columns = [_whole_numbers(frame, name) for name in (count, of) if name]
    found = [_summed(coded, by, numbers, name) for numbers, name in zip(columns, (count, of), strict=False)]
    keys, counts = found[0]
    if not of:
        return CountTable(keys, tuple(by), counts)
    if np.any(found[1][1] < counts):
        raise UsageError(f"{count} is larger than {of} in {int(np.sum(found[1][1] < counts))} row(s): a part cannot exceed its whole.")
    return CountTable(keys, tuple(by), counts, denominators=found[1][1])


def payments_of(frame: pl.DataFrame, *, by: Sequence[str], amount: str, payee: str) -> tuple[tuple[Key, ...], list[np.ndarray], np.ndarray]:
    """Every cell and margin with its payments by payee, largest first, and the number of its only payee (-1)."""
    coded = _coded(frame, by).with_columns(pl.Series("__yen", _whole_numbers(frame, amount)), frame[payee].cast(pl.String).alias("__payee"))
    sums = coded.group_by([*by, "__payee"]).agg(pl.col("__yen").sum()).sort([*by, "__payee"])
    rows = sums.select(by).unique(maintain_order=True).rows()
    keys = tuple(with_margins(rows, len(by), nested_dimensions(rows, len(by))))
    _refuse_giants(keys)
    number = {name: place for place, name in enumerate(sums["__payee"].unique().sort().to_list())}
    held: list[dict[int, float]] = [{} for _ in keys]
    for row, parts in sums.group_by(by):
        matching = [place for place, key in enumerate(keys) if _covers(key, tuple(map(str, row)))]
        for name, yen in parts.select("__payee", "__yen").rows():
            for place in matching:
                held[place][number[name]] = held[place].get(number[name], 0.0) + yen
    lone = np.array([next(iter(each)) if len(each) == 1 else -1 for each in held])
    return keys, [np.array(sorted(each.values(), reverse=True)) for each in held], lone


def _coded(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    missing = [name for name in by if name not in frame.columns]
    if missing or not by:
        raise UsageError(f"the file has no column {missing[0]}." if missing else "name the dimensions with --by.")
    return frame.select(pl.col(name).cast(pl.String).fill_null("").str.strip_chars() for name in by)


def _filled(rows: Sequence[Key], counts: Sequence[float], width: int) -> tuple[tuple[Key, ...], np.ndarray]:
    order = sorted(range(len(rows)), key=lambda place: rows[place])
    rows, counts = [rows[place] for place in order], [counts[place] for place in order]
    keys = tuple(with_margins(rows, width, nested_dimensions(rows, width)))
    _refuse_giants(keys)
    values = np.concatenate([np.array(counts, dtype=float), np.zeros(len(keys) - len(rows))])
    # A margin over few dimensions comes before one over more, and each is made of rows that are there already.
    for relation in sorted(margin_relations(keys, width), key=lambda item: keys[item.cells[0]].count(TOTAL)):
        values[relation.cells[0]] = values[list(relation.cells[1:])].sum()
    return keys, values


def _summed(coded: pl.DataFrame, by: Sequence[str], numbers: np.ndarray, name: str) -> tuple[tuple[Key, ...], np.ndarray]:
    marked = [tuple(TOTAL if is_total(code) else code for code in row) for row in coded.rows()]
    if len(set(marked)) < len(marked):
        raise UsageError(f"{len(marked) - len(set(marked))} row(s) stand twice: give each combination of {', '.join(by)} once.")
    inner = [place for place, row in enumerate(marked) if TOTAL not in row]
    keys, values = _filled([marked[place] for place in inner], [float(numbers[place]) for place in inner], len(by))
    place_of = {key: place for place, key in enumerate(keys)}
    for row, number in zip(marked, numbers, strict=True):
        if row in place_of and values[place_of[row]] != number:
            raise UsageError(f"a total of {name} is not the sum of its parts: give the table whole, without withheld figures.")
    return keys, values


def _whole_numbers(frame: pl.DataFrame, name: str) -> np.ndarray:
    if name not in frame.columns:
        raise UsageError(f"the file has no column {name}.")
    numbers = frame[name].cast(pl.String).str.strip_chars().str.replace_all(",", "").cast(pl.Int64, strict=False)
    wrong = int(numbers.is_null().sum()) + int((numbers < 0).sum())
    if wrong:
        raise UsageError(f"{wrong} cell(s) of {name} are no whole numbers of 0 or more.")
    return numbers.to_numpy().astype(float)


def _covers(key: Key, row: Key) -> bool:
    return all(code in (TOTAL, own) for code, own in zip(key, row, strict=True))


def _refuse_giants(keys: Sequence[Key]) -> None:
    if len(keys) > MAX_CELLS:
        raise UsageError(f"the table has {len(keys):,} cells with its margins: drop a dimension.")

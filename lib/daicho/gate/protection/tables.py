"""Cross tables as systems: which rows are margins of which, over dimensions that may lie within one another.

A row is known by its key, one code for each dimension; `TOTAL` in a place sums over that dimension. Where each town lies in one district,
a town without its district is the same row as with it, and is not made twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from daicho.gate.protection.system import Relation, sum_relation

TOTAL = "計"
TOTAL_WORDS = frozenset({"計", "合計", "総計", "総数", "小計", "全体", "全国", "total", "all", "sum", "subtotal", "grand total"})

Key = tuple[str, ...]


def is_total(text: str) -> bool:
    """Whether a code is written as a total."""
    return "".join(text.split()).lower() in {"".join(word.split()) for word in TOTAL_WORDS}


def nested_dimensions(keys: Iterable[Key], count: int) -> Mapping[int, int]:
    """Fine dimension → the coarse one it lies within: every fine code has one coarse code, and some coarse code has several fine ones."""
    rows = [key for key in keys if TOTAL not in key]
    found: dict[int, int] = {}
    for fine in range(count):
        for coarse in range(count):
            above: dict[str, set[str]] = {}
            pairs = {(key[fine], key[coarse]) for key in rows}
            for lower, upper in pairs:
                above.setdefault(upper, set()).add(lower)
            is_within = fine != coarse and len(pairs) == len({lower for lower, _ in pairs})
            if is_within and len(above) > 1 and any(len(lowers) > 1 for lowers in above.values()) and coarse not in found:
                found.setdefault(fine, coarse)
    return found


def with_margins(keys: Iterable[Key], count: int, nested: Mapping[int, int]) -> list[Key]:
    """Rows and all their margins, each once. A margin over a coarse dimension takes the finer ones within it along."""
    made = dict.fromkeys(keys)
    for key in list(made):
        for size in range(1, count + 1):
            for places in combinations(range(count), size):
                margin = tuple(TOTAL if place in places else code for place, code in enumerate(key))
                if all(margin[coarse] != TOTAL or margin[fine] == TOTAL for fine, coarse in nested.items()):
                    made.setdefault(margin)
    return list(made)


def margin_relations(keys: Sequence[Key], count: int) -> list[Relation]:
    """For every row and dimension that it totals: the row is the sum of those that differ from it in this dimension alone."""
    number = {key: place for place, key in enumerate(keys)}
    relations = []
    for place in range(count):
        parts: dict[Key, list[int]] = {}
        for key, row in number.items():
            if key[place] != TOTAL:
                parts.setdefault((*key[:place], TOTAL, *key[place + 1 :]), []).append(row)
        relations += [sum_relation(number[total], rows) for total, rows in parts.items() if total in number]
    return relations


def column_relations(relations: Iterable[Relation], *, rows: int, columns: int) -> list[Relation]:
    """The same relations for each of several columns of one table; cell = column times rows plus row."""
    base = list(relations)
    return [Relation(tuple(cell + column * rows for cell in item.cells), item.coefficients) for column in range(columns) for item in base]


def dimension_to_coarsen(key: Key, keys: Sequence[Key], dimensions: Sequence[str]) -> str:
    """The dimension with most codes among those that a row does not total: coarsening it helps most."""
    sizes = {
        name: len({each[place] for each in keys} - {TOTAL})
        for place, name in enumerate(dimensions)
        if key[place] != TOTAL or all(code == TOTAL for code in key)
    }
    return max(sizes, key=lambda name: sizes[name]) if sizes else ""

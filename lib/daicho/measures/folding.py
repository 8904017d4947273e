"""Counting distinct persons without a row for each person: many persons folded into one number, or rows that stand for several persons.

A block is 64 persons of neighbouring numbers; the bits of one whole number say which of them a cell has. Rows that lie in the order of persons
make few blocks, so that far less is grouped than with `count(DISTINCT person)`; the figures are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_COUNT = re.compile(r"(?P<unit>count\(\*\)|\{persons\})(?: FILTER \(WHERE (?P<condition>.+)\))?", re.DOTALL)
_BLOCK = "base.person >> 6"
_BIT = "bit_or(CAST(1 AS UBIGINT) << CAST(base.person & 63 AS UBIGINT))"


def fold_blocks(counts: Mapping[str, str], *, dimensions: Mapping[str, str], rows: Sequence[str]) -> list[str]:
    """One row per cell, as `SELECT dimensions, counts FROM rows` would give. `rows` begins with FROM; persons without a number are nobody.

    Raises ValueError for an expression that is neither `count(*)` nor `{persons}`, each with or without a filter.
    """
    inner = [f"{sql} AS {name}" for name, sql in dimensions.items()] + [f"{_BLOCK} AS __block"]
    outer = [f'"{name}"' for name in dimensions]
    for name, expression in counts.items():
        is_persons, suffix = _parsed(expression)
        inner.append(f'{_BIT if is_persons else "count(*)"}{suffix} AS "{name}"')
        whole = f'bit_count("{name}")' if is_persons else f'"{name}"'
        outer.append(f'CAST(coalesce(sum({whole}), 0) AS BIGINT) AS "{name}"')
    groups = ", ".join(str(position) for position in range(1, len(dimensions) + 2))
    lines = [
        "SELECT " + ",\n       ".join(outer),
        "FROM (",
        "SELECT " + ",\n       ".join(inner),
        *rows,
        f"GROUP BY {groups}",
        ") AS block",
    ]
    return [*lines, *_grouped(dimensions)]


def weigh_rows(counts: Mapping[str, str], *, dimensions: Mapping[str, str], rows: Sequence[str], weight: str, persons: str) -> list[str]:
    """The same over rows that stand for `weight` persons each; of them `persons` are those of the cell that no other row of it counts too.

    Raises ValueError as `fold_blocks` does.
    """
    selected = [f"{sql} AS {name}" for name, sql in dimensions.items()]
    for name, expression in counts.items():
        is_persons, suffix = _parsed(expression)
        selected.append(f'CAST(coalesce(sum({persons if is_persons else weight}){suffix}, 0) AS BIGINT) AS "{name}"')
    return ["SELECT " + ",\n       ".join(selected), *rows, *_grouped(dimensions)]


def _grouped(dimensions: Mapping[str, str]) -> list[str]:
    return ["GROUP BY " + ", ".join(str(position) for position in range(1, len(dimensions) + 1))] if dimensions else []


def _parsed(expression: str) -> tuple[bool, str]:
    """Whether it counts persons, and its filter as SQL."""
    found = _COUNT.fullmatch(expression)
    if found is None:
        raise ValueError("only counts of rows and of persons can be folded.")
    return found["unit"] != "count(*)", f" FILTER (WHERE {found['condition']})" if found["condition"] else ""

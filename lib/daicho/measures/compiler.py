"""From a request to one SQL statement: dimensions from the closed vocabulary, every value bound, nothing quoted into the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from daicho.core.errors import UsageError
from daicho.measures.dimensions import dimension
from daicho.measures.folding import fold_blocks, weigh_rows
from daicho.measures.model import (
    NOT_OFFERED,
    PAYEES_COLUMN,
    PRIVACY_COLUMN,
    UNKNOWN,
    Bound,
    CompiledQuery,
    CompiledWorklist,
    Lookup,
    Measure,
    Vocabulary,
    Worklist,
)
from daicho.measures.parameters import resolve_parameters

_NAME = re.compile(r"\$([a-z][a-z0-9_]*)")


def compile_request(
    measure: Measure,
    *,
    by: Sequence[str] = (),
    where: Mapping[str, Sequence[str]] | None = None,
    parameters: Mapping[str, object] | None = None,
) -> CompiledQuery:
    """One row per combination of the dimensions `by` and the measure's implicit ones, ordered by their codes (null last).

    `where` maps dimensions to codes (see `resolve_filters`). Columns: the dimensions, every count and yen value, `privacy_count`
    (distinct persons), the measure's further contributor counts, and `__payees` where figures are somebody's income. Raises
    UsageError for anything outside the measure's vocabulary and for a missing required filter or parameter.
    """
    wanted = where or {}
    if len(set(by)) != len(by) or not set(by) <= set(measure.cuts) or not set(wanted) <= set(measure.filters):
        raise UsageError(NOT_OFFERED)
    if not set(measure.required_filters) <= set(wanted):
        raise UsageError(NOT_OFFERED)
    by = (*by, *(name for name in measure.implicit if name not in by))
    codes = {name: tuple(sorted(set(wanted[name]))) for name in sorted(wanted)}
    if not all(codes.values()):
        raise UsageError(NOT_OFFERED)
    resolved = resolve_parameters(measure, parameters or {})
    bound: dict[str, Bound] = dict(measure.bind(resolved))
    tests = {name: _filter(name, codes[name], bound) for name in codes}
    sql = _statement(measure, by=by, tests=tests, is_one_person_a_row=_is_one_person_a_row(measure, by=by, codes=codes))
    used = set(_NAME.findall(sql))
    return CompiledQuery(
        sql=sql,
        parameters={name: value for name, value in bound.items() if name in used},
        where=codes,
        resolved=resolved,
        columns=(*by, *_released(measure)),
        contributors={value.name: _contributors(measure, value.contributors) for value in measure.values if value.kind != "rate"},
    )


def compile_worklist(
    worklist: Worklist, *, where: Mapping[str, Sequence[str]] | None = None, parameters: Mapping[str, object] | None = None
) -> CompiledWorklist:
    """One row for each entry, ordered by file and line: `source_file`, `line`, `reason`, `class`; `persons` counts the persons of all entries.

    `where` maps dimensions to codes (see `resolve_filters`). Raises UsageError for anything outside the worklist's vocabulary.
    """
    wanted = where or {}
    if not set(worklist.required_filters) <= set(wanted) <= set(worklist.filters):
        raise UsageError(NOT_OFFERED)
    codes = {name: tuple(sorted(set(wanted[name]))) for name in sorted(wanted)}
    if not all(codes.values()):
        raise UsageError(NOT_OFFERED)
    resolved = resolve_parameters(worklist, parameters or {})
    bound: dict[str, Bound] = dict(worklist.bind(resolved))
    tests = {name: _filter(name, codes[name], bound) for name in codes}
    rows = _with_early_filters(worklist.rows_sql, worklist.early, tests=tests)
    joins = "\n".join(lookup.join for lookup in _joins(worklist, list(tests)))
    conditions = " AND ".join(test.format(column=worklist.cuts[name].sql) for name, test in tests.items()) or "true"
    sql = _POINTERS.format(rows=rows.strip(), joins=joins, conditions=conditions)
    used = set(_NAME.findall(sql))
    return CompiledWorklist(
        sql=sql, parameters={name: value for name, value in bound.items() if name in used}, where=codes, resolved=resolved
    )


# Two deliveries may come under one file name; then the number of the batch tells them apart.
_POINTERS = """WITH entry AS MATERIALIZED (
    SELECT base.person, base.batch, base.line, base.reason, base.class
    FROM (
{rows}
) AS base
    {joins}
    WHERE {conditions}
),
delivered AS (
    SELECT batch, file_name || CASE WHEN count(*) OVER (PARTITION BY file_name) > 1 THEN ' [batch ' || batch || ']' ELSE '' END AS source_file
    FROM batch WHERE is_live
)
SELECT d.source_file, e.line, e.reason, e.class, (SELECT count(DISTINCT person) FROM entry) AS persons
FROM entry AS e LEFT JOIN delivered AS d ON d.batch = e.batch
ORDER BY 1 NULLS LAST, 2 NULLS LAST, 3, 4"""


def _filter(name: str, codes: Sequence[str], bound: dict[str, Bound]) -> str:
    """A test with `{column}` for the column it applies to; the codes go to `bound`."""
    is_number = dimension(name).kind != "text"
    listed = [code for code in codes if not (is_number and code == UNKNOWN)]
    tests = []
    if listed:
        names = []
        for position, code in enumerate(listed):
            names.append(f"$where_{name}_{position}")
            bound[f"where_{name}_{position}"] = _number(code) if is_number else code
        tests.append(f"{{column}} IN ({', '.join(names)})")
    if len(listed) < len(codes):
        tests.append("{column} IS NULL")
    return f"({' OR '.join(tests)})"


def _number(code: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", code):
        raise UsageError(NOT_OFFERED)
    return int(code)


def _is_one_person_a_row(measure: Measure, *, by: Sequence[str], codes: Mapping[str, Sequence[str]]) -> bool:
    return measure.once_per is not None and all(name in by or len(codes.get(name, ())) == 1 for name in measure.once_per)


def _aggregates(measure: Measure) -> dict[str, str]:
    """Result column to SQL aggregate; `{persons}` in it stands for the number of distinct persons."""
    columns = {value.name: value.expression for value in measure.values if value.expression} | dict(measure.ingredients)
    if measure.privacy_unit != "none" and not measure.finish:
        columns[PRIVACY_COLUMN] = "{persons}"
    columns |= {name: expression for name, expression in measure.contributors.items() if expression}
    if measure.payees:
        columns[PAYEES_COLUMN] = measure.payees
    return columns


def _released(measure: Measure) -> tuple[str, ...]:
    """The columns of the result behind the dimensions, in order."""
    values = [value.name for value in measure.values if value.kind != "rate"]
    privacy = [PRIVACY_COLUMN] if measure.privacy_unit != "none" else []
    payees = [PAYEES_COLUMN] if measure.payees else []
    return (*values, *privacy, *measure.contributors, *payees)


def _contributors(measure: Measure, names: tuple[str, ...]) -> tuple[str, ...]:
    return names if measure.privacy_unit != "none" else ()


def _statement(measure: Measure, *, by: Sequence[str], tests: Mapping[str, str], is_one_person_a_row: bool) -> str:
    base = _with_early_filters(measure.base_sql, measure.early, tests=tests)
    late = {name: test for name, test in tests.items() if name in measure.late}
    tests = {name: test for name, test in tests.items() if name not in late}
    rows = [f"FROM (\n{base.strip()}\n) AS base", *(lookup.join for lookup in _joins(measure, [*by, *tests]))]
    conditions = [test.format(column=measure.cuts[name].sql) for name, test in tests.items()]
    if conditions:
        rows.append("WHERE " + "\n  AND ".join(conditions))
    lines = _cells(measure, {name: measure.cuts[name].sql for name in by}, rows, is_one_person_a_row=is_one_person_a_row)
    if measure.finish:
        lines = _finished(measure, "\n".join(lines), by=by)
    if late:
        lines.append("WHERE " + "\n  AND ".join(test.format(column=name) for name, test in late.items()))
    if by:
        lines.append("ORDER BY " + ", ".join(f"{position} NULLS LAST" for position in range(1, len(by) + 1)))
    return "\n".join(lines)


def _cells(measure: Measure, dimensions: Mapping[str, str], rows: Sequence[str], *, is_one_person_a_row: bool) -> list[str]:
    """One row for each combination of the dimensions, counted as the measure's rows allow."""
    aggregates = _aggregates(measure)
    if measure.in_blocks:
        return fold_blocks(aggregates, dimensions=dimensions, rows=rows)
    if measure.weight:
        persons = measure.weight if is_one_person_a_row else measure.own_weight
        return weigh_rows(aggregates, dimensions=dimensions, rows=rows, weight=measure.weight, persons=persons)
    persons = "count(*)" if is_one_person_a_row else measure.persons
    selected = [f"{sql} AS {name}" for name, sql in dimensions.items()]
    selected += [f'{sql.format(persons=persons)} AS "{name}"' for name, sql in aggregates.items()]
    groups = ", ".join(str(position) for position in range(1, len(dimensions) + 1))
    return ["SELECT " + ",\n       ".join(selected), *rows, *([f"GROUP BY {groups}"] if groups else [])]


def _with_early_filters(sql: str, early: Mapping[str, Mapping[str, str]], *, tests: Mapping[str, str]) -> str:
    for placeholder, columns in early.items():
        found = [tests[name].format(column=column) for name, column in columns.items() if name in tests]
        sql = sql.replace(f"{{{placeholder}}}", " AND ".join(found) or "true")
    return sql


def _finished(measure: Measure, cells: str, *, by: Sequence[str]) -> list[str]:
    """The statement that makes the released columns from the aggregated rows; without further dimensions there is one curve."""
    curve = ", ".join(name for name in by if name not in measure.implicit) or "true"
    columns = ", ".join([*by, *(f'"{name}"' for name in _released(measure))])
    return [
        f"WITH cell AS MATERIALIZED (\n{cells}\n)",
        f"SELECT {columns}",
        f"FROM (\n{measure.finish.format(curve=curve).strip()}\n) AS finished",
    ]


def _joins(measure: Vocabulary, names: Sequence[str]) -> list[Lookup]:
    return list(dict.fromkeys(lookup for name in names for lookup in measure.cuts[name].lookups))

"""Contracts compiled to strict pandera schemas for polars frames.

`strict=True` refuses every column the contract does not name: an item that is dropped has no frame name, so no schema can let it in.
Checks say contract, column and rule; pandera's failure cases hold values and are never shown (see `validate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrors

from daicho.contracts.codelists import UNKNOWN, codes_of
from daicho.contracts.model import Column, ColumnType, Contract, OutputColumn, OutputContract
from daicho.core.errors import DataError, UsageError

STATUSES = ("value", "zero", "suppressed", "not_applicable")
PRECISIONS = ("day", "month", "year", "unknown")
FIRST_MONTH, LAST_MONTH = 190001, 299912
_DTYPES: Mapping[ColumnType, Any] = MappingProxyType(
    {
        # A person is a small number local to the batch; the pseudonym stands once in a table of its own.
        ColumnType.PERSON_KEY: pl.Int32,
        ColumnType.TEXT: pl.String,
        ColumnType.CODE: pl.String,
        ColumnType.ADDRESS: pl.String,
        ColumnType.DATE: pl.Date,
        ColumnType.PARTIAL_DATE: pl.Date,
        ColumnType.MONTH: pl.Int32,
        ColumnType.TIMESTAMP: pl.Datetime("ms"),
        ColumnType.INTEGER: pl.Int16,
        ColumnType.YEN: pl.Int64,
        # In millionths: sums are whole numbers, the same in any order.
        ColumnType.DECIMAL: pl.Int64,
        ColumnType.FLAG: pl.Boolean,
    }
)


def pseudonymised_schema(contract: Contract, *, contracts_dir: Path | None = None) -> pa.DataFrameSchema:
    """The schema of an extract's frame past intake: kept columns only, persons as local numbers, codes of closed lists.

    Intake may add `line` (of the file), and adds `<birth>_precision` beside a partial date and `is_institution_valid` beside an
    institution code. Code lists are read from `contracts_dir`, which is the folder of the contract unless given.
    """
    folder = contracts_dir if contracts_dir is not None else contract.path.parents[1]
    columns: dict[str, Any] = {"line": pa.Column(pl.Int32, required=False)}
    for column in contract.kept_columns:
        columns[column.name] = pa.Column(
            _DTYPES[column.type], checks=_checks(column, folder), nullable=column.nullable, unique=column.unique, name=column.name
        )
        if column.type is ColumnType.PARTIAL_DATE:
            precision = column.name.removesuffix("_date") + "_precision"
            columns[precision] = pa.Column(pl.String, checks=pa.Check.isin(PRECISIONS), nullable=True)
        if column.name == "institution_code":
            columns["is_institution_valid"] = pa.Column(pl.Boolean, nullable=True)
    return pa.DataFrameSchema(columns, strict=True, name=contract.kind)


def released_schema(contract: OutputContract, *, by: Sequence[str]) -> pa.DataFrameSchema:
    """The schema of a released table that was asked for by `by`: those dimensions with labels, then every value with its status.

    Dtypes are those of a release that has crossed the wire: whole numbers Int64, rates Float64, everything else text.
    Raises UsageError for a dimension the contract does not have.
    """
    known = {column.name: column for column in contract.dimensions}
    if unknown := [name for name in by if name not in known]:
        raise UsageError(f"{contract.measure} has no dimension {unknown[0]}; it has {', '.join(known)}.")
    columns: dict[str, Any] = {}
    for name in by:
        columns[name] = pa.Column(pl.String if known[name].kind == "text" else pl.Int64, nullable=True)
        columns[f"{name}_label"] = pa.Column(pl.String, nullable=True)
    for value in contract.values:
        columns[value.name] = pa.Column(
            pl.Float64 if value.kind in ("rate", "estimate") else pl.Int64, checks=_value_checks(value), nullable=True
        )
        columns[f"{value.name}_status"] = pa.Column(pl.String, checks=pa.Check.isin(STATUSES))
    agreement = [pa.Check(_agrees, name=f"{value.name}_agrees_with_its_status", value_name=value.name) for value in contract.values]
    return pa.DataFrameSchema(columns, checks=agreement, strict=True, ordered=True, name=contract.measure)


def validate(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> pl.DataFrame:
    """The frame, if it follows the schema. Raises DataError with contract, column and rule of the first breach, never a value."""
    breach = ""
    try:
        return schema.validate(frame)
    except SchemaError as error:
        breach = _breach(error)
    except SchemaErrors as errors:
        breach = _breach(errors.schema_errors[0])
    raise DataError(f"the contract {schema.name} is broken: {breach}.")


def _breach(error: SchemaError) -> str:
    reason = error.reason_code.name.lower() if error.reason_code is not None else "rule"
    column = getattr(error.schema, "name", None) or "table"
    rule = getattr(error.check, "name", None)
    if reason == "column_not_in_schema":
        return f"the frame holds the column {error.failure_cases}, which the contract does not have"
    return f"column {column}, {reason}" + (f" {rule}" if rule else "")


def _checks(column: Column, contracts_dir: Path) -> list[Any]:
    checks: list[Any] = []
    if column.codelist is not None:
        unknown = (UNKNOWN,) if column.on_unknown == "unknown" else ()
        checks.append(pa.Check.isin((*codes_of(contracts_dir, column.codelist), *unknown)))
    if column.type is ColumnType.MONTH:
        checks.append(pa.Check.in_range(FIRST_MONTH, LAST_MONTH))
    if column.type in (ColumnType.PERSON_KEY, ColumnType.YEN):
        checks.append(pa.Check.ge(0))
    if column.type is ColumnType.DECIMAL:
        checks.append(pa.Check.gt(0))
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum))
    return checks


def _value_checks(value: OutputColumn) -> list[Any]:
    # Yen may be negative: a correction takes back what was paid.
    return [] if value.kind == "yen" else [pa.Check.ge(0)]


def _agrees(data: Any, *, value_name: str) -> pl.LazyFrame:
    """A number stands beside `value`, 0 beside `zero`, and nothing beside the other two."""
    value, status = pl.col(value_name), pl.col(f"{value_name}_status")
    agrees = (
        pl.when(status == "zero").then(value.is_not_null() & (value == 0)).when(status == "value").then(value.is_not_null() & (value != 0))
    )
    frame: pl.LazyFrame = data.lazyframe
    return frame.select(agrees.otherwise(value.is_null()))

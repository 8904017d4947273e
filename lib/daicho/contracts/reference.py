"""Dated reference data: schedule, prices, self-payment and the like, with typed columns.

Every table has `valid_from` and `valid_to` (both days included; empty means open). `mark` says how the fact was found ([S] primary
source, [S2] secondary, [M] background knowledge, [?] unsure) and `verified` whether a person may rely on it; a price list says
`illustrative` where its prices are invented. What the columns mean stands in data_contracts/reference/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import polars as pl

from daicho.contracts.tables import read_table
from daicho.core.errors import UsageError

FOLDER = "reference"
DATE, WHOLE, TEXT, YES_NO = "date", "whole", "text", "yes_no"


@dataclass(frozen=True)
class ReferenceTable:
    """The shape of one reference table.

    `identity`: columns that tell one rule from another; rows that agree in them must not overlap in time (and age). `codes`:
    column to the code list its values come from. `is_continuous`: rows of one identity must follow each other without a gap.
    `optional` columns may be left out of a file; they are then empty in every row.
    """

    columns: Mapping[str, str]
    identity: tuple[str, ...]
    codes: Mapping[str, str]
    is_continuous: bool = False
    ages: tuple[str, str] | None = None
    optional: frozenset[str] = frozenset()


_DATED = {"valid_from": DATE, "valid_to": DATE}
_FOUND = {"source": TEXT, "mark": TEXT, "verified": YES_NO, "note": TEXT}

_TABLES: Mapping[str, ReferenceTable] = MappingProxyType(
    {
        "schedule": ReferenceTable(
            columns={
                "vaccine_code": TEXT, "dose_code": TEXT, "rule": TEXT, "condition": TEXT, **_DATED, "sex": TEXT,
                "birth_from": DATE, "birth_to": DATE,
                "window_from_kind": TEXT, "window_from_value": WHOLE, "window_to_kind": TEXT, "window_to_value": WHOLE,
                "absolute_from": DATE, "absolute_to": DATE, "season_from": TEXT, "season_to": TEXT,
                "std_from_months": WHOLE, "std_to_months": WHOLE, "due_from_days": WHOLE, "due_to_days": WHOLE,
                "min_interval_days": WHOLE, "min_interval_months": WHOLE, "interval_from": TEXT,
                "doses_required": WHOLE, "lifetime": YES_NO, **_FOUND,
            },
            identity=("dose_code", "rule", "condition", "sex", "birth_from", "birth_to", "window_from_kind", "window_from_value"),
            codes={"vaccine_code": "vaccine", "dose_code": "dose_stage", "sex": "sex"},
        ),
        "price_list": ReferenceTable(
            columns={
                "scheme": TEXT, "vaccine_code": TEXT, "product": TEXT, "kind": TEXT, "dose_code": TEXT,
                "age_from_years": WHOLE, "age_to_years": WHOLE, "for_copay": TEXT, "price_excl_yen": WHOLE, "price_incl_yen": WHOLE,
                "tax_rate_percent": WHOLE, "quoting": TEXT, "admin_fee_yen": WHOLE, "admin_fee_kind": TEXT, **_DATED, "is_seasonal": YES_NO,
                "approval_ref": TEXT, "illustrative": YES_NO, "note": TEXT,
            },
            identity=("scheme", "vaccine_code", "product", "kind", "dose_code", "for_copay", "age_from_years", "age_to_years"),
            codes={"vaccine_code": "vaccine", "dose_code": "dose_stage"},
            is_continuous=True,
            ages=("age_from_years", "age_to_years"),
            optional=frozenset({"for_copay", "price_incl_yen", "quoting"}),
        ),
        "fee": ReferenceTable(
            columns={
                "scheme": TEXT, "vaccine_code": TEXT, "fee_code": TEXT, "age_to_years": WHOLE, "price_excl_yen": WHOLE,
                "tax_rate_percent": WHOLE, **_DATED, "approval_ref": TEXT, "illustrative": YES_NO, "note": TEXT,
            },
            identity=("scheme", "vaccine_code", "fee_code"),
            codes={"vaccine_code": "vaccine", "fee_code": "claim_fee"},
        ),
        "payment_calendar": ReferenceTable(
            columns={
                "kind": TEXT, "period": TEXT, **_DATED, "closes_on": DATE, "pays_on": DATE, "approval_ref": TEXT, "illustrative": YES_NO,
                "note": TEXT,
            },
            identity=("kind",),
            codes={},
            is_continuous=True,
        ),
        "copay": ReferenceTable(
            columns={
                "home_ward": TEXT, "vaccine_code": TEXT, **_DATED, "age_basis": TEXT, "age_limit_years": WHOLE, "amount_yen": WHOLE,
                "exempt": TEXT, "approval_ref": TEXT, "illustrative": YES_NO, "note": TEXT,
            },
            identity=("home_ward", "vaccine_code"),
            codes={"home_ward": "ward", "vaccine_code": "vaccine"},
            is_continuous=True,
        ),
        "statutory": ReferenceTable(
            columns={
                "report": TEXT, "recipient": TEXT, "legal_basis": TEXT, "form_name": TEXT, "deadline": TEXT, "breakdown": TEXT,
                **_DATED, **_FOUND,
            },
            identity=("report",),
            codes={},
            is_continuous=True,
        ),
        "program": ReferenceTable(
            columns={"vaccine_code": TEXT, "program_class": TEXT, **_DATED, **_FOUND},
            identity=("vaccine_code",),
            codes={"vaccine_code": "vaccine", "program_class": "program_class"},
            is_continuous=True,
        ),
        "equivalence": ReferenceTable(
            columns={"dose_code": TEXT, "counts_as_dose_code": TEXT, **_DATED, **_FOUND},
            identity=("dose_code", "counts_as_dose_code"),
            codes={"dose_code": "dose_stage", "counts_as_dose_code": "dose_stage"},
        ),
        "series": ReferenceTable(
            columns={"series": TEXT, "dose_code": TEXT, "position": WHOLE, "is_home": YES_NO, **_DATED, **_FOUND},
            identity=("series", "dose_code"),
            codes={"dose_code": "dose_stage"},
        ),
        "definition": ReferenceTable(
            columns={"kind": TEXT, "definition": TEXT, "age_months": WHOLE, "group": TEXT, "dose_code": TEXT, **_DATED, **_FOUND},
            identity=("kind", "definition", "group", "dose_code"),
            codes={"dose_code": "dose_stage"},
        ),
        "coverage_target": ReferenceTable(
            columns={"dose_code": TEXT, "target_percent": WHOLE, **_DATED, **_FOUND},
            identity=("dose_code",),
            codes={"dose_code": "dose_stage"},
        ),
        "office_closed_day": ReferenceTable(
            columns={"name": TEXT, "month_day_from": TEXT, "month_day_to": TEXT, **_DATED, **_FOUND},
            identity=("name", "month_day_from"),
            codes={},
        ),
        "extract_interval": ReferenceTable(
            columns={"kind": TEXT, "interval_days": WHOLE, **_DATED, **_FOUND},
            identity=("kind",),
            codes={},
        ),
        "lot_notice": ReferenceTable(
            columns={"vaccine_code": TEXT, "lot_number": TEXT, "expires_on": DATE, "recalled_on": DATE, **_DATED, **_FOUND},
            identity=("vaccine_code", "lot_number"),
            codes={"vaccine_code": "vaccine"},
        ),
        "form_row": ReferenceTable(
            columns={"form": TEXT, "position": WHOLE, "row_code": TEXT, "dose_code": TEXT, **_DATED, **_FOUND},
            identity=("form", "dose_code"),
            codes={"row_code": "form_line", "dose_code": "dose_stage"},
        ),
        "form_column": ReferenceTable(
            columns={
                "form": TEXT, "vaccine_code": TEXT, "category": TEXT, "age_basis": TEXT, "age_from_years": WHOLE, "age_to_years": WHOLE,
                **_DATED, **_FOUND,
            },
            identity=("form", "vaccine_code", "age_from_years", "age_to_years"),
            codes={"vaccine_code": "vaccine", "category": "age_category"},
            ages=("age_from_years", "age_to_years"),
        ),
    }
)  # fmt: skip


def list_reference(contracts_dir: Path) -> tuple[str, ...]:
    """Names of the reference tables that are there, sorted."""
    return tuple(sorted(path.stem for path in (contracts_dir / FOLDER).glob("*.csv")))


def reference_table(name: str) -> ReferenceTable:
    """The shape of a table. Raises UsageError for a name that is no reference table."""
    if name not in _TABLES:
        raise UsageError(f"there is no reference table {name}: known are {', '.join(sorted(_TABLES))}.")
    return _TABLES[name]


def load_reference(contracts_dir: Path, name: str) -> pl.DataFrame:
    """One reference table: days as Date, whole numbers as Int32, everything else text; empty cells null.

    Raises UsageError naming the column that is missing or unknown, or the row and column that does not read.
    """
    table = reference_table(name)
    path = contracts_dir / FOLDER / f"{name}.csv"
    frame = read_table(path)
    if unknown := [column for column in frame.columns if column not in table.columns]:
        raise UsageError(f"{path.name}: unknown column {unknown[0]}; known are {', '.join(table.columns)}.")
    if missing := [column for column in table.columns if column not in frame.columns and column not in table.optional]:
        raise UsageError(f"{path.name}: the column {missing[0]} is missing.")
    frame = frame.with_columns(pl.lit(None, pl.String).alias(column) for column in table.columns if column not in frame.columns)
    typed = frame.select([_typed(column, kind) for column, kind in table.columns.items()])
    for column in table.columns:
        if lost := (typed[column].is_null() & frame[column].is_not_null()).arg_true().to_list():
            raise UsageError(f"{path.name}, row {lost[0] + 2}: {column} is no {_NAMES[table.columns[column]]}.")
    return typed


def empty_reference(name: str) -> pl.DataFrame:
    """The table without rows: what a workspace holds that does not have the file."""
    columns = reference_table(name).columns
    blank = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return blank.select([_typed(column, kind) for column, kind in columns.items()])


_NAMES: Mapping[str, str] = MappingProxyType(
    {DATE: "day such as 2026-04-01", WHOLE: "whole number of 0 or more", TEXT: "text", YES_NO: "yes or no"}
)


def _typed(column: str, kind: str) -> pl.Expr:
    text = pl.col(column)
    if kind == DATE:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if kind == WHOLE:
        return pl.when(text.str.contains(r"^[0-9]{1,9}$")).then(text).cast(pl.Int32)
    if kind == YES_NO:
        return pl.when(text.is_in(["yes", "no"])).then(text).alias(column)
    return text

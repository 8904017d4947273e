"""Checks of the dated reference tables: codes, days, gaps and overlaps, approvals, and facts nobody has verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations, groupby, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from daicho.contracts.check_codelists import unverified_note
from daicho.contracts.check_payments import PERIOD_KINDS, SCHEMES, check_calendar, check_prices
from daicho.contracts.check_series import check_series
from daicho.contracts.codelists import codes_of, load_codelist
from daicho.contracts.model import Finding
from daicho.contracts.reference import FOLDER, ReferenceTable, list_reference, load_reference, reference_table
from daicho.contracts.schedule import INTERVALS_FROM, KINDS_WITH_VALUE, RULES, WINDOW_KINDS
from daicho.core.errors import UsageError

Row = Mapping[str, Any]
DEFINITION_KINDS = ("zero_dose", "fully_immunised")
MARKS = ("S", "S2", "S2/M", "M", "?")
# Columns of closed vocabularies that are not code lists.
_VOCABULARIES: Mapping[str, Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "schedule": {
            "rule": RULES,
            "window_from_kind": WINDOW_KINDS,
            "window_to_kind": WINDOW_KINDS,
            "interval_from": (*INTERVALS_FROM, ""),
            "mark": MARKS,
        },
        "price_list": {
            "scheme": SCHEMES,
            "kind": ("DOSE", "SCREEN"),
            "for_copay": ("paying", "exempt", ""),
            "quoting": ("gross", "net", ""),
            "admin_fee_kind": ("none", "included", "separate"),
        },
        "fee": {"scheme": SCHEMES},
        "payment_calendar": {"kind": PERIOD_KINDS},
        "copay": {"age_basis": ("dose_day", "fiscal_year_end")},
        "form_column": {"age_basis": ("dose_day", "fiscal_year_end"), "mark": MARKS},
        "extract_interval": {"mark": MARKS},
        "lot_notice": {"mark": MARKS},
        "series": {"mark": MARKS},
        "definition": {"kind": DEFINITION_KINDS, "mark": MARKS},
    }
)
_FILLED: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "schedule": ("vaccine_code", "dose_code", "source", "mark", "verified", "lifetime"),
        "price_list": (
            "vaccine_code",
            "tax_rate_percent",
            "admin_fee_yen",
            "valid_from",
            "approval_ref",
            "illustrative",
            "is_seasonal",
        ),
        "fee": ("fee_code", "price_excl_yen", "tax_rate_percent", "valid_from", "approval_ref", "illustrative"),
        "payment_calendar": ("period", "valid_from", "valid_to", "closes_on", "pays_on", "approval_ref", "illustrative"),
        "copay": ("home_ward", "vaccine_code", "amount_yen", "approval_ref", "illustrative"),
        "statutory": ("report", "recipient", "legal_basis", "verified"),
        "program": ("vaccine_code", "program_class", "verified"),
        "equivalence": ("dose_code", "counts_as_dose_code", "verified"),
        "series": ("series", "dose_code", "position", "is_home", "verified"),
        "definition": ("kind", "definition", "age_months", "group", "dose_code", "verified"),
        "coverage_target": ("dose_code", "target_percent", "verified"),
        "office_closed_day": ("name", "month_day_from", "month_day_to", "verified"),
        "extract_interval": ("kind", "interval_days", "source", "mark", "verified"),
        "lot_notice": ("vaccine_code", "lot_number", "source", "mark", "verified"),
        "form_row": ("form", "position", "row_code", "dose_code", "verified"),
        "form_column": ("form", "vaccine_code", "category", "age_basis", "age_from_years", "verified"),
    }
)
# Empty in a row means "any": such a row meets every other value of the column.
_WILDCARDS = ("product", "dose_code", "for_copay")


def check_reference(contracts_dir: Path) -> list[Finding]:
    """Findings over every table of data_contracts/reference."""
    findings: list[Finding] = []
    for name in list_reference(contracts_dir):
        where = f"{FOLDER}/{name}.csv"
        try:
            frame = load_reference(contracts_dir, name)
            found = list(_check_table(name, frame, contracts_dir))
        except UsageError as error:
            findings.append(Finding("error", where, str(error)))
            continue
        findings += [Finding("error", f"{where}, row {line}" if line else where, message) for line, message in found]
        findings += unverified_note(frame, where=where)
        if "illustrative" in frame.columns and (count := (frame["illustrative"] == "yes").sum()):
            findings.append(Finding("note", where, f"{count} rows are illustrative, not approved; load the office's own approved list."))
    return findings


def _check_table(name: str, frame: pl.DataFrame, contracts_dir: Path) -> Iterator[tuple[int, str]]:
    table = reference_table(name)
    rows = [{**row, "row": line} for line, row in enumerate(frame.iter_rows(named=True), start=2)]
    yield from _cells(name, rows)
    for column, codelist in table.codes.items():
        known = set(codes_of(contracts_dir, codelist))
        for row in rows:
            if row[column] is not None and row[column] not in known:
                yield row["row"], f"{column} {row[column]} is not in {codelist}.csv."
    for row in rows:
        if row["valid_from"] is not None and row["valid_to"] is not None and row["valid_from"] > row["valid_to"]:
            yield row["row"], "valid_from is after valid_to."
    yield from _overlaps(table, rows)
    if table.is_continuous:
        yield from _gaps(table, rows)
    if name == "schedule":
        yield from _schedule(rows, contracts_dir)
    if name == "series":
        yield from check_series(rows, contracts_dir)
    if name == "price_list":
        yield from check_prices(rows)
    if name == "payment_calendar":
        yield from check_calendar(rows)
    if name == "office_closed_day":
        yield from _days_of_year(rows)
    if name == "copay":
        yield from _exemptions(rows, contracts_dir)


def _cells(name: str, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    for row in rows:
        for column in _FILLED.get(name, ()):
            if row[column] is None:
                yield row["row"], f"{column} must be filled."
        for column, allowed in _VOCABULARIES.get(name, {}).items():
            if (row[column] or "") not in allowed:
                yield row["row"], f"{column} must be one of {', '.join(filter(None, allowed))}."


def _overlaps(table: ReferenceTable, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Two rows that hold for one case on one day."""
    ages = table.ages or ()
    fixed = [column for column in table.identity if column not in _WILDCARDS and column not in ages]
    loose = [column for column in table.identity if column in _WILDCARDS]
    for _, group in _grouped(rows, fixed):
        for one, other in combinations(group, 2):
            is_same = all(one[column] == other[column] or one[column] is None or other[column] is None for column in loose)
            if is_same and _share_days(one, other) and (not ages or _share_ages(one, other, ages)):
                yield other["row"], f"overlaps with row {one['row']} in time."


def _gaps(table: ReferenceTable, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    for _, group in _grouped([row for row in rows if row.get("is_seasonal") != "yes"], table.identity):
        for one, other in pairwise(sorted(group, key=_first_day)):
            if _last_day(one) < date.max and _first_day(other) > _last_day(one) + timedelta(days=1):
                yield other["row"], f"leaves a gap after row {one['row']}."


def _schedule(rows: Sequence[Row], contracts_dir: Path) -> Iterator[tuple[int, str]]:
    vaccine_of = dict(load_codelist(contracts_dir, "dose_stage").select("code", "vaccine_code").iter_rows())
    for row in rows:
        if vaccine_of.get(row["dose_code"], row["vaccine_code"]) != row["vaccine_code"]:
            yield row["row"], f"the dose {row['dose_code']} is not one of {row['vaccine_code']}."
        for side in ("from", "to"):
            kind = row[f"window_{side}_kind"]
            has_value, needs_value = row[f"window_{side}_value"] is not None, kind in KINDS_WITH_VALUE
            if has_value != needs_value:
                yield row["row"], f"window_{side}_value is {'missing' if needs_value else 'filled'} for a bound of the kind {kind}."
    regular = [row for row in rows if row["rule"] == "regular"]
    for dose in sorted(set(vaccine_of) - {row["dose_code"] for row in regular}):
        yield 0, f"the dose {dose} has no regular row."
    for _, group in _grouped(regular, ("dose_code",)):
        for one, other in combinations(group, 2):
            if _share_days(one, other):
                yield other["row"], f"is a second regular row of {other['dose_code']} for days that row {one['row']} holds for."


def _days_of_year(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    for row in rows:
        for column in ("month_day_from", "month_day_to"):
            try:
                date.fromisoformat(f"2000-{row[column]}")
            except ValueError:
                yield row["row"], f"{column} must be a month and day such as 12-29."


def _exemptions(rows: Sequence[Row], contracts_dir: Path) -> Iterator[tuple[int, str]]:
    known = {*codes_of(contracts_dir, "welfare_class"), *codes_of(contracts_dir, "handbook_class")}
    for row in rows:
        for code in filter(None, (row["exempt"] or "").split("|")):
            if code not in known:
                yield row["row"], f"exempt names {code}, which is in neither welfare_class.csv nor handbook_class.csv."


def _grouped(rows: Sequence[Row], columns: Sequence[str]) -> Iterator[tuple[Any, list[Row]]]:
    def key(row: Row) -> tuple[str, ...]:
        return tuple("" if row[column] is None else str(row[column]) for column in columns)

    for found, group in groupby(sorted(rows, key=key), key=key):
        yield found, list(group)


def _first_day(row: Row) -> date:
    return row["valid_from"] or date.min


def _last_day(row: Row) -> date:
    return row["valid_to"] or date.max


def _share_days(one: Row, other: Row) -> bool:
    return _first_day(one) <= _last_day(other) and _first_day(other) <= _last_day(one)


def _share_ages(one: Row, other: Row, ages: Sequence[str]) -> bool:
    low, high = ages

    def span(row: Row) -> tuple[int, int]:
        return (row[low] or 0, 999 if row[high] is None else row[high])

    (one_first, one_last), (other_first, other_last) = span(one), span(other)
    return one_first <= other_last and other_first <= one_last

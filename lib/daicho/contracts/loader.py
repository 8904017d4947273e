"""Read the ODCS 3.1 contracts of `data_contracts/extracts` and `data_contracts/outputs` into the model.

What ODCS has no field for stands in `customProperties`. An unknown key or class is an error: a misspelt attribute must never be
taken for an absent one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from daicho.contracts.model import Classification, Column, ColumnType, Contract, OutputColumn, OutputContract
from daicho.contracts.odcs import (
    classification_of,
    content_sha256,
    custom_properties,
    one_of,
    property_where,
    read_document,
    refuse_repeated,
    typed,
)
from daicho.core.errors import UsageError

EXTRACTS, OUTPUTS = "extracts", "outputs"
DELIVERIES = ("full_or_changes", "append")
ON_UNKNOWN = ("quarantine", "unknown")
FORBIDDEN_WORDS = ("個人番号", "マイナンバー")
ROLES = ("dimension", "value")
VALUE_KINDS, DIMENSION_KINDS = ("count", "rate", "yen", "estimate"), ("text", "integer", "month", "fiscal_year")
_CONTRACT_EXTRAS = {"titleEn", "naturalKey", "delivery"}
_COLUMN_EXTRAS = {
    "columnType", "labelEn", "source", "aliases", "headerRequired", "codelist", "onUnknown", "scannerKind", "repeats", "prefix", "derived",
    "minimum", "maximum",
}  # fmt: skip
_OUTPUT_EXTRAS = {"role", "valueKind", "unit", "labelEn", "codelist"}
_LOGICAL_TYPES: Mapping[ColumnType, str] = {
    ColumnType.PERSON_KEY: "string", ColumnType.TEXT: "string", ColumnType.ADDRESS: "string", ColumnType.CODE: "string",
    ColumnType.DATE: "date", ColumnType.PARTIAL_DATE: "date", ColumnType.TIMESTAMP: "timestamp", ColumnType.MONTH: "integer",
    ColumnType.INTEGER: "integer", ColumnType.YEN: "integer", ColumnType.FLAG: "boolean",
    ColumnType.DECIMAL: "number",
}  # fmt: skip


def load_contracts(contracts_dir: Path) -> dict[str, Contract]:
    """Every extract contract by kind. Raises UsageError naming the file and the key that is missing, unknown or ill-typed."""
    contracts: dict[str, Contract] = {}
    for path in _files(contracts_dir / EXTRACTS):
        contract = read_contract(path)
        if contract.kind in contracts:
            raise UsageError(
                f"{path.name}: the kind {contract.kind} is already described by {contracts[contract.kind].path.name}; keep one of them."
            )
        contracts[contract.kind] = contract
    if not contracts:
        raise UsageError(f"{contracts_dir / EXTRACTS} holds no contract: restore the files *.odcs.yaml of the extract kinds.")
    return contracts


def load_output_contracts(contracts_dir: Path) -> dict[str, OutputContract]:
    """Every contract of a released table by measure. Raises UsageError as `load_contracts` does."""
    return {contract.measure: contract for contract in map(read_output_contract, _files(contracts_dir / OUTPUTS))}


def read_contract(path: Path) -> Contract:
    """One extract contract."""
    raw, table, extras = read_document(path, _CONTRACT_EXTRAS)
    columns = tuple(_column(body, where=path.name) for body in table["properties"])
    refuse_repeated([column.header for column in columns], where=path.name)
    refuse_repeated([column.name for column in columns if column.name], where=path.name)
    natural_key = tuple(typed(extras, "naturalKey", list, path.name))
    kept = {column.name for column in columns if column.is_kept}
    if unknown := [name for name in natural_key if name not in kept]:
        raise UsageError(f"{path.name}: naturalKey names {unknown[0]}, which is no kept column of this contract.")
    return Contract(
        kind=table["name"],
        version=str(raw["version"]),
        title=typed(table, "businessName", str, path.name),
        title_en=typed(extras, "titleEn", str, path.name),
        columns=columns,
        natural_key=natural_key,
        delivery=one_of(extras, "delivery", DELIVERIES, path.name),
        path=path,
        sha256=content_sha256(raw),
    )


def read_output_contract(path: Path) -> OutputContract:
    """One contract of a released table."""
    raw, table, extras = read_document(path, {"titleEn"})
    columns = tuple(_output_column(body, where=path.name) for body in table["properties"])
    refuse_repeated([column.name for column in columns], where=path.name)
    return OutputContract(
        measure=table["name"],
        version=str(raw["version"]),
        title=typed(table, "businessName", str, path.name),
        title_en=typed(extras, "titleEn", str, path.name),
        columns=columns,
        path=path,
        sha256=content_sha256(raw),
    )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.odcs.yaml"))


def _column(body: Any, *, where: str) -> Column:
    where = property_where(body, where)
    extras = custom_properties(body, _COLUMN_EXTRAS, where=where)
    column_type = ColumnType(one_of(extras, "columnType", tuple(ColumnType), where))
    classification = classification_of(body, where=where)
    if body.get("logicalType") != _LOGICAL_TYPES[column_type]:
        raise UsageError(f"{where}: logicalType of a {column_type} column must be {_LOGICAL_TYPES[column_type]}.")
    column = Column(
        header=typed(body, "physicalName", str, where),
        name="",
        type=column_type,
        classification=classification,
        label=typed(body, "businessName", str, where),
        label_en=typed(extras, "labelEn", str, where),
        description=typed(body, "description", str, where),
        source=typed(extras, "source", str, where),
        aliases=tuple(typed(extras, "aliases", list, where, [])),
        required=typed(extras, "headerRequired", bool, where, False),
        nullable=not typed(body, "required", bool, where, False),
        codelist=typed(extras, "codelist", str, where, "") or None,
        on_unknown=one_of(extras, "onUnknown", ON_UNKNOWN, where, "unknown"),
        scanner_kind=typed(extras, "scannerKind", str, where, "") or None,
        repeats=typed(extras, "repeats", bool, where, False),
        prefix=typed(extras, "prefix", bool, where, False),
        unique=typed(body, "unique", bool, where, False),
        derived=typed(extras, "derived", bool, where, False),
        minimum=typed(extras, "minimum", int, where) if "minimum" in extras else None,
        maximum=typed(extras, "maximum", int, where) if "maximum" in extras else None,
    )
    if not column.rule.allowed_in_extract:
        raise UsageError(f"{where}: the class {classification} is for released tables, not for extracts.")
    if (column_type is ColumnType.PERSON_KEY) != (classification is Classification.KEY):
        raise UsageError(f"{where}: person_key is the type of link_key items and of no other.")
    if (column_type is ColumnType.ADDRESS) != (classification is Classification.GENERALISED):
        raise UsageError(f"{where}: only an address is generalised, and an address always is.")
    if any(word in text for word in FORBIDDEN_WORDS for text in (column.header, *column.aliases)):
        raise UsageError(f"{where}: no contract may take in 個人番号, in any class.")
    # An item that is dropped has no frame name, so that no frame can hold it.
    return replace(column, name=str(body["name"])) if column.is_kept else column


def _output_column(body: Any, *, where: str) -> OutputColumn:
    where = property_where(body, where)
    extras = custom_properties(body, _OUTPUT_EXTRAS, where=where)
    role = one_of(extras, "role", ROLES, where)
    classification = classification_of(body, where=where)
    if classification is not Classification.RELEASED:
        raise UsageError(f"{where}: a released table holds only columns of the class released.")
    return OutputColumn(
        name=str(body["name"]),
        role=role,
        kind=one_of(extras, "valueKind", VALUE_KINDS if role == "value" else DIMENSION_KINDS, where),
        unit=typed(extras, "unit", str, where, ""),
        classification=classification,
        label=typed(body, "businessName", str, where),
        label_en=typed(extras, "labelEn", str, where),
        description=typed(body, "description", str, where),
        codelist=typed(extras, "codelist", str, where, "") or None,
    )

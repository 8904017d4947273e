"""Read the ODCS 3.1 contracts of `data_contracts/extracts` and `data_contracts/outputs` into the model.

What ODCS has no field for stands in `customProperties`. An unknown key or class is an error: a misspelt attribute must never be
taken for an absent one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from daicho.contracts.model import Classification, Column, ColumnType, Contract, OutputColumn, OutputContract
from daicho.core.errors import UsageError

EXTRACTS, OUTPUTS = "extracts", "outputs"
DELIVERIES = ("full_or_changes", "append")
ON_UNKNOWN = ("quarantine", "unknown")
ROLES = ("dimension", "value")
VALUE_KINDS, DIMENSION_KINDS = ("count", "rate", "yen"), ("text", "integer", "month", "fiscal_year")
_TOP = {"apiVersion", "kind", "id", "name", "version", "status", "domain", "description", "schema", "customProperties"}
_DESCRIPTION = {"purpose", "limitations", "usage"}
_OBJECT = {"name", "physicalName", "logicalType", "businessName", "description", "properties", "customProperties"}
_PROPERTY = {
    "name",
    "physicalName",
    "businessName",
    "description",
    "logicalType",
    "required",
    "unique",
    "classification",
    "customProperties",
}
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
    raw, table, extras = _document(path, _CONTRACT_EXTRAS)
    columns = tuple(_column(body, where=path.name) for body in table["properties"])
    _refuse_repeated([column.header for column in columns], where=path.name)
    _refuse_repeated([column.name for column in columns if column.name], where=path.name)
    natural_key = tuple(_typed(extras, "naturalKey", list, path.name))
    kept = {column.name for column in columns if column.is_kept}
    if unknown := [name for name in natural_key if name not in kept]:
        raise UsageError(f"{path.name}: naturalKey names {unknown[0]}, which is no kept column of this contract.")
    return Contract(
        kind=table["name"],
        version=str(raw["version"]),
        title=_typed(table, "businessName", str, path.name),
        title_en=_typed(extras, "titleEn", str, path.name),
        columns=columns,
        natural_key=natural_key,
        delivery=_one_of(extras, "delivery", DELIVERIES, path.name),
        path=path,
    )


def read_output_contract(path: Path) -> OutputContract:
    """One contract of a released table."""
    raw, table, extras = _document(path, {"titleEn"})
    columns = tuple(_output_column(body, where=path.name) for body in table["properties"])
    _refuse_repeated([column.name for column in columns], where=path.name)
    return OutputContract(
        measure=table["name"],
        version=str(raw["version"]),
        title=_typed(table, "businessName", str, path.name),
        title_en=_typed(extras, "titleEn", str, path.name),
        columns=columns,
        path=path,
    )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.odcs.yaml"))


def _document(path: Path, extras: set[str]) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """The whole document, its one table, and its own custom properties."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise UsageError(f"{path.name} cannot be read as YAML in UTF-8; mend the file in {path.parent}.") from None
    if not isinstance(raw, dict):
        raise UsageError(f"{path.name} holds no contract.")
    _refuse_unknown(raw, _TOP, where=path.name)
    _refuse_unknown(raw.get("description", {}), _DESCRIPTION, where=path.name)
    for key in ("version", "schema", "customProperties"):
        if key not in raw:
            raise UsageError(f"{path.name}: the key {key} is missing.")
    if raw.get("kind") != "DataContract" or raw.get("apiVersion") != "v3.1.0":
        raise UsageError(f"{path.name}: kind must be DataContract and apiVersion v3.1.0.")
    tables = raw["schema"]
    if not isinstance(tables, list) or len(tables) != 1 or not isinstance(tables[0], dict):
        raise UsageError(f"{path.name}: schema must describe exactly one table.")
    _refuse_unknown(tables[0], _OBJECT, where=path.name)
    _typed(tables[0], "name", str, path.name)
    _typed(tables[0], "properties", list, path.name)
    return raw, tables[0], _custom(raw, extras, where=path.name)


def _column(body: Any, *, where: str) -> Column:
    where = _property_where(body, where)
    extras = _custom(body, _COLUMN_EXTRAS, where=where)
    column_type = ColumnType(_one_of(extras, "columnType", tuple(ColumnType), where))
    classification = _classification(body, where=where)
    if body.get("logicalType") != _LOGICAL_TYPES[column_type]:
        raise UsageError(f"{where}: logicalType of a {column_type} column must be {_LOGICAL_TYPES[column_type]}.")
    column = Column(
        header=_typed(body, "physicalName", str, where),
        name="",
        type=column_type,
        classification=classification,
        label=_typed(body, "businessName", str, where),
        label_en=_typed(extras, "labelEn", str, where),
        description=_typed(body, "description", str, where),
        source=_typed(extras, "source", str, where),
        aliases=tuple(_typed(extras, "aliases", list, where, [])),
        required=_typed(extras, "headerRequired", bool, where, False),
        nullable=not _typed(body, "required", bool, where, False),
        codelist=_typed(extras, "codelist", str, where, "") or None,
        on_unknown=_one_of(extras, "onUnknown", ON_UNKNOWN, where, "unknown"),
        scanner_kind=_typed(extras, "scannerKind", str, where, "") or None,
        repeats=_typed(extras, "repeats", bool, where, False),
        prefix=_typed(extras, "prefix", bool, where, False),
        unique=_typed(body, "unique", bool, where, False),
        derived=_typed(extras, "derived", bool, where, False),
        minimum=extras.get("minimum"),
        maximum=extras.get("maximum"),
    )
    if not column.rule.allowed_in_extract:
        raise UsageError(f"{where}: the class {classification} is for released tables, not for extracts.")
    if (column_type is ColumnType.PERSON_KEY) != (classification is Classification.KEY):
        raise UsageError(f"{where}: person_key is the type of link_key items and of no other.")
    if (column_type is ColumnType.ADDRESS) != (classification is Classification.GENERALISED):
        raise UsageError(f"{where}: only an address is generalised, and an address always is.")
    return _named(column, str(body["name"]))


def _named(column: Column, name: str) -> Column:
    """The column with its frame name; an item that is dropped has none, so that no frame can hold it."""
    return Column(**{**column.__dict__, "name": name}) if column.is_kept else column


def _output_column(body: Any, *, where: str) -> OutputColumn:
    where = _property_where(body, where)
    extras = _custom(body, _OUTPUT_EXTRAS, where=where)
    role = _one_of(extras, "role", ROLES, where)
    classification = _classification(body, where=where)
    if classification is not Classification.RELEASED:
        raise UsageError(f"{where}: a released table holds only columns of the class released.")
    return OutputColumn(
        name=str(body["name"]),
        role=role,
        kind=_one_of(extras, "valueKind", VALUE_KINDS if role == "value" else DIMENSION_KINDS, where),
        unit=_typed(extras, "unit", str, where, ""),
        classification=classification,
        label=_typed(body, "businessName", str, where),
        label_en=_typed(extras, "labelEn", str, where),
        description=_typed(body, "description", str, where),
        codelist=_typed(extras, "codelist", str, where, "") or None,
    )


def _property_where(body: Any, where: str) -> str:
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise UsageError(f"{where}: every property needs a name.")
    where = f"{where}, {body['name']}"
    _refuse_unknown(body, _PROPERTY, where=where)
    return where


def _classification(body: Mapping[str, Any], *, where: str) -> Classification:
    return Classification(_one_of(body, "classification", tuple(Classification), where))


def _custom(body: Mapping[str, Any], known: set[str], *, where: str) -> dict[str, Any]:
    """`customProperties` as a mapping."""
    found: dict[str, Any] = {}
    for item in body.get("customProperties", []):
        if not isinstance(item, dict) or set(item) != {"property", "value"}:
            raise UsageError(f"{where}: a custom property has the keys property and value, and no other.")
        if item["property"] in found:
            raise UsageError(f"{where}: the custom property {item['property']} appears twice.")
        found[item["property"]] = item["value"]
    _refuse_unknown(found, known, where=where)
    return found


def _refuse_unknown(body: Mapping[str, Any], known: set[str], *, where: str) -> None:
    if unknown := sorted(set(body) - known):
        raise UsageError(f"{where}: unknown key {unknown[0]}; known are {', '.join(sorted(known))}.")


def _refuse_repeated(names: Sequence[str], *, where: str) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"{where}: {repeated[0]} is described twice.")


def _typed(body: Mapping[str, Any], key: str, kind: type, where: str, default: Any = None) -> Any:
    value = body.get(key, default)
    if not isinstance(value, kind):
        raise UsageError(f"{where}: {key} is missing or not of type {kind.__name__}.")
    return value


def _one_of(body: Mapping[str, Any], key: str, allowed: Sequence[str], where: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if value not in [str(item) for item in allowed]:
        raise UsageError(f"{where}: {key} must be one of {', '.join(map(str, allowed))}.")
    return str(value)

"""Reading ODCS 3.1 YAML: the document, its one table, its custom properties; every unknown key is an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from daicho.contracts.model import Classification
from daicho.core.errors import UsageError

API_VERSION = "v3.1.0"
_TOP = {"apiVersion", "kind", "id", "name", "version", "status", "domain", "description", "schema", "customProperties"}
_DESCRIPTION = {"purpose", "limitations", "usage"}
_OBJECT = {"name", "physicalName", "logicalType", "businessName", "description", "properties", "customProperties"}
_PROPERTY = {
    "name", "physicalName", "businessName", "description", "logicalType", "required", "unique", "classification", "customProperties",
}  # fmt: skip


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML in which a key given twice is an error: plain YAML would silently take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise yaml.YAMLError("a key is given twice")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping. Raises UsageError when it is not there, is no YAML, or gives a key twice."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise UsageError(f"{path.name} cannot be read as YAML in UTF-8, or gives a key twice; mend the file in {path.parent}.") from None
    if not isinstance(raw, dict):
        raise UsageError(f"{path.name} holds no mapping of keys to values.")
    return raw


def read_document(path: Path, extras: set[str]) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """The whole document, its one table, and its own custom properties (of which `extras` are known). Raises UsageError."""
    raw = read_yaml(path)
    _refuse_unknown(raw, _TOP, where=path.name)
    _refuse_unknown(raw.get("description", {}), _DESCRIPTION, where=path.name)
    for key in ("version", "schema", "customProperties"):
        if key not in raw:
            raise UsageError(f"{path.name}: the key {key} is missing.")
    if raw.get("kind") != "DataContract" or raw.get("apiVersion") != API_VERSION:
        raise UsageError(f"{path.name}: kind must be DataContract and apiVersion {API_VERSION}.")
    tables = raw["schema"]
    if not isinstance(tables, list) or len(tables) != 1 or not isinstance(tables[0], dict):
        raise UsageError(f"{path.name}: schema must describe exactly one table.")
    _refuse_unknown(tables[0], _OBJECT, where=path.name)
    typed(tables[0], "name", str, path.name)
    typed(tables[0], "properties", list, path.name)
    return raw, tables[0], custom_properties(raw, extras, where=path.name)


def content_sha256(document: Mapping[str, Any]) -> str:
    """The hash of what a document says: comments, layout and the order of keys do not matter."""
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def property_where(body: Any, where: str) -> str:
    """Where a property stands, for messages; it must have a name and no unknown key."""
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise UsageError(f"{where}: every property needs a name.")
    where = f"{where}, {body['name']}"
    _refuse_unknown(body, _PROPERTY, where=where)
    return where


def classification_of(body: Mapping[str, Any], *, where: str) -> Classification:
    """The class of a property, one of the closed list."""
    return Classification(one_of(body, "classification", tuple(Classification), where))


def custom_properties(body: Mapping[str, Any], known: set[str], *, where: str) -> dict[str, Any]:
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


def refuse_repeated(names: Sequence[str], *, where: str) -> None:
    """Refuse a name that is described twice."""
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"{where}: {repeated[0]} is described twice.")


def typed(body: Mapping[str, Any], key: str, kind: type, where: str, default: Any = None) -> Any:
    """The value of a key, of a type; without a default the key must be there."""
    value = body.get(key, default)
    if not isinstance(value, kind):
        raise UsageError(f"{where}: {key} is missing or not of type {kind.__name__}.")
    return value


def one_of(body: Mapping[str, Any], key: str, allowed: Sequence[str], where: str, default: str | None = None) -> str:
    """The value of a key, one of a closed vocabulary."""
    value = body.get(key, default)
    if value not in [str(item) for item in allowed]:
        raise UsageError(f"{where}: {key} must be one of {', '.join(map(str, allowed))}.")
    return str(value)

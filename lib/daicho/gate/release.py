"""A release: the only form in which figures leave the gate, and its bytes on the wire and in the release ledger.

A frame holds dimensions (codes), `<dimension>_label`, and value columns each followed by `<value>_status`. The facts travel in
the Arrow schema's metadata, so a stored release explains itself. Equal releases have equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa

from daicho.core.errors import VaultError

FACTS_KEY = b"daicho.facts"
STATUSES = ("value", "zero", "suppressed", "not_applicable")
STATUS_SUFFIX = "_status"
LABEL_SUFFIX = "_label"


@dataclass(frozen=True)
class ColumnFacts:
    """How one released column reads. `kind` is count, rate, yen or estimate for values; text, integer, month or fiscal_year for dimensions."""

    name: str
    label: str
    label_en: str
    kind: str
    unit: str


@dataclass(frozen=True)
class Facts:
    """What must be known about a release to read it and to account for it. `cells` counts values, `suppressed_cells` those withheld.

    `protection` is what the joint audit found, in counts only: threshold, width promised and narrowest found, cells, releases, seconds.
    `strictness` orders profiles: a document may show releases of its own profile or of a profile with a higher number.
    """

    release_id: str
    measure: str
    title: str
    title_en: str
    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, str | int]
    profile: str
    profile_label: str
    marking: str
    strictness: int
    snapshot: int
    as_of: date | None
    purpose: str
    recipient: str
    legal_basis: str
    source: str
    notes: tuple[str, ...]
    cells: int
    suppressed_cells: int
    audit: str
    columns: tuple[ColumnFacts, ...]
    unverified: bool
    protection: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """An aggregated table that passed the gate, with its facts."""

    frame: pl.DataFrame
    facts: Facts


def canonical_json(value: Any) -> str:
    """Write data as JSON with sorted keys and no spaces: the one form that is hashed."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def facts_as_data(facts: Facts) -> dict[str, Any]:
    """Return the facts as plain data (dates in ISO form), as manifests and table outputs embed them."""
    data: dict[str, Any] = json.loads(canonical_json(asdict(facts)))
    return data


def facts_from_data(data: Mapping[str, Any]) -> Facts:
    """Rebuild facts from their plain form. Raises VaultError when they are not facts of this version."""
    try:
        return Facts(
            **{
                **data,
                "by": tuple(data["by"]),
                "where": {name: tuple(codes) for name, codes in data["where"].items()},
                "as_of": date.fromisoformat(data["as_of"]) if data["as_of"] else None,
                "notes": tuple(data["notes"]),
                "columns": tuple(ColumnFacts(**column) for column in data["columns"]),
            }
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise VaultError("a release carries facts this version cannot read: was it written by another version?")


def release_to_bytes(release: Release) -> bytes:
    """Write a release as an Arrow stream.

    Columns are rebuilt value by value: a withheld value may survive in the buffer beneath a null (the validity bit only hides it), and
    those buffers would leave with the release. Rebuilt buffers hold zeros there.
    """
    arrays = [_rebuilt(column) for column in release.frame.get_columns()]
    metadata = {FACTS_KEY: canonical_json(asdict(release.facts)).encode()}
    schema = pa.schema([pa.field(name, array.type) for name, array in zip(release.frame.columns, arrays, strict=True)], metadata=metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    written: bytes = sink.getvalue().to_pybytes()
    return written


def release_from_bytes(body: bytes) -> Release:
    """Read what `release_to_bytes` wrote. Raises VaultError when the bytes are no release."""
    table = _read_table(body)
    metadata = table.schema.metadata or {}
    if FACTS_KEY not in metadata:
        raise VaultError("the bytes hold no release: their facts are missing.")
    try:
        data = json.loads(metadata[FACTS_KEY])
    except ValueError:
        data = {}
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise VaultError("the bytes hold no release: they are not a table.")
    return Release(frame=frame, facts=facts_from_data(data))


def status_of(column: str) -> str:
    """Return the name of the status column beside a value column."""
    return column + STATUS_SUFFIX


def label_of(dimension: str) -> str:
    """Return the name of the label column beside a dimension."""
    return dimension + LABEL_SUFFIX


def empty_body() -> bytes:
    """Return an Arrow stream without columns or rows: the body of an answer that releases nothing."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([])):
        pass
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _read_table(body: bytes) -> Any:
    try:
        return pa.ipc.open_stream(body).read_all()
    except (pa.ArrowException, OSError):
        pass
    raise VaultError("the bytes hold no release: they are not an Arrow stream.")


def _rebuilt(column: pl.Series) -> Any:
    values: Sequence[Any] = column.to_list()
    if column.dtype.is_integer():
        return pa.array(values, type=pa.int64())
    if column.dtype.is_float():
        return pa.array(values, type=pa.float64())
    if column.dtype == pl.Boolean:
        return pa.array(values, type=pa.bool_())
    return pa.array(values, type=pa.large_string())

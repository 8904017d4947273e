"""COVID-19 records as intake leaves them, the mart that the vault makes of them, and the measures over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl
from tests.measures.mart_factory import Ledger, build_mart

from daicho.vault.catalog import Batch
from daicho.vault.mart_covid import covid_tables


@dataclass(frozen=True)
class Record:
    """A row of the ledger's covid_record. `is_current`: under the number in use of its person."""

    person: int
    number: int | None = 1
    given_on: date | None = None
    maker: str | None = "pfizer"
    lot: str | None = "FA0001"
    municipality_code: str | None = "131032"
    product_name: str | None = None
    status: str | None = "given"
    certificate_issued_on: date | None = None
    certificate_channel: str | None = None
    batch: int = 1
    line: int = 0
    is_current: bool = True


@dataclass(frozen=True)
class Told:
    """A dose of VRS. Without a person it is linked to nobody; the doses of one wide row share a line."""

    person: int | None
    number: int | None = 1
    given_on: date | None = None
    maker: str | None = "pfizer"
    lot: str | None = "FA0001"
    municipality_code: str | None = "131032"
    registered_at: datetime | None = datetime(2021, 6, 1, 9)
    batch: int = 2
    line: int = 0
    is_current: bool = True


@dataclass(frozen=True)
class Copy:
    """A row of the shared copy."""

    person: int
    vaccine_code: str
    number: int | None = 1
    given_on: date | None = None
    vaccine_name: str | None = None
    batch: int = 3
    line: int = 0
    is_current: bool = True


_TYPES = {
    "person": pl.Int32, "number": pl.Int16, "given_on": pl.Date, "maker": pl.String, "lot": pl.String, "municipality_code": pl.String,
    "product_name": pl.String, "status": pl.String, "certificate_issued_on": pl.Date, "certificate_channel": pl.String,
    "registered_at": pl.Datetime("us"), "vaccine_code": pl.String, "vaccine_name": pl.String, "batch": pl.Int32, "line": pl.Int32,
    "is_current": pl.Boolean,
}  # fmt: skip
_KINDS = {Record: "covid_record", Told: "vrs_wide", Copy: "shared_copy"}
Row = Record | Told | Copy


def covid_mart(ledger: Ledger, rows: Sequence[Row]) -> duckdb.DuckDBPyConnection:
    """An opened snapshot: the ledger's mart with the tables that the vault makes of the rows."""
    connection = build_mart(ledger)
    for table, frame in _covid_frames(ledger, rows).items():
        connection.register("made", frame)
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM made")
        connection.unregister("made")
    return connection


def _covid_frames(ledger: Ledger, rows: Sequence[Row]) -> dict[str, pl.DataFrame]:
    """The statements of the vault, over segments in memory."""
    connection = duckdb.connect(":memory:")
    connection.execute("ATTACH ':memory:' AS mart")
    spells = [(p.person, s.resident_from, s.resident_until, s.district, s.resident_class) for p in ledger.persons for s in p.spells]
    schema = {"person": pl.Int32, "resident_from": pl.Date, "resident_until": pl.Date, "district": pl.String, "resident_class": pl.String}
    _make(connection, "mart.residence", pl.DataFrame(spells, schema=schema, orient="row"))
    batches, numbers = [], []
    for kind in (Record, Told, Copy):
        for number in sorted({row.batch for row in rows if isinstance(row, kind)}):
            mine = [row for row in rows if isinstance(row, kind) and row.batch == number]
            locals_ = {
                key: place for place, key in enumerate(sorted({(r.person, r.is_current) for r in mine if r.person is not None}), start=1)
            }
            values = [{**asdict(row), "person": locals_.get((row.person, row.is_current))} for row in mine]  # type: ignore[arg-type]
            connection.execute(f"ATTACH ':memory:' AS b{number}")
            frame = pl.DataFrame(values, schema={name: _TYPES[name] for name in values[0]}).drop("batch", "is_current")
            _make(connection, f"b{number}.rows", frame)
            numbers += [(number, local, person, is_current) for (person, is_current), local in locals_.items()]
            batches.append(Batch(number, _KINDS[kind], *("",) * 7, 0, 0, 0, {}, {}))
    schema = {"batch": pl.Int32, "local": pl.Int32, "person": pl.Int32, "is_current": pl.Boolean}
    _make(connection, "number_of", pl.DataFrame(numbers, schema=schema, orient="row"))
    for statement in covid_tables(batches):
        connection.execute(statement)
    found = {table: connection.execute(f"SELECT * FROM mart.{table}").pl() for table in ("covid", "certificate", "shared_copy")}
    connection.close()
    return found


def _make(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    connection.register("made", frame)
    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM made")
    connection.unregister("made")


def figures(frame: pl.DataFrame, by: Sequence[str], values: Sequence[str]) -> dict[Any, Any]:
    """Dimension values to figures, without cells of nothing; a single one stands without its tuple."""
    rows = {tuple(row[name] for name in by): tuple(row[name] for name in values) for row in frame.iter_rows(named=True)}
    return {key[0] if len(by) == 1 else key: found[0] if len(values) == 1 else found for key, found in rows.items() if any(found)}

"""The workspace's own ledger behind the gate: the vault's snapshots, the measures' definitions, the office's reference data."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from daicho.contracts.codelists import list_codelists, load_codelist
from daicho.contracts.reference import empty_reference, list_reference, load_reference
from daicho.core.config import Config
from daicho.gate.engine import MeasureSpec, ParameterSpec, ParameterValue, Query, WorklistSpec
from daicho.gate.release import ColumnFacts
from daicho.gate.suppression import ValueRule
from daicho.measures import (
    INSTITUTION_NAMES,
    KEPT_REFERENCE,
    MACROS,
    PRIVACY_COLUMN,
    Measure,
    Parameter,
    ValueColumn,
    Worklist,
    catalogue,
    compile_request,
    compile_worklist,
    kept_statements,
    label_columns,
    resolve_doses,
    resolve_filters,
    worklists,
)
from daicho.measures.dimensions import dimension_of
from daicho.vault import DerivedTables, erasures_made, latest_snapshot, open_snapshot

INSTITUTION = "institution"
MUNICIPALITY = "municipality"
PAYMENT_RULE = "payment_rule"
# Tables that a workspace without such contracts may lack.
_MAY_LACK = ("extract_interval", "fee", "lot_notice", "payment_calendar")
_MAY_LACK_LISTS = {"covid_maker": ("code", "label"), "covid_product": ("code", "label")}


class LedgerEngine:
    """The Engine protocol over vault and measures. Reference data is read once: a gate must be restarted to see an edit of it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._catalogue = catalogue()
        self._measures = {name: describe_measure(measure) for name, measure in self._catalogue.items()}
        self._lists = worklists()
        self._worklists = {name: describe_worklist(worklist) for name, worklist in self._lists.items()}
        self._lock = threading.Lock()
        self._reference: dict[str, pl.DataFrame] = {}
        self._hashes: dict[str, str] = {}
        self._institutions: dict[int, pl.DataFrame] = {}

    def measures(self) -> Mapping[str, MeasureSpec]:
        return self._measures

    def latest_snapshot(self) -> int:
        return latest_snapshot(self._config)

    def open(self, snapshot: int) -> duckdb.DuckDBPyConnection:
        """Open a snapshot, and keep the names of its institutions for labels."""
        tables = self._tables()
        derived = DerivedTables(statements=kept_statements(tables), reference=KEPT_REFERENCE)
        connection = open_snapshot(self._config, snapshot=snapshot, reference=tables, macros=MACROS, derived=derived)
        try:
            names = connection.execute(INSTITUTION_NAMES).pl()
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._institutions[snapshot] = names
        return connection

    def compile(
        self,
        measure: str,
        *,
        by: Sequence[str],
        where: Mapping[str, Sequence[str]],
        parameters: Mapping[str, ParameterValue],
        snapshot: int,
    ) -> Query:
        found = self._catalogue[measure]
        codes = resolve_filters(found, where, self._tables())
        doses = resolve_doses(found, parameters, where=codes, reference=self._tables())
        compiled = compile_request(found, by=by, where=codes, parameters=doses)
        as_of = compiled.resolved.get("as_of")
        return Query(
            sql=compiled.sql,
            bound=compiled.parameters,
            where=compiled.where,
            parameters=compiled.resolved,
            as_of=as_of if isinstance(as_of, date) else None,
        )

    def worklists(self) -> Mapping[str, WorklistSpec]:
        return self._worklists

    def compile_worklist(self, worklist: str, *, where: Mapping[str, Sequence[str]], parameters: Mapping[str, ParameterValue]) -> Query:
        found = self._lists[worklist]
        compiled = compile_worklist(found, where=resolve_filters(found, where, self._tables()), parameters=parameters)
        as_of = compiled.resolved.get("as_of")
        return Query(
            sql=compiled.sql,
            bound=compiled.parameters,
            where=compiled.where,
            parameters=compiled.resolved,
            as_of=as_of if isinstance(as_of, date) else None,
        )

    def add_labels(self, frame: pl.DataFrame, *, by: Sequence[str], snapshot: int) -> pl.DataFrame:
        """Labels from the code lists; institutions by the names the snapshot holds."""
        with self._lock:
            names = self._institutions.get(snapshot)
        reference = self._tables() if names is None else {**self._tables(), INSTITUTION: names}
        return label_columns(frame, dimensions=by, reference=reference)

    def fingerprint(self, measure: str) -> str:
        """Hash of the files a measure's figures and labels come from, how often rows were erased, and which records count."""
        self._tables()
        found = self._catalogue[measure]
        codelists = {dimension_of(found, name).codelist or "" for name in found.dimensions}
        erased = f"erasures:{count}" if (count := erasures_made(self._config)) else ""
        rule = f"records:{self._config.records.text}" if self._config.records.text else ""
        hashes = "".join(self._hashes[name] for name in sorted({*found.reference, *codelists} & set(self._hashes)))
        return _digest(f"{hashes}{erased}{rule}".encode())

    def is_unverified(self, measure: str, *, where: Mapping[str, Sequence[str]]) -> bool:
        return any(_is_unverified(self._tables()[name], where) for name in self._catalogue[measure].reference if name in self._tables())

    def legal_basis(self, measure: str, *, on: date | None) -> str:
        """The basis that reference/statutory.csv names for a return on a day; the newest one where no day is given."""
        if "statutory" not in self._tables():
            return ""
        rows = self._tables()["statutory"].filter(pl.col("report") == measure)
        if on is not None:
            started = pl.col("valid_from").is_null() | (pl.col("valid_from") <= on)
            rows = rows.filter(started & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= on)))
        bases = rows.sort("valid_from", nulls_last=False)["legal_basis"].drop_nulls().to_list()
        return str(bases[-1]) if bases else ""

    def area_population(self, dimension: str) -> Mapping[str, int]:
        """Inhabitants by code, from the column `population` of the dimension's code list."""
        frame = self._tables().get(dimension)
        if frame is None or "population" not in frame.columns:
            return {}
        rows = frame.select("code", pl.col("population").cast(pl.Int64, strict=False)).drop_nulls().iter_rows()
        return {str(code): int(population) for code, population in rows}

    def _tables(self) -> dict[str, pl.DataFrame]:
        """All code lists and reference tables by name."""
        with self._lock:
            if not self._reference:
                folder = self._config.contracts_dir
                tables = {name: pl.DataFrame(schema=dict.fromkeys(columns, pl.String)) for name, columns in _MAY_LACK_LISTS.items()}
                tables |= {name: load_codelist(folder, name) for name in list_codelists(folder)}
                tables |= {name: empty_reference(name) for name in _MAY_LACK}
                tables |= {name: load_reference(folder, name) for name in list_reference(folder)}
                terms = self._config.payments
                tables[PAYMENT_RULE] = pl.DataFrame([asdict(terms)])
                # Whose ledger this is decides prices and self-payment.
                code = self._config.municipality_code
                tables[MUNICIPALITY] = pl.DataFrame({"code": [code]})
                self._hashes = {path.stem: _digest(path.read_bytes()) for path in _files(folder)} | {MUNICIPALITY: _digest(code.encode())}
                self._hashes[PAYMENT_RULE] = _digest(terms.text.encode())
                self._reference = tables
            return self._reference


def describe_measure(measure: Measure) -> MeasureSpec:
    """A measure as the gate sees it, with its card for the public catalogue."""
    found = {name: dimension_of(measure, name) for name in measure.dimensions}
    is_personal = measure.privacy_unit != "none"
    return MeasureSpec(
        name=measure.name,
        title=measure.title,
        title_en=measure.title_en,
        source=measure.source,
        notes=measure.notes,
        dimensions={name: ColumnFacts(name, item.label, item.label_en, item.kind, "") for name, item in found.items()},
        filters=frozenset(measure.filters),
        required_filters=measure.required_filters,
        parameters=_parameter_specs(measure.parameters),
        values=tuple(ColumnFacts(value.name, value.label, value.label_en, value.kind, value.unit) for value in measure.released),
        rules=tuple(
            ValueRule(
                name=value.name,
                kind=value.kind,
                contributors=_contributors(value) if is_personal else (),
                is_personal=is_personal,
                numerator=value.numerator,
                denominator=value.denominator,
                may_exceed_one=value.may_exceed_one,
                part_of=value.part_of,
                rests_on=value.rests_on,
                along=value.along,
                is_released=value.is_released,
            )
            for value in measure.values
        ),
        counts_payees=measure.privacy_unit == "institution" or bool(measure.payees),
        card=measure_card(measure),
        implicit=measure.implicit,
    )


def describe_worklist(worklist: Worklist) -> WorklistSpec:
    """A worklist as the gate sees it."""
    return WorklistSpec(
        name=worklist.name,
        filters=frozenset(worklist.filters),
        required_filters=worklist.required_filters,
        parameters=_parameter_specs(worklist.parameters),
    )


def _parameter_specs(parameters: Sequence[Parameter]) -> dict[str, ParameterSpec]:
    return {item.name: ParameterSpec(item.name, item.type, item.required, item.choices) for item in parameters}


def _contributors(value: ValueColumn) -> tuple[str, ...]:
    """A rate inherits the model's default column, which counts its denominator, not what is missing to it."""
    return tuple(name for name in value.contributors if not (value.kind == "rate" and name == PRIVACY_COLUMN))


def measure_card(measure: Measure) -> dict[str, Any]:
    """A measure's entry in the public catalogue, as plain data."""
    found = [dimension_of(measure, name) for name in measure.dimensions]
    return {
        "name": measure.name,
        "title": measure.title,
        "title_en": measure.title_en,
        "description": measure.description,
        "source": measure.source,
        "privacy_unit": measure.privacy_unit,
        "values": [
            {"name": value.name, "label": value.label, "label_en": value.label_en, "unit": value.unit, "kind": value.kind}
            for value in measure.released
        ],
        "dimensions": [
            {"name": item.name, "label": item.label, "label_en": item.label_en, "kind": item.kind, "description": item.description}
            for item in found
        ],
        "implicit_dimensions": list(measure.implicit),
        "filters": list(measure.filters),
        "required_filters": list(measure.required_filters),
        "parameters": [
            {
                "name": item.name,
                "type": item.type,
                "required": item.required,
                "default": item.default.isoformat() if isinstance(item.default, date) else item.default,
                "choices": list(item.choices),
                "description": item.description,
            }
            for item in measure.parameters
        ],
        "notes": list(measure.notes),
    }


def _is_unverified(frame: pl.DataFrame, where: Mapping[str, Sequence[str]]) -> bool:
    if "vaccine" in where and "vaccine_code" in frame.columns:
        frame = frame.filter(pl.col("vaccine_code").is_in(list(where["vaccine"])))
    doubts = (frame[column] == word for column, word in (("verified", "no"), ("illustrative", "yes")) if column in frame.columns)
    return any(bool(doubt.any()) for doubt in doubts)


def _files(contracts_dir: Path) -> list[Path]:
    return [path for folder in ("codelists", "reference") for path in sorted((contracts_dir / folder).glob("*.csv"))]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""What the gate needs from the measures and the vault, and nothing more: a narrow door, so that tests can put a toy ledger behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import duckdb
import polars as pl

from daicho.gate.release import ColumnFacts
from daicho.gate.suppression import ValueRule

ParameterValue = str | int | date


@dataclass(frozen=True)
class ParameterSpec:
    """A parameter a request may set. `type`: date, int, month (YYYYMM), choice or dose."""

    name: str
    type: str
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class MeasureSpec:
    """A measure as the gate sees it: its vocabulary, how its values are protected and how its columns read.

    `card` is its entry in the public catalogue. `counts_payees`: its figures are somebody's income, so profiles with a minimum of payees
    need the column `__payees` in the query's result. `implicit` dimensions are in every table, asked for or not.
    """

    name: str
    title: str
    title_en: str
    source: str
    notes: tuple[str, ...]
    dimensions: Mapping[str, ColumnFacts]
    filters: frozenset[str]
    required_filters: tuple[str, ...]
    parameters: Mapping[str, ParameterSpec]
    values: tuple[ColumnFacts, ...]
    rules: tuple[ValueRule, ...]
    counts_payees: bool
    card: Mapping[str, Any]
    implicit: tuple[str, ...] = ()

    @property
    def is_stock(self) -> bool:
        """Whether it counts people who are there (a denominator) beside things that happened."""
        return any(rule.kind == "rate" or rule.part_of or rule.along for rule in self.rules)


@dataclass(frozen=True)
class WorklistSpec:
    """A worklist as the gate sees it: its vocabulary."""

    name: str
    filters: frozenset[str]
    required_filters: tuple[str, ...]
    parameters: Mapping[str, ParameterSpec]


@dataclass(frozen=True)
class Query:
    """A compiled request: SQL with bound parameters, filters as sorted codes, parameters with their defaults filled in."""

    sql: str
    bound: Mapping[str, Any]
    where: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, ParameterValue]
    as_of: date | None


class Engine(Protocol):
    """The ledger behind the gate."""

    def measures(self) -> Mapping[str, MeasureSpec]:
        """The closed vocabulary."""

    def latest_snapshot(self) -> int:
        """Number of the newest snapshot. Raises VaultError when there is none."""

    def open(self, snapshot: int) -> duckdb.DuckDBPyConnection:
        """A locked-down connection on a snapshot; each request gets a cursor of it. Raises VaultError."""

    def compile(
        self,
        measure: str,
        *,
        by: Sequence[str],
        where: Mapping[str, Sequence[str]],
        parameters: Mapping[str, ParameterValue],
        snapshot: int,
    ) -> Query:
        """SQL giving dimensions, counts, yen and contributor columns, a row per cell. Raises UsageError for an unknown filter value."""

    def worklists(self) -> Mapping[str, WorklistSpec]:
        """The lists of pointers into extracts that may be asked for."""

    def compile_worklist(self, worklist: str, *, where: Mapping[str, Sequence[str]], parameters: Mapping[str, ParameterValue]) -> Query:
        """SQL giving `source_file`, `line`, `reason`, `class` in order, a row for each entry, and in each row `persons`, the persons of all.

        Raises UsageError for an unknown filter value."""

    def add_labels(self, frame: pl.DataFrame, *, by: Sequence[str], snapshot: int) -> pl.DataFrame:
        """Add `<dimension>_label` for each dimension."""

    def fingerprint(self, measure: str) -> str:
        """Hash of the reference data and rules a measure's figures depend on besides snapshot and SQL."""

    def is_unverified(self, measure: str, *, where: Mapping[str, Sequence[str]]) -> bool:
        """Whether figures rest on reference data that nobody has approved yet (an illustrative price list)."""

    def legal_basis(self, measure: str, *, on: date | None) -> str:
        """What a statutory return of this measure rests on; empty where reference data names nothing."""

    def area_population(self, dimension: str) -> Mapping[str, int]:
        """Inhabitants by area code, where known."""

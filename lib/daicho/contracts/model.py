"""The typed form of a data contract: an extract kind and its columns, or a released table and its columns.

Built from ODCS YAML by `daicho.contracts.loader`; nothing here reads files.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from daicho.contracts.classes import Classification, ClassRule, class_rule

__all__ = ["Classification", "Column", "ColumnType", "Contract", "Finding", "OutputColumn", "OutputContract"]


class ColumnType(StrEnum):
    """How the text of an extract's column is read."""

    PERSON_KEY = "person_key"
    TEXT = "text"
    DATE = "date"
    PARTIAL_DATE = "partial_date"
    MONTH = "month"
    TIMESTAMP = "timestamp"
    CODE = "code"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLAG = "flag"
    YEN = "yen"
    ADDRESS = "address"


@dataclass(frozen=True)
class Column:
    """One item of an extract.

    `header` is the Japanese column name of the file, `name` that of the pseudonymised frame ("" for an item that is dropped).
    `required` concerns the header, `nullable` the cells. `repeats`: the header comes with a suffix (k回目), one column a dose.
    `prefix`: the header is the beginning of any number of columns. `derived`: not in the file, made by intake (the dose number
    of an unfolded wide row). `codelist` names a file of `data_contracts/codelists`; `on_unknown` is what a code in no list does:
    "quarantine" (the row) or "unknown" (keep the row, the value becomes `unknown`). `scanner_kind` names the part of the output
    scanner's exact-match index that the item feeds.
    """

    header: str
    name: str
    type: ColumnType
    classification: Classification
    label: str
    label_en: str
    description: str
    source: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    nullable: bool = True
    codelist: str | None = None
    on_unknown: str = "unknown"
    scanner_kind: str | None = None
    repeats: bool = False
    prefix: bool = False
    unique: bool = False
    derived: bool = False
    minimum: int | None = None
    maximum: int | None = None

    @property
    def rule(self) -> ClassRule:
        """What the column's class permits."""
        return class_rule(self.classification)

    @property
    def is_kept(self) -> bool:
        """Whether the item is in the vault at all, as it is or in another form."""
        return self.rule.kept_in_vault


@dataclass(frozen=True)
class Contract:
    """One kind of extract.

    `natural_key` holds the frame names that tell one record from another; `delivery` is "full_or_changes" (a new dump replaces
    what it covers) or "append". `sha256` is the hash of the parsed file, whatever its comments and layout.
    """

    kind: str
    version: str
    title: str
    title_en: str
    columns: tuple[Column, ...]
    natural_key: tuple[str, ...]
    delivery: str
    path: Path
    sha256: str = ""

    @property
    def kept_columns(self) -> tuple[Column, ...]:
        """The columns of the pseudonymised frame."""
        return tuple(column for column in self.columns if column.is_kept)


@dataclass(frozen=True)
class OutputColumn:
    """One column of a released table. `role` is "dimension" or "value"; `kind` is count, rate or yen for values, and text, integer,
    month or fiscal_year for dimensions; `unit` is the Japanese unit of a value."""

    name: str
    role: str
    kind: str
    unit: str
    classification: Classification
    label: str
    label_en: str
    description: str
    codelist: str | None


@dataclass(frozen=True)
class OutputContract:
    """A released table: every dimension that may be asked for, and every value column in order."""

    measure: str
    version: str
    title: str
    title_en: str
    columns: tuple[OutputColumn, ...]
    path: Path
    sha256: str = ""

    @property
    def dimensions(self) -> tuple[OutputColumn, ...]:
        return tuple(column for column in self.columns if column.role == "dimension")

    @property
    def values(self) -> tuple[OutputColumn, ...]:
        return tuple(column for column in self.columns if column.role == "value")


@dataclass(frozen=True, order=True)
class Finding:
    """One result of a check. `severity` is "error" (must be mended) or "note" (a person should look); `where` is a file, with a line
    or an item where one can be named."""

    severity: str
    where: str
    message: str

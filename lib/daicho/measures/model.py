"""What a measure is made of: dimensions, value columns, parameters, and the SQL that gives one row per counted unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Protocol

ParameterValue = str | int | date
Bound = str | int | date | None

PRIVACY_COLUMN = "privacy_count"
"""Column of every result about people: how many distinct persons stand behind the row."""

PAYEES_COLUMN = "__payees"
"""Column of results about payments: how many institutions share the row's figures."""

UNKNOWN = "unknown"
"""Code of what is not known; a whole-number dimension holds null instead."""

NOT_OFFERED = "the measure does not offer this dimension, filter, value or parameter: see `daicho measures NAME`."
"""The one text for every request outside the vocabulary: it never says which part, or whether a value exists."""


@dataclass(frozen=True)
class Dimension:
    """A way to break figures down. Declared once, used by every measure that offers it.

    `kind`: text (codes), integer, month (YYYYMM) or fiscal_year. `codelist` names the reference table that gives labels to codes;
    `labels` gives them directly (Japanese, English) where the vocabulary belongs to the software. A text dimension without labels
    has an open vocabulary, whose codes match `pattern`. `template` writes a whole number as a label (Japanese, English).
    """

    name: str
    label: str
    label_en: str
    description: str
    kind: str = "text"
    codelist: str | None = None
    labels: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    pattern: str = ""
    template: tuple[str, str] = ("{}", "{}")


@dataclass(frozen=True)
class ValueColumn:
    """A released figure. `kind`: count, rate, yen or estimate. `expression` is an SQL aggregate over the rows of `base`; `{persons}` in
    it stands for the number of distinct persons. A rate has none: the gate computes it from `numerator` and `denominator`. Nor has a
    figure that the measure's `finish` gives.

    `contributors` names the columns of the result that count the persons behind the figure (see `Measure.contributors`). A rate that
    `may_exceed_one` divides what is no part of its denominator (doses of a year by a scaled target); a count that is `part_of` another
    is protected like a numerator of it. An estimate (of unit 率, or in days) `rests_on` counts of its row; where it accumulates `along`
    an implicit dimension, these are what happened and who was at risk, in this order. A figure that is not `is_released` only helps to
    work out and protect others.
    """

    name: str
    label: str
    label_en: str
    unit: str
    kind: str
    expression: str = ""
    numerator: str = ""
    denominator: str = ""
    is_person_count: bool = False
    contributors: tuple[str, ...] = (PRIVACY_COLUMN,)
    may_exceed_one: bool = False
    part_of: str = ""
    rests_on: tuple[str, ...] = ()
    along: str = ""
    is_released: bool = True


@dataclass(frozen=True)
class Parameter:
    """Something a request sets besides dimensions and filters. `type`: date, int, month (YYYYMM), choice, or dose.

    A dose is a code of dose_stage.csv; `resolve_doses` turns a label into its code and refuses what is none.
    """

    name: str
    type: str
    required: bool
    description: str
    default: ParameterValue | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lookup:
    """A join that a dimension needs and others do not. Joined once, in the order first asked for; it never multiplies rows."""

    name: str
    join: str


@dataclass(frozen=True)
class Cut:
    """How a measure obtains a dimension: an SQL expression over `base` and over the lookups it needs.

    `label` and `label_en` say more exactly what the dimension is in this measure, where the general name is not enough; `codes` is the
    part of the dimension's own vocabulary that the measure uses (empty: all of it).
    """

    sql: str
    lookups: tuple[Lookup, ...] = ()
    label: str = ""
    label_en: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A named statistic.

    `base_sql` gives one row per counted unit, with a column `person` where `privacy_unit` is person or institution; it may use the
    parameters as `$name`. `early` maps a placeholder of `base_sql` to the columns that filters on dimensions apply to inside it, so
    that little is read; every filter is applied again to the result. `once_per`: a person has one row for each value of these
    dimensions (empty: one row at all); None where a person may have many. `bind` turns the resolved parameters into what the SQL
    binds. `contributors` are further counts of persons for disclosure control, `payees` counts institutions. `reference` names the
    reference tables whose content decides the figures.

    `implicit` dimensions are in every table, asked for or not, and are no filters: a curve is nothing without its months. `finish` is
    SQL after aggregation, over the aggregated rows `cell` (dimensions, value expressions and `ingredients`): it gives one row per
    released cell with every column of the result; `{curve}` in it stands for the dimensions other than the implicit ones. Implicit
    dimensions named in `late` may be filtered by: after `finish`, whose rows do not depend on one another.
    """

    name: str
    title: str
    title_en: str
    description: str
    source: str
    privacy_unit: str
    values: tuple[ValueColumn, ...]
    cuts: Mapping[str, Cut]
    base_sql: str
    parameters: tuple[Parameter, ...] = ()
    required_filters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    early: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    once_per: tuple[str, ...] | None = None
    bind: Callable[[Mapping[str, ParameterValue]], Mapping[str, Bound]] = dict
    contributors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    payees: str = ""
    reference: tuple[str, ...] = ()
    implicit: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    ingredients: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    finish: str = ""
    persons: str = "count(DISTINCT base.person)"
    in_blocks: bool = False
    weight: str = ""
    own_weight: str = ""

    @property
    def released(self) -> tuple[ValueColumn, ...]:
        """The value columns of its tables."""
        return tuple(value for value in self.values if value.is_released)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions it offers."""
        return tuple(self.cuts)

    @property
    def filters(self) -> tuple[str, ...]:
        """Names of the dimensions a request may filter by."""
        return tuple(name for name in self.cuts if name not in self.implicit or name in self.late)


class Vocabulary(Protocol):
    """What a request may name: of a measure, or of a worklist."""

    @property
    def cuts(self) -> Mapping[str, Cut]: ...

    @property
    def filters(self) -> tuple[str, ...]: ...

    @property
    def required_filters(self) -> tuple[str, ...]: ...

    @property
    def parameters(self) -> tuple[Parameter, ...]: ...


@dataclass(frozen=True)
class Worklist:
    """Rows of extracts that a clerk must look at in the source system: where they stand and why, and nothing of what is in them.

    `rows_sql` gives one row for each entry, with the columns person (for counting alone), batch, line, reason (a code) and class (a code),
    beside those that filters need. `cuts`, `early`, `bind` and `parameters` are as those of a measure. `reasons` and `classes` say what the
    codes stand for.
    """

    name: str
    title: str
    title_en: str
    description: str
    source: str
    rows_sql: str
    cuts: Mapping[str, Cut]
    reasons: str
    classes: Mapping[str, str]
    parameters: tuple[Parameter, ...] = ()
    required_filters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    early: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    bind: Callable[[Mapping[str, ParameterValue]], Mapping[str, Bound]] = dict

    @property
    def filters(self) -> tuple[str, ...]:
        """Names of the dimensions a request may filter by."""
        return tuple(self.cuts)


@dataclass(frozen=True)
class CompiledWorklist:
    """One statement with its bound values; `where` holds sorted codes, `resolved` the parameters with their defaults."""

    sql: str
    parameters: Mapping[str, Bound]
    where: Mapping[str, tuple[str, ...]]
    resolved: Mapping[str, ParameterValue]


@dataclass(frozen=True)
class CompiledQuery:
    """One statement and its bound values.

    `columns` are the result's, in order: dimensions, counts and yen, then the columns for disclosure control. `where` holds sorted
    codes, `resolved` the parameters with their defaults, `contributors` for each released value the columns counting its persons.
    """

    sql: str
    parameters: Mapping[str, Bound]
    where: Mapping[str, tuple[str, ...]]
    resolved: Mapping[str, ParameterValue]
    columns: tuple[str, ...]
    contributors: Mapping[str, tuple[str, ...]]

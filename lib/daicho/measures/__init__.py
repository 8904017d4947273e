"""Measures: the named statistics of the ledger, each defined once as SQL over the mart, with the dimensions it may be broken down by.

`catalogue()` lists them. A request is turned into SQL in three steps: `resolve_filters` (codes or labels to codes), `resolve_parameters`
(types and defaults), `compile_request` (one statement with bound parameters only). `label_columns` names the codes of a result.
"""

from __future__ import annotations

from daicho.contracts.schedule import SCHEDULE_MACROS
from daicho.core.sql_macros import LEGAL_MACROS
from daicho.measures.catalogue import catalogue
from daicho.measures.compiler import compile_request, compile_worklist
from daicho.measures.dimensions import dimension, dimension_of, dimensions
from daicho.measures.filters import resolve_doses, resolve_filters
from daicho.measures.kept_tables import KEPT_REFERENCE, kept_statements
from daicho.measures.labels import INSTITUTION_NAMES, label_columns
from daicho.measures.model import (
    NOT_OFFERED,
    PAYEES_COLUMN,
    PRIVACY_COLUMN,
    CompiledQuery,
    Cut,
    Dimension,
    Lookup,
    Measure,
    Parameter,
    ValueColumn,
    Worklist,
)
from daicho.measures.parameters import resolve_parameters
from daicho.measures.worklists import worklists

MACROS: tuple[str, ...] = (*LEGAL_MACROS, *SCHEDULE_MACROS)
"""The CREATE MACRO statements that a connection needs before it can run a measure, in order."""

__all__ = [
    "INSTITUTION_NAMES",
    "KEPT_REFERENCE",
    "MACROS",
    "NOT_OFFERED",
    "PAYEES_COLUMN",
    "PRIVACY_COLUMN",
    "CompiledQuery",
    "Cut",
    "Dimension",
    "Lookup",
    "Measure",
    "Parameter",
    "ValueColumn",
    "Worklist",
    "catalogue",
    "compile_request",
    "compile_worklist",
    "dimension",
    "dimension_of",
    "dimensions",
    "kept_statements",
    "label_columns",
    "resolve_doses",
    "resolve_filters",
    "resolve_parameters",
    "worklists",
]

"""Everything that is worked out once for each snapshot and kept beside it, for measures to read by its plain name."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from daicho.measures.appraisal import APPRAISAL_REFERENCE, appraisal_statements
from daicho.measures.covid_records import COVID_REFERENCE, COVID_STATEMENTS
from daicho.measures.ledger_records import RECORD_REFERENCE, RECORD_STATEMENTS
from daicho.measures.payment_findings import FINDING_REFERENCE, FINDING_STATEMENTS
from daicho.measures.resident_spells import SPELL_STATEMENTS
from daicho.measures.shared_copies import COPY_REFERENCE, COPY_STATEMENTS

KEPT_REFERENCE: tuple[str, ...] = tuple(
    sorted({*APPRAISAL_REFERENCE, *RECORD_REFERENCE, *COVID_REFERENCE, *COPY_REFERENCE, *FINDING_REFERENCE})
)
"""The code lists and reference tables that decide the tables."""


def kept_statements(reference: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """The statements in order, over a mart on the search path, `reference.<name>` and the legal macros, writing into `derived`."""
    return (
        *appraisal_statements(reference),
        *RECORD_STATEMENTS,
        *SPELL_STATEMENTS,
        *COVID_STATEMENTS,
        *COPY_STATEMENTS,
        *FINDING_STATEMENTS,
    )

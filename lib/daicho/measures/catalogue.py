"""Every measure of the workspace, by name. To add one: write its module, list it here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from daicho.measures.annual_counts import ANNUAL_COUNTS
from daicho.measures.consignment_payments import CONSIGNMENT_PAYMENTS
from daicho.measures.coverage_cohort import COVERAGE_COHORT
from daicho.measures.intake_quality import INTAKE_QUALITY
from daicho.measures.model import Measure
from daicho.measures.payment_holds import PAYMENT_HOLDS
from daicho.measures.residents import RESIDENTS

_MEASURES = (RESIDENTS, COVERAGE_COHORT, ANNUAL_COUNTS, CONSIGNMENT_PAYMENTS, PAYMENT_HOLDS, INTAKE_QUALITY)


def catalogue() -> Mapping[str, Measure]:
    """The measures by name, in the order reports list them."""
    return MappingProxyType({measure.name: measure for measure in _MEASURES})

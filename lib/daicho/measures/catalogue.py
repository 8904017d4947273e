"""Every measure of the workspace, by name. To add one: write its module, list it here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from daicho.measures.annual_counts import ANNUAL_COUNTS
from daicho.measures.claim_differences import CLAIM_DIFFERENCES
from daicho.measures.consignment_payments import CONSIGNMENT_PAYMENTS
from daicho.measures.coverage_cohort import COVERAGE_COHORT
from daicho.measures.coverage_cohort_weighted import COVERAGE_COHORT_WEIGHTED
from daicho.measures.coverage_cumulative import COVERAGE_CUMULATIVE
from daicho.measures.coverage_fiscal_year import COVERAGE_FISCAL_YEAR
from daicho.measures.covid_certificates import COVID_CERTIFICATES
from daicho.measures.covid_coverage import COVID_COVERAGE
from daicho.measures.covid_doses import COVID_DOSES
from daicho.measures.covid_sources import COVID_SOURCES
from daicho.measures.dose_reconciliation import DOSE_RECONCILIATION
from daicho.measures.dose_validity import DOSE_VALIDITY
from daicho.measures.dropout import DROPOUT
from daicho.measures.error_checks import ERROR_CHECKS
from daicho.measures.extract_arrivals import EXTRACT_ARRIVALS
from daicho.measures.fiscal_bridge import FISCAL_BRIDGE
from daicho.measures.form_exceptions import FORM_EXCEPTIONS
from daicho.measures.form_rows import FORM_ROWS
from daicho.measures.fully_immunised import FULLY_IMMUNISED
from daicho.measures.intake_quality import INTAKE_QUALITY
from daicho.measures.ledger_doses import LEDGER_DOSES
from daicho.measures.missed_opportunities import MISSED_OPPORTUNITIES
from daicho.measures.model import Measure
from daicho.measures.payment_adjustments import PAYMENT_ADJUSTMENTS
from daicho.measures.payment_holds import PAYMENT_HOLDS
from daicho.measures.population_changes import POPULATION_CHANGES
from daicho.measures.residents import RESIDENTS
from daicho.measures.shared_copy_check import SHARED_COPY_CHECK
from daicho.measures.timeliness import TIMELINESS
from daicho.measures.unvaccinated import UNVACCINATED
from daicho.measures.uptake_after_notice import UPTAKE_AFTER_NOTICE
from daicho.measures.ward_settlement import WARD_SETTLEMENT
from daicho.measures.zero_dose import ZERO_DOSE

_MEASURES = (
    RESIDENTS, POPULATION_CHANGES, COVERAGE_COHORT, COVERAGE_COHORT_WEIGHTED,
    TIMELINESS, DROPOUT, COVERAGE_CUMULATIVE, COVERAGE_FISCAL_YEAR, DOSE_VALIDITY, ZERO_DOSE, FULLY_IMMUNISED,
    UNVACCINATED, MISSED_OPPORTUNITIES, UPTAKE_AFTER_NOTICE, ANNUAL_COUNTS, FORM_ROWS, FORM_EXCEPTIONS, LEDGER_DOSES, DOSE_RECONCILIATION,
    COVID_DOSES, COVID_COVERAGE, COVID_CERTIFICATES, COVID_SOURCES, SHARED_COPY_CHECK,
    CONSIGNMENT_PAYMENTS, PAYMENT_HOLDS, CLAIM_DIFFERENCES,
    PAYMENT_ADJUSTMENTS, FISCAL_BRIDGE, WARD_SETTLEMENT, EXTRACT_ARRIVALS, INTAKE_QUALITY, ERROR_CHECKS,
)  # fmt: skip


def catalogue() -> Mapping[str, Measure]:
    """The measures by name, in the order reports list them."""
    return MappingProxyType({measure.name: measure for measure in _MEASURES})

"""The lines of a month to be closed: every claim of it with its decision and amount, and the adjustments to months closed before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from daicho.measures.model import Bound
from daicho.measures.payment_adjustments import PENDING
from daicho.measures.payment_decisions import DECISIONS
from daicho.measures.payment_vocabulary import bind_months

_COLUMNS = """person, vaccine, dose, event_on, is_screened_only, paid_month, institution, channel, route, ward, payee, product, scheme, copay_class,
       decision, reason"""
_LINES = f"""
SELECT 'event' AS line_kind, {_COLUMNS}, NULL AS adjustment, price_excl_yen, tax_rate, gross_yen, copay_yen, fee_yen
FROM (
{DECISIONS.replace("{event_filters}", "true")}
) AS decided
"""
_ADJUSTMENTS = f"""
SELECT 'adjustment' AS line_kind, {_COLUMNS}, adjustment, NULL::BIGINT AS price_excl_yen, NULL::INTEGER AS tax_rate, gross_yen, copay_yen, fee_yen
FROM (
{PENDING.replace("{event_filters}", "true")}
) AS pending
"""


@dataclass(frozen=True)
class CloseQuery:
    """A statement and its bound values; the columns of both are those of a closed line, but for the month it is closed in."""

    sql: str
    bound: Mapping[str, Bound]


def close_lines(month: int, *, as_of: date) -> CloseQuery:
    """Every claim of a month of payment (YYYYMM) that is not closed yet."""
    return CloseQuery(_LINES, bind_months()({"as_of": as_of, "month": month}))


def close_adjustments(*, as_of: date) -> CloseQuery:
    """What the months closed so far differ from the ledger as it stands."""
    return CloseQuery(_ADJUSTMENTS, bind_months(recount=True)({"as_of": as_of}))

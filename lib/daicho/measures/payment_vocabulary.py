"""What the payment measures share: dimensions, parameters, filters that reach into the base, and the months of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from daicho.core.errors import UsageError
from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.dimensions import PAYMENT_REASONS
from daicho.measures.model import NOT_OFFERED, Bound, Cut, Lookup, Parameter, ParameterValue
from daicho.measures.payment_decisions import DECISIONS

_ASSOCIATION = Lookup(
    "association_list",
    """LEFT JOIN (
    SELECT institution, arg_max(association_code, coalesce(valid_from, DATE '0001-01-01')) AS association
    FROM institution GROUP BY institution
) AS association_list ON association_list.institution = base.institution""",
)

# Months from the event to its month of payment.
_DELAY = "CAST((base.paid_month // 100 - year(base.event_on)) * 12 + base.paid_month % 100 - month(base.event_on) AS INTEGER)"

PAYMENT_CUTS: Mapping[str, Cut] = {
    "ward": Cut("coalesce(base.ward, 'unknown')"),
    "month": Cut("base.paid_month", label="支払月", label_en="Month of payment"),
    "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
    "dose": Cut("coalesce(base.dose, 'unknown')"),
    "institution": Cut("coalesce(base.institution, 'unknown')"),
    "association": Cut("coalesce(association_list.association, 'unknown')", (_ASSOCIATION,)),
    "scheme": Cut("base.scheme"),
    "payee": Cut("base.payee"),
    "channel": Cut("base.route"),
    "copay_class": Cut("coalesce(base.copay_class, 'unknown')"),
    "delay_months": Cut(_DELAY),
    "decision": Cut("base.decision"),
    "reason": Cut("coalesce(base.reason, 'NONE')", codes=PAYMENT_REASONS),
}

_FILTERED = ("ward", "vaccine", "dose", "institution", "copay_class")
# Filters on the claim itself are applied before anything is joined to it.
EARLY_FILTERS: Mapping[str, Mapping[str, str]] = {
    f"{place}_filters": {name: f"coalesce({row}.{name}, 'unknown')" for name in _FILTERED} | {"month": f"{row}.paid_month"}
    for place, row in (("event", "e"), ("closed", "x"))
}

_COLUMNS = """person, vaccine, dose, event_on, is_screened_only, institution, ward, paid_month, copay_class, scheme, channel, route, product, payee,
       price_excl_yen, tax_rate, gross_yen, copay_yen, fee_yen, batch, line, reason, decision"""

PAYMENTS = f"""
SELECT {_COLUMNS} FROM (
{DECISIONS}
) AS live
UNION ALL
SELECT {_COLUMNS.replace("batch, line", "NULL AS batch, NULL AS line")} FROM closed_line AS x   -- a closed month stays as it was closed
WHERE x.line_kind = 'event' AND NOT $recount AND {{closed_filters}}
  AND (x.paid_month BETWEEN $first_month AND $last_month OR ($with_given AND x.event_on BETWEEN $first_day AND $last_day))
"""
"""Every claim of the months asked for with what became of it: closed months as they were closed, the others as the ledger stands."""

AS_OF = Parameter("as_of", "date", required=True, description="基準日（これより後の日付の接種は保留、これより後の決定は未適用）")
PAYMENT_PARAMETERS = (
    AS_OF,
    Parameter("fiscal_year", "int", required=False, description="年度：支払月が4月から翌年3月まで（省略時は全期間）"),
    Parameter("month", "month", required=False, description="支払月（YYYYMM）"),
)

PAYMENT_REFERENCE = ("copay", "equivalence", "fee", "municipality", "payment_calendar", "payment_rule", "price_list", "schedule")

_FIRST_MONTH, _LAST_MONTH = 190001, 299912
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)


def bind_months(
    *, with_unclaimed: bool = False, with_given: bool = False, recount: bool = False
) -> Callable[[Mapping[str, ParameterValue]], Mapping[str, Bound]]:
    """The months of payment of a request. An event without month of payment belongs to the fiscal year of its own day.

    `with_given`: events of the fiscal year's days too, whenever they are paid; `recount`: closed months as the ledger stands now.
    """

    def bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
        year, month = parameters.get("fiscal_year"), parameters.get("month")
        months, days = (_FIRST_MONTH, _LAST_MONTH), (_FIRST_DAY, _LAST_DAY)
        if isinstance(year, int):
            months, days = (year * 100 + 4, (year + 1) * 100 + 3), (fiscal_year_start(year), fiscal_year_end(year))
        if isinstance(month, int):
            if not months[0] <= month <= months[1]:
                raise UsageError(NOT_OFFERED)
            months = (month, month)
        return {
            "as_of": parameters["as_of"],
            "first_month": months[0],
            "last_month": months[1],
            "first_day": days[0],
            "last_day": days[1],
            "with_unclaimed": int(with_unclaimed and month is None),
            "with_given": int(with_given),
            "recount": int(recount),
        }

    return bind

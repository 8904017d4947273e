"""What the two payment measures share: dimensions, parameters, filters that reach into the base, and the months of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from daicho.core.errors import UsageError
from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.model import NOT_OFFERED, Bound, Cut, Lookup, Parameter, ParameterValue

_ASSOCIATION = Lookup(
    "association_list",
    """LEFT JOIN (
    SELECT institution, arg_max(association_code, coalesce(valid_from, DATE '0001-01-01')) AS association
    FROM institution GROUP BY institution
) AS association_list ON association_list.institution = base.institution""",
)

PAYMENT_CUTS: Mapping[str, Cut] = {
    "ward": Cut("coalesce(base.ward, 'unknown')"),
    "month": Cut("base.paid_month", label="支払月", label_en="Month of payment"),
    "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
    "dose": Cut("coalesce(base.dose, 'unknown')"),
    "institution": Cut("coalesce(base.institution, 'unknown')"),
    "association": Cut("coalesce(association_list.association, 'unknown')", (_ASSOCIATION,)),
    "scheme": Cut("base.scheme"),
    "copay_class": Cut("coalesce(base.copay_class, 'unknown')"),
}

# Filters on the claim itself are applied before anything is joined to it.
EARLY_FILTERS: Mapping[str, Mapping[str, str]] = {
    "event_filters": {
        "ward": "coalesce(e.ward, 'unknown')",
        "month": "e.paid_month",
        "vaccine": "coalesce(e.vaccine, 'unknown')",
        "dose": "coalesce(e.dose, 'unknown')",
        "institution": "coalesce(e.institution, 'unknown')",
        "copay_class": "coalesce(e.copay_class, 'unknown')",
    }
}

PAYMENT_PARAMETERS = (
    Parameter("as_of", "date", required=True, description="基準日（これより後の日付の接種は保留）"),
    Parameter("fiscal_year", "int", required=False, description="年度：支払月が4月から翌年3月まで（省略時は全期間）"),
    Parameter("month", "month", required=False, description="支払月（YYYYMM）"),
)

PAYMENT_REFERENCE = ("copay", "equivalence", "municipality", "price_list", "schedule")

_FIRST_MONTH, _LAST_MONTH = 190001, 299912
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)


def bind_months(*, with_unclaimed: bool) -> Callable[[Mapping[str, ParameterValue]], Mapping[str, Bound]]:
    """The months of payment of a request. An event without month of payment belongs to the fiscal year of its own day."""

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
        }

    return bind

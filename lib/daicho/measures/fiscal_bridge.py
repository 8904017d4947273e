"""From the year of payment to the year of the dose: what was carried in, carried out, and from which year's budget it is paid.

委託料 belongs to the year in which the service was given; paid after 31 May it is 過年度支出 from the budget of the year of payment
(background knowledge: to be confirmed by the accounting section).
"""

from __future__ import annotations

from daicho.measures.model import Cut, Measure, Parameter, ValueColumn
from daicho.measures.payment_vocabulary import AS_OF, EARLY_FILTERS, PAYMENT_CUTS, PAYMENT_REFERENCE, PAYMENTS, bind_months

_BRIDGE = f"""
SELECT p.*, p.gross_yen - p.copay_yen AS yen, p.paid_month BETWEEN $first_month AND $last_month AS is_paid_in,
       p.event_on BETWEEN $first_day AND $last_day AS is_given_in, p.budget_year = fiscal_year(CAST($first_day AS DATE)) AS is_of_budget,
       CASE WHEN p.budget_year > fiscal_year(p.event_on) THEN 'past_year' WHEN fiscal_year(p.pays_on) > fiscal_year(p.event_on) THEN 'closing'
            ELSE 'current' END AS budget
FROM (
    SELECT q.*, CASE WHEN q.pays_on <= make_date(fiscal_year(q.event_on) + 1, 5, 31) THEN fiscal_year(q.event_on)
                     ELSE fiscal_year(q.pays_on) END AS budget_year
    FROM (
        -- Without a calendar a month is paid on its first day.
        SELECT r.*, coalesce(c.pays_on, make_date(r.paid_month // 100, r.paid_month % 100, 1)) AS pays_on FROM (
{PAYMENTS}
        ) AS r LEFT JOIN reference.payment_calendar AS c ON c.kind = 'month' AND c.period = CAST(r.paid_month AS VARCHAR)
        WHERE r.decision = 'pay'
    ) AS q
) AS p
"""


def _sum(condition: str) -> str:
    return f"CAST(coalesce(sum(base.yen) FILTER (WHERE {condition}), 0) AS BIGINT)"


FISCAL_BRIDGE = Measure(
    name="fiscal_bridge",
    title="年度の橋渡し",
    title_en="Fiscal bridge",
    description="支払月が年度に属する支払額と、接種日が年度に属する支払額の差を、前年度以前からの繰入れと翌年度以降への繰越しで示す。",
    source="予防接種台帳（接種日・支払月）、地方自治法208条・235条の5、payment_calendar.csv",
    privacy_unit="institution",
    values=(
        ValueColumn("paid_in_year_yen", "支払月による支払額", "By month of payment", "円", "yen", _sum("base.is_paid_in")),
        ValueColumn("given_in_year_yen", "接種日による支払額", "By day of the dose", "円", "yen", _sum("base.is_given_in")),
        ValueColumn(
            "carried_in_yen", "前年度以前の接種", "Carried in", "円", "yen", _sum("base.is_paid_in AND NOT base.is_given_in")
        ),
        ValueColumn(
            "carried_out_yen", "翌年度以降の支払", "Carried out", "円", "yen", _sum("base.is_given_in AND NOT base.is_paid_in")
        ),
        ValueColumn("budget_yen", "当該年度の予算による支払額", "From the year's budget", "円", "yen", _sum("base.is_of_budget")),
    ),
    cuts={
        **{name: PAYMENT_CUTS[name] for name in ("ward", "month", "vaccine", "scheme", "payee", "channel")},
        "budget": Cut("base.budget"),
    },
    base_sql=_BRIDGE,
    parameters=(AS_OF, Parameter("fiscal_year", "int", required=True, description="年度")),
    notes=(
        "支払月による支払額 = 接種日による支払額 + 前年度以前の接種 − 翌年度以降の支払。",
        "支払日が翌年度の5月31日までのものは接種日の年度の予算により、これより後のものは過年度として支払日の年度の予算による（会計担当の確認を要する）。",
        "別建ての事務費、及び締め後の訂正は含まない。",
    ),
    early=EARLY_FILTERS,
    bind=bind_months(with_given=True),
    payees="count(DISTINCT base.payee)",
    reference=PAYMENT_REFERENCE,
)  # fmt: skip

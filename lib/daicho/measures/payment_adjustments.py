"""What a closed month would be today: every claim of it whose amount has changed since, as an adjustment in an open month."""

from __future__ import annotations

from daicho.core.payment_rules import CLAIM_KEY
from daicho.measures.dimensions import PAYMENT_REASONS
from daicho.measures.model import Cut, Measure, ValueColumn
from daicho.measures.payment_claims import KEY, same_claim
from daicho.measures.payment_decisions import DECISIONS
from daicho.measures.payment_vocabulary import AS_OF, PAYMENT_REFERENCE, bind_months

_KEY_OF_EITHER = ", ".join(f"coalesce(l.{column}, p.{column}) AS {column}" for column in CLAIM_KEY)
_OF_EITHER = ("route", "ward", "payee", "product", "scheme", "copay_class")
_MONEY = ("gross_yen", "copay_yen", "fee_yen")
# 事務費 is for handling the claim: it is paid once the claim is paid, and stays paid when the claim is withdrawn.
_FEE_DUE = "greatest(coalesce(l.fee_yen, 0) - coalesce(p.fee_yen, 0), 0)"
_FACTS = ", ".join(f"min({column}) AS {column}" for column in _OF_EITHER)
_PAID = ", ".join(f"CAST(sum(CASE WHEN {{paid}} THEN {column} ELSE 0 END) AS BIGINT) AS {column}" for column in _MONEY)

PENDING = f"""
WITH closed_month AS (
    SELECT DISTINCT closed_month FROM closed_line
),
posted AS MATERIALIZED (       -- what has been paid on each claim so far, adjustments included
    SELECT {KEY}, {_FACTS}, {_PAID.format(paid="line_kind = 'adjustment' OR decision = 'pay'")}
    FROM closed_line WHERE line_kind IN ('event', 'adjustment') GROUP BY {KEY}
),
live AS MATERIALIZED (         -- what the ledger supports today
    SELECT {KEY}, {_FACTS}, min(decision) AS decision, min(reason) AS reason, {_PAID.format(paid="decision = 'pay'")}
    FROM (
{DECISIONS}
) AS d WHERE d.paid_month IN (SELECT closed_month FROM closed_month) GROUP BY {KEY}
)
SELECT {_KEY_OF_EITHER}, {", ".join(f"coalesce(l.{column}, p.{column}) AS {column}" for column in _OF_EITHER)},
       l.decision, l.reason, coalesce(l.gross_yen, 0) - coalesce(p.gross_yen, 0) AS gross_yen, coalesce(l.copay_yen, 0) - coalesce(p.copay_yen, 0) AS copay_yen,
       {_FEE_DUE} AS fee_yen,
       CASE WHEN p.paid_month IS NULL THEN 'arrived' WHEN coalesce(l.gross_yen, 0) = 0 THEN 'withdrawn' WHEN p.gross_yen = 0 THEN 'released'
            ELSE 'amount' END AS adjustment
FROM live AS l FULL JOIN posted AS p ON {same_claim("p", "l")}
WHERE coalesce(l.gross_yen, 0) <> coalesce(p.gross_yen, 0) OR coalesce(l.copay_yen, 0) <> coalesce(p.copay_yen, 0)
   OR {_FEE_DUE} > 0
   -- A late claim that is not paid (yet) is told once as well: every claim of a closed month is on its lines or an adjustment.
   OR p.paid_month IS NULL
"""
"""Adjustments that no close has posted yet. Bind with `bind_months(recount=True)`."""

_ADJUSTMENTS = f"""
SELECT person, vaccine, ward, payee, scheme, reason, paid_month AS reference_month, NULL AS posted_month, 'pending' AS posting, adjustment,
       gross_yen - copay_yen AS yen, fee_yen
FROM (
{PENDING}
) AS pending
UNION ALL
SELECT person, vaccine, ward, payee, scheme, reason, paid_month, closed_month, 'posted', adjustment, gross_yen - copay_yen, fee_yen
FROM closed_line WHERE line_kind = 'adjustment'
"""

PAYMENT_ADJUSTMENTS = Measure(
    name="payment_adjustments",
    title="締め後の訂正",
    title_en="Adjustments to closed months",
    description="締めた支払月の後の訂正。計上済みのもの（計上した支払月を示す）と、次の締めで計上するもの（未計上）。",
    source="予防接種台帳（支払月）、支払月の締めの記録",
    privacy_unit="institution",
    values=(
        ValueColumn("adjustments_count", "訂正件数", "Adjustments", "件", "count", "count(*)"),
        ValueColumn("adjustment_yen", "訂正額", "Adjustment", "円", "yen", "CAST(coalesce(sum(base.yen), 0) AS BIGINT)"),
        ValueColumn("fee_yen", "事務費の訂正額", "Administration fee", "円", "yen", "CAST(coalesce(sum(base.fee_yen), 0) AS BIGINT)"),
    ),
    cuts={
        "posting": Cut("base.posting"),
        "month": Cut("CAST(base.posted_month AS INTEGER)", label="計上した支払月", label_en="Month posted"),
        "reference_month": Cut("base.reference_month"),
        "adjustment": Cut("base.adjustment"),
        "reason": Cut("coalesce(base.reason, 'NONE')", codes=PAYMENT_REASONS),
        "payee": Cut("base.payee"),
        "ward": Cut("coalesce(base.ward, 'unknown')"),
        "scheme": Cut("base.scheme"),
        "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
    },
    base_sql=_ADJUSTMENTS,
    parameters=(AS_OF,),
    notes=(
        "訂正額は、いま台帳から支払える額と、それまでに支払った額（計上済みの訂正を含む）との差。締めた月の額は変わらない。"
        "締めた後に届いた接種は、支払えないもの（保留・却下）も、その理由とともに0円の訂正として1回計上する。",
    ),
    early={"event_filters": {}},
    bind=bind_months(recount=True),
    payees="count(DISTINCT base.payee)",
    reference=PAYMENT_REFERENCE,
)

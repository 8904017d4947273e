"""What is not paid, and why: events held, rejected, paid with another, or not claimed."""

from __future__ import annotations

from daicho.measures.lookups import MONTH_STATE
from daicho.measures.model import Measure, ValueColumn
from daicho.measures.payment_vocabulary import EARLY_FILTERS, PAYMENT_CUTS, PAYMENT_PARAMETERS, PAYMENT_REFERENCE, PAYMENTS, bind_months

_NOT_PAID = f"SELECT * FROM (\n{PAYMENTS}\n) AS decided WHERE decision <> 'pay'"

PAYMENT_HOLDS = Measure(
    name="payment_holds",
    title="支払保留・却下",
    title_en="Payments held back",
    description="支払わなかった接種・予診の件数と、保留としたものの金額（自己負担を除いた額）を、理由ごとに示す。",
    source="予防接種委託契約の価格表、予防接種台帳（支払月）",
    privacy_unit="institution",
    values=(
        ValueColumn("events_count", "件数", "Events", "件", "count", "count(*)"),
        ValueColumn(
            "held_yen", "保留額", "Held", "円", "yen",
            "CAST(coalesce(sum(CASE WHEN base.decision = 'hold' THEN base.gross_yen - base.copay_yen ELSE 0 END), 0) AS BIGINT)",
        ),
    ),
    cuts={**PAYMENT_CUTS, "month_state": MONTH_STATE},
    base_sql=_NOT_PAID,
    parameters=PAYMENT_PARAMETERS,
    notes=(
        "1件に理由が複数あるときは、判定の順で最初のものを示す。",
        "保留額は、判定が支払となった場合の支払額。単価が決まらないものは0円。却下・取消・未請求は金額に含まない。",
    ),
    early=EARLY_FILTERS,
    bind=bind_months(with_unclaimed=True),
    payees="count(DISTINCT base.institution)",
    reference=PAYMENT_REFERENCE,
)  # fmt: skip

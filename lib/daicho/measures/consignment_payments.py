"""予防接種委託料: what is paid for doses and screenings, by the price in force on the day of each."""

from __future__ import annotations

from daicho.measures.lookups import MONTH_STATE
from daicho.measures.model import PRIVACY_COLUMN, Measure, ValueColumn
from daicho.measures.payment_vocabulary import EARLY_FILTERS, PAYMENT_CUTS, PAYMENT_PARAMETERS, PAYMENT_REFERENCE, PAYMENTS, bind_months

_PAID = f"SELECT * FROM (\n{PAYMENTS}\n) AS decided WHERE decision = 'pay'"

# The three yen figures determine one another, so each rests on everybody behind any of them.
_YEN_PERSONS = (PRIVACY_COLUMN, "payers_persons", "non_payers_persons")


def _sum(yen: str) -> str:
    return f"CAST(coalesce(sum({yen}), 0) AS BIGINT)"


CONSIGNMENT_PAYMENTS = Measure(
    name="consignment_payments",
    title="予防接種委託料",
    title_en="Consignment payments",
    description="支払月ごとの委託料。単価は接種日（予診のみは予診日）の価格表による。判定できないものは支払わず、payment_holds に示す。",
    source="予防接種委託契約の価格表、予防接種台帳（支払月）",
    privacy_unit="institution",
    values=(
        ValueColumn(
            "doses_count", "接種回数", "Doses", "回", "count", "count(*) FILTER (WHERE NOT base.is_screened_only)",
            contributors=("doses_persons",),
        ),
        ValueColumn(
            "screenings_count", "予診のみ回数", "Screenings", "回", "count", "count(*) FILTER (WHERE base.is_screened_only)",
            contributors=("screenings_persons",),
        ),
        ValueColumn("gross_yen", "委託料総額", "Gross", "円", "yen", _sum("base.gross_yen"), contributors=_YEN_PERSONS),
        ValueColumn("copay_yen", "自己負担額", "Self-payment", "円", "yen", _sum("base.copay_yen"), contributors=_YEN_PERSONS),
        ValueColumn("payable_yen", "支払額", "Payable", "円", "yen", _sum("base.gross_yen - base.copay_yen"), contributors=_YEN_PERSONS),
        ValueColumn("fee_yen", "事務費", "Administration fee", "円", "yen", _sum("base.fee_yen"), contributors=_YEN_PERSONS),
    ),
    cuts={**PAYMENT_CUTS, "month_state": MONTH_STATE},
    base_sql=_PAID,
    parameters=PAYMENT_PARAMETERS,
    notes=(
        "単価は接種日（予診のみは予診日）における価格表の税抜単価に消費税を加え、1件ごとに円未満を切り捨てる。別建ての事務費は支払額に含まず、別の欄に示す。",
        "自己負担は住所地の区の定めにより、免除・無料・生活保護等・年齢による免除を除く。予診のみは自己負担なし。",
        "同じ日に同じワクチンの接種があるときの予診は算定しない。",
        "判定できないもの（対象期間外、間隔不足、重複、単価なし等）は保留または却下とし、金額・件数に含まない。",
        "締めた支払月は、締めたときの判定と金額による。その後の訂正は payment_adjustments に示す。",
    ),
    early=EARLY_FILTERS,
    bind=bind_months(),
    contributors={
        "doses_persons": "count(DISTINCT base.person) FILTER (WHERE NOT base.is_screened_only)",
        "screenings_persons": "count(DISTINCT base.person) FILTER (WHERE base.is_screened_only)",
        "payers_persons": "count(DISTINCT base.person) FILTER (WHERE base.copay_yen > 0)",
        "non_payers_persons": "count(DISTINCT base.person) FILTER (WHERE base.copay_yen = 0)",
    },
    payees="count(DISTINCT base.institution)",
    reference=PAYMENT_REFERENCE,
)  # fmt: skip

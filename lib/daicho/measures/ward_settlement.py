"""相互乗入の半期精算: what each ward or city and this municipality owe each other for a half-year, line by line, gross both ways and net.

We pay for doses of our residents in the other place: from the ledger, priced and decided as every claim. We claim for doses of the other
place's residents in our institutions: those people are not in our register, so the ledger cannot have them; the lines are those of our own bill
to that place (extract `invoice` with 請求先コード). Under `payer_mode` = `home_direct` no ward stands between, and there is nothing to settle.
"""

from __future__ import annotations

from collections.abc import Mapping

from daicho.measures.lookups import MONTH_STATE
from daicho.measures.model import Bound, Cut, Measure, ParameterValue, ValueColumn
from daicho.measures.payment_vocabulary import PAYMENT_PARAMETERS, PAYMENT_REFERENCE, PAYMENTS, bind_months

_HOME = "(SELECT min(code) FROM reference.municipality)"

_SETTLEMENT = f"""
WITH half_year AS (            -- a half-year is settled in the month of its day of payment
    SELECT period, year(pays_on) * 100 + month(pays_on) AS settled_month FROM reference.payment_calendar WHERE kind = 'half_year'
),
claim AS MATERIALIZED (
    SELECT p.person, p.ward, p.paid_month, CASE WHEN p.is_screened_only THEN 'screening' ELSE 'dose' END AS line_kind, p.vaccine, p.scheme,
           p.gross_yen, p.copay_yen, p.fee_yen, p.price_excl_yen, p.tax_rate
    FROM (
{PAYMENTS}
) AS p WHERE p.decision = 'pay' AND p.scheme = 'mutual_use' AND p.payee = p.ward
),
rounding AS (                  -- where the contract rounds on the line or the bill: what that adds to the units
    SELECT ward, paid_month, CASE rounding WHEN 'line' THEN vaccine END AS vaccine, scheme, CAST(sum(yen) AS BIGINT) AS yen FROM (
        SELECT c.ward, c.paid_month, c.scheme, t.rounding, CASE t.rounding WHEN 'line' THEN c.vaccine END AS vaccine,
               CASE t.rounding WHEN 'line' THEN c.line_kind END AS line_kind, CASE t.rounding WHEN 'line' THEN c.price_excl_yen END AS price,
               sum(c.price_excl_yen * (100 + c.tax_rate)) // 100 - sum(c.price_excl_yen * (100 + c.tax_rate) // 100) AS yen
        FROM claim AS c CROSS JOIN reference.payment_rule AS t
        WHERE t.rounding <> 'unit' AND c.price_excl_yen IS NOT NULL GROUP BY ALL
    ) GROUP BY ALL HAVING sum(yen) <> 0
),
entry AS (
    SELECT person, 'pay' AS direction, ward, paid_month, line_kind, vaccine, scheme, gross_yen AS unit_yen, 1 AS units, gross_yen, copay_yen
    FROM claim
    UNION ALL
    SELECT person, 'pay', ward, paid_month, 'fee', NULL, scheme, fee_yen, 1, fee_yen, 0 FROM claim WHERE fee_yen > 0
    UNION ALL
    SELECT NULL, 'pay', ward, paid_month, 'rounding', vaccine, scheme, NULL, 0, yen, 0 FROM rounding
    UNION ALL                  -- corrections of closed months, in the month that posted them
    SELECT person, 'pay', ward, closed_month, 'adjustment', vaccine, scheme, NULL, 1, gross_yen + fee_yen, copay_yen
    FROM closed_line
    WHERE line_kind = 'adjustment' AND scheme = 'mutual_use' AND payee = ward AND closed_month BETWEEN $first_month AND $last_month
    UNION ALL                  -- our bills to others
    SELECT NULL, 'claim', payer, paid_month, line_kind, vaccine, 'mutual_use', unit_yen, units_count, amount_yen, 0
    FROM invoice WHERE payee = {_HOME} AND payer <> {_HOME} AND paid_month BETWEEN $first_month AND $last_month
)
SELECT e.*, e.gross_yen - e.copay_yen AS payable_yen, h.period AS half_year
FROM entry AS e ASOF LEFT JOIN half_year AS h ON e.paid_month <= h.settled_month
WHERE $year IS NULL OR starts_with(h.period, $year)
"""


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    """The half-years of a fiscal year are paid from its June or so to the autumn of the next; the calendar says when exactly."""
    year = parameters.get("fiscal_year")
    bound = dict(bind_months()({name: value for name, value in parameters.items() if name != "fiscal_year"}))
    if isinstance(year, int):
        bound |= {"first_month": year * 100 + 4, "last_month": (year + 1) * 100 + 9}
    return bound | {"year": f"{year}H" if isinstance(year, int) else None}


def _sum(column: str) -> str:
    return f"CAST(coalesce(sum({column}), 0) AS BIGINT)"


_BEHIND = ("settled_persons",)

WARD_SETTLEMENT = Measure(
    name="ward_settlement",
    title="区市間の半期精算",
    title_en="Half-year settlement between wards",
    description="相互乗入による接種・予診の半期ごとの精算。支払（区民が他の区市で受けたもの）と請求（他の区市の住民が区内で受けたもの）、及びその差引。",
    source="予防接種台帳（支払月）、予防接種委託契約の価格表、委託料の請求書（当区市が請求したもの）、payment_calendar.csv",
    privacy_unit="institution",
    values=(
        ValueColumn("units_count", "件数", "Units", "件", "count", _sum("base.units"), contributors=_BEHIND),
        ValueColumn("gross_yen", "総額", "Gross", "円", "yen", _sum("base.gross_yen"), contributors=_BEHIND),
        ValueColumn("copay_yen", "自己負担額", "Self-payment", "円", "yen", _sum("base.copay_yen"), contributors=_BEHIND),
        ValueColumn("payable_yen", "精算額", "Amount", "円", "yen", _sum("base.payable_yen"), contributors=_BEHIND),
        ValueColumn(
            "net_yen", "差引支払額", "Net", "円", "yen", _sum("CASE base.direction WHEN 'pay' THEN base.payable_yen ELSE -base.payable_yen END"),
            contributors=_BEHIND,
        ),
    ),
    cuts={
        "half_year": Cut("coalesce(base.half_year, 'unknown')"),
        "ward": Cut("base.ward", label="相手の区市", label_en="Other ward"),
        "direction": Cut("base.direction"),
        "line_kind": Cut("base.line_kind"),
        "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
        "unit_yen": Cut("CAST(base.unit_yen AS INTEGER)"),
        "scheme": Cut("base.scheme"),
        "month": Cut("base.paid_month", label="支払月", label_en="Month of payment"),
        "month_state": MONTH_STATE,
    },
    base_sql=_SETTLEMENT,
    parameters=PAYMENT_PARAMETERS[:2],
    notes=(
        "支払月が属する半期は、支払日（payment_calendar.csv）の月がその支払月以後で最も早い半期。遅れて届いた接種は、支払う半期に入る。",
        "支払は、判定が支払となった相互乗入の接種・予診と、別建ての事務費。判定できないものは含まない。締めた支払月の訂正は、計上した月の半期に入る。",
        "請求は、当区市が相手に出した請求書による。他の区市の住民は住民記録にないため、台帳からは数えられない。単価・金額は請求書のとおり（自己負担控除後）。",
        "差引支払額は、支払の精算額から請求の精算額を引いた額。負の額は受け取る額。",
    ),
    early={
        f"{place}_filters": {"ward": f"{row}.ward", "vaccine": f"coalesce({row}.vaccine, 'unknown')", "month": f"{row}.paid_month"}
        for place, row in (("event", "e"), ("closed", "x"))
    },
    bind=_bind,
    contributors={
        # Of a bill only the units are known: as many persons at the most.
        "settled_persons": "count(DISTINCT base.person) + CAST(coalesce(sum(base.units) FILTER (WHERE base.person IS NULL), 0) AS BIGINT)",
    },
    payees="count(DISTINCT base.ward)",
    reference=PAYMENT_REFERENCE,
)  # fmt: skip
"""`fiscal_year` is that of the half-year's days, whenever it is settled. Fees, corrections and rounding are lines of their own."""

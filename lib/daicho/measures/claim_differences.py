"""Bills against the ledger: what each payee bills for a month, what the ledger supports, and every yen between the two with its cause."""

from __future__ import annotations

from daicho.measures.model import Cut, Measure, ValueColumn
from daicho.measures.payment_vocabulary import PAYMENT_PARAMETERS, PAYMENT_REFERENCE, PAYMENTS, bind_months

_CELL = "payee, paid_month, line_kind, vaccine"
_HOME = "(SELECT min(code) FROM reference.municipality)"
_FEWEST_MONTHS = 3  # of own bills before a bill is compared with what is usual

_DIFFERENCES = f"""
WITH received AS (             -- bills to us; those that we made out to others are settled by the half-year
    SELECT * FROM invoice WHERE coalesce(payer, {_HOME}) = {_HOME}
),
bill AS MATERIALIZED (         -- lines of one unit price together
    SELECT payee, paid_month, line_kind, coalesce(vaccine, '') AS vaccine, unit_yen, CAST(sum(units_count) AS BIGINT) AS units,
           CAST(sum(amount_yen) AS BIGINT) AS yen
    FROM received WHERE paid_month BETWEEN $first_month AND $last_month GROUP BY ALL
),
claim_of_bill AS MATERIALIZED ( -- what the ledger has for the payees and months billed
    SELECT p.* FROM (
{PAYMENTS}
) AS p SEMI JOIN bill AS b ON b.payee = p.payee AND b.paid_month = p.paid_month
    WHERE p.decision <> 'unclaimed'
),
supported AS MATERIALIZED (    -- each claim, and its administration fee as a line of its own
    SELECT person, payee, paid_month, CASE WHEN is_screened_only THEN 'screening' ELSE 'dose' END AS line_kind, vaccine, decision, price_excl_yen,
           tax_rate, gross_yen, gross_yen - copay_yen AS worth_yen
    FROM claim_of_bill
    UNION ALL
    SELECT person, payee, paid_month, 'fee', '', decision, NULL, NULL, fee_yen, fee_yen FROM claim_of_bill WHERE fee_yen > 0
),
billed AS MATERIALIZED (
    SELECT {_CELL}, CAST(sum(units) AS BIGINT) AS units, CAST(sum(yen) AS BIGINT) AS yen, CAST(sum(units * unit_yen) AS BIGINT) AS unit_total
    FROM bill GROUP BY ALL
),
worth AS MATERIALIZED (        -- claims of one worth together
    SELECT {_CELL}, worth_yen, min(gross_yen) AS gross_yen, count(*) AS claims FROM supported GROUP BY ALL
),
agreed AS (                    -- billed at what the claim is worth
    SELECT b.payee, b.paid_month, b.line_kind, b.vaccine, b.unit_yen, least(b.units, w.claims) AS units
    FROM bill AS b JOIN worth AS w ON w.payee = b.payee AND w.paid_month = b.paid_month AND w.line_kind = b.line_kind AND w.vaccine = b.vaccine
     AND w.worth_yen = b.unit_yen
),
bill_left AS MATERIALIZED (
    SELECT b.* EXCLUDE (units, yen), b.units - coalesce(a.units, 0) AS units
    FROM bill AS b LEFT JOIN agreed AS a ON a.payee = b.payee AND a.paid_month = b.paid_month AND a.line_kind = b.line_kind
     AND a.vaccine = b.vaccine AND a.unit_yen = b.unit_yen
),
claims_left AS MATERIALIZED (
    SELECT w.* EXCLUDE (claims), w.claims - coalesce(a.units, 0) AS claims
    FROM worth AS w LEFT JOIN agreed AS a ON a.payee = w.payee AND a.paid_month = w.paid_month AND a.line_kind = w.line_kind
     AND a.vaccine = w.vaccine AND a.unit_yen = w.worth_yen
),
copay AS (                     -- billed without the self-payment taken off
    SELECT b.payee, b.paid_month, b.line_kind, b.vaccine, CAST(sum(least(b.units, w.claims)) AS BIGINT) AS units,
           CAST(sum(least(b.units, w.claims) * (b.unit_yen - w.worth_yen)) AS BIGINT) AS yen
    FROM bill_left AS b JOIN claims_left AS w ON w.payee = b.payee AND w.paid_month = b.paid_month AND w.line_kind = b.line_kind
     AND w.vaccine = b.vaccine AND w.gross_yen = b.unit_yen
    WHERE w.worth_yen < w.gross_yen GROUP BY ALL
),
of_bill AS (
    SELECT {_CELL}, CAST(sum(units) AS BIGINT) AS units, CAST(sum(units * unit_yen) AS BIGINT) AS yen FROM bill_left GROUP BY ALL
),
of_claims AS (
    SELECT {_CELL}, CAST(sum(claims) AS BIGINT) AS claims, CAST(sum(claims * worth_yen) AS BIGINT) AS yen FROM claims_left GROUP BY ALL
),
unmatched AS MATERIALIZED (    -- what is left of both sides of a cell
    SELECT coalesce(b.payee, w.payee) AS payee, coalesce(b.paid_month, w.paid_month) AS paid_month, coalesce(b.line_kind, w.line_kind) AS line_kind,
           coalesce(b.vaccine, w.vaccine) AS vaccine, coalesce(b.units, 0) AS units, coalesce(b.yen, 0) AS billed_yen,
           coalesce(w.claims, 0) AS claims, coalesce(w.yen, 0) AS worth_yen
    FROM of_bill AS b
    FULL JOIN of_claims AS w ON w.payee = b.payee AND w.paid_month = b.paid_month AND w.line_kind = b.line_kind AND w.vaccine = b.vaccine
),
left_over AS MATERIALIZED (    -- units that only one side has, at the mean of what is left there
    SELECT u.*, coalesce(c.units, 0) AS copay_units, coalesce(c.yen, 0) AS copay_yen,
           CASE WHEN u.units > u.claims THEN (u.units - u.claims) * u.billed_yen // u.units ELSE 0 END AS missing_yen,
           CASE WHEN u.claims > u.units THEN (u.units - u.claims) * (u.worth_yen // u.claims) ELSE 0 END AS unbilled_yen
    FROM unmatched AS u
    LEFT JOIN copay AS c ON c.payee = u.payee AND c.paid_month = u.paid_month AND c.line_kind = u.line_kind AND c.vaccine = u.vaccine
),
stage AS (                     -- where the contract rounds on the line or the bill: what that adds to the units
    SELECT payee, paid_month, line_kind, vaccine, CAST(sum(yen) AS BIGINT) AS yen FROM (
        SELECT s.payee, s.paid_month, CASE t.rounding WHEN 'line' THEN s.line_kind ELSE 'dose' END AS line_kind,
               CASE t.rounding WHEN 'line' THEN s.vaccine ELSE '' END AS vaccine, CASE t.rounding WHEN 'line' THEN s.price_excl_yen END AS price,
               sum(s.price_excl_yen * (100 + s.tax_rate)) // 100 - sum(s.price_excl_yen * (100 + s.tax_rate) // 100) AS yen
        FROM supported AS s CROSS JOIN reference.payment_rule AS t
        WHERE t.rounding <> 'unit' AND s.decision = 'pay' AND s.price_excl_yen IS NOT NULL GROUP BY ALL
    ) GROUP BY ALL
),
row_of AS (                    -- kind of difference, units, yen
    SELECT NULL AS person, {_CELL}, 'billed' AS difference, units AS billed, yen AS billed_yen, 0 AS supported, 0 AS supported_yen, 0 AS differing,
           0 AS yen FROM billed
    UNION ALL
    SELECT person, {_CELL}, 'billed', 0, 0, 1, worth_yen, 0, 0 FROM supported WHERE decision = 'pay'
    UNION ALL
    SELECT person, {_CELL}, CASE decision WHEN 'hold' THEN 'hold' ELSE 'reject' END, 0, 0, 0, 0, 1, worth_yen FROM supported WHERE decision <> 'pay'
    UNION ALL
    SELECT NULL, {_CELL}, 'rounding', 0, 0, 0, 0, 0, yen - unit_total FROM billed WHERE yen <> unit_total
    UNION ALL
    SELECT NULL, {_CELL}, 'rounding', 0, 0, 0, yen, 0, -yen FROM stage WHERE yen <> 0
    UNION ALL
    SELECT NULL, {_CELL}, 'copay', 0, 0, 0, 0, copay_units, copay_yen FROM left_over WHERE copay_units > 0
    UNION ALL
    SELECT NULL, {_CELL}, 'not_in_ledger', 0, 0, 0, 0, units - claims, missing_yen FROM left_over WHERE units > claims
    UNION ALL
    SELECT NULL, {_CELL}, 'not_billed', 0, 0, 0, 0, claims - units, unbilled_yen FROM left_over WHERE claims > units
    UNION ALL
    SELECT NULL, {_CELL}, 'price', 0, 0, 0, 0, least(units, claims) - copay_units, billed_yen - worth_yen - copay_yen - missing_yen - unbilled_yen
    FROM left_over WHERE billed_yen - worth_yen - copay_yen - missing_yen - unbilled_yen <> 0
),
own_month AS MATERIALIZED (
    SELECT payee, paid_month, CAST(sum(amount_yen) AS BIGINT) AS yen, CAST(sum(units_count) AS BIGINT) AS units FROM received GROUP BY ALL
),
usual AS (                     -- the middle one of the payee's bills of the twelve months before
    SELECT m.payee, m.paid_month, list_sort(list(o.yen))[(count(*) + 1) // 2] AS yen, list_sort(list(o.units))[(count(*) + 1) // 2] AS units
    FROM own_month AS m
    JOIN own_month AS o ON o.payee = m.payee AND o.paid_month BETWEEN m.paid_month - 100 AND m.paid_month - 1
    GROUP BY m.payee, m.paid_month HAVING count(*) >= {_FEWEST_MONTHS}
),
in_ledger AS (
    SELECT payee, paid_month, CAST(sum(worth_yen) AS BIGINT) AS yen FROM supported GROUP BY ALL
),
status AS (
    SELECT m.payee, m.paid_month,
           CASE WHEN m.yen > t.alarm_factor * coalesce(l.yen, 0) OR m.yen > t.alarm_factor * u.yen OR m.units > t.alarm_factor * u.units
                THEN 'blocked' ELSE 'within' END AS claim_status
    FROM own_month AS m CROSS JOIN reference.payment_rule AS t
    LEFT JOIN in_ledger AS l ON l.payee = m.payee AND l.paid_month = m.paid_month
    LEFT JOIN usual AS u ON u.payee = m.payee AND u.paid_month = m.paid_month
)
SELECT r.person, r.payee, r.paid_month, r.line_kind, nullif(r.vaccine, '') AS vaccine, r.difference, s.claim_status, r.billed, r.billed_yen,
       r.supported, r.supported_yen, r.differing, r.yen
FROM row_of AS r JOIN status AS s ON s.payee = r.payee AND s.paid_month = r.paid_month
"""


def _sum(column: str) -> str:
    return f"CAST(coalesce(sum(base.{column}), 0) AS BIGINT)"


CLAIM_DIFFERENCES = Measure(
    name="claim_differences",
    title="請求額と台帳の差異",
    title_en="Bills against the ledger",
    description="請求書のある支払先・支払月について、請求、台帳から支払える額、及びその差を原因ごとに示す。大きく外れる請求は止める。",
    source="委託料の請求書、予防接種委託契約の価格表、予防接種台帳（支払月）",
    privacy_unit="institution",
    values=(
        ValueColumn("billed_count", "請求件数", "Billed", "件", "count", _sum("billed")),
        ValueColumn("billed_yen", "請求額", "Billed", "円", "yen", _sum("billed_yen")),
        ValueColumn("supported_count", "支払件数", "Payable", "件", "count", _sum("supported")),
        ValueColumn("supported_yen", "支払額", "Payable", "円", "yen", _sum("supported_yen")),
        ValueColumn("difference_count", "差異件数", "Differing", "件", "count", _sum("differing")),
        ValueColumn("difference_yen", "差異額", "Difference", "円", "yen", _sum("yen")),
    ),
    cuts={
        "payee": Cut("base.payee"),
        "month": Cut("base.paid_month", label="支払月", label_en="Month of payment"),
        "line_kind": Cut("base.line_kind"),
        "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
        "difference": Cut("base.difference"),
        "claim_status": Cut("base.claim_status"),
    },
    base_sql=_DIFFERENCES,
    parameters=PAYMENT_PARAMETERS,
    notes=(
        "請求額から支払額を引いた額は、差異額の合計に等しい。差異は、単価・自己負担・端数・保留・却下・台帳なし・請求なしに分ける。",
        "「止める」は、請求額が台帳の額、又は過去12か月の中央の額・件数の alarm_factor 倍（daicho.toml の [payments]）を超えるもの。",
        "支払先・支払月に請求書がないものは含まない。",
    ),
    early={"event_filters": {"month": "e.paid_month"}, "closed_filters": {"month": "x.paid_month"}},
    bind=bind_months(),
    payees="count(DISTINCT base.payee)",
    reference=PAYMENT_REFERENCE,
)

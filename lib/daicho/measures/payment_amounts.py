"""What a claim is worth: exactly one price by the day of the event, additions of the contract, self-payment, administration fee.

All yen are whole numbers: `//` cuts fractions of a yen off each unit. The amount of a whole line or bill, where the contract rounds there, is
worked out from `price_excl_yen` and `tax_rate`, which go with each claim.
"""

from __future__ import annotations

from daicho.measures.legal_windows import in_force

_CAPPED = "('reimbursement', 'subsidised_cap')"

AMOUNTS = f"""
tier AS (                      -- what the prices of a vaccine depend on besides the day
    SELECT vaccine_code AS vaccine, scheme, kind AS price_kind, bool_or(product IS NOT NULL) AS by_product, bool_or(dose_code IS NOT NULL) AS by_dose,
           bool_or(age_from_years IS NOT NULL OR age_to_years IS NOT NULL) AS by_age, bool_or(for_copay IS NOT NULL) AS by_copay
    FROM reference.price_list GROUP BY ALL
),
tariffed AS MATERIALIZED (     -- each claim with what its price depends on, and nothing else of it
    SELECT k.claim, k.vaccine, k.scheme, k.price_kind, k.event_on, CASE WHEN t.by_product THEN coalesce(k.product, '') ELSE '' END AS product,
           CASE WHEN t.by_dose THEN coalesce(k.dose, '') ELSE '' END AS dose, CASE WHEN t.by_age THEN coalesce(k.age_years, -1) ELSE -1 END AS age_years,
           coalesce(t.by_copay AND k.is_exempt, false) AS is_exempt
    FROM known AS k JOIN tier AS t ON t.vaccine = k.vaccine AND t.scheme = k.scheme AND t.price_kind = k.price_kind
),
price AS MATERIALIZED (        -- by the day of the dose or screening, never the latest price; once for all claims that are priced alike
    SELECT c.*, count(*) AS prices, min(l.price_excl_yen) AS price_excl_yen, min(l.tax_rate_percent) AS tax_rate,
           min(CASE WHEN l.price_incl_yen IS NOT NULL THEN CAST(l.price_incl_yen AS BIGINT)
                    ELSE CAST(l.price_excl_yen AS BIGINT) * (100 + l.tax_rate_percent) // 100 END) AS unit_yen,
           min(CASE WHEN l.admin_fee_kind <> 'none' THEN CAST(l.admin_fee_yen AS BIGINT) * (100 + l.tax_rate_percent) // 100 ELSE 0 END) AS admin_yen,
           min(l.admin_fee_kind) AS admin_kind, bool_or(coalesce(l.quoting, 'gross') = 'net') AS is_net
    FROM (SELECT DISTINCT * EXCLUDE (claim) FROM tariffed) AS c
    JOIN reference.price_list AS l ON l.vaccine_code = c.vaccine AND l.scheme = c.scheme AND l.kind = c.price_kind
     AND {in_force("l", "c.event_on")}
     AND (l.product IS NULL OR l.product = c.product) AND (l.dose_code IS NULL OR l.dose_code = c.dose)
     AND (l.age_from_years IS NULL OR (c.age_years >= l.age_from_years AND c.age_years >= 0))
     AND (l.age_to_years IS NULL OR (c.age_years <= l.age_to_years AND c.age_years >= 0))
     AND (l.for_copay IS NULL OR l.for_copay = CASE WHEN c.is_exempt THEN 'exempt' ELSE 'paying' END)
    GROUP BY ALL
),
addition AS (                  -- 加算: only where the contract of the scheme has them
    SELECT c.claim, sum(CAST(f.price_excl_yen AS BIGINT) * (100 + f.tax_rate_percent) // 100) AS yen
    FROM known AS c
    JOIN reference.fee AS f ON f.scheme = c.scheme AND {in_force("f", "c.event_on")} AND (f.vaccine_code IS NULL OR f.vaccine_code = c.vaccine)
     AND (f.fee_code = c.fee_code OR (f.fee_code = 'under_6' AND c.age_years <= f.age_to_years))
    GROUP BY c.claim
),
worth AS (
    SELECT c.claim, l.price_excl_yen, l.tax_rate, l.prices, l.is_net OR t.copay_mode = 'already_net' AS is_net,
           CASE WHEN l.prices <> 1 THEN NULL
                WHEN c.scheme IN {_CAPPED} THEN least(c.charged_yen, l.unit_yen - CASE WHEN l.admin_kind = 'included' THEN l.admin_yen ELSE 0 END)
                ELSE l.unit_yen + coalesce(CAST(a.yen AS BIGINT), 0) END AS gross_yen,
           CASE WHEN l.prices = 1 AND l.admin_kind = 'separate' AND c.scheme NOT IN {_CAPPED} THEN l.admin_yen ELSE 0 END AS fee_yen
    FROM known AS c
    JOIN tariffed AS k ON k.claim = c.claim
    JOIN price AS l ON l.vaccine = k.vaccine AND l.scheme = k.scheme AND l.price_kind = k.price_kind AND l.event_on = k.event_on
     AND l.product = k.product AND l.dose = k.dose AND l.age_years = k.age_years AND l.is_exempt = k.is_exempt
    CROSS JOIN reference.payment_rule AS t
    LEFT JOIN addition AS a ON a.claim = c.claim
),
amount AS (
    SELECT c.*, coalesce(w.prices, 0) AS prices, coalesce(w.gross_yen, 0) AS gross_yen, coalesce(w.fee_yen, 0) AS fee_yen,
           CAST(w.price_excl_yen AS BIGINT) AS price_excl_yen, w.tax_rate,
           CASE WHEN c.is_exempt OR w.is_net OR c.scheme IN {_CAPPED} THEN 0 ELSE least(coalesce(w.gross_yen, 0), c.rule_yen) END AS copay_yen
    FROM known AS c
    LEFT JOIN worth AS w ON w.claim = c.claim
)"""
"""CTEs up to `amount`: `known` with prices, gross_yen, copay_yen, fee_yen (with tax), price_excl_yen and tax_rate (percent)."""

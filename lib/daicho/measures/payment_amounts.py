"""What a claim is worth: exactly one price by the day of the event, additions of the contract, self-payment, administration fee.

All yen are whole numbers: `//` cuts fractions of a yen off each unit. The amount of a whole line or bill, where the contract rounds there, is
worked out from `price_excl_yen` and `tax_rate`, which go with each claim.
"""

from __future__ import annotations

from daicho.measures.legal_windows import in_force
from daicho.measures.payment_findings import FINDING_FACTS, same_row

_CAPPED = "('reimbursement', 'subsidised_cap')"


def _price_key(product: str, dose: str, age: str, exempt: str) -> str:
    """SQL: one number for all that a price depends on; `t` is the tariff, the others are its numbers of products and doses, years and a boolean."""
    return f"(((t.tariff * 1000 + {product}) * 1000 + {dose}) * 1000 + {age} + 1) * 2 + CAST({exempt} AS BIGINT)"


PRICES = f"""
tariff AS MATERIALIZED (       -- of each price kind of a vaccine and each period: what the price depends on besides, and the self-payment
    SELECT row_number() OVER () AS tariff, t.*, p.period, p.starts_on, r.rules, r.amount_yen AS rule_yen, r.age_basis, r.age_limit
    FROM (SELECT vaccine_code AS vaccine, scheme, kind AS price_kind, list(DISTINCT product) FILTER (WHERE product IS NOT NULL) AS products,
                 list(DISTINCT dose_code) FILTER (WHERE dose_code IS NOT NULL) AS doses,
                 max(greatest(age_from_years, age_to_years + 1)) AS last_age, bool_or(for_copay IS NOT NULL) AS by_copay
          FROM reference.price_list GROUP BY vaccine_code, scheme, kind) AS t
    CROSS JOIN period AS p
    LEFT JOIN copay_rule AS r ON r.vaccine = t.vaccine AND r.period = p.period
),
priced AS (                    -- every product, dose, age in years and exemption that a tariff tells apart; 0 and -1 for any other, the last age for all above
    SELECT t.*, product_no, dose_no, age, is_exempt
    FROM tariff AS t, unnest(range(coalesce(len(t.products), 0) + 1)) AS a(product_no), unnest(range(coalesce(len(t.doses), 0) + 1)) AS b(dose_no),
         unnest(CASE WHEN t.last_age IS NOT NULL THEN range(-1, t.last_age + 1) ELSE [-1] END) AS c(age),
         unnest(CASE WHEN t.by_copay THEN [false, true] ELSE [false] END) AS d(is_exempt)
),
price AS MATERIALIZED (        -- by the day of the dose or screening, never the latest price
    SELECT {_price_key("t.product_no", "t.dose_no", "t.age", "t.is_exempt")} AS price_key, count(*) AS prices,
           CAST(min(l.price_excl_yen) AS BIGINT) AS price_excl_yen, min(l.tax_rate_percent) AS tax_rate,
           min(CASE WHEN l.price_incl_yen IS NOT NULL THEN CAST(l.price_incl_yen AS BIGINT)
                    ELSE CAST(l.price_excl_yen AS BIGINT) * (100 + l.tax_rate_percent) // 100 END) AS unit_yen,
           min(CASE WHEN l.admin_fee_kind <> 'none' THEN CAST(l.admin_fee_yen AS BIGINT) * (100 + l.tax_rate_percent) // 100 ELSE 0 END) AS admin_yen,
           min(l.admin_fee_kind) AS admin_kind, bool_or(coalesce(l.quoting, 'gross') = 'net') AS is_net
    FROM priced AS t
    JOIN reference.price_list AS l ON l.vaccine_code = t.vaccine AND l.scheme = t.scheme AND l.kind = t.price_kind AND {in_force("l", "t.starts_on")}
     AND (l.product IS NULL OR l.product = t.products[t.product_no]) AND (l.dose_code IS NULL OR l.dose_code = t.doses[t.dose_no])
     AND (l.age_from_years IS NULL OR (t.age >= l.age_from_years AND t.age >= 0))
     AND (l.age_to_years IS NULL OR (t.age <= l.age_to_years AND t.age >= 0))
     AND (l.for_copay IS NULL OR l.for_copay = CASE WHEN t.is_exempt THEN 'exempt' ELSE 'paying' END)
    GROUP BY price_key
),
addition AS MATERIALIZED (     -- 加算: only where the contract of the scheme has them
    SELECT c.claim, CAST(sum(CAST(f.price_excl_yen AS BIGINT) * (100 + f.tax_rate_percent) // 100) AS BIGINT) AS yen
    FROM (SELECT k.claim, k.scheme, k.vaccine, k.event_on, k.fee_code, age_years_on(p.birth_date, k.event_on) AS age_years
          FROM (SELECT claim, person, scheme, vaccine, event_on, fee_code FROM claim WHERE scheme IN (SELECT scheme FROM reference.fee)) AS k
          LEFT JOIN person AS p ON p.person = k.person) AS c
    JOIN reference.fee AS f ON f.scheme = c.scheme AND {in_force("f", "c.event_on")} AND (f.vaccine_code IS NULL OR f.vaccine_code = c.vaccine)
     AND (f.fee_code = c.fee_code OR (f.fee_code = 'under_6' AND c.age_years <= f.age_to_years))
    GROUP BY c.claim
)"""
"""CTEs `tariff`, `price`, `addition`, after those of `CLAIMS`."""

_PRODUCT_NO = "CASE WHEN t.products IS NOT NULL THEN coalesce(list_position(t.products, c.product), 0) ELSE 0 END"
_DOSE_NO = "CASE WHEN t.doses IS NOT NULL THEN coalesce(list_position(t.doses, c.dose), 0) ELSE 0 END"
_AGE = "CASE WHEN t.last_age IS NOT NULL THEN greatest(least(coalesce(age_years_on(p.birth_date, c.event_on), -1), t.last_age), -1) ELSE -1 END"
_AGE_LIMIT_DAY = "CASE t.age_basis WHEN 'fiscal_year_end' THEN make_date(fiscal_year(c.event_on) + 1, 3, 31) ELSE c.event_on END"

AMOUNTS = f"""
known AS NOT MATERIALIZED (    -- each claim with all that decides it
    SELECT c.*, p.birth_date, n.verdict, n.verdict_reason, n.addition_yen, w.twin_finding, {", ".join(f"f.{fact}" for fact in FINDING_FACTS)},
           CASE WHEN c.is_screened_only THEN 0 ELSE coalesce(t.rules, 0) END AS copay_rules,
           CASE WHEN c.is_screened_only THEN 0 ELSE coalesce(t.rule_yen, 0) END AS rule_yen,
           coalesce(n.is_exempt, false) AS is_on_welfare, t.by_copay,
           c.is_screened_only OR coalesce(c.copay_class IN ('exempt', 'free'), false) OR coalesce(n.is_exempt, false)
             OR coalesce(CASE WHEN t.age_limit IS NOT NULL THEN age_years_on(p.birth_date, {_AGE_LIMIT_DAY}) >= t.age_limit END, false) AS is_exempt,
           {_price_key(_PRODUCT_NO, _DOSE_NO, _AGE, "false")} AS price_key
    FROM claim AS c
    LEFT JOIN person AS p ON p.person = c.person
    LEFT JOIN period_of AS d ON d.event_on = c.event_on
    LEFT JOIN tariff AS t ON t.vaccine = c.vaccine AND t.scheme = c.scheme AND t.price_kind = c.price_kind AND t.period = d.period
    LEFT JOIN note AS n ON n.claim = c.claim
    LEFT JOIN finding AS f ON {same_row("f", "c")}
    LEFT JOIN twin AS w ON {same_row("w", "c")}
),
worth AS NOT MATERIALIZED (
    SELECT c.*, coalesce(l.prices, 0) AS prices, l.price_excl_yen, l.tax_rate,
           c.is_exempt OR c.scheme IN {_CAPPED} OR coalesce(l.is_net OR t.copay_mode = 'already_net', false) AS has_no_copay,
           coalesce(CASE WHEN l.prices IS DISTINCT FROM 1 THEN NULL
                         WHEN c.scheme IN {_CAPPED} THEN least(c.charged_yen, l.unit_yen - CASE WHEN l.admin_kind = 'included' THEN l.admin_yen ELSE 0 END)
                         ELSE l.unit_yen + coalesce(c.addition_yen, 0) END, 0) AS gross_yen,
           CASE WHEN l.prices = 1 AND l.admin_kind = 'separate' AND c.scheme NOT IN {_CAPPED} THEN l.admin_yen ELSE 0 END AS fee_yen
    FROM known AS c
    CROSS JOIN reference.payment_rule AS t
    LEFT JOIN price AS l ON l.price_key = c.price_key + CAST(c.by_copay AND c.is_exempt AS BIGINT)
),
amount AS NOT MATERIALIZED (
    SELECT *, CASE WHEN has_no_copay THEN 0 ELSE least(gross_yen, rule_yen) END AS copay_yen FROM worth
)"""
"""CTEs up to `amount`, after `note` and `finding`: each claim with all found of it, prices, gross_yen, copay_yen, fee_yen (with tax), price_excl_yen and
tax_rate (percent)."""

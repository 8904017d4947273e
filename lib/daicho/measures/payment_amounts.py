"""What a claim is worth: exactly one price by the day of the event, additions of the contract, self-payment, administration fee.

All yen are whole numbers: `//` cuts fractions of a yen off each unit. The amount of a whole line or bill, where the contract rounds there, is
worked out from `price_excl_yen` and `tax_rate`, which go with each claim.
"""

from __future__ import annotations

from daicho.measures.legal_windows import in_force

_CAPPED = "('reimbursement', 'subsidised_cap')"


def _tariffed(claims: str, person: str) -> str:
    """SQL: each of the claims with what its price depends on, but for the self-payment. `person` says whose birth date is looked up."""
    return f"""SELECT c.*, t.tier, t.by_copay, CASE WHEN t.by_product THEN coalesce(c.product, '') ELSE '' END AS price_product,
           CASE WHEN t.by_dose THEN coalesce(c.dose, '') ELSE '' END AS price_dose, p.birth_date,
           CASE WHEN t.by_age THEN coalesce(age_years_on(p.birth_date, c.event_on), -1) ELSE -1 END AS price_age
    FROM {claims} AS c
    LEFT JOIN tier AS t ON t.vaccine = c.vaccine AND t.scheme = c.scheme AND t.price_kind = c.price_kind
    LEFT JOIN person AS p ON p.person = {person}"""


PRICES = f"""
tier AS MATERIALIZED (         -- what the prices of a vaccine depend on besides the day
    SELECT CAST(row_number() OVER () AS INTEGER) AS tier, vaccine_code AS vaccine, scheme, kind AS price_kind, bool_or(product IS NOT NULL) AS by_product,
           bool_or(dose_code IS NOT NULL) AS by_dose, bool_or(age_from_years IS NOT NULL OR age_to_years IS NOT NULL) AS by_age,
           bool_or(for_copay IS NOT NULL) AS by_copay
    FROM reference.price_list GROUP BY vaccine_code, scheme, kind
),
price AS MATERIALIZED (        -- by the day of the dose or screening, never the latest price; once for all claims that are priced alike
    SELECT c.*, count(*) AS prices, CAST(min(l.price_excl_yen) AS BIGINT) AS price_excl_yen, min(l.tax_rate_percent) AS tax_rate,
           min(CASE WHEN l.price_incl_yen IS NOT NULL THEN CAST(l.price_incl_yen AS BIGINT)
                    ELSE CAST(l.price_excl_yen AS BIGINT) * (100 + l.tax_rate_percent) // 100 END) AS unit_yen,
           min(CASE WHEN l.admin_fee_kind <> 'none' THEN CAST(l.admin_fee_yen AS BIGINT) * (100 + l.tax_rate_percent) // 100 ELSE 0 END) AS admin_yen,
           min(l.admin_fee_kind) AS admin_kind, bool_or(coalesce(l.quoting, 'gross') = 'net') AS is_net
    FROM (SELECT t.vaccine, t.scheme, t.price_kind, k.*, e.price_exempt
          FROM (SELECT DISTINCT tier, event_on, price_product, price_dose, price_age FROM (
    {_tariffed("brief", "CASE WHEN t.by_age THEN c.person END")})) AS k
          JOIN tier AS t ON t.tier = k.tier
          JOIN (VALUES (false), (true)) AS e(price_exempt) ON t.by_copay >= e.price_exempt) AS c
    JOIN reference.price_list AS l ON l.vaccine_code = c.vaccine AND l.scheme = c.scheme AND l.kind = c.price_kind
     AND {in_force("l", "c.event_on")}
     AND (l.product IS NULL OR l.product = c.price_product) AND (l.dose_code IS NULL OR l.dose_code = c.price_dose)
     AND (l.age_from_years IS NULL OR (c.price_age >= l.age_from_years AND c.price_age >= 0))
     AND (l.age_to_years IS NULL OR (c.price_age <= l.age_to_years AND c.price_age >= 0))
     AND (l.for_copay IS NULL OR l.for_copay = CASE WHEN c.price_exempt THEN 'exempt' ELSE 'paying' END)
    GROUP BY ALL
),
addition AS MATERIALIZED (     -- 加算: only where the contract of the scheme has them
    SELECT c.claim, CAST(sum(CAST(f.price_excl_yen AS BIGINT) * (100 + f.tax_rate_percent) // 100) AS BIGINT) AS yen
    FROM (SELECT k.claim, k.scheme, k.vaccine, k.event_on, k.fee_code, age_years_on(p.birth_date, k.event_on) AS age_years
          FROM brief AS k LEFT JOIN person AS p ON p.person = k.person WHERE k.scheme IN (SELECT scheme FROM reference.fee)) AS c
    JOIN reference.fee AS f ON f.scheme = c.scheme AND {in_force("f", "c.event_on")} AND (f.vaccine_code IS NULL OR f.vaccine_code = c.vaccine)
     AND (f.fee_code = c.fee_code OR (f.fee_code = 'under_6' AND c.age_years <= f.age_to_years))
    GROUP BY c.claim
)"""
"""CTEs `tier`, `price`, `addition`, after those of `CLAIMS`."""

AMOUNTS = f"""
known AS NOT MATERIALIZED (    -- each claim with all that decides it
    SELECT c.*, n.* EXCLUDE (claim, is_exempt), coalesce(r.rules, 0) AS copay_rules, coalesce(r.amount_yen, 0) AS rule_yen,
           coalesce(n.is_exempt, false) AS is_on_welfare,
           c.is_screened_only OR coalesce(c.copay_class IN ('exempt', 'free'), false) OR coalesce(n.is_exempt, false)
             OR coalesce(CASE WHEN r.age_limit IS NOT NULL
                              THEN age_years_on(c.birth_date, CASE r.age_basis WHEN 'fiscal_year_end' THEN make_date(fiscal_year(c.event_on) + 1, 3, 31)
                                                                               ELSE c.event_on END) >= r.age_limit END, false) AS is_exempt
    FROM (
    {_tariffed("claim", "c.person")}) AS c
    LEFT JOIN copay_rule AS r ON r.vaccine = c.vaccine AND r.event_on = c.event_on
    LEFT JOIN note AS n ON n.claim = c.claim
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
    LEFT JOIN price AS l ON l.tier = c.tier AND l.event_on = c.event_on AND l.price_product = c.price_product AND l.price_dose = c.price_dose
     AND l.price_age = c.price_age AND l.price_exempt = (c.by_copay AND c.is_exempt)
),
amount AS NOT MATERIALIZED (
    SELECT *, CASE WHEN has_no_copay THEN 0 ELSE least(gross_yen, rule_yen) END AS copay_yen FROM worth
)"""
"""CTEs up to `amount`, after `note`: each claim with its note, prices, gross_yen, copay_yen, fee_yen (with tax), price_excl_yen and tax_rate (percent)."""

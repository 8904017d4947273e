"""From a claimed dose or screening to a decision and an amount: the payment model's order, one step a table.

classify → duplicate → eligibility → price → self-payment. The first reason that applies is the one given. What cannot be decided is
held, never silently paid. All yen are whole numbers; tax is rounded down per unit.
"""

from __future__ import annotations

from daicho.measures.legal_windows import concerns, first_day, in_force, is_decidable, is_in_season, is_proved, last_day

_EVIDENCE = is_proved("s", has_handbook="c.has_first_grade_handbook", is_transitional="c.is_transitional")

# n 日以上の間隔: n full days lie between, so the dates differ by n + 1. n 月以上: from the same day n months later.
_INTERVAL_KEPT = """counted_from IS NULL
             OR (event_on > counted_from + coalesce(CAST(min_interval_days AS INTEGER), 0)
                 AND (min_interval_months IS NULL OR event_on > reached_months_on(counted_from, min_interval_months)))"""

# Only equalities: an outer join with any other test compares every row with every row.
_SAME_DOSE = """h.person = {0}.person AND h.vaccine = {0}.vaccine AND h.dose = {0}.dose AND h.event_on = {0}.event_on
                        AND h.is_screened_only = {0}.is_screened_only"""

DECISIONS = f"""
WITH claim AS MATERIALIZED (   -- what the months asked for contain
    SELECT row_number() OVER () AS claim, e.person, e.vaccine, e.dose, e.event_on, e.is_screened_only, e.institution,
           e.is_institution_valid, e.ward, e.product, e.paid_month, e.is_transitional, e.copay_class,
           e.duplicate_rank, e.date_status, e.was_resident, e.batch, e.line,
           CASE WHEN e.is_screened_only THEN 'SCREEN' ELSE 'DOSE' END AS price_kind,
           CASE WHEN e.ward = (SELECT min(code) FROM reference.municipality) THEN 'own_ward' ELSE 'mutual_use' END AS scheme
    FROM event AS e
    WHERE {{event_filters}}
      AND (e.paid_month BETWEEN $first_month AND $last_month
           OR ($with_unclaimed AND e.paid_month IS NULL AND (e.event_on IS NULL OR e.event_on BETWEEN $first_day AND $last_day)))
),
history AS MATERIALIZED (      -- every dose the claimants ever had
    SELECT person, vaccine, dose, given_on FROM dose WHERE date_status = 'ok' AND person IN (SELECT person FROM claim)
),
seasonal AS (                  -- 年度(シーズン)ごとに1回の接種
    SELECT DISTINCT vaccine_code FROM reference.schedule WHERE season_from IS NOT NULL
),
stage AS (                     -- order of the stages of a vaccine
    SELECT code, CAST(position AS INTEGER) AS position FROM reference.dose_stage
),
earlier AS (                   -- doses of the same vaccine before this one; of two stages on one day, the lower came first
    SELECT c.person, c.vaccine, c.dose, c.event_on, false AS is_screened_only, min(d.given_on) AS first_on,
           max(d.given_on) AS previous_on,
           bool_or(CASE WHEN s.vaccine_code IS NULL THEN d.dose = c.dose
                        ELSE fiscal_year(d.given_on) = fiscal_year(c.event_on) END) AS is_second,
           bool_or(s.vaccine_code IS NOT NULL) AS is_seasonal
    FROM (SELECT DISTINCT person, vaccine, dose, event_on FROM claim WHERE NOT is_screened_only AND duplicate_rank = 1) AS c
    JOIN history AS d ON d.person = c.person AND d.vaccine = c.vaccine
    LEFT JOIN stage AS this ON this.code = c.dose
    LEFT JOIN stage AS other ON other.code = d.dose
    LEFT JOIN seasonal AS s ON s.vaccine_code = c.vaccine
    WHERE d.given_on < c.event_on OR (d.given_on = c.event_on AND other.position < this.position)
    GROUP BY c.person, c.vaccine, c.dose, c.event_on
),
with_dose AS (                 -- screenings on the day of a dose of the same vaccine
    SELECT DISTINCT c.claim FROM claim AS c
    JOIN history AS d ON d.person = c.person AND d.vaccine = c.vaccine AND d.given_on = c.event_on
    WHERE c.is_screened_only
),
component AS (                 -- 混合ワクチンの成分 written out as rows of their own beside the combined dose
    SELECT DISTINCT c.claim
    FROM claim AS c
    JOIN reference.equivalence AS q ON q.counts_as_dose_code = c.dose
     AND {in_force("q", "c.event_on")}
    JOIN history AS d ON d.person = c.person AND d.given_on = c.event_on AND d.dose = q.dose_code
),
operating AS (                 -- 医療機関: in the list and in operation on the day; without a list only the check digit speaks
    SELECT DISTINCT c.institution, c.event_on FROM (SELECT DISTINCT institution, event_on FROM claim) AS c
    JOIN institution AS i ON i.institution = c.institution
     AND {in_force("i", "c.event_on")}
),
copay_rule AS (                -- 自己負担: set by the ward of residence, by the day of the event
    SELECT c.claim, count(*) AS rules, min(r.amount_yen) AS amount_yen, min(r.age_basis) AS age_basis, min(r.age_limit_years) AS age_limit,
           min(r.exempt) AS exempt
    FROM claim AS c
    JOIN reference.copay AS r ON r.vaccine_code = c.vaccine AND {in_force("r", "c.event_on")}
     AND r.home_ward = (SELECT min(code) FROM reference.municipality)
    WHERE NOT c.is_screened_only GROUP BY c.claim
),
welfare_on_day AS (
    SELECT c.claim, bool_or(contains('|' || r.exempt || '|', '|' || w.welfare_class || '|')
                         OR contains('|' || r.exempt || '|', '|' || w.handbook_class || '|')) AS is_exempt,
           bool_or(w.handbook_class = 'physical_1') AS has_first_grade_handbook
    FROM claim AS c
    JOIN welfare AS w ON w.person = c.person AND {in_force("w", "c.event_on")}
    LEFT JOIN copay_rule AS r ON r.claim = c.claim
    GROUP BY c.claim
),
known AS MATERIALIZED (        -- each claim with what the register says of the person that day
    SELECT c.*, p.birth_date, p.sex, age_years_on(p.birth_date, c.event_on) AS age_years,
           coalesce(w.is_exempt, false) AS is_on_welfare, coalesce(w.has_first_grade_handbook, false) AS has_first_grade_handbook
    FROM claim AS c
    LEFT JOIN person AS p ON p.person = c.person
    LEFT JOIN welfare_on_day AS w ON w.claim = c.claim
),
price AS (                     -- by the day of the dose or screening, never the latest price
    SELECT c.claim, count(*) AS prices,
           CASE WHEN count(*) = 1 THEN min(CAST(l.price_excl_yen AS BIGINT) * (100 + l.tax_rate_percent) // 100) END AS gross_yen
    FROM known AS c
    JOIN reference.price_list AS l ON l.vaccine_code = c.vaccine AND l.scheme = c.scheme AND l.kind = c.price_kind
     AND {in_force("l", "c.event_on")}
     AND (l.product IS NULL OR l.product = c.product) AND (l.dose_code IS NULL OR l.dose_code = c.dose)
     AND (l.age_from_years IS NULL OR c.age_years >= l.age_from_years) AND (l.age_to_years IS NULL OR c.age_years <= l.age_to_years)
    GROUP BY c.claim
),
legal_window AS MATERIALIZED ( -- worked out once for each dose and birth date
    SELECT b.dose, b.birth_date, b.sex, {is_decidable("s")} AS is_decidable, s.condition, s.valid_from, s.valid_to, s.season_from, s.season_to,
           s.min_interval_days, s.min_interval_months, s.interval_from,
           {first_day("s", "b.birth_date")} AS opens_on, {last_day("s", "b.birth_date")} AS closes_on
    FROM (SELECT DISTINCT dose, birth_date, sex FROM known WHERE birth_date IS NOT NULL) AS b
    JOIN reference.schedule AS s ON s.dose_code = b.dose AND {concerns("s", birth="b.birth_date", sex="b.sex")}
),
rule_met AS (                  -- each claim against each rule of its dose: regular, special, catch-up, transitional
    SELECT c.claim, s.is_decidable, c.event_on, s.min_interval_days, s.min_interval_months,
           CASE s.interval_from WHEN 'first' THEN h.first_on ELSE h.previous_on END AS counted_from,
           s.is_decidable AND {in_force("s", "c.event_on")} AND c.event_on BETWEEN s.opens_on AND s.closes_on
             AND {is_in_season("s", "c.event_on")} AND {_EVIDENCE} AS is_open
    FROM known AS c
    JOIN legal_window AS s ON s.dose = c.dose AND s.birth_date = c.birth_date AND s.sex = c.sex
    LEFT JOIN earlier AS h ON {_SAME_DOSE.format("c")}
),
eligibility AS (
    SELECT claim, bool_or(is_open) AS is_open, bool_or(is_open AND ({_INTERVAL_KEPT})) AS is_interval_kept,
           bool_or(NOT is_decidable) AS is_undecidable
    FROM rule_met GROUP BY claim
),
amount AS (
    SELECT c.*, coalesce(l.prices, 0) AS prices, coalesce(l.gross_yen, 0) AS gross_yen, coalesce(r.rules, 0) AS copay_rules,
           coalesce(r.amount_yen, 0) AS rule_yen,
           CASE WHEN c.is_screened_only OR c.copay_class IN ('exempt', 'free') OR c.is_on_welfare THEN 0
                WHEN age_years_on(c.birth_date, CASE r.age_basis WHEN 'fiscal_year_end' THEN make_date(fiscal_year(c.event_on) + 1, 3, 31)
                                                                 ELSE c.event_on END) >= r.age_limit THEN 0
                ELSE least(coalesce(l.gross_yen, 0), coalesce(CAST(r.amount_yen AS BIGINT), 0)) END AS copay_yen
    FROM known AS c
    LEFT JOIN price AS l ON l.claim = c.claim
    LEFT JOIN copay_rule AS r ON r.claim = c.claim
),
judged AS (
    SELECT a.*, coalesce(h.is_seasonal, false) AS is_seasonal,
           CASE WHEN a.duplicate_rank > 1 THEN 'DUPLICATE'
                WHEN a.paid_month IS NULL THEN 'NOT_CLAIMED'
                WHEN a.event_on IS NULL OR a.date_status = 'missing' THEN 'NO_DATE'
                WHEN a.event_on > $as_of THEN 'FUTURE_DATE'
                WHEN a.dose IS NULL OR a.dose = 'unknown' THEN 'UNKNOWN_DOSE'
                WHEN a.ward IS NULL OR a.ward = 'unknown' THEN 'UNKNOWN_WARD'
                WHEN a.institution IS NULL OR NOT coalesce(a.is_institution_valid, false)
                  OR (o.institution IS NULL AND EXISTS (SELECT 1 FROM institution)) THEN 'UNKNOWN_INSTITUTION'
                WHEN NOT a.was_resident THEN 'WRONG_WARD'
                WHEN b.claim IS NOT NULL THEN 'SAME_DAY'
                WHEN k.claim IS NOT NULL THEN 'COMPONENT'
                WHEN h.is_second THEN 'SECOND_DOSE'
                WHEN a.birth_date IS NULL OR (g.is_undecidable AND NOT g.is_open) THEN 'AGE_UNKNOWN'
                WHEN a.prices <> 1 OR (NOT a.is_screened_only AND a.copay_rules <> 1) THEN 'NO_PRICE'
                WHEN NOT coalesce(g.is_open, false) THEN 'OUT_OF_AGE'
                WHEN NOT g.is_interval_kept THEN 'SHORT_INTERVAL'
                WHEN a.copay_class = 'paid' AND a.is_on_welfare AND a.rule_yen > 0 THEN 'COPAY_CONTRADICTION'
           END AS reason
    FROM amount AS a
    LEFT JOIN with_dose AS b ON b.claim = a.claim
    LEFT JOIN component AS k ON k.claim = a.claim
    LEFT JOIN operating AS o ON o.institution = a.institution AND o.event_on = a.event_on
    LEFT JOIN earlier AS h ON {_SAME_DOSE.format("a")}
    LEFT JOIN eligibility AS g ON g.claim = a.claim
)
SELECT person, vaccine, dose, event_on, is_screened_only, institution, ward, paid_month, copay_class, scheme, gross_yen, copay_yen, batch, line,
       reason,
       CASE WHEN reason IS NULL THEN 'pay'
            WHEN reason = 'NOT_CLAIMED' THEN 'unclaimed'
            WHEN reason = 'SAME_DAY' THEN 'absorbed'
            WHEN reason IN ('DUPLICATE', 'COMPONENT') OR (reason = 'SECOND_DOSE' AND is_seasonal) THEN 'reject'
            ELSE 'hold' END AS decision
FROM judged
"""

"""From a claimed dose or screening to a decision and an amount: the payment model's order, one step a table.

classify → duplicate → eligibility → price → self-payment. The first reason that applies is the one given. What cannot be decided is
held, never silently paid; an officer's decision goes before the machine's, but never pays an event twice.
"""

from __future__ import annotations

from daicho.measures.legal_windows import concerns, first_day, in_force, is_decidable, is_in_season, is_proved, last_day
from daicho.measures.payment_amounts import AMOUNTS
from daicho.measures.payment_claims import CLAIMS, same_claim

_EVIDENCE = is_proved("s", has_handbook="c.has_first_grade_handbook", is_transitional="c.is_transitional")

# n 日以上の間隔: n full days lie between, so the dates differ by n + 1. n 月以上: from the same day n months later.
_INTERVAL_KEPT = """counted_from IS NULL
             OR (event_on > counted_from + coalesce(CAST(min_interval_days AS INTEGER), 0)
                 AND (min_interval_months IS NULL OR event_on > reached_months_on(counted_from, min_interval_months)))"""

_NO_PRICE = "(a.prices <> 1 OR (NOT a.is_screened_only AND a.copay_rules <> 1))"
_NO_RECEIPT = """(a.scheme IN ('reimbursement', 'subsidised_cap')
                  AND (a.charged_yen IS NULL OR (a.scheme = 'reimbursement' AND a.applied_on IS NULL)))"""
_OTHER_PRICE = "(a.scheme NOT IN ('reimbursement', 'subsidised_cap') AND a.charged_yen NOT IN (a.gross_yen, a.gross_yen - a.copay_yen))"

_ELIGIBILITY = f"""
seasonal AS (                  -- 年度(シーズン)ごとに1回の接種
    SELECT DISTINCT vaccine_code FROM reference.schedule WHERE season_from IS NOT NULL
),
stage AS (                     -- order of the stages of a vaccine
    SELECT code, CAST(position AS INTEGER) AS position FROM reference.dose_stage
),
earlier AS (                   -- doses of the same vaccine before this one; of two stages on one day, the lower came first
    SELECT c.claim, min(d.given_on) AS first_on, max(d.given_on) AS previous_on,
           bool_or(CASE WHEN s.vaccine_code IS NULL THEN d.dose = c.dose
                        ELSE fiscal_year(d.given_on) = fiscal_year(c.event_on) END) AS is_second,
           bool_or(s.vaccine_code IS NOT NULL) AS is_seasonal
    FROM claim AS c
    JOIN history AS d ON d.person = c.person AND d.vaccine = c.vaccine
    LEFT JOIN stage AS this ON this.code = c.dose
    LEFT JOIN stage AS other ON other.code = d.dose
    LEFT JOIN seasonal AS s ON s.vaccine_code = c.vaccine
    WHERE NOT c.is_screened_only AND (d.given_on < c.event_on OR (d.given_on = c.event_on AND other.position < this.position))
    GROUP BY c.claim
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
    LEFT JOIN earlier AS h ON h.claim = c.claim
),
eligibility AS (
    SELECT claim, bool_or(is_open) AS is_open, bool_or(is_open AND ({_INTERVAL_KEPT})) AS is_interval_kept,
           bool_or(NOT is_decidable) AS is_undecidable
    FROM rule_met GROUP BY claim
)"""

_JUDGEMENT = f"""
judged AS (
    SELECT a.*, coalesce(h.is_seasonal, false) AS is_seasonal, o.verdict, o.verdict_reason,
           CASE WHEN a.ward = (SELECT min(code) FROM reference.municipality) OR t.payer_mode = 'home_direct' OR a.scheme = 'subsidised_cap'
                THEN coalesce(m.association, 'unknown') ELSE coalesce(a.ward, 'unknown') END AS party,
           CASE WHEN w.claim_rank > 1 AND (w.own_channel = 'reimbursement') <> (w.first_channel = 'reimbursement') THEN 'CROSS_CHANNEL'
                WHEN w.claim_rank > 1 THEN 'DUPLICATE'
                WHEN a.paid_month IS NULL THEN 'NOT_CLAIMED'
                WHEN a.event_on IS NULL OR a.date_status = 'missing' THEN 'NO_DATE'
                WHEN a.event_on > $as_of THEN 'FUTURE_DATE'
                WHEN a.dose IS NULL OR a.dose = 'unknown' THEN 'UNKNOWN_DOSE'
                WHEN a.scheme <> 'reimbursement' AND (a.ward IS NULL OR a.ward = 'unknown') THEN 'UNKNOWN_WARD'
                WHEN a.scheme <> 'reimbursement' AND (a.institution IS NULL OR NOT coalesce(a.is_institution_valid, false)
                  OR (p.institution IS NULL AND EXISTS (SELECT 1 FROM institution))) THEN 'UNKNOWN_INSTITUTION'
                WHEN NOT a.was_resident THEN 'WRONG_WARD'
                WHEN b.claim IS NOT NULL AND t.same_day_screening = 'reject' THEN 'SAME_DAY'
                WHEN k.claim IS NOT NULL THEN 'COMPONENT'
                WHEN h.is_second THEN 'SECOND_DOSE'
                WHEN a.birth_date IS NULL OR (g.is_undecidable AND NOT g.is_open) THEN 'AGE_UNKNOWN'
                WHEN {_NO_PRICE} THEN 'NO_PRICE'
                WHEN NOT coalesce(g.is_open, false) AND t.out_of_age <> 'pay' THEN 'OUT_OF_AGE'
                WHEN g.is_open AND NOT g.is_interval_kept AND t.short_interval <> 'pay' THEN 'SHORT_INTERVAL'
                WHEN {_NO_RECEIPT} THEN 'NO_RECEIPT'
                WHEN a.scheme = 'reimbursement' AND (a.requested_on IS NULL OR a.requested_on > a.event_on) THEN 'NO_REQUEST'
                WHEN a.scheme = 'reimbursement' AND a.applied_on > a.event_on + to_months(t.reimbursement_months) THEN 'APPLIED_LATE'
                WHEN {_OTHER_PRICE} AND t.price_difference <> 'pay' THEN 'PRICE_DIFFERENCE'
                WHEN a.copay_class = 'paid' AND a.is_on_welfare AND a.rule_yen > 0 THEN 'COPAY_CONTRADICTION'
                -- What the contract pays all the same is paid with its reason, when nothing else is wrong.
                WHEN NOT coalesce(g.is_open, false) THEN 'OUT_OF_AGE'
                WHEN NOT g.is_interval_kept THEN 'SHORT_INTERVAL'
                WHEN {_OTHER_PRICE} THEN 'PRICE_DIFFERENCE'
           END AS finding,
           t.out_of_age, t.short_interval, t.price_difference,
           -- Without an amount there is nothing to pay, whatever an officer decides.
           CASE WHEN {_NO_PRICE} THEN 'NO_PRICE' WHEN {_NO_RECEIPT} THEN 'NO_RECEIPT' END AS missing
    FROM amount AS a
    CROSS JOIN reference.payment_rule AS t
    LEFT JOIN twin AS w ON w.claim = a.claim
    LEFT JOIN officer AS o ON {same_claim("o", "a")}
    LEFT JOIN association AS m ON m.institution = a.institution
    LEFT JOIN with_dose AS b ON b.claim = a.claim
    LEFT JOIN component AS k ON k.claim = a.claim
    LEFT JOIN operating AS p ON p.institution = a.institution AND p.event_on = a.event_on
    LEFT JOIN earlier AS h ON h.claim = a.claim
    LEFT JOIN eligibility AS g ON g.claim = a.claim
),
ruled AS (                     -- what the rules alone say
    SELECT *, CASE WHEN finding IS NULL THEN 'pay'
                   WHEN finding = 'NOT_CLAIMED' THEN 'unclaimed'
                   WHEN finding = 'OUT_OF_AGE' THEN out_of_age
                   WHEN finding = 'SHORT_INTERVAL' THEN short_interval
                   WHEN finding = 'PRICE_DIFFERENCE' THEN price_difference
                   WHEN finding IN ('DUPLICATE', 'COMPONENT', 'SAME_DAY', 'APPLIED_LATE') OR (finding = 'SECOND_DOSE' AND is_seasonal) THEN 'reject'
                   ELSE 'hold' END AS ruling,
              -- A decision to pay cannot stand without an amount, nor pay an event twice.
              CASE WHEN finding IN ('NO_DATE', 'FUTURE_DATE', 'UNKNOWN_DOSE') THEN finding ELSE missing END AS unpayable,
              coalesce(finding IN ('DUPLICATE', 'CROSS_CHANNEL', 'COMPONENT'), false) AS is_paid_elsewhere
    FROM judged
)
SELECT person, vaccine, dose, event_on, is_screened_only, institution, ward, paid_month, copay_class, scheme, channel, route, product,
       CASE scheme WHEN 'reimbursement' THEN 'persons' WHEN 'national' THEN 'kokuho' ELSE party END AS payee,
       price_excl_yen, tax_rate, charged_yen, gross_yen, copay_yen, fee_yen, batch, line,
       CASE WHEN ruling = 'unclaimed' OR verdict IS NULL THEN finding
            WHEN verdict = 'contradiction' OR (verdict = 'pay' AND is_paid_elsewhere) THEN 'DECISION_CONTRADICTION'
            WHEN verdict = 'pay' AND unpayable IS NOT NULL THEN unpayable
            WHEN verdict = 'pay' AND finding IS NULL THEN NULL
            ELSE verdict_reason END AS reason,
       CASE WHEN ruling = 'unclaimed' OR verdict IS NULL THEN ruling
            WHEN verdict = 'contradiction' OR (verdict = 'pay' AND (is_paid_elsewhere OR unpayable IS NOT NULL)) THEN 'hold'
            ELSE verdict END AS decision
FROM ruled
"""

DECISIONS = f"WITH {CLAIMS},{AMOUNTS},{_ELIGIBILITY},{_JUDGEMENT}"
"""Every claim of the months asked for, once: who, what, through whom, how much, and what becomes of it."""

"""From a claimed dose or screening to a decision and an amount: the payment model's order, one step a table.

classify → duplicate → eligibility → price → self-payment. The first reason that applies is the one given. What cannot be decided is
held, never silently paid; an officer's decision goes before the machine's, but never pays an event twice.
"""

from __future__ import annotations

from daicho.measures.payment_amounts import AMOUNTS, PRICES
from daicho.measures.payment_claims import CLAIMS
from daicho.measures.payment_findings import ENTRY_COLUMNS, FINDING_FACTS, FINDING_KEY, FINDINGS, KIND, entry

FINDING_COLUMNS = ", ".join((*FINDING_KEY, *FINDING_FACTS))

_NO_PRICE = "(a.prices <> 1 OR (NOT a.is_screened_only AND a.copay_rules <> 1))"
_NO_RECEIPT = """(a.scheme IN ('reimbursement', 'subsidised_cap')
                  AND (a.charged_yen IS NULL OR (a.scheme = 'reimbursement' AND a.applied_on IS NULL)))"""
_OTHER_PRICE = "(a.scheme NOT IN ('reimbursement', 'subsidised_cap') AND a.charged_yen NOT IN (a.gross_yen, a.gross_yen - a.copay_yen))"

_NOTE = f"""
note AS MATERIALIZED (         -- what was found of single claims, once for each of which there is anything
    SELECT n.claim, o.verdict, o.verdict_reason, w.is_exempt, a.yen AS addition_yen
    FROM (SELECT claim FROM ruled_on UNION SELECT claim FROM welfare_on_day UNION SELECT claim FROM addition) AS n
    LEFT JOIN ruled_on AS o ON o.claim = n.claim
    LEFT JOIN welfare_on_day AS w ON w.claim = n.claim
    LEFT JOIN addition AS a ON a.claim = n.claim
),{KIND},
doubted AS MATERIALIZED (      -- a dose withdrawn was none: what the snapshot says of the person's claims holds no longer
    SELECT DISTINCT person FROM withdrawn
),
doubted_row AS MATERIALIZED (
    SELECT rowid AS claim, {ENTRY_COLUMNS} FROM event WHERE person IN (SELECT person FROM doubted)
),
entry AS MATERIALIZED (
    {entry("doubted_row")}
),
had AS MATERIALIZED (
    SELECT e.* FROM entry AS e JOIN kind_of AS k ON k.vaccine_no = e.course % 1024 AND k.dose_no = e.dose_no
    ANTI JOIN withdrawn AS v ON v.person = e.course // 1024 AND v.vaccine = k.vaccine AND v.dose = k.dose AND v.event_on = e.event_on
    WHERE e.is_dose
),{FINDINGS},
finding AS NOT MATERIALIZED (
    SELECT {FINDING_COLUMNS} FROM claim_finding AS f ANTI JOIN doubted AS d ON d.person = f.person
    WHERE CASE WHEN f.paid_month BETWEEN $first_month AND $last_month THEN true ELSE $with_given AND f.event_on BETWEEN $first_day AND $last_day END
    UNION ALL
    SELECT {FINDING_COLUMNS} FROM found
)"""

_JUDGEMENT = f"""
judged AS (
    SELECT a.*,
           CASE WHEN a.ward = (SELECT min(code) FROM reference.municipality) OR t.payer_mode = 'home_direct' OR a.scheme = 'subsidised_cap'
                THEN coalesce(m.association, 'unknown') ELSE coalesce(a.ward, 'unknown') END AS party,
           CASE WHEN a.twin_finding IS NOT NULL THEN a.twin_finding
                WHEN a.paid_month IS NULL THEN 'NOT_CLAIMED'
                WHEN a.event_on IS NULL OR a.date_status = 'missing' THEN 'NO_DATE'
                WHEN a.event_on > $as_of THEN 'FUTURE_DATE'
                WHEN a.dose IS NULL OR a.dose = 'unknown' THEN 'UNKNOWN_DOSE'
                WHEN a.scheme <> 'reimbursement' AND (a.ward IS NULL OR a.ward = 'unknown') THEN 'UNKNOWN_WARD'
                WHEN a.scheme <> 'reimbursement' AND (a.institution IS NULL OR NOT coalesce(a.is_institution_valid, false)
                  -- Without a list only the check digit speaks.
                  OR ((p.institution IS NOT NULL OR NOT coalesce(a.event_on BETWEEN m.opens_on AND m.closes_on, false))
                      AND EXISTS (SELECT 1 FROM institution))) THEN 'UNKNOWN_INSTITUTION'
                WHEN NOT a.was_resident THEN 'WRONG_WARD'
                WHEN a.is_with_dose AND t.same_day_screening = 'reject' THEN 'SAME_DAY'
                WHEN a.is_component THEN 'COMPONENT'
                WHEN a.is_second THEN 'SECOND_DOSE'
                WHEN a.birth_date IS NULL OR (a.is_undecidable AND NOT a.is_open) THEN 'AGE_UNKNOWN'
                WHEN {_NO_PRICE} THEN 'NO_PRICE'
                WHEN NOT a.is_open AND t.out_of_age <> 'pay' THEN 'OUT_OF_AGE'
                WHEN a.is_open AND NOT a.is_interval_kept AND t.short_interval <> 'pay' THEN 'SHORT_INTERVAL'
                WHEN {_NO_RECEIPT} THEN 'NO_RECEIPT'
                WHEN a.scheme = 'reimbursement' AND (a.requested_on IS NULL OR a.requested_on > a.event_on) THEN 'NO_REQUEST'
                WHEN a.scheme = 'reimbursement' AND a.applied_on > a.event_on + to_months(t.reimbursement_months) THEN 'APPLIED_LATE'
                WHEN {_OTHER_PRICE} AND t.price_difference <> 'pay' THEN 'PRICE_DIFFERENCE'
                WHEN a.copay_class = 'paid' AND a.is_on_welfare AND a.rule_yen > 0 THEN 'COPAY_CONTRADICTION'
                -- What the contract pays all the same is paid with its reason, when nothing else is wrong.
                WHEN NOT a.is_open THEN 'OUT_OF_AGE'
                WHEN NOT a.is_interval_kept THEN 'SHORT_INTERVAL'
                WHEN {_OTHER_PRICE} THEN 'PRICE_DIFFERENCE'
           END AS finding,
           t.out_of_age, t.short_interval, t.price_difference,
           -- Without an amount there is nothing to pay, whatever an officer decides.
           CASE WHEN {_NO_PRICE} THEN 'NO_PRICE' WHEN {_NO_RECEIPT} THEN 'NO_RECEIPT' END AS missing
    FROM amount AS a
    CROSS JOIN reference.payment_rule AS t
    LEFT JOIN listed AS m ON m.institution = a.institution
    LEFT JOIN pause AS p ON p.institution = a.institution AND a.event_on > p.after AND a.event_on < p.before
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

DECISIONS = f"WITH {CLAIMS},{PRICES},{_NOTE},{AMOUNTS},{_JUDGEMENT}"
"""Every claim of the months asked for, once: who, what, through whom, how much, and what becomes of it."""

"""Claims as the ledger has them, and what is known of each before money is spoken of: officers' decisions, twins, route, scheme, the register.

Claims are read as a stream (`NOT MATERIALIZED`: a request may be for all of a ledger of millions); what is kept between steps are small tables
of the claims of which there is something to say, by their `claim` number.
"""

from __future__ import annotations

from daicho.core.payment_rules import CLAIM_KEY
from daicho.measures.legal_windows import OPEN_END, OPEN_START, in_force

_HOME = "(SELECT min(code) FROM reference.municipality)"
KEY = ", ".join(CLAIM_KEY)


def same_claim(one: str, other: str) -> str:
    """SQL: whether two rows tell of one claim. Only comparisons: an outer join with any other test compares every row with every row."""
    return " AND ".join(f"{one}.{column} IS NOT DISTINCT FROM {other}.{column}" for column in CLAIM_KEY)


CLAIMS = f"""
officer AS MATERIALIZED (      -- of the decisions on a claim the latest holds; two different ones of that day contradict each other
    SELECT {KEY}, CASE WHEN count(DISTINCT decision) = 1 THEN min(decision) ELSE 'contradiction' END AS verdict, min(reason) AS verdict_reason
    FROM (SELECT * FROM payment_decision WHERE person IS NOT NULL AND decided_on <= $as_of
          QUALIFY decided_on = max(decided_on) OVER (PARTITION BY {KEY}))
    GROUP BY {KEY}
),
kept AS MATERIALIZED (         -- closed months speak for themselves
    SELECT coalesce(list(DISTINCT closed_month), []) AS months FROM closed_line WHERE NOT $recount
),
asked AS NOT MATERIALIZED (    -- rows of the months asked for; each part has a plain comparison that the scan itself makes
    SELECT e.rowid AS claim, * FROM event AS e WHERE e.paid_month BETWEEN $first_month AND $last_month AND {{event_filters}}
    UNION ALL
    SELECT e.rowid AS claim, * FROM event AS e
    WHERE $with_given AND e.event_on BETWEEN $first_day AND $last_day AND NOT coalesce(e.paid_month BETWEEN $first_month AND $last_month, false)
      AND {{event_filters}}
    UNION ALL
    SELECT e.rowid AS claim, * FROM event AS e
    WHERE e.paid_month IS NULL AND $with_unclaimed AND CASE WHEN e.event_on BETWEEN $first_day AND $last_day THEN NOT $with_given ELSE e.event_on IS NULL END
      AND {{event_filters}}
),
claim AS NOT MATERIALIZED (    -- what the months asked for contain
    SELECT e.claim, e.person, e.vaccine, e.dose, e.event_on, e.is_screened_only, e.institution, e.is_institution_valid, e.ward, e.product,
           e.paid_month, e.copay_class, e.date_status, e.was_resident, e.batch, e.line, e.duplicate_rank,
           e.channel, e.charged_yen, e.fee_code, e.requested_on, e.applied_on,
           CASE WHEN e.is_screened_only THEN 'SCREEN' ELSE 'DOSE' END AS price_kind,
           coalesce(e.channel, CASE WHEN e.ward = {_HOME} THEN 'association' ELSE 'other_ward' END) AS route,
           CASE WHEN e.channel = 'reimbursement' THEN 'reimbursement' WHEN e.channel = 'kokuho' THEN 'national'
                WHEN e.event_on BETWEEN k.valid_from AND k.valid_to THEN 'subsidised_cap'
                WHEN e.ward = {_HOME} THEN 'own_ward' ELSE 'mutual_use' END AS scheme
    FROM asked AS e
    LEFT JOIN (SELECT vaccine_code, min(coalesce(valid_from, {OPEN_START})) AS valid_from, max(coalesce(valid_to, {OPEN_END})) AS valid_to
               FROM reference.price_list WHERE scheme = 'subsidised_cap' GROUP BY vaccine_code) AS k ON k.vaccine_code = e.vaccine
    CROSS JOIN kept
    WHERE NOT list_contains(kept.months, coalesce(e.paid_month, 0))
),
ruled_on AS MATERIALIZED (     -- claims with a decision; the persons are looked up first, they are few
    SELECT c.claim, o.verdict, o.verdict_reason
    FROM (SELECT * FROM claim WHERE person IN (SELECT person FROM officer)) AS c JOIN officer AS o ON {same_claim("o", "c")}
),
settled AS MATERIALIZED (      -- claims paid in a closed month: what was paid first stays first
    SELECT DISTINCT {KEY} FROM closed_line
    WHERE line_kind = 'event' AND decision = 'pay' AND person IN (SELECT person FROM repeated_claim)
),
twin AS MATERIALIZED (         -- of the rows of one event the first that stands is the claim; these come after it
    SELECT person, dose, event_on, is_screened_only, duplicate_rank,
           CASE WHEN (own_channel = 'reimbursement') <> (first_channel = 'reimbursement') THEN 'CROSS_CHANNEL' ELSE 'DUPLICATE' END AS twin_finding
    FROM (SELECT e.person, e.dose, e.event_on, e.is_screened_only, e.duplicate_rank, row_number() OVER first_standing AS claim_rank,
                 coalesce(e.channel, '') AS own_channel, first_value(coalesce(e.channel, '')) OVER first_standing AS first_channel
          FROM repeated_claim AS e
          LEFT JOIN officer AS o ON {same_claim("o", "e")}
          LEFT JOIN settled AS s ON {same_claim("s", "e")}
          WINDOW first_standing AS (PARTITION BY e.person, e.vaccine, e.dose, e.event_on, e.is_screened_only
                                    ORDER BY coalesce(o.verdict IN ('reject', 'reverse'), false), s.person IS NULL, e.duplicate_rank))
    WHERE claim_rank > 1
),
withdrawn AS MATERIALIZED (
    SELECT DISTINCT person, vaccine, dose, event_on FROM officer WHERE verdict = 'reverse' AND NOT is_screened_only
),
operation AS MATERIALIZED (    -- 医療機関: the days of operation by the list, overlapping rows made one
    SELECT institution, min(opens_on) AS opens_on, max(closes_on) AS closes_on
    FROM (SELECT *, sum(CAST(reached IS NULL OR opens_on > reached AS INTEGER)) OVER (PARTITION BY institution ORDER BY opens_on, closes_on) AS part
          FROM (SELECT *, max(closes_on) OVER (PARTITION BY institution ORDER BY opens_on, closes_on
                                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
                FROM (SELECT DISTINCT institution, coalesce(valid_from, {OPEN_START}) AS opens_on, coalesce(valid_to, {OPEN_END}) AS closes_on
                      FROM institution)
                WHERE opens_on <= closes_on))
    GROUP BY institution, part
),
listed AS MATERIALIZED (       -- its first and last day in the list, and whom it claims through
    SELECT i.institution, arg_max(i.association_code, coalesce(i.valid_from, {OPEN_START})) AS association, min(o.opens_on) AS opens_on,
           max(o.closes_on) AS closes_on
    FROM institution AS i LEFT JOIN operation AS o ON o.institution = i.institution GROUP BY i.institution
),
pause AS MATERIALIZED (        -- the days between, on which it was not in operation
    SELECT * FROM (SELECT institution, closes_on AS after, lead(opens_on) OVER (PARTITION BY institution ORDER BY opens_on) AS before FROM operation)
    WHERE before IS NOT NULL
),
period AS MATERIALIZED (       -- days between which no price and no self-payment changes
    SELECT CAST(row_number() OVER (ORDER BY starts_on) AS INTEGER) AS period, starts_on
    FROM (SELECT {OPEN_START} AS starts_on
          UNION SELECT unnest([valid_from, valid_to + 1]) FROM reference.price_list UNION SELECT unnest([valid_from, valid_to + 1]) FROM reference.copay)
    WHERE starts_on IS NOT NULL
),
period_of AS MATERIALIZED (    -- in which of them each day lies
    SELECT d.event_on, p.period FROM (SELECT DISTINCT event_on FROM asked WHERE event_on IS NOT NULL) AS d
    ASOF JOIN period AS p ON d.event_on >= p.starts_on
),
copay_rule AS MATERIALIZED (   -- 自己負担: set by the ward of residence
    SELECT r.vaccine_code AS vaccine, p.period, count(*) AS rules, CAST(min(r.amount_yen) AS BIGINT) AS amount_yen, min(r.age_basis) AS age_basis,
           min(r.age_limit_years) AS age_limit, min(r.exempt) AS exempt
    FROM period AS p JOIN reference.copay AS r ON {in_force("r", "p.starts_on")} AND r.home_ward = {_HOME}
    GROUP BY r.vaccine_code, p.period
),
welfare_on_day AS MATERIALIZED (
    SELECT c.claim, bool_or(contains('|' || r.exempt || '|', '|' || w.welfare_class || '|')
                         OR contains('|' || r.exempt || '|', '|' || w.handbook_class || '|')) AS is_exempt
    FROM (SELECT claim, person, vaccine, event_on FROM claim WHERE NOT is_screened_only AND person IN (SELECT person FROM welfare)) AS c
    JOIN welfare AS w ON w.person = c.person AND {in_force("w", "c.event_on")}
    JOIN period_of AS d ON d.event_on = c.event_on
    JOIN copay_rule AS r ON r.vaccine = c.vaccine AND r.period = d.period
    GROUP BY c.claim
)"""
"""CTEs `officer`, `claim`, `ruled_on`, `twin`, `withdrawn`, `listed`, `pause`, `period`, `period_of`, `copay_rule`, `welfare_on_day`.

Bound: $as_of, $first_month, $last_month, $first_day, $last_day, $with_unclaimed, $with_given (events of those days whatever their month),
$recount (closed months too, from the ledger as it stands)."""

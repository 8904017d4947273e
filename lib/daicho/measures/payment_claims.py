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
claim AS NOT MATERIALIZED (    -- what the months asked for contain
    SELECT e.rowid AS claim, e.person, e.vaccine, e.dose, e.event_on, e.is_screened_only, e.institution, e.is_institution_valid, e.ward, e.product,
           e.paid_month, e.is_transitional, e.copay_class, e.date_status, e.was_resident, e.batch, e.line,
           e.channel, e.charged_yen, e.fee_code, e.requested_on, e.applied_on,
           e.duplicate_rank = 1 AND e.is_in_use AND e.date_status = 'ok' AND NOT e.is_screened_only AS is_dose,
           CASE WHEN e.is_screened_only THEN 'SCREEN' ELSE 'DOSE' END AS price_kind,
           coalesce(e.channel, CASE WHEN e.ward = {_HOME} THEN 'association' ELSE 'other_ward' END) AS route,
           CASE WHEN e.channel = 'reimbursement' THEN 'reimbursement' WHEN e.channel = 'kokuho' THEN 'national'
                WHEN e.event_on BETWEEN k.valid_from AND k.valid_to THEN 'subsidised_cap'
                WHEN e.ward = {_HOME} THEN 'own_ward' ELSE 'mutual_use' END AS scheme
    FROM event AS e
    LEFT JOIN (SELECT vaccine_code, min(coalesce(valid_from, {OPEN_START})) AS valid_from, max(coalesce(valid_to, {OPEN_END})) AS valid_to
               FROM reference.price_list WHERE scheme = 'subsidised_cap' GROUP BY vaccine_code) AS k ON k.vaccine_code = e.vaccine
    CROSS JOIN kept
    WHERE {{event_filters}} AND NOT list_contains(kept.months, coalesce(e.paid_month, 0))
      -- A CASE, where one would write OR, is tested for the rows that are left only.
      AND CASE WHEN e.paid_month BETWEEN $first_month AND $last_month THEN true
               WHEN $with_given AND e.event_on BETWEEN $first_day AND $last_day THEN true
               ELSE $with_unclaimed AND e.paid_month IS NULL AND (e.event_on IS NULL OR e.event_on BETWEEN $first_day AND $last_day) END
),
brief AS MATERIALIZED (        -- of each claim what prices and windows depend on
    SELECT claim, person, vaccine, dose, event_on, is_dose, is_transitional, product, scheme, price_kind, fee_code, is_screened_only FROM claim
),
claimant AS MATERIALIZED (
    SELECT DISTINCT person FROM brief
),
ruled_on AS MATERIALIZED (     -- claims with a decision; the persons are looked up first, they are few
    SELECT c.claim, o.verdict, o.verdict_reason
    FROM (SELECT * FROM claim WHERE person IN (SELECT person FROM officer)) AS c JOIN officer AS o ON {same_claim("o", "c")}
),
repeated_row AS MATERIALIZED ( -- rows of one event, through one channel or several
    SELECT e.rowid AS claim, {", ".join(f"e.{column}" for column in CLAIM_KEY)}, e.duplicate_rank
    FROM event AS e
    JOIN (SELECT DISTINCT person, vaccine, dose, event_on, is_screened_only FROM event
          WHERE duplicate_rank = 2 AND dose <> 'unknown' AND person IN (SELECT person FROM claimant)) AS k
      ON k.person = e.person AND k.vaccine = e.vaccine AND k.dose = e.dose AND k.event_on = e.event_on AND k.is_screened_only = e.is_screened_only
),
settled AS MATERIALIZED (      -- claims paid in a closed month: what was paid first stays first
    SELECT DISTINCT {KEY} FROM closed_line
    WHERE line_kind = 'event' AND decision = 'pay' AND person IN (SELECT person FROM repeated_row)
),
twin AS MATERIALIZED (         -- of the rows of one event the first that stands is the claim
    SELECT e.claim, row_number() OVER first_standing AS claim_rank, coalesce(e.channel, '') AS own_channel,
           first_value(coalesce(e.channel, '')) OVER first_standing AS first_channel
    FROM repeated_row AS e
    LEFT JOIN officer AS o ON {same_claim("o", "e")}
    LEFT JOIN settled AS s ON {same_claim("s", "e")}
    WINDOW first_standing AS (PARTITION BY e.person, e.vaccine, e.dose, e.event_on, e.is_screened_only
                              ORDER BY coalesce(o.verdict IN ('reject', 'reverse'), false), s.person IS NULL, e.duplicate_rank)
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
copay_rule AS MATERIALIZED (   -- 自己負担: set by the ward of residence; worked out once for each vaccine and day
    SELECT c.vaccine, c.event_on, count(*) AS rules, CAST(min(r.amount_yen) AS BIGINT) AS amount_yen, min(r.age_basis) AS age_basis,
           min(r.age_limit_years) AS age_limit, min(r.exempt) AS exempt
    FROM (SELECT DISTINCT vaccine, event_on FROM brief WHERE NOT is_screened_only) AS c
    JOIN reference.copay AS r ON r.vaccine_code = c.vaccine AND {in_force("r", "c.event_on")} AND r.home_ward = {_HOME}
    GROUP BY c.vaccine, c.event_on
),
welfare_on_day AS MATERIALIZED (
    SELECT c.claim, bool_or(contains('|' || r.exempt || '|', '|' || w.welfare_class || '|')
                         OR contains('|' || r.exempt || '|', '|' || w.handbook_class || '|')) AS is_exempt,
           bool_or(w.handbook_class = 'physical_1') AS has_first_grade_handbook
    FROM brief AS c
    JOIN welfare AS w ON w.person = c.person AND {in_force("w", "c.event_on")}
    LEFT JOIN copay_rule AS r ON r.vaccine = c.vaccine AND r.event_on = c.event_on
    GROUP BY c.claim
)"""
"""CTEs `officer`, `claim`, `brief`, `claimant`, `ruled_on`, `twin`, `withdrawn`, `listed`, `pause`, `copay_rule`, `welfare_on_day`.

Bound: $as_of, $first_month, $last_month, $first_day, $last_day, $with_unclaimed, $with_given (events of those days whatever their month),
$recount (closed months too, from the ledger as it stands)."""

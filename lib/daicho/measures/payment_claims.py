"""Claims as the ledger has them, and what is known of each before money is spoken of: officers' decisions, twins, route, scheme, the register."""

from __future__ import annotations

from daicho.core.payment_rules import CLAIM_KEY
from daicho.measures.legal_windows import in_force

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
settled AS MATERIALIZED (      -- claims paid in a closed month: what was paid first stays first
    SELECT DISTINCT {KEY} FROM closed_line WHERE line_kind = 'event' AND decision = 'pay'
),
kept_month AS (                -- closed months speak for themselves
    SELECT DISTINCT closed_month FROM closed_line WHERE NOT $recount
),
claim AS MATERIALIZED (        -- what the months asked for contain
    SELECT e.rowid AS claim, e.person, e.vaccine, e.dose, e.event_on, e.is_screened_only, e.institution, e.is_institution_valid, e.ward, e.product,
           e.paid_month, e.is_transitional, e.copay_class, e.duplicate_rank, e.date_status, e.was_resident, e.batch, e.line,
           e.channel, e.charged_yen, e.fee_code, e.requested_on, e.applied_on,
           CASE WHEN e.is_screened_only THEN 'SCREEN' ELSE 'DOSE' END AS price_kind,
           coalesce(e.channel, CASE WHEN e.ward = {_HOME} THEN 'association' ELSE 'other_ward' END) AS route,
           CASE WHEN e.channel = 'reimbursement' THEN 'reimbursement' WHEN e.channel = 'kokuho' THEN 'national'
                WHEN e.event_on BETWEEN k.valid_from AND k.valid_to THEN 'subsidised_cap'
                WHEN e.ward = {_HOME} THEN 'own_ward' ELSE 'mutual_use' END AS scheme
    FROM event AS e
    LEFT JOIN (SELECT vaccine_code, min(coalesce(valid_from, DATE '0001-01-01')) AS valid_from, max(coalesce(valid_to, DATE '9999-12-31')) AS valid_to
               FROM reference.price_list WHERE scheme = 'subsidised_cap' GROUP BY vaccine_code) AS k ON k.vaccine_code = e.vaccine
    WHERE {{event_filters}} AND coalesce(e.paid_month, 0) NOT IN (SELECT closed_month FROM kept_month)
      AND (e.paid_month BETWEEN $first_month AND $last_month
           OR ($with_unclaimed AND e.paid_month IS NULL AND (e.event_on IS NULL OR e.event_on BETWEEN $first_day AND $last_day))
           OR ($with_given AND e.event_on BETWEEN $first_day AND $last_day))
),
twin AS MATERIALIZED (         -- rows of one event, through one channel or several: the first that stands is the claim
    SELECT e.rowid AS claim, row_number() OVER first_standing AS claim_rank, coalesce(e.channel, '') AS own_channel,
           first_value(coalesce(e.channel, '')) OVER first_standing AS first_channel
    FROM event AS e
    JOIN (SELECT DISTINCT person, vaccine, dose, event_on, is_screened_only FROM event WHERE duplicate_rank = 2 AND dose <> 'unknown') AS k
      ON k.person = e.person AND k.vaccine = e.vaccine AND k.dose = e.dose AND k.event_on = e.event_on AND k.is_screened_only = e.is_screened_only
    LEFT JOIN officer AS o ON {same_claim("o", "e")}
    LEFT JOIN settled AS s ON {same_claim("s", "e")}
    WINDOW first_standing AS (PARTITION BY e.person, e.vaccine, e.dose, e.event_on, e.is_screened_only
                              ORDER BY coalesce(o.verdict IN ('reject', 'reverse'), false), s.person IS NULL, e.duplicate_rank)
),
history AS MATERIALIZED (      -- every dose the claimants ever had; one withdrawn was none
    SELECT d.person, d.vaccine, d.dose, d.given_on FROM dose AS d
    LEFT JOIN (SELECT DISTINCT person, vaccine, dose, event_on FROM officer WHERE verdict = 'reverse' AND NOT is_screened_only) AS o
      ON o.person = d.person AND o.vaccine = d.vaccine AND o.dose = d.dose AND o.event_on = d.given_on
    WHERE d.date_status = 'ok' AND o.person IS NULL AND d.person IN (SELECT DISTINCT person FROM claim)
),
operating AS (                 -- 医療機関: in the list and in operation on the day; without a list only the check digit speaks
    SELECT DISTINCT c.institution, c.event_on FROM (SELECT DISTINCT institution, event_on FROM claim) AS c
    JOIN institution AS i ON i.institution = c.institution
     AND {in_force("i", "c.event_on")}
),
association AS (               -- whom an institution claims through
    SELECT institution, arg_max(association_code, coalesce(valid_from, DATE '0001-01-01')) AS association FROM institution GROUP BY institution
),
copay_rule AS MATERIALIZED (   -- 自己負担: set by the ward of residence; worked out once for each vaccine and day
    SELECT c.vaccine, c.event_on, count(*) AS rules, min(r.amount_yen) AS amount_yen, min(r.age_basis) AS age_basis, min(r.age_limit_years) AS age_limit,
           min(r.exempt) AS exempt
    FROM (SELECT DISTINCT vaccine, event_on FROM claim WHERE NOT is_screened_only) AS c
    JOIN reference.copay AS r ON r.vaccine_code = c.vaccine AND {in_force("r", "c.event_on")} AND r.home_ward = {_HOME}
    GROUP BY c.vaccine, c.event_on
),
welfare_on_day AS (
    SELECT c.claim, bool_or(contains('|' || r.exempt || '|', '|' || w.welfare_class || '|')
                         OR contains('|' || r.exempt || '|', '|' || w.handbook_class || '|')) AS is_exempt,
           bool_or(w.handbook_class = 'physical_1') AS has_first_grade_handbook
    FROM claim AS c
    JOIN welfare AS w ON w.person = c.person AND {in_force("w", "c.event_on")}
    LEFT JOIN copay_rule AS r ON r.vaccine = c.vaccine AND r.event_on = c.event_on
    GROUP BY c.claim
),
known AS MATERIALIZED (        -- each claim with what the register says of the person that day
    SELECT c.*, p.birth_date, p.sex, age_years_on(p.birth_date, c.event_on) AS age_years,
           coalesce(w.is_exempt, false) AS is_on_welfare, coalesce(w.has_first_grade_handbook, false) AS has_first_grade_handbook,
           coalesce(r.rules, 0) AS copay_rules, coalesce(CAST(r.amount_yen AS BIGINT), 0) AS rule_yen,
           c.is_screened_only OR coalesce(c.copay_class IN ('exempt', 'free'), false) OR coalesce(w.is_exempt, false)
             OR coalesce(age_years_on(p.birth_date, CASE r.age_basis WHEN 'fiscal_year_end' THEN make_date(fiscal_year(c.event_on) + 1, 3, 31)
                                                                     ELSE c.event_on END) >= r.age_limit, false) AS is_exempt
    FROM claim AS c
    LEFT JOIN person AS p ON p.person = c.person
    LEFT JOIN welfare_on_day AS w ON w.claim = c.claim
    LEFT JOIN copay_rule AS r ON r.vaccine = c.vaccine AND r.event_on = c.event_on
)"""
"""CTEs `officer`, `claim`, `twin`, `history`, `operating`, `association`, `known`. Bound: $as_of, $first_month, $last_month, $first_day,
$last_day, $with_unclaimed, $with_given (events of those days whatever their month), $recount (closed months too, from the ledger as it stands)."""

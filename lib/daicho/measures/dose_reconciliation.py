"""接種の突合: every dose of a fiscal year's days by what became of its payment and by whether coverage counts it."""

from __future__ import annotations

from daicho.measures.dimensions import COVERAGE_STATES, PAYMENT_REASONS
from daicho.measures.model import Cut, Measure, ValueColumn
from daicho.measures.payment_vocabulary import PAYMENT_PARAMETERS, PAYMENT_REFERENCE, PAYMENTS, bind_months

# One dose may have been claimed more than once: what is paid stands before what is held, that before what is not claimed or refused.
_RANK = "CASE decision WHEN 'pay' THEN 1 WHEN 'hold' THEN 2 WHEN 'unclaimed' THEN 3 WHEN 'reverse' THEN 4 ELSE 5 END"
_SAME_DOSE = "{0}.person = d.person AND {0}.vaccine = d.vaccine AND {0}.dose = d.dose AND {0}.event_on = d.event_on"

_DOSES = f"""
WITH given AS MATERIALIZED (
    SELECT person, vaccine, dose, event_on, given_on, date_status, was_resident, district
    FROM dose AS g WHERE given_on BETWEEN $first_day AND $last_day AND {{dose_filters}}
),
state AS MATERIALIZED (
    SELECT person, vaccine, dose, event_on, arg_min(decision, {_RANK}) AS decision, arg_min(coalesce(reason, 'NONE'), {_RANK}) AS reason
    FROM ({PAYMENTS}) AS every WHERE NOT is_screened_only AND event_on BETWEEN $first_day AND $last_day
    GROUP BY ALL
),
doubtful AS (                  -- given, but when is not known (docs/coverage_method.md 2.1)
    SELECT DISTINCT person, vaccine, dose, given_on AS event_on FROM appraisal
    WHERE is_home AND outcome = 'timing_unknown' AND given_on BETWEEN $first_day AND $last_day
)
SELECT d.person, d.vaccine, d.dose, d.given_on, d.district, coalesce(s.decision, 'unclaimed') AS decision,
       coalesce(s.reason, 'NOT_CLAIMED') AS reason,
       CASE WHEN d.dose = 'unknown' OR d.vaccine = 'unknown' THEN 'unknown_dose'
            WHEN NOT d.was_resident THEN 'not_resident'
            WHEN u.person IS NOT NULL OR d.date_status <> 'ok' THEN 'timing_unknown'
            ELSE 'counted' END AS coverage_state
FROM given AS d
LEFT JOIN state AS s ON {_SAME_DOSE.format("s")}
LEFT JOIN doubtful AS u ON {_SAME_DOSE.format("u")}
"""

DOSE_RECONCILIATION = Measure(
    name="dose_reconciliation",
    title="接種の突合",
    title_en="Reconciliation of doses",
    description="接種日が年度内にある接種を、委託料の支払の状態と、接種率に数えるかどうかに分けて数える。",
    source="予防接種台帳、予防接種委託契約の価格表",
    privacy_unit="person",
    values=(ValueColumn("doses_count", "接種回数", "Doses", "回", "count", "count(*)"),),
    cuts={
        "decision": Cut("base.decision", label="支払の状態", label_en="State of payment"),
        "reason": Cut("base.reason", label="支払わない理由", label_en="Reason", codes=PAYMENT_REASONS),
        "coverage_state": Cut("base.coverage_state", codes=COVERAGE_STATES),
        "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
        "dose": Cut("coalesce(base.dose, 'unknown')"),
        "month": Cut("fiscal_month(base.given_on)", label="接種月", label_en="Month of the dose"),
        "district": Cut("coalesce(base.district, 'unknown')"),
    },
    base_sql=_DOSES,
    parameters=PAYMENT_PARAMETERS[:2],
    notes=(
        "支払った接種＋未払いで接種率に数える接種＝接種率に数える接種＋支払ったが接種率に数えない接種。",
        "一つの接種に請求が複数あるときは、支払・保留・未請求・取消・却下の順で最初の状態とする。請求のない接種は未請求とする。",
        "接種率に数えるのは、接種日に住民であった者の、接種期・回数と時期のわかる接種。予診のみは含まない。",
    ),
    early={
        f"{place}_filters": {name: f"coalesce({row}.{name}, 'unknown')" for name in ("vaccine", "dose")}
        for place, row in (("event", "e"), ("closed", "x"), ("dose", "g"))
    },
    bind=bind_months(with_unclaimed=True, with_given=True),
    reference=(*PAYMENT_REFERENCE, "series", "vaccine"),
)
"""`fiscal_year` is that of the day of the dose; decisions on payment are those known on the as-of day."""

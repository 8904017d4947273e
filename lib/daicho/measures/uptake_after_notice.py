"""通知後の接種: how many have the dose within 30, 60, 90 days of the form or reminder sent to them (docs/coverage_method.md 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.credited_doses import CREDIT_FILTERS, VALID_DOSES
from daicho.measures.legal_windows import in_force
from daicho.measures.lookups import BIRTH_FY, SEX
from daicho.measures.model import Bound, Cut, Measure, Parameter, ParameterValue, ValueColumn

_DAYS = (30, 60, 90)

_NOTICES_AND_DAYS = f"""
WITH sent AS MATERIALIZED (    -- to residents of the day; the same notice delivered twice is one
    SELECT DISTINCT n.person, n.vaccine, n.dose, n.sent_on, coalesce(n.notice_kind, 'unknown') AS notice_kind,
           coalesce(r.district, 'unknown') AS district, coalesce(r.resident_class, 'unknown') AS resident_class
    FROM notice AS n
    JOIN residence AS r ON r.person = n.person AND r.resident_from <= n.sent_on AND (r.resident_until IS NULL OR n.sent_on < r.resident_until)
    WHERE n.sent_on BETWEEN $first_day AND $last_day AND n.dose IN (SELECT dose FROM course_dose) AND {{notice_filters}}
),
earlier AS (         -- the first valid dose of the stage; whoever had it before was not waiting for it
    SELECT person, dose, min(given_on) AS first_on FROM ({VALID_DOSES}) AS filled GROUP BY person, dose
),
given AS (           -- every credited dose with a date
    SELECT d.person, c.counts_as AS dose, d.given_on
    FROM dose AS d JOIN credit AS c ON c.dose = d.dose AND {in_force("c", "d.given_on")}
    WHERE d.given_on > $first_day AND d.given_on <= $as_of AND {{credit_filters}}
),
waiting AS (
    SELECT s.* FROM sent AS s LEFT JOIN earlier AS e ON e.person = s.person AND e.dose = s.dose
    WHERE e.first_on IS NULL OR e.first_on >= s.sent_on
),
answered AS (        -- the first dose after the day of sending
    SELECT w.person, w.dose, w.sent_on, min(g.given_on) - w.sent_on AS days
    FROM (SELECT DISTINCT person, dose, sent_on FROM waiting) AS w
    JOIN given AS g ON g.person = w.person AND g.dose = w.dose AND g.given_on > w.sent_on
    GROUP BY w.person, w.dose, w.sent_on
)
SELECT w.person, w.vaccine, w.dose, w.notice_kind, w.sent_on, w.district, w.resident_class, a.days
FROM waiting AS w LEFT JOIN answered AS a ON a.person = w.person AND a.dose = w.dose AND a.sent_on = w.sent_on
"""


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    year, as_of = parameters.get("fiscal_year"), parameters["as_of"]
    first_day, last_day = date(1900, 1, 1), as_of
    if isinstance(year, int) and isinstance(as_of, date):
        first_day, last_day = fiscal_year_start(year), min(fiscal_year_end(year), as_of)
    return {"as_of": as_of, "first_day": first_day, "last_day": last_day}


def _within(days: int) -> ValueColumn:
    """Each count is part of the next longer one, and the longest of the notices."""
    longer = dict(zip(_DAYS, (*(f"vaccinated_within_{n}_days_count" for n in _DAYS[1:]), "notices_count"), strict=True))
    return ValueColumn(
        f"vaccinated_within_{days}_days_count", f"{days}日以内の接種", f"Vaccinated within {days} days", "件", "count",
        f"count(*) FILTER (WHERE base.days <= {days})", contributors=(f"within_{days}_persons",), part_of=longer[days],
    )  # fmt: skip


UPTAKE_AFTER_NOTICE = Measure(
    name="uptake_after_notice",
    title="通知後の接種",
    title_en="Uptake after notice",
    description="予診票・勧奨通知を送った後、30日・60日・90日以内に接種を受けた件数と、接種までの日数の中央値。",
    source="予診票・勧奨通知の送付履歴、予防接種台帳、住民基本台帳",
    privacy_unit="person",
    values=(
        ValueColumn("notices_count", "送付件数", "Notices", "件", "count", "count(*)"),
        *(_within(days) for days in _DAYS),
        ValueColumn(
            "median_days", "接種までの日数（中央値）", "Median days to the dose", "日", "estimate", "median(base.days) FILTER (WHERE base.days <= 90)",
            contributors=("within_90_persons",), rests_on=("vaccinated_within_90_days_count",),
        ),
    ),
    cuts={
        "notice_kind": Cut("base.notice_kind"),
        "month": Cut("fiscal_month(base.sent_on)", label="送付月", label_en="Month sent"),
        "vaccine": Cut("base.vaccine"),
        "dose": Cut("base.dose"),
        "district": Cut("base.district"),
        "birth_fy": BIRTH_FY,
        "sex": SEX,
        "resident_class": Cut("base.resident_class"),
    },
    base_sql=_NOTICES_AND_DAYS,
    parameters=(
        Parameter("as_of", "date", required=True, description="基準日（この日までの送付と接種を見る）"),
        Parameter("fiscal_year", "int", required=False, description="送付の年度（省略時は全期間）"),
    ),
    notes=(
        "送付件数：送付日に住民で、送付日より前にその接種期の有効な接種がない者への送付。接種期が不明な送付は含まない。",
        "n日以内：送付日の翌日から数えてn日目までの接種（混合ワクチンは成分の接種として数える）。接種と通知の因果を示すものではない。",
        "中央値は90日以内に接種を受けたものについて。基準日までの日数が足りない送付も含むため、直近の送付の件数は今後増える。",
        "地区・住民区分は送付日のもの。",
    ),
    early={
        "notice_filters": {"vaccine": "n.vaccine", "dose": "n.dose", "notice_kind": "coalesce(n.notice_kind, 'unknown')"},
        **CREDIT_FILTERS,
    },
    bind=_bind,
    contributors={f"within_{days}_persons": f"count(DISTINCT base.person) FILTER (WHERE base.days <= {days})" for days in _DAYS},
    reference=("equivalence", "schedule", "series"),
)  # fmt: skip

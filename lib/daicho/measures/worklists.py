"""Worklists (確認一覧): rows of the extracts that a clerk must look at in the source system. To add one: define it here, list it at the end.

A worklist holds file, line, reason and class, and no more; the gate writes it as a file and lets nothing but its name out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from daicho.measures.credited_doses import CREDIT_FILTERS, CRUDE, VALIDITY
from daicho.measures.legal_windows import OPEN_END, OPEN_START, concerns, first_day, in_force, is_decidable, is_in_season, last_day
from daicho.measures.model import Cut, Parameter, Worklist
from daicho.measures.payment_decisions import DECISIONS
from daicho.measures.payment_vocabulary import EARLY_FILTERS, PAYMENT_CUTS, bind_months

_TODAY = "CAST($as_of AS DATE)"
# The last day of the season that holds the as-of day; a season may run over the new year.
_SEASON_END = f"""try_cast((year({_TODAY}) + CAST(strftime({_TODAY}, '%m-%d') > s.season_to AS INTEGER)) || '-' || s.season_to AS DATE)"""
_THIS_SEASON = "(NOT q.is_seasonal OR fiscal_year({day}) = fiscal_year($as_of))"

_REMINDERS = rf"""
WITH asked AS (       -- the stages asked for, each in its home series
    SELECT series, vaccine, dose, position, is_seasonal FROM course_dose WHERE is_home AND {{course_filters}}
),
open_window AS MATERIALIZED (   -- the regular windows that hold the as-of day, worked out once for each birth date, with their last day
    SELECT b.birth_date, b.sex, s.vaccine_code AS vaccine, s.dose_code AS dose,
           max(least({last_day("s", "b.birth_date")}, coalesce(s.valid_to, {OPEN_END}), coalesce({_SEASON_END}, {OPEN_END}))) AS closes_on
    FROM (SELECT DISTINCT birth_date, sex FROM person WHERE birth_date <= $as_of) AS b
    JOIN reference.schedule AS s ON s.rule = 'regular' AND {is_decidable("s")} AND {concerns("s", birth="b.birth_date", sex="b.sex")}
    WHERE {{rule_filters}} AND {in_force("s", _TODAY)} AND {is_in_season("s", _TODAY)}
      AND {_TODAY} BETWEEN greatest({first_day("s", "b.birth_date")}, coalesce(s.valid_from, {OPEN_START})) AND {last_day("s", "b.birth_date")}
    GROUP BY b.birth_date, b.sex, s.vaccine_code, s.dose_code
),
had AS (              -- whoever has the stage: by a record of it or of one that counts as it, or because its slot is filled
    SELECT a.person, q.dose FROM appraisal AS a JOIN asked AS q ON q.series = a.series AND q.position = a.position
    WHERE $validity = '{CRUDE}' AND (a.given_on IS NULL OR a.given_on <= $as_of OR a.outcome = 'timing_unknown') AND {_THIS_SEASON.format(day="a.given_on")}
    UNION
    SELECT a.person, q.dose FROM appraisal AS a
    JOIN credit AS c ON c.dose = a.dose AND (a.given_on IS NULL OR {in_force("c", "a.given_on")}) AND {{credit_filters}}
    JOIN asked AS q ON q.dose = c.counts_as
    WHERE a.is_home AND $validity = '{CRUDE}' AND (a.given_on IS NULL OR a.given_on <= $as_of OR a.outcome = 'timing_unknown')
      AND {_THIS_SEASON.format(day="a.given_on")}
    UNION
    SELECT f.person, q.dose FROM slot_fill AS f JOIN asked AS q ON q.series = f.series AND q.position = f.slot
    WHERE f.filled_on <= $as_of AND {_THIS_SEASON.format(day="f.filled_on")}
),
late_slot AS (        -- the slots of a course begun late, up to its number of doses
    SELECT series, regime, position
    FROM (SELECT c.series, s.condition AS regime, c.position, max(s.doses_required) AS doses_required
          FROM course_dose AS c JOIN reference.schedule AS s ON s.dose_code = c.dose
          WHERE s.condition LIKE 'start\_%' ESCAPE '\' AND c.series IN (SELECT series FROM asked)
          GROUP BY ALL) AS late
    QUALIFY row_number() OVER (PARTITION BY series, regime ORDER BY position) <= coalesce(doses_required, 99)
),
passed AS (           -- whose course is complete without the stage, or has no place for it
    SELECT f.person, q.dose
    FROM (SELECT series, person, max(regime) AS regime, bool_or(ends_course) AS is_ended
          FROM slot_fill WHERE filled_on <= $as_of GROUP BY series, person) AS f
    JOIN asked AS q ON q.series = f.series AND NOT q.is_seasonal
    WHERE f.is_ended OR (f.regime IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM late_slot AS l WHERE l.series = f.series AND l.regime = f.regime AND l.position = q.position))
)
SELECT p.person, w.vaccine, w.dose, l.batch, l.line, w.dose AS reason,
       CASE WHEN w.closes_on - {_TODAY} < 30 THEN 'within_30_days'
            WHEN w.closes_on - {_TODAY} < 90 THEN 'within_90_days'
            WHEN w.closes_on - {_TODAY} < 180 THEN 'within_180_days'
            WHEN w.closes_on - {_TODAY} < 365 THEN 'within_365_days'
            ELSE 'later' END AS class
FROM person AS p
JOIN open_window AS w ON w.birth_date = p.birth_date AND w.sex = p.sex
JOIN residence AS r ON r.person = p.person AND r.resident_from <= $as_of AND (r.resident_until IS NULL OR r.resident_until > $as_of)
LEFT JOIN person_row AS l ON l.person = p.person
WHERE NOT EXISTS (SELECT 1 FROM had AS h WHERE h.person = p.person AND h.dose = w.dose)
  AND NOT EXISTS (SELECT 1 FROM passed AS o WHERE o.person = p.person AND o.dose = w.dose)
"""

_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "within_30_days": "対象期間の残り30日以内（基準日を含む）",
        "within_90_days": "残り90日以内",
        "within_180_days": "残り180日以内",
        "within_365_days": "残り365日以内",
        "later": "残り365日を超える、または終期なし",
    }
)

REMINDERS = Worklist(
    name="reminders",
    title="未接種者（勧奨）",
    title_en="Residents without a stage whose window is open",
    description="基準日の住民のうち、指定した接種期・回数の対象期間内にあり、まだ接種していない者の、住民の抽出における最新の行。",
    source="予防接種台帳、予防接種法施行令3条、docs/coverage_method.md",
    rows_sql=_REMINDERS,
    cuts={"vaccine": Cut("base.vaccine"), "dose": Cut("base.dose")},
    reasons="未接種の接種期・回数のコード（dose_stage.csv）",
    classes=_CLASSES,
    parameters=(Parameter("as_of", "date", required=True, description="基準日"), VALIDITY),
    required_filters=("vaccine", "dose"),
    notes=(
        "コースを完了した者、及びコース上その回を要しない者（遅れて開始した者等）は含まない。前の回との間隔は問わない。",
        "生年月日の一部が不明な者、及び週数による対象期間は判定できず、含まない。",
    ),
    early={
        "course_filters": {"vaccine": "vaccine", "dose": "dose"},
        "rule_filters": {"vaccine": "s.vaccine_code", "dose": "s.dose_code"},
        **CREDIT_FILTERS,
    },
)

HOLDS = Worklist(
    name="holds",
    title="支払保留・却下",
    title_en="Claims held or rejected",
    description="支払月の請求のうち、保留又は却下となった接種・予診の、予防接種履歴の抽出における行。",
    source="予防接種委託契約の価格表、予防接種台帳（支払月）",
    rows_sql=f"""SELECT decided.*, decision AS class FROM (
{DECISIONS}
) AS decided WHERE decision IN ('hold', 'reject')""",
    cuts={name: PAYMENT_CUTS[name] for name in ("ward", "institution", "vaccine", "dose")}
    | {"reason": Cut("base.reason"), "decision": Cut("base.decision")},
    reasons="支払わない理由のコード（measures/dimensions.py の reason）",
    classes=MappingProxyType({"hold": "保留", "reject": "却下"}),
    parameters=(
        Parameter("as_of", "date", required=True, description="基準日（これより後の日付の接種は保留）"),
        Parameter("month", "month", required=True, description="支払月（YYYYMM）"),
    ),
    notes=("1件に理由が複数あるときは、判定の順で最初のものを示す。",),
    early=EARLY_FILTERS,
    bind=bind_months(with_unclaimed=False),
)


def worklists() -> Mapping[str, Worklist]:
    """The worklists by name."""
    return MappingProxyType({worklist.name: worklist for worklist in (REMINDERS, HOLDS)})

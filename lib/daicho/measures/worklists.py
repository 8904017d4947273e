"""Worklists (確認一覧): rows of the extracts that a clerk must look at in the source system. To add one: define it here, list it at the end.

A worklist holds file, line, reason and class, and no more; the gate writes it as a file and lets nothing but its name out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from daicho.measures.credited_doses import VALIDITY
from daicho.measures.differences import COVID_SOURCES_LIST, SHARED_COPY_LIST
from daicho.measures.error_checks import ERROR_LIST
from daicho.measures.model import Cut, Parameter, Worklist
from daicho.measures.open_stages import OPEN_STAGE_FILTERS, OPEN_STAGE_STEPS
from daicho.measures.payment_decisions import DECISIONS
from daicho.measures.payment_vocabulary import EARLY_FILTERS, PAYMENT_CUTS, bind_months

_REMINDERS = f"""
WITH {OPEN_STAGE_STEPS}
SELECT o.person, o.vaccine, o.dose, l.batch, l.line, o.dose AS reason,
       CASE WHEN o.days_left < 30 THEN 'within_30_days'
            WHEN o.days_left < 90 THEN 'within_90_days'
            WHEN o.days_left < 180 THEN 'within_180_days'
            WHEN o.days_left < 365 THEN 'within_365_days'
            ELSE 'later' END AS class
FROM open_stage AS o
LEFT JOIN person_row AS l ON l.person = o.person
WHERE NOT o.is_vaccinated
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
    early=OPEN_STAGE_FILTERS,
)

HOLDS = Worklist(
    name="holds",
    title="支払保留・却下",
    title_en="Claims held or rejected",
    description="支払月の請求のうち、保留又は却下となった接種・予診の、予防接種履歴の抽出における行。",
    source="予防接種委託契約の価格表、予防接種台帳（支払月）",
    rows_sql=f"""SELECT decided.*, decision AS class FROM (
{DECISIONS}
) AS decided WHERE decision IN ('hold', 'reject') AND reason <> 'SAME_DAY'""",
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
    bind=bind_months(recount=True),
)


def worklists() -> Mapping[str, Worklist]:
    """The worklists by name."""
    return MappingProxyType({worklist.name: worklist for worklist in (REMINDERS, HOLDS, COVID_SOURCES_LIST, SHARED_COPY_LIST, ERROR_LIST)})

"""台帳の誤り: dose records by the rules they break (接種時期・年齢・回数・間隔の誤り; docs/error_checks.md). Unit: dose records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.error_rules import BITS
from daicho.measures.error_vocabulary import ANY, CLASS_OF, ERROR_RULES, RULE_CLASSES
from daicho.measures.model import Bound, Cut, Lookup, Measure, Parameter, ParameterValue, ValueColumn, Worklist
from daicho.measures.payment_vocabulary import PAYMENT_CUTS

_FIRST_DAY, _LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
_IN_PERIOD = "({0}.given_on BETWEEN $first_day AND $last_day OR ({0}.given_on IS NULL AND $with_undated)) AND {0}.batch > $after_batch"
_COLUMNS = "person, vaccine, dose, given_on, institution, ward, batch, line"

_RULES = "(VALUES " + ", ".join(f"('{name}', {bit})" for name, bit in BITS.items()) + ") AS r(rule, bit)"
_BROKEN = f"""
SELECT {_COLUMNS}, r.rule FROM dose_error AS e JOIN {_RULES} ON (e.broken & r.bit) > 0
WHERE {_IN_PERIOD.format("e")} AND {{error_filters}} AND {{rule_filters}}
"""

# What is in error, each rule for itself; once more the records that break any; and without a rule everything that was looked at.
_CHECKED = f"""{_BROKEN}
UNION ALL
SELECT {_COLUMNS}, '{ANY}' FROM dose_error AS e WHERE {_IN_PERIOD.format("e")} AND {{error_filters}} AND {{any_filters}}
UNION ALL
SELECT {_COLUMNS}, NULL FROM dose AS d WHERE {_IN_PERIOD.format("d")} AND {{dose_filters}}
"""

# Every rule in every cell that holds a record: nothing found is a zero.
_RATES = f"""
SELECT {{curve}}, r.rule, sum(c.records) FILTER (c.rule IS NULL)::BIGINT AS doses_checked_count,
       coalesce(sum(c.records) FILTER (c.rule = r.rule), 0)::BIGINT AS errors_count,
       sum(c.persons) FILTER (c.rule IS NULL)::BIGINT AS privacy_count,
       coalesce(sum(c.persons) FILTER (c.rule = r.rule), 0)::BIGINT AS error_persons
FROM cell AS c CROSS JOIN (SELECT unnest([{", ".join(f"'{name}'" for name in (*ERROR_RULES, ANY))}]) AS rule) AS r
GROUP BY ALL
"""

_CLASS = "CASE rule " + " ".join(f"WHEN '{rule}' THEN '{name}'" for rule, name in CLASS_OF.items()) + " END"
_RECEIVED = Lookup("received", "LEFT JOIN batch AS received ON received.batch = base.batch")
_RULE = Cut("base.rule", label="誤りの種類", label_en="Kind of error", codes=(*ERROR_RULES, ANY))
_CUTS: Mapping[str, Cut] = MappingProxyType(
    {
        "vaccine": Cut("coalesce(base.vaccine, 'unknown')"),
        "dose": Cut("coalesce(base.dose, 'unknown')"),
        "month": Cut("fiscal_month(base.given_on)", label="接種月", label_en="Month of the dose"),
        "fiscal_year": Cut("fiscal_year(base.given_on)", label="接種年度", label_en="Fiscal year of the dose"),
        "received_month": Cut("fiscal_month(received.received_on)", (_RECEIVED,)),
        "ward": Cut("coalesce(base.ward, 'unknown')"),
        "association": PAYMENT_CUTS["association"],
        "institution": Cut("coalesce(base.institution, 'unknown')"),
    }
)
_EARLY = {
    f"{place}_filters": {name: f"coalesce({row}.{name}, 'unknown')" for name in ("vaccine", "dose", "ward", "institution")}
    for place, row in (("error", "e"), ("dose", "d"))
} | {"rule_filters": {"rule": "r.rule"}, "any_filters": {"rule": f"'{ANY}'"}}
_PERIOD = (
    Parameter("fiscal_year", "int", required=False, description="接種日の年度（省略時は全期間。接種日のない記録を含む）"),
    Parameter("as_of", "date", required=False, description="この日までの接種を数える（年度を指定しないときは、接種日のない記録を含む）"),
    Parameter("after_batch", "int", required=False, default=0, description="この受入番号より後に最初に届いた記録だけを数える"),
)
_REFERENCE = ("equivalence", "lot_notice", "schedule", "series", "vaccine")


def _bind(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    """The days of a request; undated records only where no fiscal year is asked for."""
    year, as_of = parameters.get("fiscal_year"), parameters.get("as_of")
    days = (fiscal_year_start(year), fiscal_year_end(year)) if isinstance(year, int) else (_FIRST_DAY, _LAST_DAY)
    last_day = min(days[1], as_of) if isinstance(as_of, date) else days[1]
    return {"first_day": days[0], "last_day": last_day, "with_undated": int(year is None), "after_batch": parameters["after_batch"]}


ERROR_CHECKS = Measure(
    name="error_checks",
    title="台帳の誤り",
    title_en="Errors in the ledger",
    description="接種の記録を、接種時期・年齢・回数・間隔などの規則に照らし、規則ごとに誤りの件数を数える。",
    source="予防接種法施行令3条・定期接種実施要領の接種年齢と接種間隔、予防接種台帳、ロットの有効期限・回収情報（lot_notice.csv）",
    privacy_unit="person",
    values=(
        ValueColumn("doses_checked_count", "点検した記録", "Records checked", "件", "count"),
        ValueColumn("errors_count", "誤り", "Errors", "件", "count", contributors=("error_persons",)),
        ValueColumn(
            "error_rate", "誤りの割合", "Share in error", "率", "rate", numerator="errors_count", denominator="doses_checked_count",
        ),
    ),
    cuts={"rule": _RULE, **_CUTS},
    base_sql=_CHECKED,
    parameters=_PERIOD,
    notes=(
        "1件の記録が複数の規則に触れるときは、それぞれに数える。「いずれかの誤り」は、一つ以上の規則に触れる記録を1件ずつ数えたもので、各規則の合計より少ない。",
        "点検した記録は、予診のみ・別経路の重複を除いた接種の記録のすべて。どの規則の行でも同じ数となる。",
        "年齢・期間・回数・間隔は、コースの回として有効な接種には問わない。その日に定期の定めがない接種（任意接種など）は年齢の誤りに数えない。",
        "住民でない日の接種は、支払月のある記録だけを誤りとする。転入前の接種歴などは誤りでない。",
        "受入月は、記録が最初に届いた抽出の受入月。全件の抽出で置き換えた種別では、置き換えた抽出の受入月となる。",
        "ロットは、有効期限・回収情報の表にあるロットだけを照合する。表にないロットの接種は誤りに数えない。",
    ),
    early=_EARLY,
    bind=_bind,
    contributors={"error_persons": ""},
    reference=_REFERENCE,
    implicit=("rule",),
    late=("rule",),
    ingredients={"records": "count(*)", "persons": "{persons}"},
    in_blocks=True,
    finish=_RATES,
)  # fmt: skip

ERROR_LIST = Worklist(
    name="error_checks",
    title="台帳の誤り",
    title_en="Errors in the ledger",
    description="接種の記録のうち規則に触れるものの、予防接種履歴の抽出における行。複数の規則に触れる記録は、規則ごとに1行となる。",
    source="予防接種法施行令3条・定期接種実施要領、予防接種台帳、docs/error_checks.md",
    rows_sql=f"SELECT broken.*, rule AS reason, {_CLASS} AS class FROM ({_BROKEN}) AS broken",
    cuts={"rule": Cut("base.rule", codes=ERROR_RULES), **_CUTS},
    reasons="規則のコード（measures/error_vocabulary.py）",
    classes=MappingProxyType({code: label for code, (label, _) in RULE_CLASSES.items()}),
    parameters=_PERIOD,
    early={name: _EARLY[name] for name in ("error_filters", "rule_filters")},
    bind=_bind,
)

"""Worklists of differences: rows of two extracts that tell of one dose and do not agree. A pair gives two entries, one in each file."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from daicho.measures.covid_vocabulary import COVID_ROWS_SQL, MONTH, NUMBER, OUTCOME, PERIOD, bind_period
from daicho.measures.model import Cut, Worklist
from daicho.measures.shared_copy_check import COPY_AND_ORIGINAL, COPY_CUTS, COPY_EARLY, COPY_PARAMETERS

_NO_DIFFERENCE = ("agree", "not_offered")
_BOTH_ROWS = """
WITH difference AS MATERIALIZED (SELECT * FROM ({compared}) AS compared WHERE outcome NOT IN {no_difference})
SELECT person, {columns}, batch, line, outcome, outcome AS reason, '{first}' AS class FROM difference WHERE batch IS NOT NULL
UNION ALL
SELECT person, {columns}, {other}_batch, {other}_line, outcome, outcome, '{other}' FROM difference WHERE {other}_batch IS NOT NULL
"""


def _of(outcome: Cut) -> Cut:
    """The outcomes that are differences."""
    return replace(outcome, codes=tuple(code for code in outcome.codes if code not in _NO_DIFFERENCE))


COVID_SOURCES_LIST = Worklist(
    name="covid_sources",
    title="新型コロナ記録の不一致",
    title_en="COVID-19 records that disagree",
    description="台帳とVRSの新型コロナの記録のうち、一致しないもの、一方だけにあるもの、個人に結び付かないものの、それぞれの抽出における行。",
    source="予防接種台帳（新型コロナ接種記録）、VRS 予防接種台帳向け出力",
    rows_sql=_BOTH_ROWS.format(
        no_difference=_NO_DIFFERENCE, compared=COVID_ROWS_SQL, columns="number, given_on, given_month", first="ledger", other="vrs"
    ),
    cuts={"outcome": _of(OUTCOME), "dose_number": NUMBER, "month": MONTH},
    reasons="照合の結果のコード（measures/covid_vocabulary.py）",
    classes=MappingProxyType({"ledger": "新型コロナ接種記録の行", "vrs": "VRS台帳向け出力の行（1行に複数の接種回がある）"}),
    parameters=PERIOD,
    notes=("両方に記録がある接種は、台帳の行とVRSの行を一つずつ示す。",),
    bind=bind_period,
)

SHARED_COPY_LIST = Worklist(
    name="shared_copy",
    title="副本と原本の不一致",
    title_en="Copy and original that disagree",
    description="副本と台帳の原本のうち、一致しない接種と一方だけにある接種の、それぞれの抽出における行。",
    source="中間サーバーの副本、予防接種台帳",
    rows_sql=_BOTH_ROWS.format(
        no_difference=_NO_DIFFERENCE, compared=COPY_AND_ORIGINAL, columns="vaccine, given_on, given_month", first="original", other="copy"
    ),
    cuts={**COPY_CUTS, "outcome": _of(COPY_CUTS["outcome"])},
    reasons="照合の結果のコード（measures/covid_vocabulary.py）",
    classes=MappingProxyType({"original": "予防接種履歴の行", "copy": "副本の行"}),
    parameters=COPY_PARAMETERS,
    notes=("両方に記録がある接種は、原本の行と副本の行を一つずつ示す。",),
    early=COPY_EARLY,
    bind=bind_period,
)

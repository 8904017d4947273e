"""副本照合: the copy offered to other municipalities (中間サーバー) against the ledger, dose by dose. Unit: doses and persons.

Compared are the vaccines of those diseases of which the copy holds anything. Doses of one person, vaccine and number are paired: those of one
day first, the others in order of their days; what finds no partner is only in one of them. A dose on a day on which the person was no resident is
for the municipality of that day to offer: without a partner it is no difference. Source: 特定個人情報保護評価書 (中間サーバー).
"""

from __future__ import annotations

from daicho.measures.covid_vocabulary import COPY_OUTCOMES, bind_period
from daicho.measures.model import Cut, Measure, Parameter, ValueColumn

COPY_AND_ORIGINAL = """
SELECT person, vaccine, given_on, given_month, batch, line, copy_batch, copy_line, outcome FROM copied_dose
WHERE (CAST($first_day AS DATE) IS NULL OR given_on BETWEEN $first_day AND $last_day) AND {pair_filters}
"""
COPY_CUTS = {
    "outcome": Cut("base.outcome", codes=COPY_OUTCOMES, label="照合の結果", label_en="Result of the comparison"),
    "vaccine": Cut("base.vaccine"),
    "month": Cut("base.given_month", label="接種月", label_en="Month of the dose"),
}
COPY_PARAMETERS = (Parameter("fiscal_year", "int", required=False, description="接種日の年度（省略時は全期間）"),)
COPY_EARLY = {"pair_filters": {"vaccine": "vaccine"}}

SHARED_COPY_CHECK = Measure(
    name="shared_copy_check",
    title="副本照合",
    title_en="Copy against original",
    description="他の自治体へ提供する副本（中間サーバー）と台帳の原本を、接種ごとに突き合わせ、結果ごとに数える。",
    source="中間サーバーの副本、予防接種台帳",
    privacy_unit="person",
    values=(
        ValueColumn("doses_count", "接種回数", "Doses", "回", "count", "count(*)"),
        ValueColumn("persons_count", "人数", "Persons", "人", "count", "{persons}", is_person_count=True),
    ),
    cuts=COPY_CUTS,
    base_sql=COPY_AND_ORIGINAL,
    parameters=COPY_PARAMETERS,
    notes=(
        "対象：副本に1件でもある疾病のワクチン。予診のみと重複を除いた原本の接種と、副本の接種を突き合わせる。",
        "同じ人・ワクチン・接種回数の接種を、接種日が同じものから順に組にする。組にならないものは「副本のみ」「原本のみ」とする。",
        "「原本のみ（転入前等）」は、接種日に住民でなかった者の接種で、副本はそのときの住所地の自治体が提供する。不一致としない。",
        "ワクチン名は、両方にあるときに比べる。一方が略記（前方が同じ）のものは同じとみなす。",
        "接種月は原本の接種日（なければ副本）による。",
    ),
    early=COPY_EARLY,
    bind=bind_period,
    in_blocks=True,
    reference=("dose_stage", "vaccine"),
)

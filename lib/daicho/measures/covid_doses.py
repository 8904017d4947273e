"""新型コロナ接種回数: each dose of the ledger and of VRS once (vault/mart_covid.py says how). Unit: doses and persons.

Source: 予防接種台帳 (新型コロナ), VRS 予防接種台帳向け出力. What is not known of a dose is a category of its own and stays in every total.
"""

from __future__ import annotations

from daicho.measures.covid_vocabulary import COVID_DOSES_SQL, MONTH, NUMBER, PERIOD, bind_period
from daicho.measures.lookups import AGE_BAND
from daicho.measures.model import Cut, Measure, ValueColumn

COVID_DOSES = Measure(
    name="covid_doses",
    title="新型コロナ接種回数",
    title_en="COVID-19 doses",
    description="新型コロナワクチンの接種を、台帳とVRSの記録を合わせて1回ずつ数える。",
    source="予防接種台帳（新型コロナ接種記録）、VRS 予防接種台帳向け出力",
    privacy_unit="person",
    values=(
        ValueColumn("doses_count", "接種回数", "Doses", "回", "count", "count(*)"),
        ValueColumn("persons_count", "接種者数", "Persons vaccinated", "人", "count", "{persons}", is_person_count=True),
    ),
    cuts={
        "dose_number": NUMBER,
        "maker": Cut("base.maker"),
        "product": Cut("base.product"),
        "month": MONTH,
        "fiscal_year": Cut("fiscal_year(base.given_on)", label="接種年度", label_en="Fiscal year of the dose"),
        "age_band": AGE_BAND,
        "sex": Cut("base.sex"),
        "district": Cut("base.district"),
        "municipality": Cut("base.municipality"),
        "source": Cut("base.source"),
    },
    base_sql=COVID_DOSES_SQL,
    parameters=PERIOD,
    notes=(
        "同じ人の同じ接種回は、台帳とVRSの両方にあっても1回と数える。両者が異なるときは台帳の値による。",
        "接種済みの記録を数え、未接種・予診のみ・取消は含まない。接種回・接種日・年齢・性別等が不明なものは「不明」として合計に含む。",
        "年齢と地区は接種日のもの。接種日に住民でない者、住民記録のない者の地区は「不明」とする。",
        "個人に結び付かないVRSの記録は、1行を1人とみなして数える。台帳の記録と重なることがある。",
        "製品名は台帳だけにあり、VRSのみの接種では「不明」とする。接種者数は区分ごとの実人数で、足しても全体にならない。",
    ),
    bind=bind_period,
    in_blocks=True,
    reference=("age_band", "covid_maker", "covid_product"),
)

"""新型コロナ記録の照合: how the ledger and VRS agree, dose by dose. Unit: doses. Source: 予防接種台帳 (新型コロナ), VRS.

Every dose has one outcome (vault/mart_covid.py): one field that disagrees gives its name, two or more `differs_several`.
"""

from __future__ import annotations

from daicho.measures.covid_vocabulary import COVID_DOSES_SQL, MONTH, NUMBER, OUTCOME, PERIOD, bind_period
from daicho.measures.model import Measure, ValueColumn

COVID_SOURCES = Measure(
    name="covid_sources",
    title="新型コロナ記録の照合",
    title_en="COVID-19 records compared",
    description="新型コロナワクチンの接種の記録を台帳とVRSで突き合わせ、結果ごとに数える。",
    source="予防接種台帳（新型コロナ接種記録）、VRS 予防接種台帳向け出力",
    privacy_unit="person",
    values=(ValueColumn("doses_count", "接種回数", "Doses", "回", "count", "count(*)"),),
    cuts={"outcome": OUTCOME, "dose_number": NUMBER, "month": MONTH},
    base_sql=COVID_DOSES_SQL,
    parameters=PERIOD,
    notes=(
        "同じ人の同じ接種回を突き合わせる。接種回のない台帳の記録は、接種日が同じVRSの記録と突き合わせる。どの接種も一つの結果に入る。",
        "相違は、接種日・メーカー・ロット番号・自治体コードのうち、両方に値があって異なるもの。一方だけが空欄のものは相違としない。",
        "「個人に結び付かない」は、宛名番号が空欄のVRSの記録。1行を1人とみなす。接種月は、台帳の接種日（なければVRS）による。",
    ),
    bind=bind_period,
    in_blocks=True,
)

"""新型コロナ接種証明書: certificates issued, by channel and month. Unit: certificates and persons. Source: 予防接種台帳 (新型コロナ).

The ledger repeats a certificate on several doses of its holder: one person, day and channel is one certificate.
"""

from __future__ import annotations

from daicho.measures.covid_vocabulary import bind_period
from daicho.measures.model import Cut, Measure, Parameter, ValueColumn

COVID_CERTIFICATES = Measure(
    name="covid_certificates",
    title="新型コロナ接種証明書",
    title_en="COVID-19 certificates",
    description="新型コロナワクチン接種証明書の発行件数と、発行を受けた者の数。",
    source="予防接種台帳（新型コロナ接種記録の証明書発行年月日・交付方法）",
    privacy_unit="person",
    values=(
        ValueColumn("certificates_count", "発行件数", "Certificates", "件", "count", "count(*)"),
        ValueColumn("persons_count", "発行を受けた者", "Persons", "人", "count", "{persons}", is_person_count=True),
    ),
    cuts={
        "certificate_channel": Cut("coalesce(base.channel, 'unknown')"),
        "month": Cut("fiscal_month(base.issued_on)", label="発行月", label_en="Month of issue"),
        "fiscal_year": Cut("fiscal_year(base.issued_on)", label="発行年度", label_en="Fiscal year of issue"),
    },
    base_sql="""
SELECT person, issued_on, channel FROM certificate
WHERE (CAST($first_day AS DATE) IS NULL OR issued_on BETWEEN $first_day AND $last_day)
  AND (CAST($as_of AS DATE) IS NULL OR issued_on <= $as_of)
""",
    parameters=(
        Parameter("fiscal_year", "int", required=False, description="発行日の年度（省略時は全期間）"),
        Parameter("as_of", "date", required=False, description="この日までの発行を数える"),
    ),
    notes=(
        "証明書IDは取り込まない。同じ人に同じ日に同じ方法で交付したものを1件と数える。交付方法が不明なものは「不明」として合計に含む。",
        "旅券関係情報は取り込まない。",
    ),
    bind=bind_period,
    in_blocks=True,
)

"""What measures of COVID-19 doses share: the codes of their dimensions, the doses, and where they were given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.measures.model import Bound, Cut, Parameter, ParameterValue

SOURCE_LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "both": ("台帳とVRS", "Ledger and VRS"),
        "only_ledger": ("台帳のみ", "Ledger only"),
        "only_vrs": ("VRSのみ", "VRS only"),
        "unlinked": ("VRS（個人に結び付かない）", "VRS, linked to nobody"),
    }
)
PLACE_LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "own": ("自市区町村", "Own municipality"),
        "same_prefecture": ("都道府県内の他の市区町村", "Elsewhere in the prefecture"),
        "elsewhere": ("他の都道府県", "Other prefectures"),
    }
)
OUTCOME_LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "agree": ("一致", "Agree"),
        "differs_date": ("接種日が相違", "Dates differ"),
        "differs_maker": ("メーカーが相違", "Makers differ"),
        "differs_lot": ("ロット番号が相違", "Lots differ"),
        "differs_municipality": ("自治体コードが相違", "Municipalities differ"),
        "differs_several": ("2項目以上が相違", "Two or more items differ"),
        "only_ledger": ("台帳のみ", "Ledger only"),
        "only_vrs": ("VRSのみ", "VRS only"),
        "unlinked": ("VRS（個人に結び付かない）", "VRS, linked to nobody"),
        "differs_name": ("ワクチン名が相違", "Names differ"),
        "differs_date_and_name": ("接種日とワクチン名が相違", "Dates and names differ"),
        "only_copy": ("副本のみ", "Copy only"),
        "only_original": ("原本のみ", "Original only"),
        "not_offered": ("原本のみ（転入前等）", "Original only, before moving in"),
    }
)
COVID_OUTCOMES = (
    "agree", "differs_date", "differs_maker", "differs_lot", "differs_municipality", "differs_several", "only_ledger", "only_vrs", "unlinked",
)  # fmt: skip
COPY_OUTCOMES = ("agree", "differs_date", "differs_name", "differs_date_and_name", "only_copy", "only_original", "not_offered")

PERIOD = (
    Parameter("fiscal_year", "int", required=False, description="接種日の年度（省略時は全期間。年度を指定すると接種日が不明なものを除く）"),
    Parameter("as_of", "date", required=False, description="この日までの接種を数える（接種日が不明なものを含む）"),
)

_IN_PERIOD = """(CAST($first_day AS DATE) IS NULL OR given_on BETWEEN $first_day AND $last_day)
  AND (CAST($as_of AS DATE) IS NULL OR given_on IS NULL OR given_on <= $as_of)"""
COVID_DOSES_SQL = f"SELECT * FROM covid_dose WHERE {_IN_PERIOD}"
COVID_ROWS_SQL = f"""
SELECT coalesce(person, -unlinked) AS person, number, given_on, fiscal_month(given_on) AS given_month, outcome, batch, line, vrs_batch, vrs_line
FROM covid WHERE {_IN_PERIOD}
"""
"""The same doses, each with the rows of the extracts that tell of it."""


def bind_period(parameters: Mapping[str, ParameterValue]) -> Mapping[str, Bound]:
    """The days of the fiscal year and the last day counted; null where the request names none."""
    year, as_of = parameters.get("fiscal_year"), parameters.get("as_of")
    days = (fiscal_year_start(year), fiscal_year_end(year)) if isinstance(year, int) else (None, None)
    return {"first_day": days[0], "last_day": days[1], "as_of": as_of if isinstance(as_of, date) else None}


NUMBER = Cut("CAST(base.number AS INTEGER)")
OUTCOME = Cut("base.outcome", codes=COVID_OUTCOMES, label="照合の結果", label_en="Result of the comparison")
MONTH = Cut("base.given_month", label="接種月", label_en="Month of the dose")

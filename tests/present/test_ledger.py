"""The ledger a notebook opens: where it opens, what it asks, whose figures it may show."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.present.builders import VALUES, FakeClient

import daicho
from daicho.core.errors import DisclosureError, SealError, UsageError
from daicho.present import ledger as ledgers
from daicho.present.ledger import Ledger, adopt_client, open_ledger
from daicho.present.withheld import Withheld

CONTRACTS = Path(__file__).parents[2] / "data_contracts"


def make_ledger(client: FakeClient, *, language: str = "ja", contracts_dir: Path | None = CONTRACTS) -> Ledger:
    fake: Any = client
    return Ledger(client=fake, purpose="試験", language=language, contracts_dir=contracts_dir)


@pytest.fixture
def no_adoption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "_ADOPTION", ledgers._Adoption())


@pytest.mark.usefixtures("no_adoption")
def test_ledger_opens_only_in_a_sealed_kernel() -> None:
    with pytest.raises(SealError, match="daicho lab"):
        daicho.open(purpose="検討")


@pytest.mark.usefixtures("no_adoption")
def test_ledger_opens_over_the_adopted_connection() -> None:
    client: Any = FakeClient()
    adopt_client(client)
    opened = daicho.open(purpose="検討")
    assert opened.client is client
    assert opened.purpose == "検討"


@pytest.mark.usefixtures("no_adoption")
def test_purpose_is_required() -> None:
    with pytest.raises(UsageError, match="利用目的"):
        open_ledger(purpose=" ")


def test_empty_filters_are_left_out_and_values_become_lists_of_text() -> None:
    client = FakeClient()
    make_ledger(client).measure(
        "coverage_cohort", by="district", where={"vaccine": "MR", "dose": ["MR-1", ""], "district": "", "birth_fy": range(2020, 2022)}
    )
    assert client.asked[0]["where"] == {"vaccine": ["MR"], "dose": ["MR-1"], "birth_fy": ["2020", "2021"]}
    assert client.asked[0]["by"] == ("district",)


def test_days_and_purpose_are_passed_on() -> None:
    client = FakeClient()
    make_ledger(client).measure("residents", as_of=date(2026, 3, 31), snapshot=3)
    make_ledger(client).measure("residents", as_of="")
    assert [request["as_of"] for request in client.asked] == ["2026-03-31", None]
    assert client.asked[0]["purpose"] == "試験"
    assert client.asked[0]["snapshot"] == 3


def test_release_of_a_stricter_profile_may_be_shown() -> None:
    client = FakeClient(default_profile="internal", changes={"strictness": 2})
    assert make_ledger(client).measure("residents", profile="public").facts.profile == "public"


@pytest.mark.parametrize("profile", ["statutory", "settlement"])
def test_release_of_a_less_strict_profile_is_refused(profile: str) -> None:
    client = FakeClient(default_profile="internal", changes={"strictness": 0})
    with pytest.raises(DisclosureError, match="only stricter ones"):
        make_ledger(client).measure("residents", profile=profile)


def test_exact_profiles_may_not_show_one_anothers_figures() -> None:
    client = FakeClient(default_profile="statutory", changes={"strictness": 0})
    with pytest.raises(DisclosureError):
        make_ledger(client).measure("residents", profile="settlement")


def test_without_the_office_rules_only_the_own_profile_is_shown() -> None:
    client = FakeClient(default_profile="internal", changes={"strictness": 2})
    with pytest.raises(DisclosureError):
        make_ledger(client, contracts_dir=None).measure("residents", profile="public")


def test_refused_breakdown_becomes_a_sentence() -> None:
    client = FakeClient(default_profile="internal", changes={"strictness": 0})
    stand_in = make_ledger(client).measure_where_allowed("residents", profile="statutory")
    assert isinstance(stand_in, Withheld)
    assert "出力できません" in stand_in.only(district="x").table(pivot="y").source
    assert stand_in.chart().source == stand_in.table().source, "no heading stands over nothing"
    assert stand_in.note().source == ""
    assert str(stand_in.change(name="完全接種", name_en="Fully immunised")) == "開示対象外"


def test_misspelt_request_is_no_refused_breakdown() -> None:
    with pytest.raises(UsageError):
        make_ledger(FakeClient()).measure_where_allowed("residents", by=["lot"])


def test_catalogue_is_a_table_and_answers_by_name() -> None:
    catalogue = make_ledger(FakeClient()).measures()
    assert len(catalogue) == len(VALUES)
    assert catalogue["annual_counts"]["name"] == "annual_counts"
    assert "eligible_count、vaccinated_count、coverage_rate" in catalogue._repr_mimebundle_()["text/html"]
    with pytest.raises(UsageError, match="there is no measure x"):
        catalogue["x"]


def test_sentence_is_in_the_language_of_the_session() -> None:
    assert make_ledger(FakeClient()).say("{n}件", "{n} cases", n=3).source == "3件"
    assert make_ledger(FakeClient(), language="en").say("{n}件", "{n} cases", n=3).source == "3 cases"


def test_english_labels_come_from_the_code_lists() -> None:
    english = make_ledger(FakeClient(), language="en")
    assert english.measure("annual_counts", by=["vaccine"]).label("vaccine", "DPT-IPV-HIB") == "DPT-IPV-Hib"
    assert english.measure("annual_counts", by=["dose"]).label("dose", "MR-1") == "1st period"
    assert english.measure("coverage_cohort", by=["birth_fy"]).label("birth_fy", 2023) == "Born FY2023"
    assert english.measure("annual_counts", by=["month"]).label("month", 202504) == "2025-04"


def test_period_ends_with_its_fiscal_year_unless_a_day_is_given() -> None:
    session = make_ledger(FakeClient())
    period = session.period(fiscal_year=2025)
    assert (period.label, period.as_of, period.as_of_label) == ("令和7年度", date(2026, 3, 31), "令和8年3月31日")
    assert session.period(fiscal_year=2025, as_of="2025-10-01").as_of == date(2025, 10, 1)
    assert period.cohorts(3) == (2023, 2024, 2025)
    for wrong in ({"fiscal_year": 25}, {"fiscal_year": 2025, "as_of": "令和8年"}):
        with pytest.raises(UsageError):
            session.period(**wrong)  # type: ignore[arg-type]


def test_cohort_closes_when_its_last_born_child_leaves_the_window() -> None:
    session = make_ledger(FakeClient())
    doses = ["BCG-1", "HB-3", "MR-1", "VAR-2", "MR-2"]
    closed = session.closed_cohorts(doses, period=session.period(fiscal_year=2025))
    assert closed == {"BCG-1": 2024, "HB-3": 2024, "MR-1": 2023, "VAR-2": 2022, "MR-2": 2019}
    day_before = session.period(fiscal_year=2025, as_of="2026-03-30")
    assert session.closed_cohorts(["MR-1", "MR-2"], period=day_before) == {"MR-1": 2022, "MR-2": 2018}


def test_cohort_opens_when_its_first_born_child_enters_the_window() -> None:
    session = make_ledger(FakeClient())
    end = session.period(fiscal_year=2025)
    assert session.opened_cohorts(["BCG-1", "MR-1", "MR-2"], period=end) == {"BCG-1": 2025, "MR-1": 2024, "MR-2": 2019}
    next_day = session.period(fiscal_year=2025, as_of="2026-04-01")
    assert session.opened_cohorts(["BCG-1", "MR-1", "MR-2"], period=next_day) == {"BCG-1": 2025, "MR-1": 2025, "MR-2": 2020}


def test_dose_without_an_age_limit_never_closes() -> None:
    session = make_ledger(FakeClient())
    assert session.closed_cohorts(["FLU-E-1"], period=session.period(fiscal_year=2025)) == {}
    with pytest.raises(UsageError, match="no regular window"):
        session.closed_cohorts(["X-1"], period=session.period(fiscal_year=2025))


def test_target_comes_from_the_reference_data() -> None:
    session = make_ledger(FakeClient())
    period = session.period(fiscal_year=2025)
    assert (session.target("MR-1", period=period).value, str(session.target("MR-1", period=period))) == (0.95, "95 %")
    assert session.target("BCG-1", period=period).value is None


def test_rows_stand_in_the_order_of_the_code_lists() -> None:
    release = make_ledger(FakeClient()).measure("annual_counts", by=["vaccine", "month"])
    assert release.frame["vaccine"].unique(maintain_order=True).to_list() == ["DPT-IPV-HIB", "MR", "BCG", "HB", "VAR"]
    assert release.frame["month"].head(2).to_list() == [202504, 202505]


def test_rules_of_intake_are_put_in_words() -> None:
    japanese = make_ledger(FakeClient()).measure("intake_quality", by=["rule"])
    assert japanese.label("rule", "bad_date") == "日付として読めない"
    assert japanese.label("rule", "missing_person") == "宛名番号が空欄"
    english = make_ledger(FakeClient(), language="en").measure("intake_quality", by=["rule"])
    assert english.label("rule", "bad_date") == "not a date"

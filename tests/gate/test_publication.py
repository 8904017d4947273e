"""Public releases side by side: no withheld figure beside a margin of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.gate.toy import REPOSITORY, ToyEngine, make_workspace, serving

from daicho.core.errors import DisclosureError
from daicho.gate.client import GateClient
from daicho.gate.profiles import load_disclosure
from daicho.gate.publication import may_share_people

RULES = load_disclosure(REPOSITORY / "data_contracts")


def request(**changes: Any) -> dict[str, Any]:
    return {"measure": "annual_counts", "by": [], "where": {}, "parameters": {}, "is_stock": False, **changes}


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ({}, {}, True),
        ({"where": {"district": ["A"]}}, {"where": {"district": ["B"]}}, False),
        ({"where": {"district": ["A"]}}, {}, True),
        ({"where": {"district": ["A", "B"]}}, {"where": {"district": ["B"]}}, True),
        ({"where": {"district": ["A"]}}, {"where": {"sex": ["1"]}}, True),
        ({"parameters": {"fiscal_year": 2024}}, {"parameters": {"fiscal_year": 2025}}, False),
        ({"parameters": {"as_of": "2026-03-31"}}, {"parameters": {"as_of": "2026-04-30"}}, True),
        ({"where": {"vaccine": ["MR"]}}, {"where": {"vaccine": ["BCG"]}}, False),
        ({"where": {"vaccine": ["MR"]}, "is_stock": True}, {"where": {"vaccine": ["BCG"]}, "is_stock": True}, False),
        ({"where": {"dose": ["1"]}, "by": ["district"], "is_stock": True}, {"where": {"dose": ["2"]}, "is_stock": True}, True),
        (
            {"where": {"dose": ["1"]}, "parameters": {"as_of": "2026-03-31"}, "is_stock": True},
            {"where": {"dose": ["2"]}, "parameters": {"as_of": "2026-04-30"}, "is_stock": True},
            True,
        ),
    ],
)
def test_which_requests_may_share_people(one: dict[str, Any], other: dict[str, Any], shared: bool) -> None:
    assert may_share_people(request(**one), request(**other), rules=RULES) is shared
    assert may_share_people(request(**other), request(**one), rules=RULES) is shared


@pytest.fixture
def client(tmp_path: Path) -> Any:
    config = make_workspace(tmp_path)
    with serving(config), GateClient.connect(config) as connected:
        yield connected


def public(client: GateClient, measure: str = "residents", **request: Any) -> Any:
    return client.measure(measure, profile="public", **request)


def test_the_total_after_a_table_with_a_withheld_cell_is_refused(client: GateClient) -> None:
    assert public(client, by=["district", "sex"]).facts.suppressed_cells == 1
    with pytest.raises(DisclosureError):
        public(client)


def test_a_margin_of_a_withheld_cell_is_withheld_and_the_others_shown(client: GateClient) -> None:
    public(client, by=["district", "sex"])
    margin = public(client, by=["district"])
    assert margin.frame["residents_count"].to_list() == [120, None, 180]
    assert margin.facts.audit == "joint"
    assert margin.facts.protection["releases"] == 2 and margin.facts.protection["threshold"] == 10
    assert margin.facts.protection["narrowest"] is None or margin.facts.protection["narrowest"] >= 10


def test_after_its_margin_a_cell_is_withheld_with_a_partner(client: GateClient) -> None:
    assert public(client, by=["district"]).facts.suppressed_cells == 0
    cells = public(client, by=["district", "sex"])
    assert cells.frame.filter(pl.col("residents_count").is_null()).select("district", "sex").rows() == [("B", "1"), ("B", "2")]


def test_a_difference_of_two_tables_without_a_small_figure_is_withheld(client: GateClient) -> None:
    """All, and all but the district of 34: their difference by sex would tell the 4."""
    assert public(client, by=["sex"]).facts.suppressed_cells == 0
    assert public(client, by=["sex"], where={"district": ["A", "C"]}).frame["residents_count"].to_list() == [160, None]


def test_a_joined_release_stands_beside_no_other_measure_that_divides_the_withheld_people(client: GateClient) -> None:
    public(client, by=["district"])
    assert public(client, "coverage_cohort", by=["sex"]).facts.suppressed_cells == 0
    with pytest.raises(DisclosureError):
        public(client, by=["district", "sex"])


def test_a_measure_that_divides_nobody_further_than_what_is_shown_tells_nothing(client: GateClient) -> None:
    """34 in the district are shown; that 17 of them are vaccinated says nothing of who of them is of which sex."""
    public(client, by=["district"])
    assert public(client, "coverage_cohort", by=["district"]).facts.suppressed_cells == 0
    assert public(client, by=["district", "sex"]).facts.suppressed_cells == 2


def test_the_same_table_again_is_the_same_whatever_was_published_since(client: GateClient) -> None:
    first = public(client, by=["district", "sex"])
    public(client, by=["district"])
    assert public(client, by=["district", "sex"]).facts == first.facts
    assert public(client, by=["district", "sex"], purpose="別").frame.equals(first.frame)


def test_a_single_table_is_a_system_too(client: GateClient) -> None:
    alone = public(client, by=["district", "sex"])
    assert alone.facts.audit == "table" and alone.facts.protection["releases"] == 1
    amounts = client.measure("annual_counts", by=["district"], profile="public")
    assert amounts.facts.audit == "table"


def test_doses_are_protected_with_their_persons_and_people_of_two_events_counted_once(client: GateClient) -> None:
    assert public(client, "annual_counts", by=["district", "sex"]).frame["doses_count"].to_list() == [30, 40, 15, None, 50, 40]
    margin = public(client, "annual_counts", by=["district"])
    assert margin.facts.audit == "joint" and margin.frame["doses_count"].to_list() == [70, None, 90]


def test_tables_without_withheld_cells_stand_together(client: GateClient) -> None:
    assert public(client, by=["district"]).facts.suppressed_cells == 0
    assert public(client).facts.suppressed_cells == 0


def test_people_kept_apart_by_a_filter_may_both_be_published(client: GateClient) -> None:
    assert public(client, by=["sex"], where={"district": "麻布"}).facts.suppressed_cells == 1
    assert public(client, where={"district": ["芝", "赤坂"]}).facts.suppressed_cells == 0
    with pytest.raises(DisclosureError):
        public(client)


def test_a_merged_category_does_not_unlock_its_parts(client: GateClient) -> None:
    public(client, by=["sex"], where={"district": ["A", "B"]})
    assert public(client, where={"district": "B"}, by=["sex"]).frame["residents_count"].to_list() == [30, None]
    # The other part would leave 4 by subtraction: what is harmless of it is shown.
    assert public(client, where={"district": "A"}, by=["sex"]).frame["residents_count"].to_list() == [60, None]


def test_measures_that_count_the_same_people_are_compared(client: GateClient) -> None:
    public(client, by=["district", "sex"])
    with pytest.raises(DisclosureError):
        public(client, "coverage_cohort", by=["district"])


def test_the_same_table_for_another_purpose_tells_nothing_new(client: GateClient) -> None:
    first = public(client, by=["district", "sex"], purpose="一")
    second = public(client, by=["district", "sex"], purpose="二")
    assert first.facts.release_id != second.facts.release_id
    assert first.frame.equals(second.frame)


def test_other_profiles_are_not_bound_by_what_is_published(client: GateClient) -> None:
    public(client, by=["district", "sex"])
    assert client.measure("residents", profile="internal").facts.suppressed_cells == 0


def test_the_same_table_at_another_snapshot_is_refused(tmp_path: Path) -> None:
    config, engine = make_workspace(tmp_path), ToyEngine()
    with serving(config, engine=engine), GateClient.connect(config) as connected:
        public(connected, by=["district", "sex"])
        engine.snapshot = 2
        with pytest.raises(DisclosureError):
            public(connected, by=["district", "sex"])
        assert public(connected, by=["district", "sex"], snapshot=1).facts.suppressed_cells == 1


def test_small_areas_are_published_by_their_band(tmp_path: Path) -> None:
    for number, (population, withheld) in enumerate([(40_000, 1), (10_000, 1), (1_500, 6)]):
        config = make_workspace(tmp_path / str(number))
        with serving(config, engine=ToyEngine(population=population)), GateClient.connect(config) as connected:
            assert public(connected, by=["district", "sex"]).facts.suppressed_cells == withheld
    config = make_workspace(tmp_path / "filtered")
    with serving(config, engine=ToyEngine(population=1_500)), GateClient.connect(config) as connected:
        assert public(connected, where={"district": "A"}).frame["residents_count_status"].to_list() == ["suppressed"]


def test_payments_without_a_count_of_payees_are_not_published(client: GateClient) -> None:
    with pytest.raises(DisclosureError, match="payees"):
        public(client, "consignment_payments")

"""Notebooks as reports: what they show with full, masked and empty answers of the gate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.notebooks.execution import COMPLIANCE, RELEASING, REPORTS, read, run
from tests.present.builders import FakeClient, masked, mixed, shown

from daicho.core.errors import DisclosureError
from daicho.gate.release import Release
from daicho.present.tables import TABLE_MIME
from daicho.present.theme import VEGALITE_MIME
from daicho.present.translation import localise_notebook

NO_DATA = "データがありません"


def _tables(bundles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [bundle[TABLE_MIME] for bundle in bundles if TABLE_MIME in bundle]


def _charts(bundles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [bundle[VEGALITE_MIME] for bundle in bundles if VEGALITE_MIME in bundle]


def _prose(bundles: list[dict[str, Any]]) -> str:
    return "\n".join(bundle.get("text/markdown", "") for bundle in bundles)


@pytest.mark.parametrize("state", [shown, mixed], ids=["shown", "mixed"])
@pytest.mark.parametrize("name", [*RELEASING, "explore/start_here"])
def test_notebook_shows_tables_charts_and_a_note(name: str, state: Any) -> None:
    bundles = run(name, FakeClient(state=state))
    assert _tables(bundles)
    assert all(chart["description"] and chart["title"] for chart in _charts(bundles))
    assert len(_charts(bundles)) >= 1
    assert "リリース番号" in _prose(bundles)
    names = [table["name"] for table in _tables(bundles)]
    assert len(set(names)) == len(names), "two tables of one report would be one file"


@pytest.mark.parametrize("name", [*RELEASING, "explore/start_here"])
def test_notebook_with_everything_masked_shows_no_number_of_the_release(name: str) -> None:
    bundles = run(name, FakeClient(state=masked))
    values = [cell["value"] for table in _tables(bundles) for row in table["rows"] for cell in row if cell["status"] == "suppressed"]
    assert values and set(values) == {None}
    assert not [cell for table in _tables(bundles) for row in table["rows"] for cell in row if isinstance(cell["value"], int | float)]
    assert "＊" in json.dumps(_charts(bundles), ensure_ascii=False)


@pytest.mark.parametrize("name", [*RELEASING, "explore/start_here"])
def test_notebook_without_data_says_so_and_does_not_fail(name: str) -> None:
    bundles = run(name, FakeClient(is_empty=True))
    for table in _tables(bundles):
        if table["rows"]:  # key figures and boxes name what they lack
            # A return prints every row of its form: nobody vaccinated is a zero.
            assert not [cell for row in table["rows"] for cell in row[2:] if isinstance(cell["value"], int | float) and cell["value"]]
        else:
            assert NO_DATA in table["notes"][0]
    for chart in _charts(bundles):
        assert NO_DATA in chart["description"]
    assert NO_DATA in json.dumps(bundles, ensure_ascii=False, default=str)


@pytest.mark.parametrize("name", REPORTS)
def test_empty_parameters_filter_nothing(name: str) -> None:
    client = FakeClient()
    run(name, client)
    for request in client.asked:
        assert not {"district", "ward", "month", "kind", "batch"} & set(request["where"])


def test_district_and_ward_reach_every_request() -> None:
    client = FakeClient()
    run("reminders", client, district="芝")
    assert {tuple(request["where"]["district"]) for request in client.asked} == {("芝",)}
    client = FakeClient()
    run("consignment_payments", client, ward="131041")
    assert {tuple(request["where"]["ward"]) for request in client.asked} == {("131041",)}


def test_every_request_states_the_purpose() -> None:
    client = FakeClient()
    run("coverage", client, fiscal_year=2024)
    assert {request["purpose"] for request in client.asked} == {"2024年度 予防接種率報告"}
    assert {str(request["as_of"]) for request in client.asked if request["name"] != "intake_quality"} == {"2025-03-31"}


def test_illustrative_prices_are_marked_before_anything_else_is_shown() -> None:
    bundles = run("consignment_payments", FakeClient(changes={"unverified": True}))
    assert "単価は例示（架空）であり、承認された単価表ではない" in bundles[0]["text/markdown"]


def test_approved_prices_carry_no_mark() -> None:
    assert "架空" not in _prose(run("consignment_payments", FakeClient()))


def test_annual_return_is_addressed_to_the_recipient_of_the_release() -> None:
    client = FakeClient(changes={"recipient": "東京都知事", "legal_basis": "予防接種法施行令第7条"})
    first = run("annual_counts", client)[0]["text/markdown"]
    assert "東京都知事　あて" in first
    assert "予防接種法施行令第7条" in first


class _WithoutDistricts(FakeClient):
    def measure(self, name: str, *, by: Any = (), where: Any = None, **rest: Any) -> Release:
        if "district" in by:
            raise DisclosureError("not under this profile")
        return super().measure(name, by=by, where=where, **rest)


@pytest.mark.parametrize("name", ["coverage", "annual_counts"])
def test_a_breakdown_the_profile_refuses_is_named_and_the_rest_stands(name: str) -> None:
    bundles = run(name, _WithoutDistricts())
    assert "この開示プロファイルでは出力できません" in _prose(bundles)
    assert _tables(bundles)


@pytest.mark.parametrize("name", REPORTS)
def test_english_report_has_english_titles_headings_and_labels(name: str) -> None:
    bundles = run(name, FakeClient(), language="en")
    for table in _tables(bundles):
        assert table["title"].isascii()
        assert all(column["label"].isascii() for column in table["columns"])
    assert all(chart["title"].isascii() for chart in _charts(bundles))
    notebook = localise_notebook(read(name), language="en")
    assert all(cell.source.isascii() for cell in notebook.cells if cell.cell_type == "markdown")


def test_japanese_report_is_left_as_it_is() -> None:
    assert localise_notebook(read("coverage"), language="ja") == read("coverage")


def test_compliance_page_shows_promises_zones_acts_and_open_points() -> None:
    bundles = run(COMPLIANCE, FakeClient())
    names = [table["name"] for table in _tables(bundles)]
    assert names == ["safeguards", "uses", "quarters", "releases", "refusals", "roles", "open_points", "tests"]
    zones, releases = _charts(bundles)
    assert all(word in zones["description"] for word in ("識別区域", "仮名化区域", "ゲート", "提供区域"))
    assert "最大は2026/11・法定報告の2" in releases["description"]
    assert "港区" in bundles[0]["text/markdown"] and "令和8年11月25日" in bundles[0]["text/markdown"]


def test_compliance_page_of_an_empty_workspace_says_so_and_does_not_fail() -> None:
    bundles = run(COMPLIANCE, FakeClient(is_empty=True))
    for table in _tables(bundles):
        assert table["rows"] or NO_DATA in table["notes"][0]
    assert NO_DATA in _charts(bundles)[1]["description"]

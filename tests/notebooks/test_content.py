"""Notebooks as reports: what they show with full, masked and empty answers of the gate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.notebooks.execution import COMPLIANCE, RELEASING, REPORTS, read, run
from tests.present.builders import FakeClient, masked, mixed, shown

from daicho.core.errors import DisclosureError, UsageError
from daicho.gate.release import Release
from daicho.present.tables import TABLE_MIME
from daicho.present.theme import VEGALITE_MIME
from daicho.present.translation import localise_notebook

NO_DATA = "データがありません"
STATEMENT = "ward_settlement"  # a letter to another ward: no charts, one ward, the months of its half-year
PUBLIC_CHECKS = ("4．決裁の記載のない単価・例示の単価がない（行）", "9．締めた支払月の支払額＝締めの記録の支払額（円）")


def _tables(bundles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [bundle[TABLE_MIME] for bundle in bundles if TABLE_MIME in bundle]


def _values(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Every cell but those of the unit price, which the contract knows, and of the price list's own rows."""
    kept = [place for place, column in enumerate(table["columns"]) if column["key"] != "unit_yen"]
    return [row[place] for row in table["rows"] for place in kept if row[1]["value"] not in PUBLIC_CHECKS]


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
    assert len(_charts(bundles)) >= (name != STATEMENT)
    assert "リリース番号" in _prose(bundles)
    names = [table["name"] for table in _tables(bundles)]
    assert len(set(names)) == len(names), "two tables of one report would be one file"


@pytest.mark.parametrize("name", [*RELEASING, "explore/start_here"])
def test_notebook_with_everything_masked_shows_no_number_of_the_release(name: str) -> None:
    bundles = run(name, FakeClient(state=masked))
    values = [cell["value"] for table in _tables(bundles) for row in table["rows"] for cell in row if cell["status"] == "suppressed"]
    assert values and set(values) == {None}
    assert not [cell for table in _tables(bundles) for cell in _values(table) if isinstance(cell["value"], int | float)]
    assert name == STATEMENT or "＊" in json.dumps(_charts(bundles), ensure_ascii=False)


@pytest.mark.parametrize("name", [*RELEASING, "explore/start_here"])
def test_notebook_without_data_says_so_and_does_not_fail(name: str) -> None:
    bundles = run(name, FakeClient(is_empty=True))
    for table in _tables(bundles):
        if table["rows"]:  # key figures and boxes name what they lack
            # A return prints every row of its form: nobody vaccinated is a zero.
            rows = [row for row in table["rows"] if len(row) < 2 or row[1]["value"] not in PUBLIC_CHECKS]
            assert not [cell for row in rows for cell in row[2:] if isinstance(cell["value"], int | float) and cell["value"]]
        else:
            assert NO_DATA in table["notes"][0]
    for chart in _charts(bundles):
        assert NO_DATA in chart["description"]
    assert NO_DATA in json.dumps(bundles, ensure_ascii=False, default=str)


@pytest.mark.parametrize("name", REPORTS)
def test_empty_parameters_filter_nothing(name: str) -> None:
    client = FakeClient()
    run(name, client)
    for request in client.asked if not name.startswith(STATEMENT) else []:
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


def test_a_statement_names_both_parties_and_what_each_owes_the_other() -> None:
    client = FakeClient(default_profile="settlement")
    bundles = run("ward_settlement", client, ward="新宿区")
    assert {tuple(request["where"].get("ward", request["where"].get("payee", ()))) for request in client.asked} == {("131041",)}
    cover, signature = bundles[0]["text/markdown"], bundles[1]["text/markdown"]
    said = ("新宿区　御中", "令和7年度上半期", "港区、新宿区", "双方が総額を支払う", "令和7年11月28日", "2025年6月～2025年11月")
    assert all(words in cover for words in said)
    assert "港区" in signature and "| 新宿区 |" in signature
    tables = {table["name"]: table for table in _tables(bundles)}
    assert list(tables) == ["settlement", "pay_lines", "claim_lines", "other_file", "causes", "not_settled", "checks"]
    paid, claimed, net = (row[3]["value"] for row in tables["settlement"]["rows"])
    assert isinstance(net, int)
    assert tables["pay_lines"]["rows"][-1][-1]["value"] == paid and tables["claim_lines"]["rows"][-1][-1]["value"] == claimed


@pytest.mark.parametrize("ward", ["131032", "港区", "999999"])
def test_a_statement_is_for_another_ward_of_the_list(ward: str) -> None:
    with pytest.raises(UsageError):
        run("ward_settlement", FakeClient(), ward=ward)
    with pytest.raises(UsageError):
        run("ward_settlement", FakeClient(), half_year="2025")


def test_the_audit_has_all_ten_totals() -> None:
    table = next(table for table in _tables(run("payment_audit", FakeClient())) if table["name"] == "checks")
    assert {int(row[1]["value"].split("．")[0]) for row in table["rows"]} == set(range(1, 11))


def test_what_closed_months_came_to_is_held_against_their_records() -> None:
    def total_9(closed: str) -> list[Any]:
        table = next(table for table in _tables(run("payment_audit", FakeClient(), closed_totals=closed)) if table["name"] == "checks")
        return next([cell["value"] for cell in row[2:]] for row in table["rows"] if row[1]["value"].startswith("9．"))

    stored = int(total_9("")[0])
    assert total_9(f"202504={stored - 1},202510=1,202404=7")[1:] == [stored, 0, "適"]
    assert total_9("202504=740132")[3] == "否"

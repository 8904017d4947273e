"""The half-yearly settlement as a run: which statements a plan makes and when, their files, and the mark of invented prices on every page."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from tests.conftest import make_workspace
from tests.present.builders import make_facts

from daicho.contracts.codelists import load_codelist
from daicho.core.config import Config
from daicho.core.errors import UsageError, VaultError
from daicho.runs.closed_months import closed_totals
from daicho.runs.documents import rests_on_invented_prices
from daicho.runs.jobs import jobs_for_each, plan_job
from daicho.runs.office_days import office_days
from daicho.runs.plans import load_plans, planned_jobs, read_plan
from daicho.runs.relative import resolve
from daicho.runs.run import run_reports

MARK = "架空の単価表・支払不可"
ON = date(2026, 11, 12)


@pytest.mark.parametrize(
    ("day", "half"),
    [("2026-11-12", "2026H1"), ("2027-03-31", "2026H1"), ("2027-05-12", "2026H2"), ("2026-10-01", "2026H1"), ("2026-09-30", "2025H2")],
)
def test_the_previous_half_year_is_the_last_one_that_has_ended(day: str, half: str) -> None:
    assert resolve({"half_year": "previous_half_year"}, on=date.fromisoformat(day)) == {"half_year": half}


def test_the_settlement_falls_due_after_the_close_of_its_half_year(workspace: Config) -> None:
    plan = load_plans(workspace)["half_yearly_settlement"]
    days = [due.day for due in plan.dues(until=date(2027, 12, 31), office=office_days(workspace))]
    assert days == [date(2027, 5, 12), date(2027, 11, 12)]


@pytest.mark.parametrize("delay", ["12", "-1", "true", '"1"'])
def test_a_delay_that_is_no_number_of_months_is_refused(workspace: Config, delay: str) -> None:
    path = workspace.pipelines_dir / "half_yearly_settlement.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("delay_months = 1", f"delay_months = {delay}"), encoding="utf-8")
    with pytest.raises(UsageError, match="delay_months"):
        read_plan(path)


def test_every_other_ward_and_city_has_a_statement_and_nobody_settles_with_himself(workspace: Config) -> None:
    summary, *statements = planned_jobs(load_plans(workspace)["half_yearly_settlement"], config=workspace, on=ON)
    others = [code for code in load_codelist(workspace.contracts_dir, "ward")["code"] if code != workspace.municipality_code]
    assert summary.report.name == "ward_settlement_summary"
    assert [job.report.name for job in statements] == [f"ward_settlement_{code}" for code in others]
    assert statements[0].parameters == {"half_year": "2026H1", "ward": others[0], "as_of": "2026-11-12"}
    assert statements[0].report.titles["ja"] == "予防接種相互乗入 半期精算書（千代田区）"


def test_the_audit_is_given_the_records_of_closed_months_for_its_own_profile_alone(workspace: Config) -> None:
    folder = workspace.state_dir / "closes"
    folder.mkdir(parents=True)
    for month, yen in ((202504, 740_132), (202603, 5), (202604, 9)):
        (folder / f"payments-{month}.json").write_text(json.dumps({"totals": {"payable_yen": yen}}), encoding="utf-8")
    assert closed_totals(workspace, 2025) == "202504=740132,202603=5"
    job = plan_job(workspace, "payment_audit", parameters={"fiscal_year": 2025}, today=ON)
    assert job.parameters["closed_totals"] == "202504=740132,202603=5"
    assert (
        "closed_totals" not in plan_job(workspace, "payment_audit", parameters={"fiscal_year": 2025}, profile="public", today=ON).parameters
    )
    (folder / "payments-202504.json").write_text("{", encoding="utf-8")
    with pytest.raises(VaultError, match="payments-202504"):
        closed_totals(workspace, 2025)


def test_only_payments_by_a_list_that_nobody_approved_are_marked(tmp_path: Path) -> None:
    office = make_workspace(tmp_path / "office")
    payments, doses = make_facts("consignment_payments", by=()), make_facts("annual_counts", by=())
    assert rests_on_invented_prices([doses, payments], config=office) and not rests_on_invented_prices([doses], config=office)
    for name in ("price_list", "copay", "fee"):
        path = office.contracts_dir / "reference" / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8").replace(",yes,", ",no,"), encoding="utf-8")
    assert not rests_on_invented_prices([payments], config=office)


def test_a_statement_is_made_in_every_format_and_every_page_says_that_the_prices_are_invented(ward: Config, tmp_path: Path) -> None:
    jobs = jobs_for_each(ward, "ward_settlement", "ward", parameters={"half_year": "2025H1"}, today=ON, others_only=True)[:2]
    made = run_reports(jobs, name="settlement", config=ward, today=ON, purpose="試験", folder=tmp_path / "out").folder
    for job in jobs:
        page = (made / f"{job.report.name}.html").read_text(encoding="utf-8")
        assert page.count(MARK) >= 2 and "御中" in page and "支払内訳書" in page
        assert (made / f"{job.report.name}.pdf").stat().st_size > 10_000
        with zipfile.ZipFile(made / "data" / f"{job.report.name}.xlsx") as book:
            sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
            assert len(sheets) > 5
            assert all(MARK in book.read(name).decode("utf-8") for name in sheets), "the heading of every printed page"

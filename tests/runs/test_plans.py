"""Plans that make one report for each code of a list (`for_each`): jobs, names, titles, parameters, and what is refused."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from tests.conftest import ROOT

from daicho.contracts.codelists import load_codelist
from daicho.core.config import Config, load_config
from daicho.core.errors import UsageError
from daicho.runs.plans import load_plans, planned_jobs

ON = date(2026, 7, 15)


@pytest.fixture
def office(tmp_path: Path) -> Config:
    for name in ("daicho.toml", "data_contracts", "notebooks", "pipelines"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return load_config(tmp_path)


def _plan_with(office: Config, line: str) -> None:
    path = office.root / "pipelines" / "quarterly_coverage.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('for_each = "district"', line), encoding="utf-8")


def test_a_report_is_made_once_for_each_district(office: Config) -> None:
    jobs = planned_jobs(load_plans(office)["quarterly_coverage"], config=office, on=ON)
    districts = load_codelist(office.contracts_dir, "district")
    each = {job.report.name: job for job in jobs if job.parameters.get("district")}
    assert list(each) == [f"coverage_district_{code}" for code in districts["code"]]
    assert [job.report.name for job in jobs if job.report.name not in each] == ["coverage", "reminders", "covid"]
    for code, label in districts.select("code", "label").iter_rows():
        job = each[f"coverage_district_{code}"]
        assert job.parameters == {"district": code, "fiscal_year": 2026, "as_of": "2026-06-30"}
        assert job.report.titles["ja"].endswith(f"（{label}）")
        assert label not in job.report.titles["en"]


def test_file_names_of_a_run_do_not_collide(office: Config) -> None:
    names = [job.report.name for job in planned_jobs(load_plans(office)["quarterly_coverage"], config=office, on=ON)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("line", ['for_each = "vaccine"', 'for_each = "fiscal_year"', 'for_each = "../district"'])
def test_what_is_no_parameter_with_a_list_is_refused_before_anything_runs(office: Config, line: str) -> None:
    _plan_with(office, line)
    with pytest.raises(UsageError):
        planned_jobs(load_plans(office)["quarterly_coverage"], config=office, on=ON)

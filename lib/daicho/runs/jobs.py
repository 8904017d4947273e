"""The reports a run is to make: names and parameters checked before anything starts, one job a report or one for each code of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from daicho.contracts.codelists import load_codelist
from daicho.core.config import Config
from daicho.core.fiscal import fiscal_year, fiscal_year_end
from daicho.runs.closed_months import closed_totals
from daicho.runs.notebooks import ReportNotebook, check_parameters, load_report
from daicho.runs.submission_store import RETURNS, audit_submissions, has_submissions, submissions

SUBMITTED = "submitted_snapshot"
CLOSED_TOTALS, SETTLEMENT = "closed_totals", "settlement"
SUBMISSIONS = "submissions_changed"


@dataclass(frozen=True)
class ReportJob:
    """One report to make: its notebook, checked parameters, and the profile it is made for."""

    report: ReportNotebook
    parameters: Mapping[str, Any]
    profile: str


def plan_job(config: Config, name: str, *, parameters: Mapping[str, Any], profile: str | None = None, today: date) -> ReportJob:
    """Check a report's name and parameters before anything runs.

    An empty as-of day means the end of the fiscal year; while that is still to come, it means today. A return is compared with its newest
    submission; a report that tells whether submissions are unchanged is told.
    """
    report = load_report(config, name)
    checked = check_parameters(report, parameters)
    given = {key: checked.get(key, item.default) for key, item in report.parameters.items()}
    if "as_of" in given and not given["as_of"] and fiscal_year_end(int(given.get("fiscal_year", 0)) or fiscal_year(today)) > today:
        checked["as_of"] = today.isoformat()
    if SUBMITTED in given and SUBMITTED not in checked and name in RETURNS:
        made = submissions(config, name, int(given["fiscal_year"]))
        checked[SUBMITTED] = made[-1].snapshot if made else 0
    # Exact yen of closed months are for the readers of payments alone.
    if CLOSED_TOTALS in given and CLOSED_TOTALS not in checked and (profile or report.profile) == SETTLEMENT:
        checked[CLOSED_TOTALS] = closed_totals(config, int(given["fiscal_year"]))
    if SUBMISSIONS in given and SUBMISSIONS not in checked and has_submissions(config):
        checked[SUBMISSIONS] = str(len(audit_submissions(config)))
    return ReportJob(report=report, parameters=checked, profile=profile or report.profile)


def jobs_for_each(
    config: Config,
    name: str,
    parameter: str,
    *,
    parameters: Mapping[str, Any],
    profile: str | None = None,
    today: date,
    others_only: bool = False,
) -> list[ReportJob]:
    """One job for each code of the code list named like the parameter; file names carry the code, titles its label.

    `others_only` leaves out the municipality's own code: nobody settles with himself.

    Raises UsageError for a report without this parameter and for a list that is not there.
    """
    jobs = []
    for row in load_codelist(config.contracts_dir, parameter).iter_rows(named=True):
        if others_only and row["code"] == config.municipality_code:
            continue
        job = plan_job(config, name, parameters={**parameters, parameter: row["code"]}, profile=profile, today=today)
        titles = {
            language: f"{title}（{row['label']}）" if language == "ja" else f"{title}: {row.get('label_en') or row['label']}"
            for language, title in job.report.titles.items()
        }
        jobs.append(replace(job, report=replace(job.report, name=f"{name}_{row['code']}", titles=titles)))
    return jobs

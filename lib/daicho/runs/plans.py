"""Plans: which reports are made when, from which extracts, with which parameters, for whom. One TOML file each in pipelines/."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from daicho.contracts.model import Finding
from daicho.core.config import Config
from daicho.core.errors import DaichoError, UsageError
from daicho.runs.arrivals import Expected, check_expected, read_expected
from daicho.runs.jobs import ReportJob, jobs_for_each, plan_job
from daicho.runs.office_days import OfficeDays, office_days
from daicho.runs.relative import resolve
from daicho.runs.schedules import Due, Schedule, read_schedule

KEYS = frozenset({"title", "schedule", "start", "recipients", "reports", "extracts"})
LOOK_AHEAD = timedelta(days=800)
REPORT_KEYS = frozenset({"report", "profile", "parameters", "for_each", "others_only"})


@dataclass(frozen=True)
class PlannedReport:
    """One report of a plan; a parameter may be relative to the plan's day (`previous_month`, `previous_fiscal_year`, …).

    `for_each` names a parameter with a code list of the same name (`district`): the report is made once for each of its codes;
    `others_only` leaves out the municipality's own (`ward`).
    """

    report: str
    profile: str | None
    parameters: Mapping[str, Any]
    for_each: str = ""
    others_only: bool = False


@dataclass(frozen=True)
class Plan:
    """A plan. Periods due before `start` are not owed; `extracts` are waited for before its reports are made."""

    name: str
    title: str
    schedule: Schedule
    start: date
    recipients: tuple[str, ...]
    reports: tuple[PlannedReport, ...]
    extracts: tuple[Expected, ...] = ()

    def dues(self, *, until: date, office: OfficeDays) -> list[Due]:
        """Every period due from the plan's start to `until`, both included."""
        return self.schedule.dues(self.start, until, office)

    def next_due(self, *, after: date, office: OfficeDays) -> Due | None:
        """The first period due after a day, if one is within LOOK_AHEAD."""
        first = max(self.start, after + timedelta(days=1))
        return next(iter(self.schedule.dues(first, after + LOOK_AHEAD, office)), None)


def load_plans(config: Config) -> dict[str, Plan]:
    """All plans by name. Raises UsageError naming the file and the key that is wrong."""
    return {path.stem: read_plan(path) for path in plan_files(config)}


def plan_files(config: Config) -> list[Path]:
    return sorted(config.pipelines_dir.glob("*.toml"))


def read_plan(path: Path) -> Plan:
    """One plan. Raises UsageError naming the file and the key that is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise UsageError(f"{path.name} cannot be read as TOML in UTF-8; mend the file.") from None
    _only(raw, KEYS, path.name)
    schedule, start = raw.get("schedule"), raw.get("start")
    if not isinstance(schedule, dict):
        raise UsageError(f'{path.name} needs a schedule, such as schedule = {{ every = "month", day = 10 }}.')
    if type(start) is not date:
        raise UsageError(f"{path.name}: start must be a date such as 2026-04-01; periods before it are not owed.")
    reports = _blocks(raw, "reports", path.name)
    if not isinstance(raw.get("title"), str) or not reports:
        raise UsageError(f"{path.name} needs a title and at least one [[reports]] block.")
    return Plan(
        name=path.stem,
        title=raw["title"],
        schedule=read_schedule(schedule, f"{path.name}: schedule"),
        start=start,
        recipients=tuple(raw.get("recipients", ())),
        reports=tuple(_planned(block, f"{path.name}, [[reports]]") for block in reports),
        extracts=tuple(read_expected(block, f"{path.name}, [[extracts]]") for block in _blocks(raw, "extracts", path.name)),
    )


def _blocks(raw: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    blocks = raw.get(key, [])
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise UsageError(f"{where}: {key} must be written as [[{key}]] blocks.")
    return blocks


def _planned(block: Mapping[str, Any], where: str) -> PlannedReport:
    _only(block, REPORT_KEYS, where)
    parameters = block.get("parameters", {})
    if not isinstance(block.get("report"), str) or not isinstance(parameters, dict):
        raise UsageError(f"{where} needs the name of a report, and parameters as NAME = VALUE.")
    return PlannedReport(block["report"], block.get("profile"), parameters, block.get("for_each", ""), block.get("others_only", False))


def _only(found: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for key in found:
        if key not in known:
            raise UsageError(f"{where}: unknown key {key}; known are {', '.join(sorted(known))}.")


def planned_jobs(plan: Plan, *, config: Config, on: date) -> list[ReportJob]:
    """The plan's reports with parameters resolved as of a day and checked against their notebooks, before anything starts."""
    jobs = []
    for item in plan.reports:
        parameters = resolve(item.parameters, on=on)
        if item.for_each:
            jobs += jobs_for_each(
                config, item.report, item.for_each, parameters=parameters, profile=item.profile, today=on, others_only=item.others_only
            )
        else:
            jobs.append(plan_job(config, item.report, parameters=parameters, profile=item.profile, today=on))
    return jobs


def check_plans(config: Config) -> Sequence[Finding]:
    """Every plan that cannot be read, whose parameters do not fit its notebooks, or that waits for an extract nobody describes."""
    findings = []
    office = office_days(config)
    for path in plan_files(config):
        try:
            plan = read_plan(path)
            check_expected(plan.extracts, config.contracts_dir, path.name)
            planned_jobs(plan, config=config, on=plan.start)
            plan.dues(until=plan.start, office=office)
        except DaichoError as error:
            findings.append(Finding("error", path.name, str(error)))
    return findings

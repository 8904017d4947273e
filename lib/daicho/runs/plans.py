"""Plans: which reports are made when, with which parameters, for whom. One TOML file each in pipelines/.

A plan owes one run for each period of its schedule; a period once run is never run again (its mark is made by an exclusive
file creation, so two schedulers starting at the same second cannot both run it).
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from daicho.contracts.model import Finding
from daicho.core.config import Config
from daicho.core.errors import DaichoError, UsageError
from daicho.core.fiscal import fiscal_year
from daicho.runs.run import ReportJob, RunResult, jobs_for_each, plan_job, run_reports

KEYS = frozenset({"title", "schedule", "start", "recipients", "reports"})
REPORT_KEYS = frozenset({"report", "profile", "parameters", "for_each", "others_only"})
EVERY = ("week", "month", "quarter", "half_year", "fiscal_year")
LOOK_AHEAD_DAYS = 800
_FIRST_MONTHS = {"month": tuple(range(1, 13)), "quarter": (1, 4, 7, 10), "half_year": (4, 10), "fiscal_year": (4,)}


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
    """A plan. `every` with `day`: the day of the month (or ISO weekday for weeks) on which a period's run falls due, `delay_months` after the
    period has begun: the half-year that ended in September is settled in November.
    """

    name: str
    title: str
    every: str
    day: int
    start: date
    recipients: tuple[str, ...]
    reports: tuple[PlannedReport, ...]
    delay_months: int = 0

    def falls_on(self, day: date) -> bool:
        if self.every == "week":
            return day.isoweekday() == self.day
        return (day.month - self.delay_months - 1) % 12 + 1 in _FIRST_MONTHS[self.every] and day.day == self.day

    def due_dates(self, *, until: date) -> list[date]:
        """Every due day from the plan's start to `until`, both included."""
        days = (self.start + timedelta(days=number) for number in range((until - self.start).days + 1))
        return [day for day in days if self.falls_on(day)]


def load_plans(config: Config) -> dict[str, Plan]:
    """All plans by name. Raises UsageError naming the file and the key that is wrong."""
    return {path.stem: read_plan(path) for path in sorted(config.pipelines_dir.glob("*.toml"))}


def read_plan(path: Path) -> Plan:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise UsageError(f"{path.name} cannot be read as TOML in UTF-8; mend the file.") from None
    _only(raw, KEYS, path.name)
    schedule = raw.get("schedule", {})
    _only(schedule, frozenset({"every", "day", "delay_months"}), f"{path.name}, schedule")
    every, day, start, delay = schedule.get("every"), schedule.get("day"), raw.get("start"), schedule.get("delay_months", 0)
    if every not in EVERY:
        raise UsageError(f"{path.name}: schedule.every must be one of {', '.join(EVERY)}.")
    if not isinstance(day, int) or not 1 <= day <= (7 if every == "week" else 28):
        wanted = "a weekday from 1 (Monday) to 7" if every == "week" else "a day of the month from 1 to 28"
        raise UsageError(f"{path.name}: schedule.day must be {wanted}.")
    if isinstance(delay, bool) or not isinstance(delay, int) or not 0 <= delay <= 11 or (delay and every == "week"):
        raise UsageError(f"{path.name}: schedule.delay_months must be a number of months from 0 to 11, and none for weeks.")
    if not isinstance(start, date):
        raise UsageError(f"{path.name}: start must be a date such as 2026-04-01; periods before it are not owed.")
    reports = raw.get("reports")
    if not isinstance(raw.get("title"), str) or not isinstance(reports, list) or not reports:
        raise UsageError(f"{path.name} needs a title and at least one [[reports]] block.")
    for block in reports:
        _only(block, REPORT_KEYS, f"{path.name}, [[reports]]")
    return Plan(
        name=path.stem,
        title=raw["title"],
        every=every,
        day=day,
        start=start,
        recipients=tuple(raw.get("recipients", ())),
        reports=tuple(
            PlannedReport(
                block["report"],
                block.get("profile"),
                block.get("parameters", {}),
                block.get("for_each", ""),
                block.get("others_only", False),
            )
            for block in reports
        ),
        delay_months=delay,
    )


def _only(found: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for key in found:
        if key not in known:
            raise UsageError(f"{where}: unknown key {key}; known are {', '.join(sorted(known))}.")


def resolve(parameters: Mapping[str, Any], *, on: date) -> dict[str, Any]:
    """Relative parameters as of the plan's day; others unchanged."""
    last_month = on.replace(day=1) - timedelta(days=1)
    relative = {
        "previous_month": last_month.year * 100 + last_month.month,
        "previous_half_year": f"{fiscal_year(on)}H1" if on.month >= 10 or on.month < 4 else f"{fiscal_year(on) - 1}H2",
        "this_fiscal_year": fiscal_year(on),
        "previous_fiscal_year": fiscal_year(on) - 1,
        "end_of_previous_month": last_month.isoformat(),
        "today": on.isoformat(),
    }
    return {name: relative.get(value, value) if isinstance(value, str) else value for name, value in parameters.items()}


def planned_jobs(plan: Plan, *, config: Config, on: date) -> list[ReportJob]:
    """The plan's reports with resolved, checked parameters, before anything starts."""
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


def run_plan(plans: Mapping[str, Plan], name: str, *, config: Config, today: date, on_step: Callable[[str], None]) -> RunResult:
    """Run one plan as on a day, whether due or not."""
    if name not in plans:
        raise UsageError(f"there is no plan {name}: known plans are {', '.join(plans)}.")
    plan = plans[name]
    jobs = planned_jobs(plan, config=config, on=today)
    return run_reports(jobs, name=name, config=config, today=today, purpose=plan.title, on_step=on_step)


def run_due(plans: Mapping[str, Plan], *, config: Config, today: date, on_step: Callable[[str], None]) -> list[RunResult]:
    """Run every owed period of every plan, oldest first."""
    results = []
    every = [(day, plan) for plan in plans.values() for day in owed(plan, config=config, today=today)]
    for day, plan in sorted(every, key=lambda pair: pair[0]):
        jobs = planned_jobs(plan, config=config, on=day)
        claim = _claim(plan, day, config=config)
        if claim is None:
            continue
        try:
            result = run_reports(jobs, name=plan.name, config=config, today=day, purpose=plan.title, on_step=on_step)
        except BaseException:
            claim.unlink(missing_ok=True)
            raise
        claim.write_text(json.dumps({"run_id": result.run_id, "process": 0}), encoding="utf-8")
        results.append(result)
    return results


def owed(plan: Plan, *, config: Config, today: date) -> list[date]:
    """Due days that have no finished run; one claimed by a process that has died is owed again."""
    return [day for day in plan.due_dates(until=today) if not _is_taken(_mark(plan, day, config=config))]


def _mark(plan: Plan, day: date, *, config: Config) -> Path:
    return config.state_dir / "plans" / plan.name / f"{day.isoformat()}.json"


def _is_taken(mark: Path) -> bool:
    try:
        process = int(json.loads(mark.read_text(encoding="utf-8"))["process"])
    except FileNotFoundError:
        return False
    except (ValueError, KeyError):
        return Path(mark).stat().st_size == 0
    return process == 0 or Path(f"/proc/{process}").exists()


def _claim(plan: Plan, day: date, *, config: Config) -> Path | None:
    """Take a period for this process; None when another has it."""
    mark = _mark(plan, day, config=config)
    mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if mark.exists() and not _is_taken(mark):
        mark.unlink(missing_ok=True)
    aside = mark.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps({"run_id": "", "process": os.getpid()}), encoding="utf-8")
    try:
        os.link(aside, mark)
    except FileExistsError:
        return None
    finally:
        aside.unlink()
    return mark


def next_dates(plans: Mapping[str, Plan], *, config: Config, today: date) -> list[tuple[Plan, int, date | None]]:
    """Each plan with how many periods it owes and its next day after today."""
    found = []
    for plan in plans.values():
        coming = (today + timedelta(days=number) for number in range(1, LOOK_AHEAD_DAYS))
        found.append((plan, len(owed(plan, config=config, today=today)), next((day for day in coming if plan.falls_on(day)), None)))
    return found


def check_plans(config: Config) -> Sequence[Finding]:
    """Every plan that cannot be read, or whose parameters do not fit its notebooks."""
    findings = []
    for path in sorted(config.pipelines_dir.glob("*.toml")):
        try:
            plan = read_plan(path)
            planned_jobs(plan, config=config, on=plan.start)
        except DaichoError as error:
            findings.append(Finding("error", path.name, str(error)))
    return findings

"""What the schedule owes: every period exactly once, oldest first, after downtime too; a plan that fails or waits does not hold up the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from daicho.core.config import Config
from daicho.core.errors import DaichoError, UsageError
from daicho.runs.arrivals import Expected, missing
from daicho.runs.manifest import MANIFEST
from daicho.runs.office_days import OfficeDays
from daicho.runs.period_state import DONE, FAILED, OVERDUE, RUNNING, WAITING, Periods, PeriodState
from daicho.runs.plans import Plan, planned_jobs
from daicho.runs.run import RunResult, new_run_id, run_reports
from daicho.runs.run_log import log_event
from daicho.runs.schedules import Due
from daicho.vault import newest_snapshot

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Owed:
    """A period that is due and not done. `missing` are the extracts it waits for."""

    plan: Plan
    due: Due
    state: PeriodState
    missing: tuple[Expected, ...] = ()

    def is_overdue(self, today: date) -> bool:
        """Whether a deadline for its extracts is past."""
        return any(today > item.deadline(self.due.day) for item in self.missing)


@dataclass(frozen=True)
class Outcome:
    """What came of one owed period: done with its folder, failed with one sentence and an exit code, waiting, or overdue."""

    plan: Plan
    due: Due
    state: str
    folder: Path | None = None
    message: str = ""
    exit_code: int = 0


def owed_periods(plan: Plan, *, config: Config, office: OfficeDays, now: datetime) -> list[Owed]:
    """Periods due by `now` that are not done, oldest first. Raises VaultError."""
    periods = Periods(config)
    found = []
    for due in plan.dues(until=now.date(), office=office):
        state = periods.read(plan.name, due.period)
        if due.moment <= now and state.state != DONE:
            found.append(Owed(plan, due, state))
    if not found or not plan.extracts:
        return found
    data = newest_snapshot(config)
    return [replace(item, missing=tuple(missing(plan.extracts, item.due.day, data))) for item in found]


def run_plan(plans: Mapping[str, Plan], name: str, *, config: Config, today: date, on_step: Callable[[str], None]) -> RunResult:
    """Run one plan as on a day, whether due or not, without waiting for extracts. Raises what `run_reports` raises."""
    if name not in plans:
        raise UsageError(f"there is no plan {name}: known plans are {', '.join(plans)}.")
    plan = plans[name]
    jobs = planned_jobs(plan, config=config, on=today)
    return run_reports(jobs, name=name, config=config, today=today, purpose=plan.title, on_step=on_step)


def run_due(
    plans: Mapping[str, Plan], *, config: Config, office: OfficeDays, now: datetime, clock: Clock, on_step: Callable[[str], None]
) -> list[Outcome]:
    """Run every owed period of every plan, oldest first; `clock` is for the records of when it was done."""
    owed = [item for plan in plans.values() for item in owed_periods(plan, config=config, office=office, now=now)]
    outcomes = []
    for item in sorted(owed, key=lambda found: (found.due.moment, found.plan.name)):
        if item.missing:
            outcomes.append(_waiting(item, now.date(), config=config, clock=clock))
        elif outcome := _run_period(item, config=config, clock=clock, on_step=on_step):
            outcomes.append(outcome)
    return outcomes


def _waiting(item: Owed, today: date, *, config: Config, clock: Clock) -> Outcome:
    """What the period waits for; its record and the log are told when that begins, and when the deadline is past."""
    kinds = ", ".join(f"{found.kind} (since {found.since(item.due.day)}, by {found.deadline(item.due.day)})" for found in item.missing)
    name = f"{item.plan.name} {item.due.period}"
    if item.is_overdue(today):
        told = f"{name}: the deadline for its extracts is past; take in {kinds} with `daicho intake`."
        outcome = Outcome(item.plan, item.due, OVERDUE, message=told, exit_code=1)
    else:
        outcome = Outcome(item.plan, item.due, WAITING, message=f"{name}: waits (待機) for {kinds}")
    if item.state.state in ("", WAITING) and item.state.state != outcome.state:
        periods = Periods(config)
        with periods.held(item.plan.name, item.due.period) as is_ours:
            if is_ours:
                periods.write(item.plan.name, item.due.period, replace(item.state, state=outcome.state))
                _log(outcome.state, item, item.state, config=config, clock=clock, message=outcome.message)
    return outcome


def _run_period(item: Owed, *, config: Config, clock: Clock, on_step: Callable[[str], None]) -> Outcome | None:
    """Run one period; None when another process has it or had it meanwhile."""
    plan, due, periods = item.plan, item.due, Periods(config)
    with periods.held(plan.name, due.period) as is_ours:
        if not is_ours or (state := periods.read(plan.name, due.period)).state == DONE:
            return None
        folder = config.reports_dir / plan.name / state.run_id
        if state.state == RUNNING and (folder / MANIFEST).is_file():
            # Its last process died after the reports had appeared and before it could say so.
            periods.write(plan.name, due.period, replace(state, state=DONE, ended=_now(clock)))
            _log(DONE, item, state, config=config, clock=clock)
            return Outcome(plan, due, DONE, folder)
        run_id = state.run_id if state.state == RUNNING else new_run_id(due.day)
        state = PeriodState(RUNNING, run_id, state.attempts + 1, started=_now(clock))
        periods.write(plan.name, due.period, state)
        _log("started", item, state, config=config, clock=clock)
        try:
            jobs = planned_jobs(plan, config=config, on=due.nominal)
            result = run_reports(jobs, name=plan.name, config=config, today=due.day, purpose=plan.title, on_step=on_step, run_id=run_id)
        except Exception as error:
            code = error.exit_code if isinstance(error, DaichoError) else 1
            # The text of an error that nobody wrote on purpose could hold a value.
            sentence = str(error) if isinstance(error, DaichoError) else f"an unexpected error of class {type(error).__name__} arose."
            periods.write(plan.name, due.period, replace(state, state=FAILED, ended=_now(clock), exit_code=code, error=sentence))
            _log(FAILED, item, replace(state, exit_code=code), config=config, clock=clock, message=sentence)
            return Outcome(plan, due, FAILED, message=f"{plan.name} {due.period}: {sentence}", exit_code=code)
        periods.write(plan.name, due.period, replace(state, state=DONE, ended=_now(clock)))
        _log(DONE, item, state, config=config, clock=clock)
        return Outcome(plan, due, DONE, result.folder)


def _log(event: str, item: Owed, state: PeriodState, *, config: Config, clock: Clock, message: str = "") -> None:
    plan, period = item.plan.name, item.due.period
    log_event(
        config,
        event,
        at=clock(),
        plan=plan,
        period=period,
        run_id=state.run_id,
        attempt=state.attempts,
        exit_code=state.exit_code,
        message=message,
    )


def _now(clock: Clock) -> str:
    return clock().isoformat(timespec="seconds")

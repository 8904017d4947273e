"""The morning: what ran, what failed and why, what waits, and what falls due within the week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from daicho.core.config import Config
from daicho.core.errors import DaichoError
from daicho.runs.due_runs import Owed, owed_periods
from daicho.runs.office_days import OfficeDays, office_days
from daicho.runs.period_state import DONE, FAILED, RUNNING, Periods, PeriodState
from daicho.runs.plans import Plan, plan_files, read_plan
from daicho.runs.schedules import Due

WEEK = timedelta(days=7)
RECENT = timedelta(days=1)


@dataclass(frozen=True)
class Ran:
    """A period that was run, well or not; `state.error` is one sentence without a value of the ledger."""

    plan: Plan
    period: str
    state: PeriodState


@dataclass(frozen=True)
class Coming:
    """A period that falls due soon."""

    plan: Plan
    due: Due


@dataclass(frozen=True)
class Morning:
    """`done` since the day before; `failed` and `interrupted` whenever it was; `ready` is due and runs next; `broken` plans cannot be read."""

    day: date
    done: tuple[Ran, ...]
    failed: tuple[Ran, ...]
    interrupted: tuple[Ran, ...]
    waiting: tuple[Owed, ...]
    ready: tuple[Owed, ...]
    coming: tuple[Coming, ...]
    broken: tuple[str, ...]
    plans: Mapping[str, Plan]

    @property
    def needs_a_person(self) -> int:
        """How many things wait for a person: failures, extracts past their deadline, plans that cannot be read."""
        return len(self.failed) + len(self.broken) + sum(item.is_overdue(self.day) for item in self.waiting)


def morning(config: Config, *, now: datetime) -> Morning:
    """How things stand. Raises VaultError for records or a vault that cannot be read."""
    plans, broken = _plans(config)
    office, periods, today = office_days(config), Periods(config), now.date()
    ran = [Ran(plans[name], period, state) for name, period, state in periods.all() if name in plans]
    owed = [item for plan in plans.values() for item in owed_periods(plan, config=config, office=office, now=now)]
    fresh = [item for item in owed if item.state.state not in (FAILED, RUNNING)]
    return Morning(
        day=today,
        done=tuple(item for item in ran if item.state.state == DONE and _day_of(item.state.ended) >= today - RECENT),
        failed=tuple(item for item in ran if item.state.state == FAILED),
        interrupted=tuple(item for item in ran if item.state.state == RUNNING and not periods.is_held(item.plan.name, item.period)),
        waiting=tuple(item for item in owed if item.missing),
        ready=tuple(item for item in fresh if not item.missing),
        coming=tuple(sorted(_coming(plans.values(), office, today), key=lambda item: (item.due.day, item.plan.name))),
        broken=tuple(broken),
        plans=plans,
    )


def _plans(config: Config) -> tuple[dict[str, Plan], list[str]]:
    """Plans that can be read, and a sentence for each that cannot."""
    plans, broken = {}, []
    for path in plan_files(config):
        try:
            plans[path.stem] = read_plan(path)
        except DaichoError as error:
            broken.append(str(error))
    return plans, broken


def _coming(plans: Iterable[Plan], office: OfficeDays, today: date) -> list[Coming]:
    first, last = today + timedelta(days=1), today + WEEK
    return [Coming(plan, due) for plan in plans for due in plan.schedule.dues(max(first, plan.start), last, office)]


def _day_of(moment: str) -> date:
    return datetime.fromisoformat(moment).date() if moment else date.min

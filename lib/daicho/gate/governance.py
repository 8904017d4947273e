"""Statistics of governance for the compliance page: releases, refusals, kernels, runs; of acts, never of persons, and users by role alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from daicho.core.config import ROLES, Config
from daicho.core.fiscal import fiscal_year
from daicho.gate.examined import TURNED_AWAY, USES, Ground, day_of

CLEAN = "no identifier found"
COUNTED = ("releases", "cells", "suppressed", "refusals", "worklists", "launched", "turned_away", "runs", "failed_runs")
_REFUSED, _FAILED = "refused:", "failed:"


@dataclass(frozen=True)
class Statistics:
    """`releases` by (measure, profile): releases, cells, suppressed. `months` by (YYYYMM, profile): releases. `refusals` by (YYYYMM, kind).
    `quarters` by (fiscal year, quarter from 1 for April): the figures of COUNTED. `roles`: uses by role. `unclean_runs`: published runs
    whose scan does not say that nothing was found."""

    releases: Mapping[tuple[str, str], tuple[int, int, int]]
    months: Mapping[tuple[int, str], int]
    refusals: Mapping[tuple[int, str], int]
    quarters: Mapping[tuple[int, int], Mapping[str, int]]
    roles: Mapping[str, int]
    unclean_runs: int

    def as_data(self) -> dict[str, Any]:
        """Return it as plain lists in a fixed order."""
        return {
            "releases": [[*key, *figures] for key, figures in sorted(self.releases.items())],
            "months": [[*key, number] for key, number in sorted(self.months.items())],
            "refusals": [[*key, number] for key, number in sorted(self.refusals.items())],
            "quarters": [[*key, *(figures.get(name, 0) for name in COUNTED)] for key, figures in sorted(self.quarters.items())],
            "roles": sorted([role, number] for role, number in self.roles.items()),
            "unclean_runs": self.unclean_runs,
        }


def count_governance(ground: Ground) -> Statistics:
    """Count ledger, log and the manifests of published runs."""
    releases: dict[tuple[str, str], tuple[int, int, int]] = {}
    months: Counter[tuple[int, str]] = Counter()
    quarters: dict[tuple[int, int], Counter[str]] = {}
    for recorded in ground.releases:
        key = (str(recorded.request.get("measure", "")), recorded.profile)
        made, cells, suppressed = releases.get(key, (0, 0, 0))
        releases[key] = (made + 1, cells + recorded.cells, suppressed + recorded.suppressed_cells)
        day = recorded.recorded_at[:10]
        months[_month(day), recorded.profile] += 1
        _add(quarters, day, releases=1, cells=recorded.cells, suppressed=recorded.suppressed_cells)
    refusals: Counter[tuple[int, str]] = Counter()
    roles: Counter[str] = Counter()
    for entry in ground.entries:
        day, kind = day_of(entry), _refusal(entry)
        if kind:
            refusals[_month(day), kind] += 1
            _add(quarters, day, refusals=1)
        if entry["outcome"] in USES:
            roles[_role(str(entry["role"]))] += 1
        _add(
            quarters,
            day,
            worklists=int(entry["outcome"] == "listed"),
            launched=int(entry["outcome"] == "launched"),
            turned_away=int(entry["request"].get("op") == TURNED_AWAY),
        )
    unclean = 0
    for day, is_done, is_clean in _runs(ground.config):
        _add(quarters, day, runs=int(is_done), failed_runs=int(not is_done))
        unclean += is_done and not is_clean
    return Statistics(releases=releases, months=months, refusals=refusals, quarters=quarters, roles=roles, unclean_runs=unclean)


def _month(day: str) -> int:
    return int(day[:4]) * 100 + int(day[5:7])


def _add(quarters: dict[tuple[int, int], Counter[str]], day: str, **figures: int) -> None:
    when = date.fromisoformat(day)
    counted = quarters.setdefault((fiscal_year(when), (when.month - 4) % 12 // 3 + 1), Counter())
    for name, number in figures.items():
        counted[name] += number


def _refusal(entry: Mapping[str, Any]) -> str:
    """The kind of a refusal: the class of its error, or that a connection was turned away; empty for what was answered."""
    outcome = str(entry["outcome"])
    if entry["request"].get("op") == TURNED_AWAY:
        return TURNED_AWAY
    if outcome.startswith(_FAILED):
        return "failed"
    return outcome.removeprefix(_REFUSED) if outcome.startswith(_REFUSED) else ""


def _role(role: str) -> str:
    """A session's role; an administrator's several roles are one kind."""
    return role if role in (*ROLES, "gate") else "administrator"


def _runs(config: Config) -> Iterator[tuple[str, bool, bool]]:
    """Published and failed runs in the workspace's own folder of reports: day, whether published, whether its scan found nothing."""
    for pattern, key in (("*/*/manifest.json", "created_on"), ("*/*/FAILED.json", "on")):
        for path in config.reports_dir.glob(pattern):
            try:
                body = json.loads(path.read_text(encoding="utf-8"))
                day = date.fromisoformat(body[key]).isoformat()
                yield day, key == "created_on", body.get("scan") == CLEAN
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue

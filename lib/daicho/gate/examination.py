"""The gate examines itself: each check of the compliance page (点検), run now, with its result and counts; never a word about a person.

What is answered is of a closed form: names of checks, results, counts, days, ids of keys. Words for readers stand in `present`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from daicho.core.errors import DaichoError
from daicho.gate import examine_records, examine_rules, examine_vault
from daicho.gate.examined import BROKEN, Ground, Outcome
from daicho.gate.failures import note_failure
from daicho.gate.governance import Statistics, count_governance
from daicho.gate.open_points import OpenPoint, open_points

CHECKS: Mapping[str, Callable[[Ground], Outcome]] = MappingProxyType(
    {**examine_vault.CHECKS, **examine_records.CHECKS, **examine_rules.CHECKS}
)


@dataclass(frozen=True)
class Examined:
    """Everything the page tells: results by check, statistics, what an officer should look at."""

    at: datetime
    outcomes: Mapping[str, Outcome]
    statistics: Statistics
    open_points: tuple[OpenPoint, ...] = field(default=())

    def as_data(self) -> dict[str, object]:
        """Return it as plain data, for the wire."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "checks": {name: {"result": outcome.result, "counts": dict(outcome.counts)} for name, outcome in self.outcomes.items()},
            "statistics": self.statistics.as_data(),
            "open_points": [point.as_data() for point in self.open_points],
        }


def examine(ground: Ground) -> Examined:
    """Run every check. One that cannot be made is not kept: what nobody can verify is not proven."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        # What takes longest is looked up beside the other checks; whoever needs it waits for it, and meets its error himself.
        pool.submit(lambda: ground.overdue)
        outcomes = {name: _run(check, ground) for name, check in CHECKS.items()}
    return Examined(at=ground.now, outcomes=outcomes, statistics=count_governance(ground), open_points=open_points(ground))


def _run(check: Callable[[Ground], Outcome], ground: Ground) -> Outcome:
    try:
        return check(ground)
    except DaichoError:
        return Outcome(BROKEN)
    except Exception as error:
        note_failure(error)
        return Outcome(BROKEN)

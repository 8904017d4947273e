"""The reports of one run, executed side by side and handed on in order.

Which reports may overlap is decided here, so that a run gives the same bytes however many cores it has: tables under a profile that is
audited jointly (`refuse_derivable`) depend on what was published before them, so their reports follow one another; a report whose kernel
needs a wider role examines what the others have left in ledger and log, so it runs alone, in its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from jupyter_core.utils import ensure_event_loop

from daicho.core.config import ROLES
from daicho.gate.profiles import DisclosureRules
from daicho.runs.notebooks import ReportNotebook

MOST_AT_ONCE = 4
"""Kernels at a time: each takes about 200 MB, and the gate answers four requests at once."""

Result = TypeVar("Result")


def kernels_at_once() -> int:
    """One kernel for each core this process may use, within MOST_AT_ONCE."""
    return min(len(os.sched_getaffinity(0)), MOST_AT_ONCE)


def predecessors(reports: Sequence[tuple[ReportNotebook, str]], rules: DisclosureRules) -> list[list[int]]:
    """For each report and its profile, which earlier ones (positions from 0) must have ended before it starts."""
    waits: list[list[int]] = []
    audited: list[int] = []
    barrier = -1
    for position, (report, profile) in enumerate(reports):
        if report.least_role != ROLES[0]:
            waits.append(list(range(position)))
            barrier = position
            continue
        before = [barrier] if barrier >= 0 else []
        if profile in rules.profiles and rules.profiles[profile].refuse_derivable:
            before += audited[-1:]
            audited.append(position)
        waits.append(before)
    return waits


def in_order(
    acts: Sequence[Callable[[], Result]], *, waits: Sequence[Sequence[int]], at_once: int, abandon: Callable[[], None]
) -> Generator[Result]:
    """Run acts on threads of their own, a few at a time, and yield their results in order. The first one that fails, in order, is raised.

    `waits` gives for each act the earlier ones it starts after. When one fails, or the caller stops, `abandon` must make those that run end.
    """
    started: list[Future[Result]] = []
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="report") as pool:
        try:
            for act, before in zip(acts, waits, strict=True):
                started.append(pool.submit(_run_after, [started[position] for position in before], act))
            for future in started:
                yield future.result()
        except BaseException:
            abandon()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run_after(before: Sequence[Future[Result]], act: Callable[[], Result]) -> Result:
    """The pool starts acts in order, so what is waited for has a thread already."""
    wait(before)
    try:
        return act()
    finally:
        # Kernel clients keep one event loop a thread; it ends with the report, not when the thread is collected.
        ensure_event_loop().close()

"""Kernels forked from a nursery: as sealed and as separate as those started anew, each for one ticket, and none outlives its batch."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_core.utils import run_sync
from tests.kernels.benches import REFUSED, Bench, execute, running_kernel

from daicho.core.errors import DisclosureError, SealError
from daicho.kernels.admission import obtain_ticket
from daicho.kernels.manager import SealedKernel, make_kernel_manager
from daicho.kernels.nursery import refuse_busy_threads
from daicho.kernels.provisioner import read_report
from daicho.kernels.ticket import LaunchTicket
from daicho.kernels.warm import Nursery, WarmProcess, warm_kernels
from daicho.seal import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")


@pytest.fixture(scope="module")
def nursery(made: Bench) -> Iterator[Nursery]:
    with warm_kernels(made.config.work_dir / ".nursery") as nursery:
        yield nursery


@pytest.fixture(scope="module")
def pair(made: Bench, nursery: Nursery) -> Iterator[tuple[SealedKernel, SealedKernel]]:
    """Two kernels of one nursery, running at the same time."""
    with running_kernel(made, nursery=nursery) as one, running_kernel(made, run_id="run-2", nursery=nursery) as other:
        yield one, other


def process_of(kernel: SealedKernel) -> int:
    provisioner: Any = kernel.manager.provisioner
    return int(provisioner.pid)


def waiting_kernel(nursery: Nursery, folder: Path) -> tuple[WarmProcess, int, int]:
    """A kernel that waits for its ticket: its process, where its ticket is written, where its report is read."""
    ticket_reader, ticket_writer = os.pipe()
    report_reader, report_writer = os.pipe()
    with (folder / "kernel.log").open("ab") as log:
        process = nursery.start_kernel(
            connection_file=folder / "k.json", environment={}, folder=folder, ticket_fd=ticket_reader, report_fd=report_writer, log_fd=log.fileno()
        )  # fmt: skip
    os.close(ticket_reader)
    os.close(report_writer)
    return process, ticket_writer, report_reader


def sockets_of(pid: int) -> list[Path]:
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found += [entry] if str(entry.readlink()).startswith("socket:") else []
    return found


def has_gone(pid: int, *, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = ""
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state in ("", "Z"):
            return True
        time.sleep(0.05)
    return False


def test_a_forked_kernel_is_sealed_and_gets_releases(pair: tuple[SealedKernel, SealedKernel]) -> None:
    for kernel in pair:
        assert kernel.is_sealed and kernel.report.results and all(passed for _, passed in kernel.seal_result())
        (printed,) = execute(
            kernel, ["import daicho\nprint(daicho.open(purpose='試験').measure('residents', by=['district']).frame.height)"]
        )
        assert printed == "3\n"


def test_a_forked_kernel_computes_with_all_its_threads(pair: tuple[SealedKernel, SealedKernel]) -> None:
    """The pools of polars are made after the fork: one that was forked would hang."""
    lines = (
        "import polars as pl, altair as alt",
        "frame = pl.DataFrame({'a': range(200_000)}).with_columns(b=pl.col('a') % 7)",
        "print(frame.lazy().group_by('b').agg(pl.col('a').sum()).sort('b').collect(engine='streaming').join(frame, on='b').height)",
        "print(len(alt.Chart(frame.head(3)).mark_bar().encode(x='a:Q').to_json()) > 0)",
    )
    assert execute(pair[0], ["\n".join(lines)]) == ["200000\nTrue\n"]


def test_no_kernel_sees_what_another_did(made: Bench, pair: tuple[SealedKernel, SealedKernel]) -> None:
    one, other = pair
    execute(
        one,
        [
            "import builtins, os, polars\nbuiltins.canary = polars.canary = 'CANARY'\nos.environ['CANARY'] = '1'\nopen('kept', 'w').write('CANARY')"
        ],
    )
    work = made.work / "kept"
    assert work.read_text() == "CANARY"
    seen = "import builtins, os, polars\nprint(hasattr(builtins, 'canary'), hasattr(polars, 'canary'), 'CANARY' in os.environ)"
    assert execute(other, [seen, REFUSED.format(action=f"open({str(work)!r}).read()")]) == [
        "False False False\n",
        "refused PermissionError\n",
    ]


def test_a_kernel_reaches_neither_its_sibling_nor_the_nursery(nursery: Nursery, pair: tuple[SealedKernel, SealedKernel]) -> None:
    one, other = pair
    parent = nursery.pid
    assert execute(one, ["import os; print(os.getppid())"]) == [f"{parent}\n"]
    for pid in (process_of(other), parent):
        actions = (f"open('/proc/{pid}/environ').read()", f"open('/proc/{pid}/mem', 'rb')", f"__import__('os').kill({pid}, 0)")
        assert execute(one, [REFUSED.format(action=action) for action in actions]) == ["refused PermissionError\n"] * 3


def test_a_kernel_holds_no_descriptor_of_the_nursery_nor_of_its_sibling(pair: tuple[SealedKernel, SealedKernel]) -> None:
    _, other = pair
    lines = (
        "import os",
        "held = [os.readlink(f'/proc/self/fd/{name}') for name in os.listdir('/proc/self/fd') if os.path.lexists(f'/proc/self/fd/{name}')]",
        "print([name for name in held if 'pidfd' in name or name.startswith('/') and not name.startswith(('/dev/null', os.getcwd()))])",
    )
    assert execute(other, ["\n".join(lines)]) == ["[]\n"]


def test_a_warm_kernel_without_a_ticket_never_becomes_a_kernel(nursery: Nursery, tmp_path: Path) -> None:
    process, ticket, report = waiting_kernel(nursery, tmp_path)
    deadline = time.monotonic() + 20
    while (held := sockets_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.02)  # it is leaving the nursery
    assert process.poll() is None and not held, "it waits, connected to nothing"
    os.close(ticket)
    with os.fdopen(report, "rb") as pipe, pytest.raises(SealError, match="no launch ticket"):
        read_report(pipe.read())
    process.wait()


def test_a_ticket_that_was_made_for_another_kernel_is_not_admitted_and_lost(made: Bench, nursery: Nursery) -> None:
    taken: list[LaunchTicket] = []

    def ticket_for(pid: int) -> LaunchTicket:
        taken.append(
            obtain_ticket(made.config, gate=made.gate, pid=pid + 1, work_dir=work, profiles=("internal",), purpose="試験", run_id="run-3")
        )
        return taken[0]

    work = made.config.work_dir / "run-3"
    with pytest.raises(DisclosureError, match="does not admit"):
        run_sync(make_kernel_manager(ticket_for, work_dir=work, nursery=nursery).start_kernel)()
    with pytest.raises(DisclosureError, match="does not admit"):
        run_sync(make_kernel_manager(taken[0], work_dir=work, nursery=nursery).start_kernel)()


def test_a_ticket_admits_one_kernel_once(made: Bench, nursery: Nursery) -> None:
    tickets: list[LaunchTicket] = []

    def ticket_for(pid: int) -> LaunchTicket:
        tickets.append(
            obtain_ticket(made.config, gate=made.gate, pid=pid, work_dir=work, profiles=("internal",), purpose="試験", run_id="run-4")
        )
        return tickets[0]

    work = made.config.work_dir / "run-4"
    manager = make_kernel_manager(ticket_for, work_dir=work, nursery=nursery)
    run_sync(manager.start_kernel)()
    run_sync(manager.shutdown_kernel)(now=True)
    with pytest.raises(DisclosureError, match="does not admit"):
        run_sync(make_kernel_manager(tickets[0], work_dir=work, nursery=nursery).start_kernel)()


def test_kernels_end_with_their_nursery_however_it_ends(tmp_path: Path) -> None:
    with warm_kernels(tmp_path / "closed") as nursery:
        process, *pipes = waiting_kernel(nursery, tmp_path)
    assert has_gone(process.pid) and process.poll() == 0
    with warm_kernels(tmp_path / "killed") as nursery:
        process, *more = waiting_kernel(nursery, tmp_path)
        os.kill(nursery.pid, signal.SIGKILL)
        assert has_gone(process.pid)
        with pytest.raises(SealError, match="no kernel could be started"):
            waiting_kernel(nursery, tmp_path)
    for descriptor in (*pipes, *more):
        os.close(descriptor)


BATCH = """
import sys, time
from pathlib import Path
from tests.kernels.test_nursery import waiting_kernel
from daicho.kernels.warm import Nursery
folder = Path(sys.argv[1])
nursery = Nursery(folder / "nursery")
kernels = [waiting_kernel(nursery, folder) for _ in range(2)]
print(nursery.pid, *(process.pid for process, *_ in kernels), flush=True)
time.sleep(600)
"""


def test_nothing_is_left_of_a_batch_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", BATCH, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 3
        process.kill()
    assert all(has_gone(pid) for pid in pids)


def test_a_library_that_works_in_a_thread_stops_the_nursery() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with pytest.raises(SealError, match="runs threads"):
            refuse_busy_threads()
    finally:
        done.set()
        thread.join()

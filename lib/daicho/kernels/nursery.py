"""Kernels of a batch, born warm: `python -I -m daicho.kernels.nursery --control-fd N` loads the libraries once and forks a kernel on request.

The nursery itself never holds anything: no ticket, no token, no connection to the gate, no release. A ticket goes through a pipe to the one
child it is for, which from there on is a kernel like any other (see `launcher`): it connects to the gate, seals itself, tests the seal, shows
its token, serves one report and ends. Nothing of it comes back, so no report sees another's data.

Libraries that start threads may be loaded here although they must not run when a seal closes: a forked child has one thread. They must only
be idle: `refuse_busy_threads` names the threads that may exist (Arrow's and polars' allocators handle a fork, polars' cleaner waits for
spilled files); a library that began to work at import would be found out here, not by a child that hangs.

The nursery ends when whoever started it closes the other end of the control socket, or dies; its kernels end with it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daicho.core.errors import SealError
from daicho.kernels.launcher import import_libraries, launch
from daicho.seal.privileges import close_inherited_descriptors
from daicho.seal.system_calls import call

REQUEST_BYTES = 1 << 16
PASSED = 3
"""Descriptors that come with a request: the ticket's pipe, the report's pipe, the log."""
_USED_BY_NOTEBOOKS = (
    "polars", "daicho.core.config", "daicho.gate.client", "daicho.gate.profiles", "daicho.present.ledger", "encodings.utf_8_sig",
    "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect", "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
)  # fmt: skip
IDLE_THREADS = frozenset({"jemalloc_bg_thd", "polars-ooc-clea"})
_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the control socket closes; in a child, be a kernel. Returns the exit code of either."""
    parser = argparse.ArgumentParser(prog="daicho.kernels.nursery", description="Fork sealed kernels on request (used by daicho itself).")
    parser.add_argument("--control-fd", type=int, required=True)
    control_fd = parser.parse_args(arguments).control_fd
    close_inherited_descriptors(keep=(control_fd,))
    load_libraries()
    refuse_busy_threads()
    gc.collect()
    gc.freeze()  # children share these pages for as long as no collector touches them
    with socket.socket(fileno=control_fd) as control:
        born = _serve(control)
    return _live(*born) if born else 0


def load_libraries() -> None:
    """Import what kernels and notebooks use, down to what they would import on first use."""
    import_libraries()
    for name in _USED_BY_NOTEBOOKS:
        importlib.import_module(name)


def refuse_busy_threads() -> None:
    """Raise SealError when a thread runs that is not known to be idle after an import: a child would lack it, and could wait for it for ever."""
    own = os.getpid()
    names = {(task / "comm").read_text(encoding="utf-8").strip() for task in Path("/proc/self/task").iterdir() if int(task.name) != own}
    if names - IDLE_THREADS:
        raise SealError(f"kernels cannot be forked: an imported library runs threads ({', '.join(sorted(names - IDLE_THREADS))}).")


def _serve(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Fork a kernel for every request and collect those that have ended. Returns in a child with its request, in the nursery with None."""
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not control:
                    selector.unregister(key.fileobj)
                    os.waitid(os.P_PIDFD, key.fd, os.WEXITED)
                    os.close(key.fd)
                    continue
                message, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, PASSED)
                if not message:
                    return None
                nursery = os.getpid()
                pid = os.fork()
                if pid == 0:
                    _leave_the_nursery(nursery)
                    return json.loads(message), descriptors
                selector.register(_announce(control, pid, descriptors), selectors.EVENT_READ)


def _announce(control: socket.socket, pid: int, descriptors: Sequence[int]) -> int:
    """Tell who a kernel is: its process id and a descriptor of the process, which cannot come to mean another. Returns our own."""
    with contextlib.suppress(OSError):  # the child does the same; whoever is first
        os.setpgid(pid, pid)
    for descriptor in descriptors:
        os.close(descriptor)
    process = os.pidfd_open(pid)
    socket.send_fds(control, [json.dumps({"pid": pid}).encode()], [process])
    return process


def _leave_the_nursery(nursery: int) -> None:
    """Be a process group of one's own, and end when the nursery does."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != nursery:
        os._exit(1)


def _live(request: dict[str, Any], descriptors: Sequence[int]) -> int:
    """Take the environment, the folder and the log of the request, and be that kernel to the end."""
    ticket_fd, report_fd, log_fd = descriptors
    os.dup2(log_fd, sys.stdout.fileno())
    os.dup2(log_fd, sys.stderr.fileno())
    close_inherited_descriptors(keep=(ticket_fd, report_fd))
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    tempfile.tempdir = None
    return launch(Path(request["connection_file"]), ticket_fd=ticket_fd, report_fd=report_fd)


if __name__ == "__main__":
    sys.exit(main())

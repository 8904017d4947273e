"""Start kernels from a nursery: the processes of one batch, forked from one that has its libraries loaded."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from daicho.core.errors import SealError
from daicho.seal.environment import make_work_folder, sealed_environment

LOG_FILE = "nursery.log"
START_SECONDS = 60.0


class WarmProcess:
    """A kernel's process as kernel provisioners know processes. It is the nursery's child, so its exit code is not known here: 0 stands for any."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor

    def poll(self) -> int | None:
        """None while the process runs."""
        return 0 if self._descriptor < 0 or self._has_ended(0) else None

    def wait(self) -> int:
        """Wait for the end, and let go of the process."""
        if self._descriptor >= 0:
            self._has_ended(None)
            os.close(self._descriptor)
            self._descriptor = -1
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to this very process, never to one that has taken its id."""
        if self._descriptor >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _has_ended(self, milliseconds: int | None) -> bool:
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        return bool(waiting.poll(milliseconds))


class Nursery:
    """A running nursery. Safe for threads; kernels are forked one at a time."""

    def __init__(self, work: Path) -> None:
        """Start it; it loads its libraries while the caller goes on. `work` is its folder: it keeps nothing there but a log."""
        make_work_folder(work)
        self._log = work / LOG_FILE
        self._turn = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(START_SECONDS)
        with theirs, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "daicho.kernels.nursery", "--control-fd", str(theirs.fileno())],
                # One thread for linear algebra, which nobody here does: its library would start the others at import.
                env=sealed_environment(os.environ, work_dir=work) | {"OPENBLAS_NUM_THREADS": "1"},
                cwd=work,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The nursery's process id: its kernels' parent."""
        return self._process.pid

    def start_kernel(
        self, *, connection_file: Path, environment: Mapping[str, str], folder: Path, ticket_fd: int, report_fd: int, log_fd: int
    ) -> WarmProcess:
        """Fork one kernel, which waits for its ticket. Raises SealError when the nursery has ended."""
        request = {"connection_file": str(connection_file), "environment": dict(environment), "folder": str(folder)}
        answer = b""
        descriptors: list[int] = []
        with self._turn, contextlib.suppress(OSError):
            socket.send_fds(self._control, [json.dumps(request).encode()], [ticket_fd, report_fd, log_fd])
            answer, descriptors, _, _ = socket.recv_fds(self._control, 1 << 12, 1)
        if not answer:
            raise SealError(f"no kernel could be started: the process that starts them has ended; {self._log.name} in its folder says why.")
        return WarmProcess(int(json.loads(answer)["pid"]), descriptors[0])

    def close(self) -> None:
        """End the nursery, and every kernel that still runs: it holds nothing that a sudden end could damage."""
        self._control.close()
        self._process.kill()
        self._process.wait()


@contextmanager
def warm_kernels(work: Path) -> Iterator[Nursery]:
    """A nursery for as long as a batch runs, and its folder."""
    nursery = Nursery(work)
    try:
        yield nursery
    finally:
        nursery.close()
        shutil.rmtree(work, ignore_errors=True)

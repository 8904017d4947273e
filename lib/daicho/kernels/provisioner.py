"""Launch a kernel process through the sealing launcher, hand it its ticket, and wait for the seal's report."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from daicho.core import errors
from daicho.core.errors import DaichoError, SealError
from daicho.kernels.ticket import LaunchTicket
from daicho.kernels.warm import Nursery
from daicho.seal.environment import make_work_folder, sealed_environment
from daicho.seal.report import SealReport

LOG_FILE = "kernel.log"
REPORT_SECONDS = 60.0

_ERRORS: Mapping[int, type[DaichoError]] = {
    error.exit_code: error for error in (errors.DataError, errors.UsageError, errors.DisclosureError, errors.SealError, errors.VaultError)
}


@dataclass(frozen=True)
class Launch:
    """What one start of a kernel needs: its work folder, its ticket once its process id is known, and the nursery it is forked from, if any."""

    work_dir: Path
    ticket_for: Callable[[int], LaunchTicket]
    nursery: Nursery | None = None


class SealedProvisioner(LocalProvisioner):
    """Starts kernels that seal themselves. Registered as `daicho-sealed`.

    Its kernel manager says with `new_launch()` where the kernel works and what it may ask; a manager without that is refused.
    """

    seal_report: SealReport | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the command; replace the environment and the working folder by the kernel's own."""
        manager: Any = self.parent
        if not hasattr(manager, "new_launch"):
            raise SealError("this kernel starts only from `daicho lab` or `daicho report`, which know the gate it must talk to.")
        self._launch: Launch = manager.new_launch()
        make_work_folder(self._launch.work_dir)
        prepared: dict[str, Any] = await super().pre_launch(**kwargs)
        prepared["env"] = sealed_environment(prepared["env"], work_dir=self._launch.work_dir)
        prepared["cwd"] = str(self._launch.work_dir)
        return prepared

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the process and hand it its ticket. Raises the launcher's own error (SealError above all) when it refuses to go on."""
        ticket_reader, ticket_writer = os.pipe()
        report_reader, report_writer = os.pipe()
        try:
            try:
                with (self._launch.work_dir / LOG_FILE).open("ab") as log:
                    information = await self._start(
                        cmd, kwargs, ticket_fd=ticket_reader, report_fd=report_writer, log=log, nursery=self._launch.nursery
                    )
            finally:
                os.close(ticket_reader)
                os.close(report_writer)
            ticket = await asyncio.to_thread(self._launch.ticket_for, int(self.pid or 0))
            _write(ticket_writer, ticket.to_json())
            os.close(ticket_writer)
            ticket_writer = -1
            self.seal_report = read_report(await asyncio.to_thread(_read_to_end, report_reader, REPORT_SECONDS))
        except BaseException:
            await self._abandon()
            raise
        finally:
            os.close(report_reader)
            if ticket_writer >= 0:
                os.close(ticket_writer)
        return information

    async def _start(
        self, cmd: list[str], options: dict[str, Any], *, ticket_fd: int, report_fd: int, log: BinaryIO, nursery: Nursery | None
    ) -> Any:
        """Start the process: forked from the nursery where there is one, else anew. Either waits for its ticket."""
        if nursery is None:
            pipes = {"pass_fds": (ticket_fd, report_fd), "stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            return await super().launch_kernel([*cmd, "--ticket-fd", str(ticket_fd), "--report-fd", str(report_fd)], **options | pipes)
        manager: Any = self.parent
        process: Any = await asyncio.to_thread(  # what provisioners use of subprocess.Popen
            nursery.start_kernel,
            connection_file=Path(manager.connection_file),
            environment=options["env"],
            folder=self._launch.work_dir,
            ticket_fd=ticket_fd,
            report_fd=report_fd,
            log_fd=log.fileno(),
        )
        # It leads a process group of its own, as one started anew does.
        self.process, self.pid, self.pgid, self.cwd = process, process.pid, process.pid, str(self._launch.work_dir)
        return self.connection_info

    async def _abandon(self) -> None:
        if self.process is not None:
            await self.kill()
            await self.wait()


def read_report(message: bytes) -> SealReport:
    """Return the seal's report from what the launcher sent. Raises the error it sent instead, SealError when it sent nothing."""
    silence = {"error": f"the kernel ended before it was sealed; {LOG_FILE} in its work folder says why.", "exit_code": 4}
    data: dict[str, Any] = json.loads(message) if message else silence
    if "error" in data:
        raise _ERRORS.get(data["exit_code"], SealError)(data["error"])
    return SealReport.from_dict(data["report"])


def _write(descriptor: int, message: bytes) -> None:
    """Write a ticket. A launcher that has already ended is reported by its silence, not here."""
    with contextlib.suppress(BrokenPipeError):
        os.write(descriptor, message)


def _read_to_end(descriptor: int, seconds: float) -> bytes:
    """Read until the other side closes. Raises SealError when that takes too long."""
    received = bytearray()
    deadline = time.monotonic() + seconds
    while True:
        readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            raise SealError(f"the kernel was not sealed within {seconds:.0f} seconds; the machine may be overloaded: try again.")
        part = os.read(descriptor, 1 << 16)
        if not part:
            return bytes(received)
        received += part

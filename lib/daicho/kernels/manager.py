"""Kernel managers that can start nothing but a sealed kernel, over Unix sockets in a private folder."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

from daicho.core.config import ROLES, Config
from daicho.core.errors import DaichoError, SealError
from daicho.gate.client import GateClient
from daicho.kernels.admission import obtain_ticket
from daicho.kernels.kernelspec import KERNEL_NAME, kernel_specification
from daicho.kernels.provisioner import Launch, SealedProvisioner
from daicho.kernels.runtime_dir import CONNECTION_FILE, SOCKET_STEM, new_socket_dir, remove_socket_dir
from daicho.kernels.ticket import LaunchTicket
from daicho.kernels.warm import Nursery
from daicho.seal.environment import HOME_FOLDER, TEMPORARY_FOLDER
from daicho.seal.report import SealReport


class SealedStart:
    """What sealed kernel managers share. Whatever kernel a notebook or a request names, only the sealed one starts."""

    def new_launch(self) -> Launch:
        """Say where the next kernel works and how it gets its ticket."""
        raise NotImplementedError

    @property
    def kernel_spec(self) -> KernelSpec:
        """The sealed kernel's specification, read from no file."""
        return KernelSpec(resource_dir="", **kernel_specification())

    @property
    def seal_report(self) -> SealReport | None:
        """What the running kernel reported about its seal; None before it started."""
        provisioner = getattr(self, "provisioner", None)
        return provisioner.seal_report if provisioner is not None else None

    async def _async_pre_start_kernel(self, **options: Any) -> Any:
        manager: Any = self
        if manager.provisioner is None:
            folder = new_socket_dir()
            manager.transport = "ipc"
            manager.connection_file = str(folder / CONNECTION_FILE)
            manager.ip = str(folder / SOCKET_STEM)
            manager.kernel_id = manager.kernel_id or options.get("kernel_id") or folder.name
            manager.provisioner = SealedProvisioner(kernel_id=manager.kernel_id, kernel_spec=self.kernel_spec, parent=manager)
        return await super()._async_pre_start_kernel(**options)  # type: ignore[misc]

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)  # type: ignore[misc]
        if not restart:
            manager: Any = self
            remove_socket_dir(Path(manager.connection_file).parent)


class SealedKernelManager(SealedStart, AsyncKernelManager):
    """One sealed kernel for nbclient or papermill; made by `make_kernel_manager`."""

    launch: Launch

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._clients: list[Any] = []

    def client(self, **options: Any) -> Any:
        """Return a client of the kernel. Its channels close with the kernel: nbclient leaves those of a manager it was given open."""
        made = super().client(**options)
        self._clients.append(made)
        return made

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        if not restart:
            while self._clients:
                self._clients.pop().stop_channels()
        await super()._async_cleanup_resources(restart=restart)

    def new_launch(self) -> Launch:
        """The launch this manager was made with. A second start needs a ticket source, not a ticket: tokens are good once."""
        return self.launch

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # as AsyncKernelManager does
        """Start the kernel and wait until it is sealed. Raises SealError when it cannot be, DisclosureError when the gate refuses it."""
        refused: DaichoError | None = None
        try:
            await super().start_kernel(**options)
        except DaichoError as error:
            refused = error
        if refused is not None:
            self.ready.exception()  # fetched here, or asyncio prints it later with a traceback
            await self._async_cleanup_resources()
            raise refused


@dataclass(frozen=True)
class SealedKernel:
    """A running sealed kernel: its manager, for nbclient or papermill, and what it reported about its seal."""

    manager: SealedKernelManager
    report: SealReport
    allow_unsealed: bool

    @property
    def is_sealed(self) -> bool:
        """Whether the seal is on. It is off only where Landlock is missing and the workspace allows that."""
        return self.report.is_sealed

    def seal_result(self) -> tuple[tuple[str, bool], ...]:
        """Each check of the self-test with whether it passed, as a report's footer prints them."""
        return tuple(self.report.checks)

    def refuse_unsealed(self) -> None:
        """Raise SealError when the kernel is not sealed and the workspace does not allow that."""
        if not self.report.is_sealed and not self.allow_unsealed:
            raise SealError("the kernel is not sealed; nothing was run.")


def make_kernel_manager(
    ticket: LaunchTicket | Callable[[int], LaunchTicket], *, work_dir: Path, nursery: Nursery | None = None
) -> SealedKernelManager:
    """Return the manager of one sealed kernel working in a folder, for nbclient (`NotebookClient(nb, km=…)`) or papermill.

    `ticket` is a ticket, or a function that gets one for the kernel's process id, so that its token can be bound to that process.
    From a `nursery` the kernel starts sooner. `await km.start_kernel()` raises SealError when the kernel cannot be sealed;
    `km.seal_report` then holds the result of the self-test. Whoever makes the manager shuts it down: `await km.shutdown_kernel(now=True)`.
    """
    manager = SealedKernelManager(kernel_name=KERNEL_NAME, log=_quiet_log())
    manager.launch = Launch(work_dir=work_dir, ticket_for=ticket if callable(ticket) else lambda _: ticket, nursery=nursery)
    return manager


@contextmanager
def sealed_kernel(
    config: Config,
    *,
    gate: GateClient,
    work: Path,
    profile: str,
    purpose: str,
    run_id: str,
    least_role: str = ROLES[0],
    nursery: Nursery | None = None,
) -> Iterator[SealedKernel]:
    """Run a sealed kernel for one report: it may ask for one profile, under the narrowest role from `least_role` on, and works in one folder.

    Raises SealError when the kernel cannot be sealed, DisclosureError when no role of the user allows the profile.
    """

    def ticket_for(pid: int) -> LaunchTicket:
        return obtain_ticket(
            config, gate=gate, pid=pid, work_dir=work, profiles=(profile,), purpose=purpose, run_id=run_id, least_role=least_role
        )

    manager = make_kernel_manager(ticket_for, work_dir=work, nursery=nursery)
    run_sync(manager.start_kernel)()
    try:
        report = manager.seal_report
        if report is None:
            raise SealError("the kernel did not say whether it is sealed; nothing was run.")
        yield SealedKernel(manager=manager, report=report, allow_unsealed=config.allow_unsealed)
    finally:
        run_sync(manager.shutdown_kernel)(now=True)
        for folder in (work / HOME_FOLDER, work / TEMPORARY_FOLDER):
            shutil.rmtree(folder, ignore_errors=True)


def _quiet_log() -> logging.Logger:
    """A log for jupyter_client that stays silent: it would print whole tracebacks, and our errors already say what is wrong."""
    log = logging.getLogger("daicho.kernels")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
        log.propagate = False
    return log

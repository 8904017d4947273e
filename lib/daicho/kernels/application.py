"""ipykernel as it runs inside the seal: no configuration of the user's, no history file, no debugger, no network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import zmq
from ipykernel.iostream import IOPubThread
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config


class SealedKernelApp(IPKernelApp):
    """The kernel's application, deaf to configuration files: the system's, the user's and those in the work folder."""

    name = "daicho-kernel"

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Read nothing."""

    def init_iopub(self, context: Any) -> None:
        """Open the output channel as ipykernel does, but without its TCP pipe for forked processes: libzmq aborts where TCP is refused."""
        self.iopub_socket = context.socket(zmq.XPUB)
        self.iopub_socket.linger = 1000
        self.iopub_port = self._bind_socket(self.iopub_socket, self.iopub_port)  # type: ignore[no-untyped-call]
        self.configure_tornado_logger()  # type: ignore[no-untyped-call]
        self.iopub_thread = IOPubThread(self.iopub_socket, pipe=False, session=self.session)  # type: ignore[no-untyped-call]
        self.iopub_thread.start()  # type: ignore[no-untyped-call]
        self.iopub_socket = self.iopub_thread.background_socket


def import_kernel() -> None:
    """Import what a kernel imports when it starts. Its debugger talks TCP; without debugpy ipykernel offers none, and starts sooner."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # the documented way to make an import fail
    import ipykernel.debugger
    import ipykernel.ipkernel
    import ipykernel.zmqshell  # noqa: F401 - imported for the import's sake


def run_kernel(connection_file: Path) -> None:
    """Serve one kernel over the sockets that a connection file names, until it is shut down."""
    app: Any = SealedKernelApp.instance(config=kernel_configuration())
    app.initialize(["-f", str(connection_file)])
    app.start()


def kernel_configuration() -> Config:
    """Settings of every sealed kernel."""
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShellApp.exec_PYTHONSTARTUP = False
    settings.InteractiveShellApp.ignore_cwd = True
    return settings

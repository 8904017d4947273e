"""JupyterLab for analysts: the server is trusted and unsealed, so it can do little; kernels can do much, and are sealed.

No terminals, no extensions but the built-in ones, no exporting by the server, no network. Notebooks are saved without outputs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from tornado.web import HTTPError
from traitlets import Unicode, default
from traitlets.config import Config as Settings

from daicho.core.config import Config, load_config
from daicho.core.errors import DaichoError
from daicho.gate.client import GateClient
from daicho.gate.process import running_gate
from daicho.kernels.admission import obtain_ticket
from daicho.kernels.kernelspec import KERNEL_NAME, kernelspec_dir
from daicho.kernels.manager import SealedStart
from daicho.kernels.provisioner import Launch
from daicho.kernels.ticket import LaunchTicket

PROFILES = ("internal", "public")
"""What an analyst's kernel may ask for; the first is the default."""
PURPOSE = "JupyterLab"
"""Stands in the log when a kernel is let in; every request carries the purpose that `daicho.open` was given."""

CONTENT_POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' data: blob:; "
    "frame-ancestors 'self'; form-action 'self'; object-src 'none'"
)
"""What a page of the server may load: only from the server itself, so that an output cannot send anything to another host."""


class LedgerKernelManager(SealedStart, ServerKernelManager):
    """One sealed kernel of JupyterLab, with a work folder of its own that goes when the kernel goes."""

    def new_launch(self) -> Launch:
        """Work in a folder named after the kernel; get the ticket from the workspace's running gate."""
        config = load_config(Path(self._kernels.workspace))
        work_dir = self._work_dir(config)

        def ticket_for(pid: int) -> LaunchTicket:
            with GateClient.connect(config) as gate:
                return obtain_ticket(
                    config, gate=gate, pid=pid, work_dir=work_dir, profiles=PROFILES, purpose=PURPOSE, run_id=f"lab-{self.kernel_id}"
                )

        return Launch(work_dir=work_dir, ticket_for=ticket_for)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self._work_dir(load_config(Path(self._kernels.workspace))), ignore_errors=True)

    @property
    def _kernels(self) -> Any:
        return self.parent

    def _work_dir(self, config: Config) -> Path:
        return config.work_dir / "lab" / str(self.kernel_id)


class LedgerKernels(AsyncMappingKernelManager):
    """The kernels of one JupyterLab server: all of them sealed."""

    workspace = Unicode(help="Root of the workspace whose gate the kernels talk to.").tag(config=True)

    @default("kernel_manager_class")
    def _sealed_kernel_manager_class(self) -> str:
        return f"{LedgerKernelManager.__module__}.{LedgerKernelManager.__name__}"

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]  # the inherited one is an alias of the same coroutine
        """Start a sealed kernel. A refusal reaches the analyst as its own sentence, not as an internal error."""
        refusal = ""
        try:
            return await self._async_start_kernel(**options)
        except DaichoError as error:
            refusal = str(error)
        raise HTTPError(503, refusal)


class LedgerServer(ServerApp):
    """A Jupyter server without the services an analyst of the ledger does not need. `nbconvert` would export past the scanner."""

    default_services = tuple(  # type: ignore[assignment]  # declared there as that very tuple
        service for service in ServerApp.default_services if service != "nbconvert"
    )


def run_lab(config: Config, *, port: int, open_browser: bool) -> None:
    """Serve JupyterLab on this machine only, with a token, until it is stopped; start a gate for as long if none is running.

    Raises VaultError when no gate can be started, UsageError when the workspace has no notebooks.
    """
    config.notebooks_dir.mkdir(exist_ok=True)
    with running_gate(config):
        os.environ.update(lab_environment(config))
        server = LedgerServer.instance(
            config=lab_settings(config, port=port, open_browser=open_browser), jpserver_extensions={"jupyterlab": True}
        )
        server.initialize(argv=[], starter_extension="lab", find_extensions=False)
        server.start()


def lab_environment(config: Config) -> dict[str, str]:
    """Where Jupyter keeps its own files: in the workspace's state folder, apart from what the user has for other purposes."""
    lab = config.state_dir / "lab"
    return {
        "JUPYTER_CONFIG_DIR": str(lab / "config"),
        "JUPYTER_DATA_DIR": str(kernelspec_dir(config.state_dir)),
        "JUPYTER_RUNTIME_DIR": str(lab / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(lab / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(lab / "workspaces"),
    }


def lab_settings(config: Config, *, port: int, open_browser: bool) -> Settings:
    """The server's configuration."""
    settings = Settings()
    settings.ServerApp.ip = "127.0.0.1"
    settings.ServerApp.port = port
    settings.ServerApp.open_browser = open_browser
    settings.ServerApp.allow_root = os.geteuid() == 0
    settings.ServerApp.root_dir = str(config.notebooks_dir)
    settings.ServerApp.terminals_enabled = False
    settings.ServerApp.kernel_manager_class = f"{LedgerKernels.__module__}.{LedgerKernels.__name__}"
    settings.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": CONTENT_POLICY}}
    settings.LedgerKernels.workspace = str(config.root)
    settings.LedgerKernels.default_kernel_name = KERNEL_NAME
    settings.KernelSpecManager.allowed_kernelspecs = {KERNEL_NAME}
    settings.KernelSpecManager.ensure_native_kernel = False
    settings.FileContentsManager.pre_save_hook = clear_outputs
    settings.LabApp.news_url = None
    settings.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    settings.LabApp.extension_manager = "readonly"
    settings.LabApp.lock_all_plugins = True
    return settings


def clear_outputs(model: dict[str, Any], **_: Any) -> None:
    """Take outputs and execution counts out of a notebook that is being saved: figures leave only through reports."""
    if model["type"] != "notebook" or model["content"]["nbformat"] < 4:
        return
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None

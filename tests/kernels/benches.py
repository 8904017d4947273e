"""A workspace with a live gate over the toy ledger, and notebooks run in a sealed kernel beside it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from tests.gate.toy import NOW, make_workspace, serving

from daicho.core.config import Config, load_config
from daicho.gate.client import GateClient
from daicho.kernels.manager import SealedKernel, sealed_kernel
from daicho.kernels.warm import Nursery

RUN = "run-1"
REFUSED = "try:\n    {action}\n    print('reached')\nexcept OSError as error:\n    print('refused', type(error).__name__)"


@dataclass(frozen=True)
class Bench:
    """A workspace whose gate is running, with an administrator's connection to it."""

    config: Config
    gate: GateClient

    @property
    def work(self) -> Path:
        return self.config.work_dir / RUN


@contextmanager
def bench(*, settings: str = "") -> Iterator[Bench]:
    root = Path(tempfile.mkdtemp(prefix="kernels-"))
    try:
        make_workspace(root)
        with (root / "daicho.toml").open("a", encoding="utf-8") as file:
            file.write(settings)
        config = load_config(root)
        for folder in (config.vault_dir, config.key_dir, config.work_dir):
            folder.mkdir(parents=True)
        (config.vault_dir / "canary").write_text("CANARY", encoding="utf-8")
        with serving(config, clock=lambda: NOW), GateClient.connect(config) as gate:
            yield Bench(config=config, gate=gate)
    finally:
        shutil.rmtree(root)


@contextmanager
def running_kernel(made: Bench, *, profile: str = "internal", run_id: str = RUN, nursery: Nursery | None = None) -> Iterator[SealedKernel]:
    work = made.work if run_id == RUN else made.config.work_dir / run_id
    with sealed_kernel(made.config, gate=made.gate, work=work, profile=profile, purpose="試験", run_id=run_id, nursery=nursery) as kernel:
        yield kernel


def execute(kernel: SealedKernel, cells: Sequence[str]) -> list[str]:
    """Run cells in a kernel and return what each printed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, km=kernel.manager, timeout=60).execute()
    return ["".join(_text(output) for output in cell.outputs) for cell in notebook.cells]


def _text(output: Any) -> str:
    return str(output.text) if output.output_type == "stream" else str(output.get("data", {}).get("text/plain", ""))

"""The sealed kernel as Jupyter knows it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

KERNEL_NAME = "daicho"
KERNEL_TITLE = "台帳（封止）"
PROVISIONER_NAME = "daicho-sealed"


def kernel_command() -> list[str]:
    """The command line of a sealed kernel; Jupyter fills in the connection file. -I keeps the work folder's modules out before the seal."""
    return [sys.executable, "-I", "-m", "daicho.kernels.launcher", "-f", "{connection_file}"]


def kernel_specification() -> dict[str, Any]:
    """The kernel as Jupyter lists it (kernel.json)."""
    return {
        "argv": kernel_command(),
        "display_name": KERNEL_TITLE,
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {"kernel_provisioner": {"provisioner_name": PROVISIONER_NAME}, "debugger": False},
    }


def kernelspec_dir(state_dir: Path) -> Path:
    """Write the kernel's specification below a state folder, and return the data folder to give Jupyter (it holds `kernels/`)."""
    data_dir = state_dir / "lab" / "share" / "jupyter"
    folder = data_dir / "kernels" / KERNEL_NAME
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(kernel_specification(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return data_dir

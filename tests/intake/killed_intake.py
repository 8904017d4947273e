"""Kill a command before each of its steps: `python -m tests.intake.killed_intake WORKSPACE OUT STRIDE COMMAND…`.

For every STRIDE-th step the workspace is copied to OUT/<step>, and a child process runs `daicho COMMAND…` there until it is about to take that
step on the file system; then it kills itself with SIGKILL. Ends with the first child that runs through.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from daicho.cli.frame import run_command
from daicho.cli.main import cli
from daicho.gate import retention  # noqa: F401 - loaded once, here, for all children
from daicho.intake import load  # noqa: F401

STEPS = {"os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.truncate"}
MOST = 200


def _kill_before(step: int, state: str) -> None:
    taken = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal taken
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (event in STEPS or writes) and str(arguments[0]).startswith(state):
            taken += 1
            if taken == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def main(workspace: Path, out: Path, stride: int, command: list[str]) -> int:
    for step in range(1, MOST, stride):
        copy = out / f"{step:03d}"
        shutil.copytree(workspace, copy)
        child = os.fork()
        if child == 0:
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
            _kill_before(step, str(copy / "var"))
            os._exit(run_command(cli, ["--workspace", str(copy), "--today", "2026-11-24", *command]))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))

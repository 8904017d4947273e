"""A gate over the toy ledger in a process of its own, which can be told to die at the worst moment."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path
from typing import Any

from tests.gate.toy import ToyEngine

from daicho.core.config import load_config
from daicho.gate.__main__ import serve
from daicho.gate.access_log import AccessLog
from daicho.gate.release_ledger import Recorded, ReleaseLedger


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_after_recording() -> None:
    """Killed when the release is on disk and the log does not know it."""
    record = ReleaseLedger.record

    def record_and_die(self: ReleaseLedger, recorded: Recorded, body: bytes, **more: Any) -> None:
        record(self, recorded, body, **more)
        die()

    ReleaseLedger.record = record_and_die  # type: ignore[method-assign]


def die_after_storing() -> None:
    """Killed when the release's file is on disk and the ledger does not know it."""
    ReleaseLedger._append = die  # type: ignore[method-assign]


def die_after_logging() -> None:
    """Killed when everything is on disk and the client has no answer."""
    record = AccessLog.record

    def record_and_die(self: AccessLog, *arguments: Any, **more: Any) -> None:
        record(self, *arguments, **more)
        if more["outcome"] == "released":
            die()

    AccessLog.record = record_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--ready-fd", type=int)
    parser.add_argument("--while-stdin-open", action="store_true")
    parser.add_argument("--die", choices=["after_recording", "after_storing", "after_logging"])
    options = parser.parse_args()
    if options.die:
        globals()[f"die_{options.die}"]()
    serve(load_config(options.workspace), engine=ToyEngine(), ready_fd=options.ready_fd, while_stdin_open=options.while_stdin_open)

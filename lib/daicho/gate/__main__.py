"""`python -m daicho.gate --workspace ROOT`: the gate in the foreground, until it is interrupted or its starter has left."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from daicho.core.config import Config, load_config
from daicho.core.dumps import forbid_dumps
from daicho.core.errors import DaichoError, VaultError
from daicho.gate.engine import Engine
from daicho.gate.process import READY
from daicho.gate.server import GateServer


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m daicho.gate", description="Serve the gate of a workspace.")
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--ready-fd", type=int)
    parser.add_argument("--while-stdin-open", action="store_true")
    options = parser.parse_args(arguments)
    try:
        config = load_config(options.workspace)
        serve(config, engine=ledger_engine(config), ready_fd=options.ready_fd, while_stdin_open=options.while_stdin_open)
    except DaichoError as error:
        sys.stderr.write(f"daicho: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"daicho: the gate cannot use {error.filename or 'its folder'} ({error.strerror}): check its owner and mode.\n")
        return VaultError.exit_code
    return 0


def ledger_engine(config: Config) -> Engine:
    """The workspace's own ledger: its vault behind the measures' definitions."""
    from daicho.gate.ledger_engine import LedgerEngine

    return LedgerEngine(config)


def serve(config: Config, *, engine: Engine, ready_fd: int | None = None, while_stdin_open: bool = False) -> None:
    """Run a gate in this process until SIGTERM, SIGINT or, when asked for, the end of standard input and of the last client."""
    _protect_process()
    config.log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    logging.basicConfig(filename=config.log_dir / "gate.log", level=logging.WARNING, format="%(asctime)s %(message)s")
    server = GateServer(config, engine=engine)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    if ready_fd is not None:
        os.write(ready_fd, READY)
        os.close(ready_fd)
    if while_stdin_open:
        threading.Thread(target=_wait_for_end_of_input, args=(server,), name="gate-starter", daemon=True).start()
    server.serve()


def _wait_for_end_of_input(server: GateServer) -> None:
    while os.read(0, 4096):
        pass
    server.stop_when_idle()


def _protect_process() -> None:
    """Keep files private, and this process's memory to itself."""
    os.umask(0o077)
    forbid_dumps()


if __name__ == "__main__":
    sys.exit(main())

"""Run a gate for as long as it is needed: use the one that runs, or start a child and stop it afterwards.

Nothing secret passes by command line or environment: the child reads its own keys, and writes the administrators' token to a private file.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from daicho.core.config import WORKSPACE_VARIABLE, Config
from daicho.core.errors import DaichoError, VaultError
from daicho.gate.client import GateClient
from daicho.gate.runtime_dir import find_address

START_SECONDS = 60.0
STOP_SECONDS = 10.0
READY = b"ready\n"
_ATTEMPTS = 3


@contextmanager
def running_gate(config: Config, *, command: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the socket of a running gate. A gate started here ends when this context and every other client have left.

    `command` starts another program than the workspace's own gate. Raises VaultError when the gate cannot be started.
    """
    client, child = _client_of_some_gate(config, command=command or gate_command(config))
    try:
        yield find_address(config).socket
    finally:
        client.close()
        if child is not None:
            _stop(child)


@contextmanager
def gate_starting(config: Config) -> Iterator[Callable[[], None]]:
    """Start a gate while the caller loads its libraries; call what this yields before the gate is used.

    Failures are not told here: whoever uses the gate next meets them with the right sentence.
    """
    started, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with contextlib.suppress(DaichoError), running_gate(config):
            started.set()
            may_end.wait()
        started.set()

    holder = threading.Thread(target=hold, name="gate-holder")
    holder.start()
    try:
        yield lambda: _wait(started)
    finally:
        may_end.set()
        holder.join()


def _wait(event: threading.Event) -> None:
    event.wait()


def gate_command(config: Config) -> list[str]:
    """The command that runs a gate; -P keeps the working folder out of the module search path."""
    return [sys.executable, "-P", "-m", "daicho.gate", "--workspace", str(config.root)]


def _client_of_some_gate(config: Config, *, command: Sequence[str]) -> tuple[GateClient, subprocess.Popen[bytes] | None]:
    """Connect to the gate that runs, or start one. The connection is kept: it keeps the gate from leaving.

    Two commands may start at the same moment; the loser's child finds the lock taken and ends, and the loser connects to the winner's.
    """
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(VaultError):
            return GateClient.connect(config), None
        child, complaint = _start(config, command=command)
        if child is not None:
            try:
                return GateClient.connect(config), child
            except BaseException:
                _stop(child)
                raise
    with contextlib.suppress(VaultError):
        return GateClient.connect(config), None
    raise VaultError(complaint or "the gate could not be started: run `daicho gate` to see why.")


def _start(config: Config, *, command: Sequence[str]) -> tuple[subprocess.Popen[bytes] | None, str]:
    """Start a child and wait until it listens; None and its complaint when it ended instead."""
    reader, writer = os.pipe()
    complaint_reader, complaint_writer = os.pipe()
    try:
        child = subprocess.Popen(
            [*command, "--ready-fd", str(writer), "--while-stdin-open"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaint_writer,
            cwd=config.root,
            env={key: value for key, value in os.environ.items() if key != WORKSPACE_VARIABLE},
            pass_fds=(writer,),
            start_new_session=True,
        )
    finally:
        os.close(writer)
        os.close(complaint_writer)
    try:
        readable, _, _ = select.select([reader], [], [], START_SECONDS)
        if readable and os.read(reader, len(READY)) == READY:
            return child, ""
        _end(child)
        with os.fdopen(os.dup(complaint_reader), "rb") as complaints:
            said = complaints.read().decode("utf-8", errors="replace").strip().splitlines()
        return None, said[-1].removeprefix("daicho: ") if said else ""
    finally:
        os.close(reader)
        os.close(complaint_reader)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Tell the child to leave when its last client has; wait a little, then leave it to its clients."""
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=STOP_SECONDS)
        return
    threading.Thread(target=child.wait, name="gate-reaper", daemon=True).start()


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    child.kill()
    child.wait()


def is_gate_running(config: Config) -> bool:
    """Whether a gate answers for this workspace."""
    try:
        GateClient.connect(config).close()
    except DaichoError:
        return False
    return True

"""Start one kernel, sealed: `python -I -m daicho.kernels.launcher -f CONNECTION_FILE --ticket-fd N --report-fd M`.

Order matters. The ticket comes by pipe; large libraries that start no thread are imported while Python may still write their
bytecode caches; the gate's socket is connected to while that is still possible; then the seal closes and is tested from inside;
only then is the launch token shown, are libraries that start threads (polars) imported, and does ipykernel run. A kernel forked from a
`nursery` goes the same way with everything imported: a fork has one thread. The isolated mode (-I) keeps modules in the work folder and
PYTHON* variables away from the part before the seal.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from daicho.core.errors import DaichoError, VaultError
from daicho.kernels.ticket import LaunchTicket
from daicho.seal.apply import apply_seal, require_seal, seal_available
from daicho.seal.landlock import landlock_abi
from daicho.seal.policy import build_policy
from daicho.seal.privileges import close_inherited_descriptors
from daicho.seal.report import SealReport
from daicho.seal.selftest import refuse_leaks, run_selftest

if TYPE_CHECKING:
    from daicho.gate.client import GateClient

_CREDENTIALS = struct.Struct("3i")


def main(arguments: Sequence[str] | None = None, *, prober: Callable[[], int] = landlock_abi) -> int:
    """Launch a kernel and stay with it to its end. Returns the exit code; 4 when the kernel could not be sealed."""
    parser = argparse.ArgumentParser(prog="daicho.kernels.launcher", description="Start one sealed kernel (used by daicho itself).")
    parser.add_argument("-f", dest="connection_file", type=Path, required=True)
    parser.add_argument("--ticket-fd", type=int, required=True)
    parser.add_argument("--report-fd", type=int, required=True)
    options = parser.parse_args(arguments)
    close_inherited_descriptors(keep=(options.ticket_fd, options.report_fd))
    return launch(options.connection_file, ticket_fd=options.ticket_fd, report_fd=options.report_fd, prober=prober)


def launch(connection_file: Path, *, ticket_fd: int, report_fd: int, prober: Callable[[], int] = landlock_abi) -> int:
    """Make this process a sealed kernel and stay with it to its end. Every descriptor but the standard ones and these two must be closed."""
    refused: DaichoError | None = None
    try:
        _enter(ticket_fd, report_fd, connection_file, prober=prober)
    except DaichoError as error:
        refused = error
    if refused is not None:
        _send(report_fd, {"error": str(refused), "exit_code": refused.exit_code})
        print(f"daicho: {refused}", file=sys.stderr)  # noqa: T201 - the launcher's own log
        return refused.exit_code
    from daicho.kernels.application import run_kernel

    run_kernel(connection_file)
    return 0


def _enter(ticket_fd: int, report_fd: int, connection_file: Path, *, prober: Callable[[], int]) -> None:
    with os.fdopen(ticket_fd, "rb") as pipe:
        ticket = LaunchTicket.from_json(pipe.read())
    import_libraries()
    connection = _connect(ticket.gate_socket)
    report = seal_kernel(ticket, connection, socket_dir=connection_file.parent, prober=prober)
    client = _show_token(connection, ticket.token)
    _adopt(client, ticket.workspace, report)
    _send(report_fd, {"report": report.as_dict()})


def seal_kernel(
    ticket: LaunchTicket, connection: socket.socket, *, socket_dir: Path, prober: Callable[[], int] = landlock_abi
) -> SealReport:
    """Seal this process and test the seal. Raises SealError when either fails, or cannot be done and need not be done without."""
    if not seal_available(prober=prober) and ticket.allow_unsealed:
        return SealReport(is_sealed=False, abi=0, results=())
    require_seal(prober=prober)
    policy = build_policy(
        work_dir=ticket.work_dir,
        socket_dir=socket_dir,
        readable=ticket.readable,
        protected=ticket.protected,
        state_dir=ticket.state_dir,
        gate_socket=ticket.gate_socket,
        gate_pid=_pid_of_peer(connection),
        parent_pid=os.getppid(),
    )
    abi = apply_seal(policy, prober=prober)
    results = run_selftest(policy)
    refuse_leaks(results)
    return SealReport(is_sealed=True, abi=abi, results=results)


def import_libraries() -> None:
    """Import what may be imported before a seal: large, and starting no thread."""
    from daicho.kernels import application
    from daicho.present.theme import load_altair

    load_altair()
    application.import_kernel()


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(OSError):
        connection.connect(str(path))
        return connection
    connection.close()
    raise VaultError("the gate of this workspace is not running: start it with `daicho gate`.")


def _pid_of_peer(connection: socket.socket) -> int:
    pid, _, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(pid)


def _show_token(connection: socket.socket, token: str) -> GateClient:
    """Introduce this kernel to the gate over the socket that was connected before the seal."""
    from daicho.gate.client import GateClient

    return GateClient.introduce(connection, token)


def _adopt(client: GateClient, workspace: Path, report: SealReport) -> None:
    """Give notebooks the connection, and how the seal was tested. The configuration is read here, not earlier: it imports a library that starts threads."""
    from daicho.core.config import load_config
    from daicho.present.ledger import adopt_client

    adopt_client(client, config=load_config(workspace), seal=tuple(report.checks))


def _send(report_fd: int, message: dict[str, object]) -> None:
    with os.fdopen(report_fd, "wb") as pipe:
        pipe.write(json.dumps(message, ensure_ascii=False).encode())


if __name__ == "__main__":
    sys.exit(main())

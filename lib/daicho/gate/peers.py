"""Who is at the other end of a Unix socket, as the kernel of the operating system says, not as the client says."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True)
class Peer:
    """Process, user and group of the peer when it connected."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """Return the peer's credentials (SO_PEERCRED)."""
    return Peer(*_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)))


def terminal_of(peer: Peer) -> str:
    """Name the workstation and, where there is one, the terminal line of the peer, for the access log (端末)."""
    host = socket.gethostname()
    try:
        fields = Path(f"/proc/{peer.pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        device = int(fields[4])
    except (OSError, ValueError, IndexError):
        device = 0
    if device <= 0:
        return host
    major, minor = os.major(device), os.minor(device)
    return f"{host}:pts/{minor}" if 136 <= major <= 143 else f"{host}:tty{minor}"

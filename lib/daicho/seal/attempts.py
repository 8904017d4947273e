"""Attempts to get out of the seal, made from inside. Each returns True when it was refused, and only an explicit refusal counts."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

REFUSALS = frozenset({errno.EACCES, errno.EPERM})
_PROBE = ".daicho-seal-probe"
_PTRACE_SEIZE = 0x4206
_CHILD_SECONDS = 20.0
_CHILD = f"""
import _socket, os, sys
def refused(action):
    try:
        action()
    except OSError as error:
        return error.errno in {sorted(REFUSALS)}
    return False
parent, *places = sys.argv[1:]
def reach(place):
    os.listdir(place) if os.path.isdir(place) else os.close(os.open(place, os.O_RDONLY))
tries = [lambda place=place: reach(place) for place in places]
tries += [lambda: _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM), lambda: os.kill(int(parent), 0)]
sys.stdout.write("refused" if all([refused(action) for action in tries]) else "reached")
"""


def is_refused(action: Callable[[], object], *, refusals: frozenset[int] = REFUSALS) -> bool:
    """Whether an action fails because it is not allowed. Success is no refusal, and neither is any other failure."""
    try:
        action()
    except OSError as error:
        return error.errno in refusals
    return False


def is_place_closed(place: Path) -> bool:
    """Whether a file cannot be read, or a folder neither listed nor written to.

    A place that does not exist yet is closed when it cannot be made, and what lies above it can be neither listed nor written to.
    """
    if os.path.lexists(place):
        return _is_folder_closed(place) if place.is_dir() else is_refused(lambda: _read(place))
    above = next(folder for folder in place.parents if folder.exists())
    return _is_folder_closed(above) and is_refused(lambda: _make(above / place.relative_to(above).parts[0]))


def is_folder_unwritable(folder: Path) -> bool:
    """Whether no file can be made in a folder."""
    return is_refused(lambda: _make(folder / _PROBE))


def is_memory_closed(pid: int) -> bool:
    """Whether another process's memory cannot be opened."""
    return is_refused(lambda: _read(Path(f"/proc/{pid}/mem")))


def is_environment_closed(pid: int) -> bool:
    """Whether another process's environment cannot be read."""
    return is_refused(lambda: _read(Path(f"/proc/{pid}/environ")))


def is_tracing_refused(pid: int) -> bool:
    """Whether another process cannot be traced. Seizing does not stop it, should the seal fail."""
    return is_refused(lambda: _trace(pid))


def is_signal_refused(pid: int) -> bool:
    """Whether no signal reaches another process (signal 0: nothing is sent, should the seal fail)."""
    return is_refused(lambda: os.kill(pid, 0))


def is_tcp_refused() -> bool:
    """Whether no TCP connection can be opened, to this machine or from outside."""
    return is_refused(lambda: _with_socket(socket.SOCK_STREAM, lambda tcp: tcp.connect(("127.0.0.1", 9)))) and is_refused(
        lambda: _with_socket(socket.SOCK_STREAM, lambda tcp: tcp.bind(("127.0.0.1", 0)))
    )


def is_udp_refused() -> bool:
    """Whether no UDP datagram can be sent."""
    return is_refused(lambda: _with_socket(socket.SOCK_DGRAM, lambda udp: udp.sendto(b"", ("127.0.0.1", 9))))


def is_unix_connect_refused(path: Path) -> bool:
    """Whether no further Unix socket can be connected to: neither one with a path nor an abstract one."""
    return all(is_refused(partial(_connect_unix, name)) for name in (str(path), f"\0{path}"))


def is_linking_refused(target: Path, *, work_dir: Path) -> bool:
    """Whether neither a symbolic nor a hard link in the work folder leads to a file outside. Landlock refuses hard links with EXDEV."""
    symbolic, hard = work_dir / f"{_PROBE}-s", work_dir / f"{_PROBE}-h"
    try:
        symbolic_led_nowhere = is_refused(lambda: symbolic.symlink_to(target)) or is_place_closed(symbolic)
        hard_refused = is_refused(lambda: os.link(target, hard), refusals=REFUSALS | {errno.EXDEV})
        return symbolic_led_nowhere and hard_refused
    finally:
        for link in (symbolic, hard):
            with suppress(OSError):
                link.unlink()


def is_child_confined(places: Sequence[Path], *, parent_pid: int) -> bool:
    """Whether a program started from here is refused the same: files, network, signals. Not being able to start one is also good."""
    command = [sys.executable, "-I", "-S", "-c", _CHILD, str(parent_pid), *(str(place) for place in places)]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=_CHILD_SECONDS, check=False, stdin=subprocess.DEVNULL)
    except PermissionError:
        return True
    except (OSError, subprocess.SubprocessError):
        return False
    return ended.stdout == b"refused"


def _is_folder_closed(folder: Path) -> bool:
    return is_refused(lambda: next(folder.iterdir(), None)) and is_folder_unwritable(folder)


def _read(path: Path) -> None:
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))


def _make(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    path.unlink()


def _trace(pid: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.ptrace(ctypes.c_long(_PTRACE_SEIZE), ctypes.c_int(pid), None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _with_socket(kind: int, use: Callable[[socket.socket], object]) -> None:
    with socket.socket(socket.AF_INET, kind) as opened:
        use(opened)


def _connect_unix(name: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
        opened.connect(name[:100])

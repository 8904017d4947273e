"""What a process gives up about itself before it is sealed: privileges, core dumps, inherited descriptors."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Collection
from pathlib import Path

from daicho.core.errors import SealError
from daicho.seal.system_calls import call

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522


def require_single_thread() -> None:
    """Raise SealError when a second thread runs: Landlock binds only the thread that asks and those it starts later."""
    count = len(list(Path("/proc/self/task").iterdir()))
    if count != 1:
        raise SealError(f"the kernel cannot be sealed: {count} threads run; seal before importing a library that starts threads.")


def close_inherited_descriptors(*, keep: Collection[int] = ()) -> None:
    """Close every descriptor but the three standard ones and those named: a descriptor opened before the seal stays usable after it."""
    lowest = 3
    for descriptor in sorted(keep):
        os.closerange(lowest, descriptor)
        lowest = descriptor + 1
    os.closerange(lowest, _highest_descriptor() + 1)


def give_up_privileges() -> None:
    """No new privileges, no capabilities, no core dumps, no reading of this process's memory by others of the same user.

    Not dumpable: for a user other than 0 most of /proc/self then belongs to user 0. Python, polars and ipykernel read only
    world-readable files there (tested), so nothing is lost. A program started from here is dumpable again, but as sealed.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _drop_capabilities()
    call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def _drop_capabilities() -> None:
    """Empty all capability sets. With no_new_privs a program started later, even by user 0, gets none back (capabilities(7))."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    call("capset", ctypes.byref(header), ctypes.byref(none))


def _highest_descriptor() -> int:
    return max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())

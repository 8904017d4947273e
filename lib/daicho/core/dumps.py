"""A process that holds identifying data or a key leaves no copy of its memory: neither a core dump nor an open door for a debugger."""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def forbid_dumps() -> None:
    """No core dumps from this process and what it starts; its memory and environment closed to other processes of the same user.

    The limit alone would not do: where dumps go to a program, the system does not ask for it. Programs started from here are readable
    again until they do the same.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

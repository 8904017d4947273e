"""Run a program as on a machine without Landlock: `python -m tests.cli.without_landlock PROGRAM ARGUMENT…`.

A seccomp filter answers landlock_create_ruleset with ENOSYS, as a kernel without Landlock does, for the program and all it starts.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

from daicho.seal.seccomp import Instruction, install_filter
from daicho.seal.system_calls import call_number, processor

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_NO_NEW_PRIVS = 38


def main(program: str, arguments: list[str]) -> None:
    number = call_number("landlock_create_ruleset", machine=processor())
    assert number is not None
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    install_filter(
        [
            Instruction(LOAD, 0),
            Instruction(EQUAL, number, if_false=1),
            Instruction(RETURN, ERRNO | errno.ENOSYS),
            Instruction(RETURN, ALLOW),
        ]
    )
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""Close the seal around this process, for good."""

from __future__ import annotations

import os
from collections.abc import Callable

from daicho.core.errors import SealError
from daicho.seal.landlock import LEAST_ABI, SCOPED_ABI, landlock_abi, restrict_files_and_network
from daicho.seal.policy import SealPolicy
from daicho.seal.privileges import give_up_privileges, require_single_thread
from daicho.seal.seccomp import build_filter, install_filter
from daicho.seal.system_calls import processor

Prober = Callable[[], int]


def seal_available(*, prober: Prober = landlock_abi) -> int:
    """Return the Landlock ABI when this machine can seal a kernel, else 0. A result below LEAST_ABI counts as none."""
    abi = prober()
    return abi if abi >= LEAST_ABI else 0


def require_seal(*, prober: Prober = landlock_abi) -> int:
    """Return the Landlock ABI. Raises SealError, saying what to do, where the machine cannot seal a kernel."""
    abi = seal_available(prober=prober)
    if not abi:
        raise SealError(
            f"this machine cannot seal a kernel: it needs Landlock ABI {LEAST_ABI} (Linux 6.7, lsm= with landlock) and has {prober()}. "
            "Use another machine, or set seal.allow_unsealed = true in daicho.toml, and every report will say 封止なし."
        )
    return abi


def apply_seal(policy: SealPolicy, *, prober: Prober = landlock_abi) -> int:
    """Seal this process and all it will start, and return the Landlock ABI.

    Must run before any second thread and before code of the user. Raises SealError when any part cannot be closed: the
    caller then must end the process.
    """
    machine = processor()
    abi = require_seal(prober=prober)
    require_single_thread()
    failed = ""
    try:
        give_up_privileges()
        restrict_files_and_network(policy.rules, abi=abi)
        own_pid = None if abi >= SCOPED_ABI else os.getpid()
        install_filter(build_filter(machine=machine, own_pid=own_pid))
    except OSError as error:
        failed = f"{error.filename or 'a system call'}: {error.strerror}"
    if failed:
        raise SealError(f"the kernel could not be sealed ({failed}); the kernel of this system or its container forbids it.")
    return abi

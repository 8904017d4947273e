"""What a sealed kernel may touch, and what it must never: built once, checked against itself, then handed to Landlock."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import daicho
from daicho.core.errors import SealError
from daicho.seal.landlock import LISTEN, READ, READ_AND_RUN, WORK, WRITE_FILE_ONLY, PathRule

SYSTEM_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64")
SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/dev/urandom",
    "/dev/random",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/random/boot_id",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)
OWN_PROCESS_FILES = ("fd", "maps", "stat", "statm", "status", "cgroup", "mountinfo")
"""Of /proc/self only these: not its environment, not its memory, not its view of the network."""
_SHARED_PREFIXES = (Path("/"), Path("/usr"), Path("/usr/local"))


@dataclass(frozen=True)
class SealPolicy:
    """The rights of one kernel, and the places and processes its self-test tries to reach. All paths are absolute and resolved."""

    rules: tuple[PathRule, ...]
    work_dir: Path
    protected: Mapping[str, Path]
    state_dir: Path
    gate_socket: Path
    gate_pid: int
    parent_pid: int
    private: tuple[Path, ...] = field(default=())


def build_policy(
    *,
    work_dir: Path,
    socket_dir: Path,
    readable: Iterable[Path],
    protected: Mapping[str, Path],
    state_dir: Path,
    gate_socket: Path,
    gate_pid: int,
    parent_pid: int,
) -> SealPolicy:
    """Return the policy of one kernel: libraries and `readable` to read, `work_dir` to work in, `socket_dir` to listen in.

    `protected` names the places that must stay closed whatever else is granted. Raises SealError when a granted place holds a
    protected one or lies inside it, or when anything but the work folder is granted inside the state folder.
    """
    rules = [PathRule(path.resolve(), READ_AND_RUN) for path in interpreter_paths()]
    rules += [PathRule(Path(path).resolve(), READ_AND_RUN) for path in SYSTEM_LIBRARIES]
    rules += [PathRule(Path(path).resolve(), READ) for path in SYSTEM_FILES]
    rules += [PathRule(Path(f"/proc/{os.getpid()}/{name}"), READ) for name in OWN_PROCESS_FILES]
    rules += [PathRule(Path("/dev/null"), WRITE_FILE_ONLY)]
    rules += [PathRule(path.resolve(), READ) for path in readable]
    rules += [PathRule(socket_dir.resolve(), LISTEN), PathRule(work_dir.resolve(), WORK)]
    policy = SealPolicy(
        rules=tuple(dict.fromkeys(rules)),
        work_dir=work_dir.resolve(),
        protected={name: path.resolve() for name, path in protected.items()},
        state_dir=state_dir.resolve(),
        gate_socket=gate_socket,
        gate_pid=gate_pid,
        parent_pid=parent_pid,
        private=private_places(),
    )
    check_policy(policy)
    return policy


def check_policy(policy: SealPolicy) -> None:
    """Raise SealError when the policy grants a protected place, or a way to one."""
    for rule in policy.rules:
        closed = {**policy.protected} if rule.path == policy.work_dir else {**policy.protected, "state folder": policy.state_dir}
        for name, place in closed.items():
            if _overlap(rule.path, place):
                raise SealError(
                    f"the kernel cannot be sealed: it needs {rule.path}, but the {name} {place} must stay closed; move one of them."
                )
    if policy.state_dir.is_relative_to(policy.work_dir):
        raise SealError(f"the kernel cannot be sealed: its work folder {policy.work_dir} holds the state folder; give it another.")


def interpreter_paths() -> tuple[Path, ...]:
    """What the interpreter is made of: its prefixes whole where they are its own, only library and program where shared; and daicho."""
    paths: list[Path] = []
    for prefix in dict.fromkeys(Path(text) for text in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)):
        shared = prefix.resolve() in _SHARED_PREFIXES
        paths += [prefix / "lib", prefix / "lib64"] if shared else [prefix]
    paths += [Path(sys.executable).resolve(), *(Path(folder) for folder in daicho.__path__)]
    return tuple(dict.fromkeys(paths))


def private_places() -> tuple[Path, ...]:
    """What a kernel has no business reading on any machine: the users' list and the user's home folder."""
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        home = Path("/root")
    return (Path("/etc/passwd"), home)


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)

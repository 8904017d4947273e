"""A seccomp filter for what Landlock does not know: sockets other than Unix streams, connecting, tracing, changing attributes.

A refused call returns EPERM; nothing is killed, so a library that probes for a feature simply does without it.
Source: Documentation/userspace-api/seccomp_filter.rst; include/uapi/linux/seccomp.h, filter.h, audit.h.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from daicho.seal.system_calls import X86_64, call, call_number

DENIED_CALLS: tuple[str, ...] = (
    # reaching other processes, by network, socket or shared memory
    "connect", "io_uring_setup", "io_uring_enter", "io_uring_register", "mq_open", "mq_unlink",
    "msgget", "msgrcv", "msgsnd", "semget", "semop", "semtimedop", "shmat", "shmget",
    # reading or steering other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "pidfd_getfd", "kcmp",
    "migrate_pages", "move_pages", "ioprio_set", "setpriority", "perf_event_open", "bpf", "userfaultfd",
    # another view of the file system, or a way round path checks
    "mount", "umount2", "move_mount", "mount_setattr", "open_tree", "open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick",
    "pivot_root", "chroot", "unshare", "setns", "open_by_handle_at", "name_to_handle_at",
    # watching or changing files without opening them: Landlock does not handle these
    "inotify_init", "inotify_init1", "inotify_add_watch", "fanotify_init", "fanotify_mark",
    "chown", "fchown", "lchown", "fchownat", "mknod", "mknodat", "file_setattr",
    "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
    "quotactl", "quotactl_fd",
    # keys and the machine itself
    "keyctl", "add_key", "request_key", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
    "swapon", "swapoff", "reboot", "acct", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime",
    "sethostname", "setdomainname", "iopl", "ioperm", "modify_ldt", "personality", "syslog", "vhangup",
)  # fmt: skip

IGNORED_CALLS: tuple[str, ...] = ("chmod", "fchmod", "fchmodat", "fchmodat2", "utime", "utimes", "futimesat", "utimensat")
"""Modes and times of files: Landlock would let a kernel open the vault's folder to other users. Answered "done" and not done, because
shutil.copy and much else set them as a matter of course."""

SIGNAL_CALLS: tuple[str, ...] = ("kill", "tgkill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")
"""Denied towards others where Landlock cannot keep signals inside (ABI below 6)."""

SCHEDULING_CALLS: tuple[str, ...] = ("sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler")
"""Of others: the gate of the same user could be slowed down. Answered "done" and not done: libzmq sets its threads' scheduling by their ids,
which a filter cannot tell from those of others, and aborts where that fails."""

_AUDIT_ARCH = {X86_64: 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
_SET_MODE_FILTER, _FILTER_FLAG_TSYNC = 1, 1
_RETURN_ALLOW, _RETURN_ERRNO = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06  # BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_RET|K
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45  # BPF_JMP with JEQ, JGE, JSET and a constant

_SOCKET_TYPE_MASK = 0xF
_NEW_NAMESPACES = 0x7E020080  # CLONE_NEWTIME|NEWNS|NEWCGROUP|NEWUTS|NEWIPC|NEWUSER|NEWPID|NEWNET
_PR_SET_DUMPABLE, _PR_SET_PTRACER = 4, 0x59616D61
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # put characters into a terminal's input
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902  # whom a descriptor's events signal: any process of the user
_F_SETOWN, _F_SETOWN_EX = 8, 15  # the same by fcntl


@dataclass(frozen=True)
class Instruction:
    """One BPF instruction: jumps count the instructions to skip."""

    code: int
    value: int
    if_true: int = 0
    if_false: int = 0


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def build_filter(*, machine: str, own_pid: int | None) -> tuple[Instruction, ...]:
    """Return the filter for a processor. With `own_pid`, signals are allowed to that process only."""
    program = [
        _load(_ARCH_AT),
        Instruction(_EQUAL, _AUDIT_ARCH[machine], if_true=1),
        _refuse(),
        _load(_NUMBER_AT),
    ]
    if machine == X86_64:
        # The x32 numbers reach the same calls by another road.
        program += [Instruction(_AT_LEAST, _X32_BIT, if_false=1), _refuse()]
    for name in DENIED_CALLS:
        program += _when(name, [_refuse()], machine=machine)
    for name in IGNORED_CALLS:
        program += _when(name, [_refuse(0)], machine=machine)
    for name in ("socket", "socketpair"):
        program += _when(name, _unix_stream_only(), machine=machine)
    # clone3 hides its flags in memory a filter cannot read; ENOSYS sends the C library back to clone.
    program += _when("clone3", [_refuse(errno.ENOSYS)], machine=machine)
    program += _when("clone", [_load_argument(0), Instruction(_ANY_BIT, _NEW_NAMESPACES, if_false=1), _refuse(), _allow()], machine=machine)
    program += _when("prctl", _refuse_values(0, (_PR_SET_DUMPABLE, _PR_SET_PTRACER)), machine=machine)
    program += _when("ioctl", _refuse_values(1, (_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP)), machine=machine)
    program += _when("fcntl", _refuse_values(1, (_F_SETOWN, _F_SETOWN_EX)), machine=machine)
    program += _when("prlimit64", _allow_only(0, 0), machine=machine)
    for name in SCHEDULING_CALLS:
        program += _when(name, _allow_only(0, 0, error=0), machine=machine)
    if own_pid is not None:
        for name in SIGNAL_CALLS:
            program += _when(name, _allow_only(0, own_pid), machine=machine)
    return (*program, _allow())


def install_filter(program: Sequence[Instruction]) -> None:
    """Give every thread of this process the filter, for good. The process must have no_new_privs. Raises OSError when it cannot."""
    encoded = b"".join(struct.pack("=HBBI", step.code, step.if_true, step.if_false, step.value) for step in program)
    filter_program = _Program(length=len(program), instructions=encoded)
    call("seccomp", _SET_MODE_FILTER, _FILTER_FLAG_TSYNC, ctypes.byref(filter_program))


def _when(name: str, steps: Sequence[Instruction], *, machine: str) -> list[Instruction]:
    number = call_number(name, machine=machine)
    return [] if number is None else [Instruction(_EQUAL, number, if_false=len(steps)), *steps]


def _unix_stream_only() -> list[Instruction]:
    return [
        _load_argument(0),
        Instruction(_EQUAL, int(socket.AF_UNIX), if_true=1),
        _refuse(),
        _load_argument(1),
        Instruction(_AND, _SOCKET_TYPE_MASK),
        Instruction(_EQUAL, int(socket.SOCK_STREAM), if_true=1),
        _refuse(),
        _allow(),
    ]


def _refuse_values(argument: int, values: Sequence[int]) -> list[Instruction]:
    tests = [step for value in values for step in (Instruction(_EQUAL, value, if_false=1), _refuse())]
    return [_load_argument(argument), *tests, _allow()]


def _allow_only(argument: int, value: int, *, error: int = errno.EPERM) -> list[Instruction]:
    return [_load_argument(argument), Instruction(_EQUAL, value, if_true=1), _refuse(error), _allow()]


def _load(offset: int) -> Instruction:
    return Instruction(_LOAD, offset)


def _load_argument(index: int) -> Instruction:
    """Load the low half of an argument: both processors are little-endian, and these arguments are ints."""
    return Instruction(_LOAD, _ARGUMENTS_AT + 8 * index)


def _refuse(error: int = errno.EPERM) -> Instruction:
    return Instruction(_RETURN, _RETURN_ERRNO | error)


def _allow() -> Instruction:
    return Instruction(_RETURN, _RETURN_ALLOW)

"""The seccomp filter, run by a small interpreter of its own, so that both processors and every argument can be tried."""

from __future__ import annotations

import errno
import re
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from daicho.seal.seccomp import DENIED_CALLS, IGNORED_CALLS, SCHEDULING_CALLS, SIGNAL_CALLS, Instruction, build_filter
from daicho.seal.system_calls import AARCH64, X86_64, call_number

ARCHITECTURE = {X86_64: 0xC000003E, AARCH64: 0xC00000B7}
ALLOWED = "allowed"
MACHINES = (X86_64, AARCH64)


def decide(program: Sequence[Instruction], *, architecture: int, number: int, arguments: Sequence[int] = ()) -> str:
    """Run a filter over one system call: "allowed", or the name of the error it returns ("done": zero)."""
    words = {0: number, 4: architecture} | {16 + 8 * index: value & 0xFFFFFFFF for index, value in enumerate((*arguments, 0, 0, 0))}
    accumulator, at = 0, 0
    while True:
        step = program[at]
        at += 1
        if step.code == 0x20:
            accumulator = words[step.value]
        elif step.code == 0x54:
            accumulator &= step.value
        elif step.code == 0x06:
            error = step.value & 0xFFFF
            return ALLOWED if step.value >> 16 == 0x7FFF else errno.errorcode.get(error, "done")
        else:
            holds = {0x15: accumulator == step.value, 0x35: accumulator >= step.value, 0x45: bool(accumulator & step.value)}[step.code]
            at += step.if_true if holds else step.if_false


def decided(name: str, *arguments: int, machine: str = X86_64, own_pid: int | None = None) -> str:
    number = call_number(name, machine=machine)
    assert number is not None
    program = build_filter(machine=machine, own_pid=own_pid)
    return decide(program, architecture=ARCHITECTURE[machine], number=number, arguments=arguments)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_denied_call_is_denied(machine: str) -> None:
    names = [name for name in DENIED_CALLS if call_number(name, machine=machine) is not None]
    assert len(names) > 80
    assert {decided(name, machine=machine) for name in names} == {"EPERM"}


@pytest.mark.parametrize("machine", MACHINES)
def test_modes_and_times_are_answered_done_and_not_done(machine: str) -> None:
    names = [name for name in IGNORED_CALLS if call_number(name, machine=machine) is not None]
    assert {decided(name, machine=machine) for name in names} == {"done"}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["socket", "socketpair"])
def test_only_unix_stream_sockets_can_be_made(name: str, machine: str) -> None:
    flags = socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    assert decided(name, socket.AF_UNIX, socket.SOCK_STREAM | flags, machine=machine) == ALLOWED
    for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
        assert decided(name, socket.AF_UNIX, kind, machine=machine) == "EPERM"
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK):
        assert decided(name, family, socket.SOCK_STREAM, machine=machine) == "EPERM"


@pytest.mark.parametrize("machine", MACHINES)
def test_a_process_may_be_cloned_but_not_into_a_namespace(machine: str) -> None:
    assert decided("clone", 0x01200000 | signal.SIGCHLD, machine=machine) == ALLOWED
    for namespace in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert decided("clone", namespace | signal.SIGCHLD, machine=machine) == "EPERM"
    assert decided("clone3", machine=machine) == "ENOSYS"


def test_a_process_cannot_become_dumpable_or_name_a_tracer_but_may_use_prctl() -> None:
    assert decided("prctl", 4, 1) == "EPERM"
    assert decided("prctl", 0x59616D61, 1) == "EPERM"
    assert decided("prctl", 15) == ALLOWED


def test_nothing_can_be_typed_into_a_terminal_but_its_size_may_be_asked() -> None:
    assert decided("ioctl", 0, 0x5412) == "EPERM"
    assert decided("ioctl", 0, 0x541C) == "EPERM"
    assert decided("ioctl", 0, 0x5413) == ALLOWED


def test_only_the_own_limits_can_be_touched() -> None:
    assert decided("prlimit64", 0) == ALLOWED
    assert decided("prlimit64", 1) == "EPERM"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", SCHEDULING_CALLS)
def test_only_the_own_scheduling_can_be_changed(name: str, machine: str) -> None:
    assert decided(name, 0, machine=machine) == ALLOWED
    assert decided(name, 4322, machine=machine) == "done"


@pytest.mark.parametrize("machine", MACHINES)
def test_no_descriptor_can_be_told_whom_to_signal(machine: str) -> None:
    for command in (8, 15):  # F_SETOWN, F_SETOWN_EX
        assert decided("fcntl", 5, command, machine=machine) == "EPERM"
    for command in (0, 1, 2, 3, 4, 6, 9):
        assert decided("fcntl", 5, command, machine=machine) == ALLOWED
    for request in (0x8901, 0x8902):  # FIOSETOWN, SIOCSPGRP
        assert decided("ioctl", 5, request, machine=machine) == "EPERM"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", SIGNAL_CALLS)
def test_where_landlock_cannot_keep_signals_inside_only_the_own_process_can_be_signalled(name: str, machine: str) -> None:
    assert decided(name, 4321, machine=machine, own_pid=4321) == ALLOWED
    assert decided(name, 4322, machine=machine, own_pid=4321) == "EPERM"
    assert decided(name, 4322, machine=machine) == ALLOWED


@pytest.mark.parametrize("number", [41, 42, 0, 59])
def test_the_same_calls_by_another_road_are_refused(number: int) -> None:
    program = build_filter(machine=X86_64, own_pid=None)
    assert decide(program, architecture=ARCHITECTURE[X86_64], number=0x40000000 | number) == "EPERM"
    assert decide(program, architecture=0x40000003, number=number) == "EPERM"  # the 32-bit calls of the same processor


def test_ordinary_calls_are_allowed() -> None:
    program = build_filter(machine=X86_64, own_pid=None)
    for number in (
        0,
        1,
        3,
        9,
        11,
        202,
        232,
        257,
        290,
        318,
    ):  # read, write, close, mmap, munmap, futex, epoll_wait, openat, eventfd2, getrandom
        assert decide(program, architecture=ARCHITECTURE[X86_64], number=number) == ALLOWED


@pytest.mark.parametrize(
    ("machine", "header"),
    [(X86_64, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), (AARCH64, "/usr/include/asm-generic/unistd.h")],
)
def test_call_numbers_agree_with_the_headers_of_the_system(machine: str, header: str) -> None:
    if not Path(header).is_file():
        pytest.skip(f"{header} is not installed")
    known = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())}
    names = [
        name
        for name in (
            *DENIED_CALLS,
            *IGNORED_CALLS,
            *SIGNAL_CALLS,
            *SCHEDULING_CALLS,
            "fcntl",
            "socket",
            "socketpair",
            "clone",
            "prctl",
            "ioctl",
        )
        if name in known
    ]
    assert len(names) > 90
    assert {name: call_number(name, machine=machine) for name in names} == {name: known[name] for name in names}

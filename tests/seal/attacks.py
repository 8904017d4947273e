"""Attempts to get out of the seal, each a function that raises OSError when it is refused and returns when it got through.

Run as a program it makes them, sealed or (`--unsealed`) as a control, and prints what came of each as JSON.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from daicho.seal.apply import apply_seal
from daicho.seal.policy import build_policy
from daicho.seal.system_calls import call

AT_FDCWD = -100


@dataclass(frozen=True)
class Prey:
    """What the attempts are after: files of a pretended workspace, a process with a secret, and listeners of every kind."""

    root: Path
    pid: int
    tcp_port: int
    udp_port: int
    unix_path: Path
    abstract_name: str

    @property
    def vault(self) -> Path:
        return self.root / "var" / "vault"

    @property
    def canary(self) -> Path:
        return self.vault / "canary"

    @property
    def work(self) -> Path:
        return self.root / "var" / "work" / "run"

    @property
    def sockets(self) -> Path:
        return self.root / "ipc"


def _open(path: Path | str, flags: int = os.O_RDONLY, mode: int = 0o600, **more: Any) -> None:
    os.close(os.open(path, flags, mode, **more))


def _map(path: Path) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        mapped.read(1)


def _open_by_system_call(path: Path) -> None:
    how = (ctypes.c_uint64 * 3)(os.O_RDONLY, 0, 0)
    library = ctypes.CDLL(None, use_errno=True)
    opened = library.syscall(ctypes.c_long(437), ctypes.c_int(AT_FDCWD), os.fsencode(path), ctypes.byref(how), ctypes.c_size_t(24))
    if opened < 0:
        raise OSError(ctypes.get_errno(), "openat2")
    os.close(opened)


def _link_and_read(prey: Prey) -> None:
    link = prey.work / "symbolic"
    link.symlink_to(prey.canary)
    link.read_text()


def _change_mode(prey: Prey) -> None:
    before = prey.canary.stat().st_mode
    prey.canary.chmod(0o600)
    if prey.canary.stat().st_mode == before:
        raise PermissionError(errno.EPERM, "nothing changed")


def _change_times(prey: Prey) -> None:
    os.utime(prey.canary, (1, 1))
    if prey.canary.stat().st_mtime != 1:
        raise PermissionError(errno.EPERM, "nothing changed")


def _run_from_work_folder(prey: Prey) -> None:
    script = prey.work / "script"
    script.write_text("#!/bin/sh\nexit 0\n")
    os.chmod(script, 0o700)  # noqa: PTH101 - the call is the point
    subprocess.run([str(script)], check=False)


def _in_thread(action: Callable[[], None]) -> None:
    caught: list[OSError] = []

    def attempt() -> None:
        try:
            action()
        except OSError as error:
            caught.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


def _in_fork(action: Callable[[], None]) -> None:
    child = os.fork()
    if child == 0:
        code = 0
        try:
            action()
        except OSError as error:
            code = error.errno or 255
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, "in a child")


def _in_program(path: Path) -> None:
    code = f"import sys\ntry:\n open({str(path)!r})\nexcept OSError as e:\n sys.exit(e.errno)"
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False)
    if ended.returncode:
        raise OSError(ended.returncode, "in a program")


def _in_program_from_memory(path: Path) -> None:
    """A program that lies in no folder has no rule of its own: it must be as sealed as whoever starts it."""
    handle = os.memfd_create("program", 0)
    os.write(handle, Path(sys.executable).resolve().read_bytes())
    code = f"try:\n open({str(path)!r})\nexcept OSError as e:\n import os\n os._exit(e.errno)"
    child = os.fork()
    if child == 0:
        os.execve(handle, [sys.executable, "-I", "-S", "-c", code], dict(os.environ))
    code_ = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(handle)
    if code_:
        raise OSError(code_, "in a program from memory")


def _pass_over_a_socket(path: Path) -> None:
    """A child that may not open a file cannot hand its descriptor to its parent either."""
    one, other = socket.socketpair()
    with one, other:

        def open_and_send() -> None:
            socket.send_fds(other, [b"x"], [os.open(path, os.O_RDONLY)])

        _in_fork(open_and_send)
        _, (received,), _, _ = socket.recv_fds(one, 1, 1)
        os.close(received)


def _trace(pid: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.ptrace(ctypes.c_long(0x4206), ctypes.c_int(pid), None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    library.ptrace(ctypes.c_long(17), ctypes.c_int(pid), None, None)


def _read_memory(pid: int) -> None:
    start = int(Path("/proc/self/maps").read_text().split("-", 1)[0], 16)
    buffer = ctypes.create_string_buffer(8)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    remote = (ctypes.c_void_p * 2)(start, 8)
    try:
        call("process_vm_readv", pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    except OSError as error:
        if error.errno != errno.EFAULT:  # the right to read was there, only not at this address
            raise


def _take_descriptor(pid: int) -> None:
    handle = os.pidfd_open(pid)
    try:
        os.close(call("pidfd_getfd", handle, 0, 0))
    finally:
        os.close(handle)


def _signal_by_handle(pid: int) -> None:
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, 0)  # type: ignore[arg-type]
    finally:
        os.close(handle)


def _bind_to_a_processor(prey: Prey) -> None:
    before = os.sched_getaffinity(prey.pid)
    os.sched_setaffinity(prey.pid, {max(before)})
    if len(before) > 1 and os.sched_getaffinity(prey.pid) == before:
        raise PermissionError(errno.EPERM, "nothing changed")


def _change_scheduling(prey: Prey) -> None:
    before = os.sched_getscheduler(prey.pid)
    os.sched_setscheduler(prey.pid, os.SCHED_BATCH, os.sched_param(0))
    if os.sched_getscheduler(prey.pid) == before:
        raise PermissionError(errno.EPERM, "nothing changed")


def _signal_by_owner(pid: int) -> None:
    """Events of a descriptor can be made to signal any process of the same user."""
    one, other = socket.socketpair()
    with one, other:
        fcntl.fcntl(one, fcntl.F_SETOWN, pid)


def _signal_by_group(pid: int) -> None:
    one, other = socket.socketpair()
    with one, other:
        fcntl.ioctl(one, 0x8901, ctypes.c_int(pid))


def _socket(family: int, kind: int, use: Callable[[socket.socket], object]) -> None:
    with socket.socket(family, kind) as opened:
        use(opened)


def _datagram_over_pair(prey: Prey) -> None:
    """A connected pair of datagram sockets can still send to any address."""
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        one.sendto(b"x", str(prey.unix_path) + ".dgram")


def _type_into_terminal(_: Prey) -> None:
    master, slave = os.openpty() if os.path.exists("/dev/ptmx") else (-1, -1)  # noqa: PTH110
    try:
        fcntl.ioctl(slave, 0x5412, b"x")
    finally:
        os.close(master)
        os.close(slave)


def _be_dumpable(_: Prey) -> None:
    call("prctl", 4, 1, 0, 0, 0)


FILES: dict[str, Callable[[Prey], object]] = {
    "read a file": lambda prey: _open(prey.canary),
    "list a folder": lambda prey: os.listdir(prey.vault),  # noqa: PTH208
    "overwrite a file": lambda prey: _open(prey.canary, os.O_WRONLY),
    "truncate a file": lambda prey: os.truncate(prey.canary, 6),
    "make a file": lambda prey: _open(prey.vault / "new", os.O_WRONLY | os.O_CREAT),
    "make a folder": lambda prey: (prey.vault / "folder").mkdir(),
    "delete a file": lambda prey: (prey.vault / "spare").unlink(),
    "move a file into the work folder": lambda prey: (prey.vault / "movable").rename(prey.work / "moved"),
    "link a file into the work folder": lambda prey: os.link(prey.canary, prey.work / "hard"),
    "follow a symbolic link": _link_and_read,
    "climb out of the work folder": lambda prey: _open(prey.work / ".." / ".." / "vault" / "canary"),
    "map a file": lambda prey: _map(prey.canary),
    "open by system call": lambda prey: _open_by_system_call(prey.canary),
    "open by way of /proc/self/root": lambda prey: _open(f"/proc/self/root{prey.canary}"),
    "open relative to a folder held open": lambda prey: _open("canary", dir_fd=os.open(prey.vault, os.O_PATH)),
    "open a handle held open for its path": lambda prey: _open(f"/proc/self/fd/{os.open(prey.canary, os.O_PATH)}"),
    "change a mode": _change_mode,
    "change times": _change_times,
    "set an attribute": lambda prey: os.setxattr(prey.canary, "user.x", b"1"),
    "read the configuration's neighbour": lambda prey: _open(prey.root / "daicho.toml"),
    "list the work folder's siblings": lambda prey: os.listdir(prey.work.parent),  # noqa: PTH208
    "list the home folder": lambda _: os.listdir(os.path.expanduser("~")),  # noqa: PTH111, PTH208
    "read the users": lambda _: _open("/etc/passwd"),
    "make a named pipe": lambda prey: os.mkfifo(prey.work / "pipe"),
    "listen in the work folder": lambda prey: _socket(socket.AF_UNIX, socket.SOCK_STREAM, lambda opened: opened.bind(str(prey.work / "s"))),
    "run a program from the work folder": _run_from_work_folder,
    "watch a folder": lambda prey: call("inotify_add_watch", call("inotify_init1", 0), os.fsencode(prey.vault), 0x100),
    "read from a thread": lambda prey: _in_thread(lambda: _open(prey.canary)),
    "read from a fork": lambda prey: _in_fork(lambda: _open(prey.canary)),
    "read from another program": lambda prey: _in_program(prey.canary),
    "read from a program in memory": lambda prey: _in_program_from_memory(prey.canary),
    "have a child open it and pass it on": lambda prey: _pass_over_a_socket(prey.canary),
    "list another process's working folder": lambda prey: os.listdir(f"/proc/{prey.pid}/cwd"),  # noqa: PTH208
    "copy by sending it to a file": lambda prey: os.sendfile(
        os.open(prey.work / "copy", os.O_WRONLY | os.O_CREAT), os.open(prey.canary, 0), 0, 6
    ),
    "read what a standard stream's folder holds": lambda prey: _open(f"/proc/{prey.pid}/fd/0"),
}
PROCESSES: dict[str, Callable[[Prey], object]] = {
    "read an environment": lambda prey: _open(f"/proc/{prey.pid}/environ"),
    "read a memory": lambda prey: _open(f"/proc/{prey.pid}/mem"),
    "read a command line": lambda prey: _open(f"/proc/{prey.pid}/cmdline"),
    "list open files": lambda prey: os.listdir(f"/proc/{prey.pid}/fd"),  # noqa: PTH208
    "list processes": lambda _: os.listdir("/proc"),  # noqa: PTH208
    "see the network": lambda _: _open("/proc/self/net/unix"),
    "trace": lambda prey: _trace(prey.pid),
    "read memory by system call": lambda prey: _read_memory(prey.pid),
    "take a descriptor": lambda prey: _take_descriptor(prey.pid),
    "signal": lambda prey: os.kill(prey.pid, 0),
    "signal by handle": lambda prey: _signal_by_handle(prey.pid),
    "signal by a descriptor's events": lambda prey: _signal_by_owner(prey.pid),
    "signal by a descriptor's events, set otherwise": lambda prey: _signal_by_group(prey.pid),
    "signal from a fork": lambda prey: _in_fork(lambda: os.kill(prey.pid, 0)),
    "limit its resources": lambda prey: call("prlimit64", prey.pid, 7, None, ctypes.byref((ctypes.c_uint64 * 2)())),
    "slow it down": lambda prey: os.setpriority(os.PRIO_PROCESS, prey.pid, 1),
    "slow all of the user down": lambda _: os.setpriority(os.PRIO_USER, 0, os.getpriority(os.PRIO_USER, 0)),
    "bind it to a processor": _bind_to_a_processor,
    "change its scheduling": _change_scheduling,
    "share memory": lambda _: call("shmget", 0, 4096, 0o1600),
    "open a message queue": lambda _: os.close(call("mq_open", b"daicho-test", os.O_CREAT | os.O_RDWR, 0o600, None)),
    "be dumpable again": _be_dumpable,
}
NETWORK: dict[str, Callable[[Prey], object]] = {
    "connect by TCP": lambda prey: _socket(socket.AF_INET, socket.SOCK_STREAM, lambda tcp: tcp.connect(("127.0.0.1", prey.tcp_port))),
    "listen by TCP": lambda _: _socket(socket.AF_INET, socket.SOCK_STREAM, lambda tcp: tcp.bind(("127.0.0.1", 0))),
    "connect by TCP from another thread": lambda prey: _in_thread(lambda: NETWORK["connect by TCP"](prey) and None),
    "send by UDP": lambda prey: _socket(socket.AF_INET, socket.SOCK_DGRAM, lambda udp: udp.sendto(b"x", ("127.0.0.1", prey.udp_port))),
    "open a netlink socket": lambda _: _socket(socket.AF_NETLINK, socket.SOCK_RAW, lambda opened: opened.fileno()),
    "connect to a Unix socket": lambda prey: _socket(socket.AF_UNIX, socket.SOCK_STREAM, lambda unix: unix.connect(str(prey.unix_path))),
    "connect to an abstract socket": lambda prey: _socket(
        socket.AF_UNIX, socket.SOCK_STREAM, lambda unix: unix.connect("\0" + prey.abstract_name)
    ),
    "send a Unix datagram": _datagram_over_pair,
    "connect from a fork": lambda prey: _in_fork(lambda: NETWORK["connect to a Unix socket"](prey) and None),
}
PRIVILEGES: dict[str, Callable[[Prey], object]] = {
    "set up io_uring": lambda _: os.close(call("io_uring_setup", 1, ctypes.byref(ctypes.create_string_buffer(120)))),
    "make a user namespace": lambda _: _in_fork(lambda: call("unshare", 0x10000000) and None),
    "clone into a user namespace": lambda _: _leave_child(call("clone", 0x10000000 | int(signal.SIGCHLD), 0, 0, 0, 0)),
    "type into a terminal": _type_into_terminal,
}
POWERS: dict[str, Callable[[Prey], object]] = {
    "change the root": lambda prey: _in_fork(lambda: os.chroot(prey.work)),
    "mount": lambda prey: call("mount", b"none", os.fsencode(prey.work), b"tmpfs", 0, None),
    "make a device": lambda prey: os.mknod(prey.work / "device", 0o600 | 0o020000, os.makedev(1, 1)),
    "make a file handle": lambda _: call("open_by_handle_at", AT_FDCWD, ctypes.byref(ctypes.create_string_buffer(64)), 0),
    "load a program into the system's kernel": lambda _: call("bpf", 0, ctypes.byref(ctypes.create_string_buffer(128)), 128),
    "read the system's kernel log": lambda _: call("syslog", 3, ctypes.byref(ctypes.create_string_buffer(64)), 64),
    "use the key ring": lambda _: call("keyctl", 0, -3, 1),
    "count performance events": lambda _: call("perf_event_open", ctypes.byref(ctypes.create_string_buffer(128)), 0, -1, -1, 0),
    "handle page faults": lambda _: os.close(call("userfaultfd", 0)),
    "own a file anew": lambda prey: os.chown(prey.canary, 1, 1),
}


def _leave_child(pid: int) -> None:
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


ATTACKS = FILES | PROCESSES | NETWORK | PRIVILEGES | POWERS
SYSTEM_ONLY = frozenset(POWERS)
"""Attempts without a control: they would harm the machine if they got through, or fail without the seal too for want of privilege."""


def outcomes(prey: Prey, attacks: Mapping[str, Callable[[Prey], object]]) -> dict[str, str]:
    """Make attempts: "reached", or the name of the error that stopped it."""
    results: dict[str, str] = {}
    for name, attack in attacks.items():
        try:
            attack(prey)
            results[name] = "reached"
        except OSError as error:
            results[name] = errno.errorcode.get(error.errno or 0, "none")
    return results


def seal(prey: Prey) -> int:
    """Seal this process as the launcher would, with the prey's folders."""
    policy = build_policy(
        work_dir=prey.work,
        socket_dir=prey.sockets,
        readable=(),
        protected={"vault": prey.vault},
        state_dir=prey.root / "var",
        gate_socket=prey.unix_path,
        gate_pid=prey.pid,
        parent_pid=os.getppid(),
    )
    return apply_seal(policy)


def main() -> None:
    arguments = json.loads(sys.stdin.readline())
    prey = Prey(**{field.name: Path(arguments[field.name]) if field.type == "Path" else arguments[field.name] for field in fields(Prey)})
    if "--unsealed" in sys.argv:
        results = outcomes(prey, {name: attack for name, attack in ATTACKS.items() if name not in SYSTEM_ONLY})
    else:
        seal(prey)
        results = outcomes(prey, ATTACKS)
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main()

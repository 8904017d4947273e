"""What an honest notebook does, done inside the seal; prints what did not work. And what the process gave up, seen from inside."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.seal.attacks import Prey, seal

from daicho.seal.system_calls import call


def _work_with_files(prey: Prey) -> None:
    folder = prey.work / "報告"
    folder.mkdir()
    (folder / "a.csv").write_text("x\n1\n")
    (folder / "a.csv").rename(prey.work / "b.csv")
    assert (prey.work / "b.csv").read_text() == "x\n1\n"
    (prey.work / "b.csv").unlink()
    folder.rmdir()


def _compute_in_threads(_: Prey) -> None:
    import polars as pl

    frame = pl.DataFrame({"group": [1, 2] * 5000, "value": range(10_000)})
    assert frame.lazy().group_by("group").agg(pl.col("value").sum()).collect().height == 2
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda number: number + 1, range(3))) == [1, 2, 3]


def _listen(prey: Prey) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(prey.sockets / "k"))
        listener.listen()
    (prey.sockets / "k").unlink()
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"x")
        assert other.recv(1) == b"x"


def _start_a_program(_: Prey) -> None:
    said = subprocess.run([sys.executable, "-I", "-S", "-c", "print(7)"], capture_output=True, text=True, check=True)
    assert said.stdout == "7\n"


def _know_the_time(_: Prey) -> None:
    assert datetime.now(ZoneInfo("Asia/Tokyo")).utcoffset() is not None


def _write_to_nothing(_: Prey) -> None:
    Path("/dev/null").write_text("x")
    assert len(os.urandom(4)) == 4


def _signal_itself(_: Prey) -> None:
    os.kill(os.getpid(), 0)
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE)
    child.kill()
    child.wait()
    assert child.stdin is not None
    child.stdin.close()


def _serve_events(_: Prey) -> None:
    import asyncio

    asyncio.run(asyncio.sleep(0))
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


HONEST_WORK: dict[str, Callable[[Prey], None]] = {
    "work with files": _work_with_files,
    "compute in threads": _compute_in_threads,
    "listen where it may": _listen,
    "start a program": _start_a_program,
    "know the time": _know_the_time,
    "write to nothing": _write_to_nothing,
    "signal its own": _signal_itself,
    "serve events": _serve_events,
}


def main() -> None:
    arguments = json.loads(sys.stdin.readline())
    prey = Prey(**{field.name: Path(arguments[field.name]) if field.type == "Path" else arguments[field.name] for field in fields(Prey)})
    seal(prey)
    failed: dict[str, str] = {}
    for name, work in HONEST_WORK.items():
        try:
            work(prey)
        except Exception:
            failed[name] = traceback.format_exc()
    state = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    given_up = {
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "dumpable": call("prctl", 3, 0, 0, 0, 0),
        "no_new_privs": call("prctl", 39, 0, 0, 0, 0),
        "capabilities": [state[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")],
        "seccomp": state["Seccomp"],
    }
    sys.stdout.write(json.dumps({"failed": failed, "given_up": given_up}))


if __name__ == "__main__":
    main()

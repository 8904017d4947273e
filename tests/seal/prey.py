"""Something to attack: a pretended workspace, a process with a secret, listeners; and programs that run sealed beside it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.seal.attacks import Prey

REPOSITORY = Path(__file__).resolve().parents[2]
_SLEEPER = "import sys; sys.stdin.read()"


def make_folders(root: Path) -> None:
    """A pretended workspace with one secret."""
    for folder in ("var/vault", "var/keys", "var/log", "var/work/run", "ipc"):
        (root / folder).mkdir(parents=True)
    for name in ("canary", "spare", "movable"):
        (root / "var" / "vault" / name).write_text("CANARY")
    (root / "daicho.toml").write_text("")


@contextmanager
def prey_in(root: Path, *, sockets: Path) -> Iterator[Prey]:
    """The pretended workspace with a live process and listeners on every kind of socket."""
    make_folders(root)
    abstract = f"daicho-test-{os.getpid()}-{sockets.name}"
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen([sys.executable, "-I", "-S", "-c", _SLEEPER], stdin=subprocess.PIPE))
        tcp, udp, unix, named, datagram = (
            stack.enter_context(socket.socket(family, kind))
            for family, kind in (
                (socket.AF_INET, socket.SOCK_STREAM),
                (socket.AF_INET, socket.SOCK_DGRAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_DGRAM),
            )
        )
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(sockets / "s"))
        named.bind("\0" + abstract)
        datagram.bind(str(sockets / "s.dgram"))
        for listener in (tcp, unix, named):
            listener.listen()
        yield Prey(
            root=root,
            pid=process.pid,
            tcp_port=tcp.getsockname()[1],
            udp_port=udp.getsockname()[1],
            unix_path=sockets / "s",
            abstract_name=abstract,
        )
        assert process.stdin is not None
        process.stdin.close()


def run_beside(prey: Prey, module: str, *arguments: str) -> Any:
    """Run a test program beside the prey and return the JSON it prints."""
    given = json.dumps({name: str(value) if isinstance(value, Path) else value for name, value in asdict(prey).items()})
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
        cwd=REPOSITORY,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)

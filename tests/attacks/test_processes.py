"""Processes around the seal: kernels started without the launcher, dumps of memory, and the same seal in laboratory and report."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from tests.gate.toy import REPOSITORY, make_workspace
from tests.kernels.benches import Bench, bench, execute, running_kernel
from tests.kernels.labs import serving_lab
from tests.kernels.test_lab import run_code
from tests.seal import attacks
from tests.seal.attacks import ATTACKS, Prey
from tests.seal.prey import prey_in

from daicho.core.errors import SealError
from daicho.gate.client import GateClient
from daicho.gate.peers import peer_of
from daicho.gate.process import running_gate
from daicho.gate.runtime_dir import find_address
from daicho.seal import seal_available

needs_landlock = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")
REFUSALS = {"EACCES", "EPERM", "EXDEV"}


@pytest.fixture(scope="module")
def made() -> Iterator[Bench]:
    with bench() as made:
        yield made


def in_a_process(code: str, *arguments: str, cwd: Path) -> str:
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd, timeout=60, check=False)
    return ended.stdout


# Without the launcher

OPEN = "import daicho\ntry:\n    daicho.open(purpose='x')\n    print('opened')\nexcept daicho.DaichoError as error:\n    print(type(error).__name__)"


def test_an_ordinary_python_opens_no_ledger_though_a_gate_runs(made: Bench) -> None:
    assert in_a_process(OPEN, cwd=made.config.root) == f"{SealError.__name__}\n"


def test_an_ordinary_kernel_opens_no_ledger_though_a_gate_runs(made: Bench) -> None:
    code = (
        "import sys\nfrom jupyter_client.manager import KernelManager\nmanager = KernelManager(kernel_name='python3', transport='ipc', ip=sys.argv[2])\n"
        "manager.start_kernel()\nclient = manager.blocking_client()\nclient.start_channels()\nclient.wait_for_ready(timeout=50)\n"
        "client.execute_interactive(sys.argv[1], timeout=50, output_hook=lambda m: print(m['content'].get('text', ''), end=''))\n"
        "client.stop_channels()\nmanager.shutdown_kernel(now=True)"
    )
    folder = Path(tempfile.mkdtemp(prefix="plain-"))
    try:
        assert in_a_process(code, OPEN, str(folder / "k"), cwd=made.config.root) == f"{SealError.__name__}\n"
    finally:
        shutil.rmtree(folder)


def test_the_sealed_provisioner_starts_nothing_for_a_manager_that_knows_no_gate(made: Bench) -> None:
    code = (
        "import asyncio\nfrom jupyter_client.manager import AsyncKernelManager\nfrom daicho.kernels.kernelspec import kernel_specification\n"
        "from jupyter_client.kernelspec import KernelSpec\nfrom daicho.kernels.provisioner import SealedProvisioner\n"
        "manager = AsyncKernelManager(kernel_name='daicho')\n"
        "spec = KernelSpec(resource_dir='', **kernel_specification())\n"
        "made = SealedProvisioner(kernel_id='x', kernel_spec=spec, parent=manager)\n"
        "try:\n    asyncio.run(made.pre_launch())\nexcept Exception as error:\n    print(type(error).__name__)"
    )
    assert in_a_process(code, cwd=made.config.root) == f"{SealError.__name__}\n"


def test_a_stranger_who_knows_the_socket_is_turned_away_in_one_sentence(made: Bench) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom daicho.gate.client import GateClient\n"
        "for token in ('', 'x', '0' * 64):\n    try:\n        GateClient.connect_path(Path(sys.argv[1]), token)\n        print('in')\n"
        "    except Exception as error:\n        print(type(error).__name__, error)"
    )
    said = in_a_process(code, str(find_address(made.config).socket), cwd=made.config.root).splitlines()
    assert len(said) == 3 and len(set(said)) == 1 and said[0].startswith("DisclosureError the gate does not admit")


@needs_landlock
def test_a_kernel_cannot_hand_its_way_to_the_gate_to_another_process(made: Bench) -> None:
    """Not by a socket, for it can listen only in its own private folder and connect to none; and a token is used up when it is shown."""
    source = (
        "import os, socket\nfrom daicho.present import ledger\nheld = ledger._ADOPTION.client.connection.fileno()\n"
        "found = []\nfor name in (os.path.join(os.getcwd(), 's'), '/tmp/daicho-handed', os.path.expanduser('~/s')):\n"
        "    with socket.socket(socket.AF_UNIX) as listener:\n        try:\n            listener.bind(name)\n            found.append(name)\n"
        "        except OSError:\n            pass\nprint(found, held > 2)"
    )
    with running_kernel(made) as kernel:
        assert execute(kernel, [source]) == ["[] True\n"]


# The same seal everywhere


def attempts(prey: Prey) -> str:
    """The seal's attack programme as code for a notebook cell."""
    source = Path(attacks.__file__).read_text(encoding="utf-8").partition('if __name__ == "__main__":')[0]
    given = {field.name: getattr(prey, field.name) for field in fields(prey)}
    arguments = ", ".join(
        f"{name}=Path({str(value)!r})" if isinstance(value, Path) else f"{name}={value!r}" for name, value in given.items()
    )
    return f"{source}\nprint(json.dumps(outcomes(Prey({arguments}), ATTACKS)))"


@needs_landlock
def test_every_attack_fails_the_same_in_a_report_and_in_the_laboratory() -> None:
    folder = Path(tempfile.mkdtemp(prefix="seal-"))
    (folder / "sockets").mkdir()
    try:
        with prey_in(folder / "workspace", sockets=folder / "sockets") as prey, bench() as made:
            with running_kernel(made) as kernel:
                (said,) = execute(kernel, [attempts(prey)])
            in_report = json.loads(said)
            with serving_lab(made) as lab:
                _, started = lab.ask("POST", "api/kernels", {"name": "daicho"})
                in_lab = json.loads(asyncio.run(run_code(lab, started["id"], attempts(prey))))
    finally:
        shutil.rmtree(folder)
    assert set(in_report) == set(ATTACKS)
    for found in (in_report, in_lab):
        assert found.pop("list the home folder") == "reached", "there the home folder is the kernel's own"
    assert {name: outcome for name, outcome in in_report.items() if outcome not in REFUSALS} == {}
    assert in_lab == in_report


# Dumps


def dumps_core(process: subprocess.Popen[bytes]) -> bool:
    """Kill a process as a crash would, and say whether the system dumped its memory."""
    os.kill(process.pid, signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -signal.SIGABRT
    return os.WCOREDUMP(status)


def generous() -> None:
    """Dumps as large as they like, for what is started from here."""
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)


def limits_of(pid: int) -> str:
    (line,) = [line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core file size")]
    return line.split()[4]


def test_neither_gate_nor_command_line_leaves_its_memory_in_a_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    waiting = "import sys, daicho.cli.main as m\nm.run_command = lambda *_: print('up', flush=True) or sys.stdin.read()\nm.main()"
    command = subprocess.Popen(
        [sys.executable, "-c", waiting], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=generous, cwd=tmp_path
    )
    with command:
        assert command.stdout is not None and command.stdout.readline() == b"up\n"
        assert limits_of(command.pid) == "0"
        assert not dumps_core(command)
    root = tmp_path / "office"
    config = make_workspace(root)
    gate = [sys.executable, "-P", "-m", "tests.gate.toy_gate", "--workspace", str(root)]
    with running_gate(config, command=gate), GateClient.connect(config) as client:
        assert limits_of(peer_of(client.connection).pid) == "0"
    assert not [path for path in tmp_path.rglob("core*") if path.is_file()]

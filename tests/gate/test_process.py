"""The gate as a process: started, shared, left, killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gate.toy import NOW, REPOSITORY, make_workspace

from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.gate.access_log import AccessLog
from daicho.gate.audit import audit_gate
from daicho.gate.client import GateClient
from daicho.gate.peers import peer_of
from daicho.gate.process import is_gate_running, running_gate
from daicho.gate.release_ledger import ReleaseLedger


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    return make_workspace(tmp_path)


def toy_command(config: Config, *options: str) -> list[str]:
    return [sys.executable, "-P", "-m", "tests.gate.toy_gate", "--workspace", str(config.root), *options]


def gate_pid(client: GateClient) -> int:
    return peer_of(client.connection).pid


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 15
    while is_alive(pid):
        assert time.monotonic() < deadline, "the gate did not leave"
        time.sleep(0.02)


def test_a_gate_is_started_shared_and_leaves_with_its_starter(config: Config) -> None:
    assert not is_gate_running(config)
    with running_gate(config, command=toy_command(config)) as path:
        with GateClient.connect(config) as client:
            pid = gate_pid(client)
            assert client.measure("residents").frame.height == 1
        with running_gate(config, command=["false"]) as shared:
            assert shared == path
    assert not is_alive(pid) and not is_gate_running(config)


def test_a_gate_stays_for_other_clients_when_its_starter_leaves(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daicho.gate.process.STOP_SECONDS", 0.2)
    with running_gate(config, command=toy_command(config)):
        other = GateClient.connect(config)
    pid = gate_pid(other)
    assert other.measure("residents").frame.height == 1
    other.close()
    wait_until_gone(pid)


def test_a_gate_whose_starter_was_killed_leaves(config: Config) -> None:
    program = (
        "import sys; from daicho.core.config import load_config; from daicho.gate.process import running_gate; from pathlib import Path\n"
        "with running_gate(load_config(Path(sys.argv[1])), command=sys.argv[2:]): print('up', flush=True); sys.stdin.read()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(config.root), *toy_command(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with starter:
        assert starter.stdout is not None and starter.stdout.readline() == b"up\n"
        with GateClient.connect(config) as client:
            pid = gate_pid(client)
        starter.kill()
    wait_until_gone(pid)


def test_two_commands_starting_at_once_share_one_gate(config: Config) -> None:
    program = (
        "import sys; from daicho.core.config import load_config; from daicho.gate.process import running_gate; from pathlib import Path\n"
        "from daicho.gate.client import GateClient; config = load_config(Path(sys.argv[1]))\n"
        "with running_gate(config, command=sys.argv[2:]), GateClient.connect(config) as c: print(c.measure('residents').facts.release_id)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", program, str(config.root), *toy_command(config)], stdout=subprocess.PIPE) for _ in range(3)
    ]
    said = [starter.communicate(timeout=60)[0] for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0]
    assert len(set(said)) == 1
    assert audit_gate(config) == ()


def test_a_gate_that_cannot_start_says_why(config: Config) -> None:
    complaint = [sys.executable, "-c", "import sys; sys.exit('daicho: the key is missing.')"]
    with pytest.raises(VaultError, match=r"^the key is missing\.$"), running_gate(config, command=complaint):
        pass


def test_no_secret_is_on_the_command_line_or_in_the_environment_of_the_gate(config: Config) -> None:
    with running_gate(config, command=toy_command(config)) as path, GateClient.connect(config) as client:
        token = path.with_name("gate.admin").read_bytes()
        shown = Path(f"/proc/{gate_pid(client)}/cmdline").read_bytes()
        with contextlib.suppress(PermissionError):
            shown += Path(f"/proc/{gate_pid(client)}/environ").read_bytes()
        assert len(token) == 64 and token not in shown


@contextlib.contextmanager
def dying_gate(config: Config, moment: str) -> Iterator[subprocess.Popen[bytes]]:
    reader, writer = os.pipe()
    gate = subprocess.Popen(toy_command(config, "--die", moment, "--ready-fd", str(writer)), pass_fds=(writer,))
    os.close(writer)
    with os.fdopen(reader, "rb") as ready:
        assert ready.readline() == b"ready\n"
    try:
        yield gate
    finally:
        gate.kill()
        gate.wait()


@pytest.mark.parametrize(("moment", "recorded", "logged"), [("after_storing", 0, 0), ("after_recording", 1, 0), ("after_logging", 1, 1)])
def test_a_killed_gate_leaves_a_record_that_agrees_once_another_has_started(
    config: Config, moment: str, recorded: int, logged: int
) -> None:
    with dying_gate(config, moment) as gate, GateClient.connect(config) as client:
        with pytest.raises(VaultError):
            client.measure("residents", by="district")
        assert gate.wait(timeout=15) == -signal.SIGKILL
    log = AccessLog(config.log_dir, clock=lambda: NOW)
    assert len(ReleaseLedger(config.releases_dir).all()) == recorded
    assert len([entry for entry in log.entries() if entry["release_id"]]) == logged
    assert not [finding for finding in audit_gate(config) if finding.severity == "error"]
    with running_gate(config, command=toy_command(config)), GateClient.connect(config) as client:
        release = client.measure("residents", by="district")
    findings = audit_gate(config)
    assert [finding.severity for finding in findings] == (["notice"] if recorded and not logged else [])
    outcomes = [entry["outcome"] for entry in log.entries() if entry["release_id"] == release.facts.release_id]
    assert (
        outcomes == {"after_storing": ["released"], "after_recording": ["recovered", "released"], "after_logging": ["released"] * 2}[moment]
    )
    assert len(ReleaseLedger(config.releases_dir).all()) == 1


def test_a_term_signal_ends_the_gate_cleanly(config: Config) -> None:
    with dying_gate(config, "after_logging") as gate:
        address = GateClient.connect(config)
        folder = Path(address.connection.getpeername()).parent
        gate.send_signal(signal.SIGTERM)
        assert gate.wait(timeout=15) == 0
        address.close()
        assert not folder.exists()

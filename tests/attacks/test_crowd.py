"""Many clients at once, clients killed amid a request, a gate killed under load: ledger and log stay whole, nothing is half-recorded."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.gate.toy import NOW, REPOSITORY, launched, make_workspace, serving

from daicho.core.config import Config
from daicho.core.errors import DaichoError, VaultError
from daicho.gate.access_log import AccessLog
from daicho.gate.audit import audit_gate
from daicho.gate.client import GateClient
from daicho.gate.peers import peer_of
from daicho.gate.process import running_gate
from daicho.gate.protocol import send_frame
from daicho.gate.release_ledger import ReleaseLedger
from daicho.gate.server import MAX_CONNECTIONS

CLIENTS = 100
REQUESTS: tuple[dict[str, Any], ...] = ({"by": "district"}, {"by": ["sex"]}, {}, {"where": {"district": "A"}}, {"where": {"district": "Z"}})


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    return make_workspace(tmp_path)


def log_of(config: Config) -> list[dict[str, Any]]:
    return list(AccessLog(config.log_dir, clock=lambda: NOW).entries())


def toy_command(config: Config) -> list[str]:
    return [sys.executable, "-P", "-m", "tests.gate.toy_gate", "--workspace", str(config.root)]


def outcome(act: Callable[[], Any]) -> str:
    try:
        return str(act().facts.release_id)
    except DaichoError as error:
        return type(error).__name__


def is_admitted(config: Config) -> bool:
    with contextlib.suppress(VaultError), GateClient.connect(config):
        return True
    return False


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_hundred_requests_at_once_get_one_answer_each_and_one_line_each(config: Config) -> None:
    ready = threading.Barrier(CLIENTS)
    with serving(config), GateClient.connect(config) as admin:

        def ask(number: int) -> str:
            with launched(config, admin, run_id=f"run-{number}") as client:
                ready.wait(timeout=60)
                return outcome(lambda: client.measure("residents", **REQUESTS[number % len(REQUESTS)]))

        with ThreadPoolExecutor(CLIENTS) as pool:
            found = list(pool.map(ask, range(CLIENTS)))
    for kind in range(len(REQUESTS)):
        assert len(set(found[kind :: len(REQUESTS)])) == 1
    assert found[4] == "UsageError" and len(set(found)) == len(REQUESTS)
    outcomes = [entry["outcome"] for entry in log_of(config)]
    assert (outcomes.count("released"), outcomes.count("refused:UsageError")) == (80, 20)
    assert len(ReleaseLedger(config.releases_dir).all()) == 4 and audit_gate(config) == ()


def test_more_connections_than_the_gate_serves_are_turned_away_and_the_gate_recovers(config: Config) -> None:
    with serving(config), GateClient.connect(config) as admin:
        held = []
        with contextlib.suppress(VaultError):
            while len(held) < MAX_CONNECTIONS + 10:
                held.append(GateClient.connect(config))
        assert MAX_CONNECTIONS - 5 <= len(held) < MAX_CONNECTIONS
        assert admin.measure("residents").frame.height == 1
        for client in held:
            client.close()
        wait_for(lambda: is_admitted(config))
    assert audit_gate(config) == ()


_CLIENT = """
import sys, threading
from pathlib import Path
from daicho.core.config import load_config
from daicho.gate.client import GateClient
config = load_config(Path(sys.argv[1]))
clients = [GateClient.connect(config) for _ in range(4)]
print("connected", flush=True)
def ask(number):
    for turn in range(1000):
        clients[number].measure("residents", by=["district"], purpose=f"{number}-{turn}")
for number in range(4):
    threading.Thread(target=ask, args=(number,), daemon=True).start()
threading.Event().wait()
"""


@contextlib.contextmanager
def busy_client(config: Config) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", _CLIENT, str(config.root)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        assert client.stdout is not None and client.stdout.readline() == b"connected\n"
        try:
            yield client
        finally:
            client.kill()


def releases(config: Config) -> int:
    ledger = config.releases_dir / "ledger.jsonl"
    return ledger.read_bytes().count(b'"entry":"release"') if ledger.exists() else 0


def test_clients_killed_amid_their_requests_harm_nobody(config: Config) -> None:
    with serving(config), GateClient.connect(config) as admin:
        for wanted in (5, 12):
            with busy_client(config) as client:
                wait_for(lambda wanted=wanted: releases(config) >= wanted)  # type: ignore[misc]
                client.send_signal(signal.SIGKILL)
        half = GateClient.connect(config)
        half.connection.sendall(b"\0\0\1\0\0\0\0\0{")
        half.close()
        assert admin.measure("residents").frame.height == 1
    assert audit_gate(config) == ()
    logged = [entry["release_id"] for entry in log_of(config) if entry["release_id"]]
    assert set(logged) == {recorded.release_id for recorded in ReleaseLedger(config.releases_dir).all()}


def test_a_gate_killed_under_load_twice_leaves_no_half_recorded_release(config: Config) -> None:
    for round_ in range(2):
        before = releases(config)
        with running_gate(config, command=toy_command(config)), GateClient.connect(config) as admin, busy_client(config):
            wait_for(lambda before=before: releases(config) >= before + 4)  # type: ignore[misc]
            time.sleep(0.01 * round_)
            os.kill(peer_of(admin.connection).pid, signal.SIGKILL)
            with pytest.raises(VaultError):
                admin.measure("residents", purpose="after")
        assert not [finding for finding in audit_gate(config) if finding.severity == "error"]
    with running_gate(config, command=toy_command(config)), GateClient.connect(config) as client:
        assert client.measure("residents", by="district").frame.height == 3
    assert {finding.severity for finding in audit_gate(config)} <= {"notice"}
    ledger = ReleaseLedger(config.releases_dir)
    named = {entry["release_id"] for entry in log_of(config) if entry["release_id"]}
    assert named == {recorded.release_id for recorded in ledger.all()}, "every recorded release is logged once a gate has started again"
    assert list(ledger.damaged()) == []
    assert not list(config.releases_dir.glob(".*")) or all(path.name.startswith(".R") for path in config.releases_dir.glob(".*"))


def test_the_same_new_request_from_many_at_once_is_recorded_once(config: Config) -> None:
    ready = threading.Barrier(16)
    with serving(config), GateClient.connect(config) as admin:

        def ask(number: int) -> str:
            with launched(config, admin, run_id=f"run-{number}") as client:
                ready.wait(timeout=60)
                return outcome(lambda: client.measure("residents", by=["sex"], profile="public"))

        with ThreadPoolExecutor(16) as pool:
            found = set(pool.map(ask, range(16)))
    assert len(found) == 1 and releases(config) == 1 and audit_gate(config) == ()


def test_a_token_raced_by_many_admits_one(config: Config) -> None:
    ready = threading.Barrier(16)
    with serving(config) as server, GateClient.connect(config) as admin:
        token = admin.mint_token(role="analyst", profiles=["internal"], default_profile="internal", purpose="p", run_id="r")

        def enter(_: int) -> bool:
            ready.wait(timeout=60)
            try:
                GateClient.connect_path(server.address.socket, token).close()
            except DaichoError:
                return False
            return True

        with ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(enter, range(16))) == 1


def test_a_replayed_frame_is_the_same_release_and_another_line_of_the_log(config: Config) -> None:
    with serving(config), GateClient.connect(config) as client:
        for _ in range(3):
            assert client.measure("residents", by=["sex"]).frame.height == 2
        send_frame(client.connection, {"op": "session"})
    assert releases(config) == 1
    assert [entry["outcome"] for entry in log_of(config)] == ["released"] * 3

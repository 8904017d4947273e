"""The launcher: what it needs, when it refuses, and what it tells the process that started it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.gate.toy import make_workspace

from daicho.core.errors import DisclosureError, SealError
from daicho.kernels.launcher import seal_kernel
from daicho.kernels.provisioner import read_report
from daicho.kernels.ticket import LaunchTicket, make_ticket


def ticket_in(root: Path, *, allow_unsealed: bool = False) -> LaunchTicket:
    config = replace(make_workspace(root), allow_unsealed=allow_unsealed)
    return make_ticket(
        config,
        gate_socket=root / "gate" / "gate.sock",
        token="secret-token",
        work_dir=config.work_dir / "run",
        extracts=(root / "extracts",),
    )


def launch(ticket: bytes, folder: Path) -> tuple[int, bytes]:
    """Run the launcher with a ticket; return its exit code and what it reported."""
    ticket_reader, ticket_writer = os.pipe()
    report_reader, report_writer = os.pipe()
    command = [sys.executable, "-I", "-m", "daicho.kernels.launcher", "-f", str(folder / "k.json")]
    with subprocess.Popen(
        [*command, "--ticket-fd", str(ticket_reader), "--report-fd", str(report_writer)],
        pass_fds=(ticket_reader, report_writer),
        stderr=subprocess.DEVNULL,
        cwd=folder,
    ) as process:
        os.close(ticket_reader)
        os.close(report_writer)
        os.write(ticket_writer, ticket)
        os.close(ticket_writer)
        with os.fdopen(report_reader, "rb") as pipe:
            said = pipe.read()
    return process.returncode, said


def test_a_ticket_survives_the_pipe_and_hides_its_token_when_shown(tmp_path: Path) -> None:
    ticket = ticket_in(tmp_path)
    assert LaunchTicket.from_json(ticket.to_json()) == ticket
    assert "secret-token" not in repr(ticket)


def test_a_ticket_protects_every_place_of_the_workspace_that_holds_data(tmp_path: Path) -> None:
    protected = ticket_in(tmp_path).protected
    assert set(protected) == {"vault", "keys", "log", "releases", "quarantine", "worklists", "gate", "extracts-1"}


@pytest.mark.parametrize("text", [b"", b"{}", b"no json", b'{"token": "x"}'])
def test_without_a_whole_ticket_no_kernel_starts(text: bytes, tmp_path: Path) -> None:
    code, said = launch(text, tmp_path)
    assert code == 4
    with pytest.raises(SealError, match="no launch ticket"):
        read_report(said)


def test_without_a_gate_no_kernel_starts(tmp_path: Path) -> None:
    code, said = launch(ticket_in(tmp_path).to_json(), tmp_path)
    assert code == 5
    assert b"secret-token" not in said


def test_modules_in_the_work_folder_do_not_run_before_the_seal(tmp_path: Path) -> None:
    for name in ("socket", "json", "polars", "daicho", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("import sys\nsys.exit(77)\n")
    code, _ = launch(b"", tmp_path)
    assert code == 4


def test_without_landlock_the_kernel_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection, pytest.raises(SealError, match="allow_unsealed") as caught:
        seal_kernel(ticket_in(tmp_path), connection, socket_dir=tmp_path, prober=lambda: 0)
    assert caught.value.exit_code == 4


def test_without_landlock_a_workspace_that_allows_it_runs_and_says_unsealed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        report = seal_kernel(ticket_in(tmp_path, allow_unsealed=True), connection, socket_dir=tmp_path, prober=lambda: 0)
    assert not report.is_sealed
    assert report.results == ()


def test_an_error_of_the_launcher_arrives_as_the_same_error() -> None:
    with pytest.raises(DisclosureError, match="token"):
        read_report(b'{"error": "the token is used up.", "exit_code": 3}')


def test_a_launcher_that_ends_in_silence_is_a_failed_seal() -> None:
    with pytest.raises(SealError, match=r"kernel\.log"):
        read_report(b"")

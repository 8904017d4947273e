"""The self-test passes behind a whole seal and finds every hole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.seal.prey import prey_in, run_beside

from daicho.core.errors import SealError
from daicho.seal import SealReport, SelfTestResult, refuse_leaks, seal_available

needs_landlock = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="seal-"))
    yield made
    shutil.rmtree(made)


def examine(folder: Path, how: str) -> dict[str, bool]:
    (folder / "sockets").mkdir()
    with prey_in(folder / "workspace", sockets=folder / "sockets") as prey:
        results = [SelfTestResult(**result) for result in run_beside(prey, "tests.seal.examination", how)]
    assert all(result.label_ja and result.label_en for result in results)
    return {result.check: result.passed for result in results}


def outcome(check: str, *, passed: bool) -> SelfTestResult:
    return SelfTestResult(check=check, label_ja=check, label_en=check, passed=passed)


@needs_landlock
def test_behind_a_whole_seal_every_attempt_is_refused(folder: Path) -> None:
    checks = examine(folder, "whole")
    assert len(checks) == 16
    assert all(checks.values()), checks


def test_without_a_seal_no_check_passes(folder: Path) -> None:
    checks = examine(folder, "none")
    passed = {check for check, is_passed in checks.items() if is_passed}
    if os.geteuid() == 0:
        assert passed == set()
    # An ordinary user is refused some of it by any system; what is his own he always reaches.
    assert not passed & {"place:vault", "place:keys", "place:gate", "place:extracts-1", "state", "outside", "tcp", "udp", "unix", "child"}


@needs_landlock
@pytest.mark.parametrize(
    ("hole", "found"),
    [
        ("readable vault", {"place:vault", "state", "child"}),
        ("readable workspace", {"place:vault", "place:keys", "place:extracts-1", "state", "child"}),
    ],
)
def test_a_readable_protected_place_is_found(hole: str, found: set[str], folder: Path) -> None:
    failed = {check for check, passed in examine(folder, hole).items() if not passed}
    assert failed <= found
    assert "place:vault" in failed
    assert "child" in failed


@needs_landlock
def test_a_missing_filter_is_found(folder: Path) -> None:
    failed = {check for check, passed in examine(folder, "no filter").items() if not passed}
    assert {"udp", "unix"} <= failed


def test_one_attempt_that_got_through_refuses_the_kernel_and_is_named() -> None:
    with pytest.raises(SealError, match="place:keys") as caught:
        refuse_leaks([outcome("tcp", passed=True), outcome("place:keys", passed=False)])
    assert caught.value.exit_code == 4


def test_no_result_at_all_is_no_proof() -> None:
    with pytest.raises(SealError):
        refuse_leaks([])


def test_a_report_survives_the_pipe() -> None:
    report = SealReport(is_sealed=True, abi=7, results=(outcome("tcp", passed=True),))
    assert SealReport.from_dict(report.as_dict()) == report
    assert report.checks == [("tcp", True)]

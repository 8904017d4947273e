"""Inside the seal an honest notebook works, and the process has given up what it promised to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.seal.prey import prey_in, run_beside
from tests.seal.within import HONEST_WORK

from daicho.seal import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")


@pytest.fixture(scope="module")
def within() -> Iterator[dict[str, Any]]:
    folder = Path(tempfile.mkdtemp(prefix="seal-"))
    (folder / "sockets").mkdir()
    with prey_in(folder / "workspace", sockets=folder / "sockets") as prey:
        yield run_beside(prey, "tests.seal.within")
    shutil.rmtree(folder)


@pytest.mark.parametrize("work", HONEST_WORK)
def test_a_sealed_notebook_can(work: str, within: dict[str, Any]) -> None:
    assert within["failed"].get(work, "") == ""


def test_a_sealed_process_leaves_no_core_and_cannot_gain_privileges(within: dict[str, Any]) -> None:
    assert within["given_up"] == {"core": [0, 0], "dumpable": 0, "no_new_privs": 1, "capabilities": ["0" * 16] * 4, "seccomp": "2"}

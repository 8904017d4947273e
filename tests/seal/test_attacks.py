"""Every way out of the seal that we know, tried sealed and, as a control, unsealed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.seal.attacks import ATTACKS, SYSTEM_ONLY
from tests.seal.prey import prey_in, run_beside

from daicho.seal import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")

REFUSALS = {"EACCES", "EPERM", "EXDEV"}


@pytest.fixture(scope="module")
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for Unix sockets."""
    folder = Path(tempfile.mkdtemp(prefix="seal-"))
    yield folder
    shutil.rmtree(folder)


def attempt_all(folder: Path, *arguments: str) -> dict[str, str]:
    sockets = folder / "sockets"
    sockets.mkdir(parents=True)
    with prey_in(folder / "workspace", sockets=sockets) as prey:
        outcomes: dict[str, str] = run_beside(prey, "tests.seal.attacks", *arguments)
    return outcomes


@pytest.fixture(scope="module")
def sealed(short_folder: Path) -> dict[str, str]:
    return attempt_all(short_folder / "sealed")


@pytest.fixture(scope="module")
def unsealed(short_folder: Path) -> dict[str, str]:
    return attempt_all(short_folder / "open", "--unsealed")


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_seal_refuses_to(attack: str, sealed: dict[str, str]) -> None:
    assert sealed[attack] in REFUSALS


@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - SYSTEM_ONLY))
def test_without_the_seal_one_can(attack: str, unsealed: dict[str, str]) -> None:
    """The control: an attempt that fails anyway would prove nothing about the seal."""
    if unsealed[attack] != "reached" and os.geteuid() != 0:
        pytest.skip("this system refuses it to an ordinary user anyway")
    assert unsealed[attack] == "reached"

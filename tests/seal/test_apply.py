"""When a process refuses to be sealed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.seal.prey import REPOSITORY
from tests.seal.test_policy import policy_in

from daicho.core.errors import SealError
from daicho.seal.apply import apply_seal, require_seal, seal_available
from daicho.seal.privileges import require_single_thread


@pytest.mark.parametrize("abi", [0, 1, 3])
def test_a_machine_without_landlock_for_files_and_network_cannot_seal(abi: int) -> None:
    assert seal_available(prober=lambda: abi) == 0
    with pytest.raises(SealError, match="allow_unsealed") as caught:
        require_seal(prober=lambda: abi)
    assert caught.value.exit_code == 4


def test_a_refused_seal_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SealError):
        apply_seal(policy_in(tmp_path), prober=lambda: 0)
    (tmp_path / "var" / "vault" / "still-open").write_text("x")


def test_a_process_with_a_second_thread_is_not_sealed(tmp_path: Path) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with pytest.raises(SealError, match="threads"):
            require_single_thread()
        with pytest.raises(SealError, match="threads"):
            apply_seal(policy_in(tmp_path), prober=lambda: 7)
    finally:
        done.set()
        thread.join()


def test_descriptors_opened_before_the_seal_are_closed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("CANARY")
    code = (
        "import os, sys\nfrom daicho.seal.privileges import close_inherited_descriptors\n"
        "leaked, kept = int(sys.argv[1]), int(sys.argv[2])\nclose_inherited_descriptors(keep=(kept,))\nos.fstat(kept)\n"
        "try:\n os.fstat(leaked)\nexcept OSError:\n print('closed')\n"
    )
    leaked, kept = os.open(secret, os.O_RDONLY), os.open(secret, os.O_RDONLY)
    try:
        said = subprocess.run(
            [sys.executable, "-c", code, str(leaked), str(kept)],
            pass_fds=(leaked, kept),
            capture_output=True,
            text=True,
            check=True,
            cwd=REPOSITORY,
        )
    finally:
        os.close(leaked)
        os.close(kept)
    assert said.stdout == "closed\n"

"""A notebook in a sealed kernel: it gets releases from the gate, and nothing else from anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernels.benches import REFUSED, Bench, bench, execute, running_kernel

from daicho.core.errors import DisclosureError, SealError
from daicho.kernels.manager import SealedKernel
from daicho.seal import seal_available

pytestmark = pytest.mark.skipif(not seal_available(), reason="this machine has no Landlock of ABI 4 or newer")


@pytest.fixture(scope="module")
def kernel(made: Bench) -> Iterator[SealedKernel]:
    with running_kernel(made) as kernel:
        yield kernel


def test_a_notebook_reads_a_released_frame_and_draws_it(kernel: SealedKernel) -> None:
    cells = (
        "import polars as pl, altair as alt, daicho\nledger = daicho.open(purpose='試験')",
        "release = ledger.measure('residents', by=['district'])\nprint(release.frame.height, release.facts.profile)",
        "print(len(alt.Chart(release.frame).mark_bar().encode(x='district:N').to_json()) > 0)",
    )
    assert execute(kernel, cells)[1:] == ["3 internal\n", "True\n"]


def test_the_kernel_reports_a_whole_seal(kernel: SealedKernel) -> None:
    assert kernel.is_sealed
    checks = {result.check for result in kernel.report.results}
    assert {"place:vault", "place:keys", "place:log", "place:gate", "gate-memory", "tcp", "udp", "unix", "signal", "child"} <= checks
    assert all(passed for _, passed in kernel.seal_result())


def test_a_notebook_cannot_read_the_canary_in_the_vault(made: Bench, kernel: SealedKernel) -> None:
    canary = made.config.vault_dir / "canary"
    assert canary.read_text() == "CANARY"
    actions = [
        f"open({str(canary)!r}).read()",
        f"__import__('os').listdir({str(canary.parent)!r})",
        "open('/proc/%d/environ' % __import__('os').getppid())",
    ]
    assert execute(kernel, [REFUSED.format(action=action) for action in actions]) == ["refused PermissionError\n"] * 3


def test_a_notebook_cannot_open_a_second_way_to_the_gate(made: Bench, kernel: SealedKernel) -> None:
    lines = (
        "from daicho.core.config import load_config",
        "from daicho.gate.client import GateClient",
        f"try:\n    print(GateClient.connect(load_config(__import__('pathlib').Path({str(made.config.root)!r}))))",
        "except Exception as error:\n    print(type(error).__name__)",
    )
    assert execute(kernel, ["\n".join(lines)]) == ["VaultError\n"]


def test_a_notebook_finds_no_token_and_no_secret_of_its_parent(kernel: SealedKernel) -> None:
    os.environ["DAICHO_TEST_CANARY"] = "CANARY-7"
    try:
        cells = [
            "import os; print(sorted(set(os.environ) & {'DAICHO_TEST_CANARY', 'DAICHO_WORKSPACE', 'PYTHONPATH'}))",
            "import sys; print([argument for argument in sys.argv if 'token' in argument])",
        ]
        assert execute(kernel, cells) == ["[]\n", "[]\n"]
    finally:
        del os.environ["DAICHO_TEST_CANARY"]


def test_a_notebook_works_in_its_own_folder(made: Bench, kernel: SealedKernel) -> None:
    cells = ["import os; open('notes.txt', 'w').write('x'); print(os.getcwd())", "import pathlib; print(pathlib.Path.home())"]
    assert execute(kernel, cells) == [f"{made.work}\n", f"{made.work}/home\n"]
    assert (made.work / "notes.txt").read_text() == "x"


def test_no_history_is_kept_and_no_configuration_of_the_user_is_read(kernel: SealedKernel) -> None:
    cells = ["shell = get_ipython(); print(shell.history_manager.enabled, shell.config.InteractiveShellApp.exec_PYTHONSTARTUP)"]
    assert execute(kernel, cells) == ["False False\n"]


def test_the_kernel_speaks_over_unix_sockets_in_a_private_folder(kernel: SealedKernel) -> None:
    folder = Path(kernel.manager.connection_file).parent
    assert kernel.manager.transport == "ipc"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(str(folder / "k-5")) < 100


def test_a_profile_that_the_kernel_was_not_started_for_is_refused(kernel: SealedKernel) -> None:
    lines = (
        "import daicho",
        "try:\n    print(daicho.open(purpose='試験').measure('residents', by=['district'], profile='statutory'))",
        "except daicho.DaichoError as error:\n    print(type(error).__name__)",
    )
    assert execute(kernel, ["\n".join(lines)]) == [f"{DisclosureError.__name__}\n"]


def test_a_notebook_gets_no_worklist_and_reads_none(made: Bench, kernel: SealedKernel) -> None:
    listed = made.gate.worklist("children", where={"district": "A"})
    path = made.config.worklists_dir / listed["file"]
    cells = [
        "from daicho.present import ledger\ntry:\n    print(ledger._ADOPTION.client.worklist('children', where={'district': 'A'}))\n"
        "except Exception as error:\n    print('refused', type(error).__name__)",
        REFUSED.format(action=f"open({str(path)!r}).read()"),
        REFUSED.format(action=f"__import__('os').listdir({str(path.parent)!r})"),
    ]
    assert execute(kernel, cells) == ["refused UsageError\n", "refused PermissionError\n", "refused PermissionError\n"]
    assert list(made.config.worklists_dir.iterdir()) == [path]


def test_nothing_is_left_when_a_kernel_has_ended() -> None:
    with bench() as made:
        with running_kernel(made) as kernel:
            folder = Path(kernel.manager.connection_file).parent
            assert folder.is_dir()
        assert not folder.exists()
        assert sorted(path.name for path in made.work.iterdir()) == ["kernel.log"]


def test_a_kernel_that_would_work_in_a_protected_folder_does_not_start() -> None:
    with bench() as made:
        inside = Bench(config=made.config, gate=made.gate)
        with pytest.raises(SealError, match="must stay closed"), running_kernel(_in_vault(inside)):
            pytest.fail("the kernel started")


def _in_vault(made: Bench) -> Bench:
    class InVault(Bench):
        @property
        def work(self) -> Path:
            return self.config.vault_dir / "work"

    return InVault(config=made.config, gate=made.gate)

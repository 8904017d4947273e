"""Ledgers that several tests read."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import make_workspace
from tests.synth.ledger import write_ledger

from daicho.core.config import Config


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A workspace whose contracts the ledgers follow; nothing is taken into it."""
    return make_workspace(tmp_path_factory.mktemp("synth") / "office")


@pytest.fixture(scope="session")
def town(office: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extracts of 20,000 residents without faults."""
    folder = tmp_path_factory.mktemp("synth") / "town"
    write_ledger(folder, office, persons=20_000)
    return folder


@pytest.fixture(scope="session")
def village(office: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extracts of 600 residents without faults."""
    folder = tmp_path_factory.mktemp("synth") / "village"
    write_ledger(folder, office)
    return folder

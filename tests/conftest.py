"""What all tests share: a workspace of their own, made of the shipped contracts, notebooks and templates."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

# Every worker has a core of its own: threads of libraries would only wait for one another. Read when polars is first loaded.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

from daicho.core.config import Config, load_config
from daicho.vault.catalog import VaultPaths, open_catalog, write_catalog

ROOT = Path(__file__).resolve().parent.parent
WARD_SMALL = ROOT / "tests" / "data" / "ward_small"
TODAY = date(2026, 11, 24)
PARTS = ("data_contracts", "notebooks", "pipelines", "reports/templates")


def make_workspace(folder: Path, *, settings: dict[str, str] | None = None) -> Config:
    """A workspace in `folder`; `settings` replaces whole `key = value` lines of daicho.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part)
    text = (ROOT / "daicho.toml").read_text(encoding="utf-8")
    for key, value in (settings or {}).items():
        lines = [f"{key} = {value}" if line.split("=")[0].strip() == key else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    (folder / "daicho.toml").write_text(text, encoding="utf-8")
    return load_config(folder)


def copy_unrecorded(config: Config, target: Path) -> Config:
    """A copy of a workspace whose gate has never answered: without log and releases, and without the vault's memory of them."""
    shutil.copytree(config.root, target, ignore=shutil.ignore_patterns("reports", "releases", "log"))
    copied = load_config(target)
    paths = VaultPaths(copied.vault_dir)
    keys, catalog = open_catalog(paths, copied.key_dir)
    write_catalog(paths, replace(catalog, journals={}), keys.vault)
    return copied


@pytest.fixture
def workspace(tmp_path: Path) -> Config:
    """An empty workspace."""
    return make_workspace(tmp_path / "office")


@pytest.fixture
def make_office(tmp_path: Path) -> Callable[..., Config]:
    """Make further workspaces, with settings of their own."""

    def make(name: str, **settings: str) -> Config:
        return make_workspace(tmp_path / name, settings=settings)

    return make


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A workspace that holds the small ward; read-only by agreement."""
    from daicho.gate.ledger_engine import LedgerEngine
    from daicho.intake.load import take_in

    config = make_workspace(tmp_path_factory.mktemp("ward") / "office")
    take_in([WARD_SMALL], config=config, today=TODAY)
    # What is worked out once for a snapshot is made here once, not in every copy.
    LedgerEngine(config).open(1).close()
    return config


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `long` run with DAICHO_TESTS=full only."""
    if os.environ.get("DAICHO_TESTS") != "full":
        long = [item for item in items if item.get_closest_marker("long")]
        if long:
            config.hook.pytest_deselected(items=long)
            items[:] = [item for item in items if not item.get_closest_marker("long")]

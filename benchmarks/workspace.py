"""A workspace of its own for a benchmark, beside the office's."""

from __future__ import annotations

import shutil
from pathlib import Path

from daicho.core.config import Config, load_config

ROOT = Path(__file__).resolve().parent.parent


def make_workspace(folder: Path) -> Config:
    """Copy contracts, notebooks and templates into `folder`, replacing what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in ("data_contracts", "notebooks", "pipelines", "reports/templates"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "daicho.toml", folder / "daicho.toml")
    return load_config(folder)

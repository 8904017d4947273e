"""The environment of a sealed kernel: a short list of harmless settings, and every private folder inside the work folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

KEPT = ("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "SOURCE_DATE_EPOCH")
"""Language, time zone and reproducible time stamps. Everything else an environment may hold, secrets included, stays outside."""

HOME_FOLDER, TEMPORARY_FOLDER = "home", "tmp"


def sealed_environment(inherited: Mapping[str, str], *, work_dir: Path) -> dict[str, str]:
    """Return the environment for a kernel working in a folder."""
    home, temporary = str(work_dir / HOME_FOLDER), str(work_dir / TEMPORARY_FOLDER)
    return {name: inherited[name] for name in KEPT if name in inherited} | {
        "PATH": str(Path(sys.executable).parent),
        "USER": "daicho",
        "LOGNAME": "daicho",
        "HOME": home,
        "TMPDIR": temporary,
        "POLARS_TEMP_DIR": temporary,
        "IPYTHONDIR": f"{home}/ipython",
        "JUPYTER_CONFIG_DIR": f"{home}/jupyter",
        "JUPYTER_DATA_DIR": f"{home}/jupyter",
        "JUPYTER_RUNTIME_DIR": f"{home}/jupyter",
        "JUPYTER_PLATFORM_DIRS": "1",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "XDG_CACHE_HOME": f"{home}/cache",
        "XDG_CONFIG_HOME": f"{home}/config",
        "XDG_DATA_HOME": f"{home}/data",
        "XDG_RUNTIME_DIR": temporary,
    }


def make_work_folder(work_dir: Path) -> None:
    """Make a kernel's work folder, private, with the folders its environment names."""
    for folder in (work_dir, work_dir / HOME_FOLDER, work_dir / TEMPORARY_FOLDER):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

"""Where kernels and Jupyter talk: a private folder for each kernel, with a path short enough for a Unix socket."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from daicho.core.errors import SealError

CONNECTION_FILE, SOCKET_STEM = "k.json", "k"
_PREFIX = "kernel-"
_LONGEST_PATH = 100
_LONGEST_NAME = len("/kernel-12345678/k-5")


def new_socket_dir() -> Path:
    """Make a fresh folder, readable by this user only, for one kernel's connection file and sockets.

    Raises SealError when another user could get at it.
    """
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_base()))


def remove_socket_dir(folder: Path) -> None:
    """Remove a folder that `new_socket_dir` made; any other is left alone."""
    if folder.name.startswith(_PREFIX) and folder.parent == _base():
        shutil.rmtree(folder, ignore_errors=True)


def _base() -> Path:
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    bases = [Path(given) / "daicho"] if given and Path(given).is_dir() else []
    bases.append(Path(f"/tmp/daicho-{os.getuid()}"))
    base = next((base for base in bases if len(str(base)) + _LONGEST_NAME < _LONGEST_PATH), bases[-1])
    base.mkdir(mode=0o700, exist_ok=True)
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SealError(f"{base} belongs to another user or is no folder: remove it, so that kernels can listen there.")
    base.chmod(0o700)
    return base.resolve()

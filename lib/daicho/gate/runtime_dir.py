"""Where the gate listens: a private folder with a short path (a Unix socket's path is limited to about 100 characters)."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from daicho.core.config import Config
from daicho.core.errors import VaultError

ADDRESS_FILE = "gate.address"
LOCK_FILE = "gate.lock"
SOCKET_FILE = "gate.sock"
ADMIN_FILE = "gate.admin"
_LONGEST_PATH = 100


@dataclass(frozen=True)
class Address:
    """A gate's socket and the file with its administrators' token."""

    socket: Path
    admin: Path


def address_in(folder: Path) -> Address:
    return Address(socket=folder / SOCKET_FILE, admin=folder / ADMIN_FILE)


def runtime_folder(config: Config) -> Path:
    """Return the folder for this workspace's gate, made private. Raises VaultError when another user could get at it."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    name = hashlib.sha256(str(config.root).encode()).hexdigest()[:16]
    bases = [Path(given) / "daicho"] if given and Path(given).is_dir() else []
    bases.append(Path(f"/tmp/daicho-{os.getuid()}"))
    base = next(base for base in bases if len(str(base / name / SOCKET_FILE)) < _LONGEST_PATH)
    for folder in (base, base / name):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise VaultError(f"{folder} belongs to another user or is no folder: remove it, so that the gate can listen there.")
        folder.chmod(0o700)
    return base / name


def write_address(config: Config, folder: Path) -> None:
    """Leave word in the workspace where its gate listens, for clients with another XDG_RUNTIME_DIR."""
    aside = config.log_dir / f".{ADDRESS_FILE}.{os.getpid()}"
    aside.write_text(str(folder), encoding="utf-8")
    aside.rename(config.log_dir / ADDRESS_FILE)


def find_address(config: Config) -> Address:
    """Return where this workspace's gate listens, or listened last. Raises VaultError when none ever did."""
    try:
        return address_in(Path((config.log_dir / ADDRESS_FILE).read_text(encoding="utf-8")))
    except OSError:
        pass
    raise VaultError("the gate of this workspace is not running: start it with `daicho gate`.")

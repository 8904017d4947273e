"""Make the workspace's environment: a virtual environment in .venv with exactly what requirements.lock names.

Needs Python 3.11 or newer with pip, and nothing else. Run it again at any time: it does nothing when nothing changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "daicho-lock.sha256"


def wanted() -> str:
    """What the environment must have been made from."""
    parts = [(ROOT / name).read_bytes() for name in ("requirements.lock", "pyproject.toml")]
    return hashlib.sha256(b"\0".join([*parts, str(ROOT).encode(), sys.version.encode()])).hexdigest()


def install(*arguments: str) -> None:
    python = VENV / "bin" / "python"
    quiet = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    subprocess.run([python, *quiet, *arguments], check=True, cwd=ROOT, env=environment)


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit("daicho needs Python 3.11 or newer.")
    if STAMP.is_file() and STAMP.read_text() == wanted():
        return
    print("installing the locked environment into .venv (about a minute, once)", file=sys.stderr, flush=True)
    venv.create(VENV, with_pip=True, clear=True)
    install("--require-hashes", "--only-binary", ":all:", "-r", "requirements.lock")
    install("--no-deps", "--no-build-isolation", "--editable", ".")
    STAMP.write_text(wanted())


if __name__ == "__main__":
    main()

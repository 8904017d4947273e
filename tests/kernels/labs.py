"""A JupyterLab server as `daicho lab` runs it, on a workspace with a live gate."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.kernels.benches import Bench

_SERVE = "import sys; from pathlib import Path; from daicho.core.config import load_config; from daicho.kernels.lab import run_lab; " + (
    "run_lab(load_config(Path(sys.argv[1])), port=0, open_browser=False)"
)


@dataclass(frozen=True)
class Lab:
    """A running server: its workspace, address and token."""

    made: Bench
    url: str
    token: str

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request; return status and answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Authorization": f"token {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@contextmanager
def serving_lab(made: Bench) -> Iterator[Lab]:
    """The server as `daicho lab` runs it, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(made.config.root)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=made.config.root
    )
    try:
        served = _address(made.config.state_dir / "lab" / "runtime", process)
        yield Lab(made=made, url=served["url"], token=served["token"])
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _address(runtime: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    for _ in range(300):
        for file in runtime.glob("jpserver-*.json"):
            try:
                served: dict[str, Any] = json.loads(file.read_text())
                urllib.request.urlopen(f"{served['url']}api?token={served['token']}", timeout=5).close()
                return served
            except urllib.error.HTTPError as not_ready:
                not_ready.close()
            except (ValueError, OSError):
                pass
        if process.poll() is not None:
            pytest.fail(process.communicate()[1].decode())
        time.sleep(0.1)
    pytest.fail("JupyterLab did not start in 30 seconds")

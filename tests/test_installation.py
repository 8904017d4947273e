"""The commands of docs/installation.md, run in order as its reader runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.cli.shell import PROGRAM
from tests.conftest import ROOT, WARD_SMALL, make_workspace

PAGE = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|console)\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.long
def test_every_command_for_the_services_user_works_as_printed(tmp_path: Path) -> None:
    config = make_workspace(tmp_path / "workspace")
    shutil.copytree(WARD_SMALL, config.root / "extracts", ignore=shutil.ignore_patterns("*.json", "*.md"))
    script = "\n".join(text for language, text in BLOCKS if language == "sh")
    assert script.count("daicho ") >= 15
    env = {"PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=config.root, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (config.root / "reports" / "out" / "index.html").is_file() and "nothing is due" in done.stdout
    assert "[Timer]" in (config.root / "units.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [text for language, text in BLOCKS if language == "console"])
def test_the_administrators_commands_are_at_least_good_shell(text: str) -> None:
    done = subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_land_where_their_comments_say(tmp_path: Path) -> None:
    (line,) = re.findall(r"^awk .*$", PAGE, flags=re.MULTILINE)
    config = make_workspace(tmp_path / "workspace")
    units = subprocess.run([PROGRAM, "--workspace", config.root, "schedule", "systemd"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "system").mkdir()
    (tmp_path / "units.txt").write_text(units.replace("/etc/systemd/system/", f"{tmp_path}/system/"), encoding="utf-8")
    moved = line.replace(r"\/etc\/systemd\/system\/", re.escape(f"{tmp_path}/system/").replace("/", r"\/"))
    subprocess.run(["bash", "-c", moved], cwd=tmp_path, check=True)
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "system").iterdir()}
    assert set(written) == {"daicho-gate.service", "daicho-due.service", "daicho-due.timer", "daicho-due.path"}
    assert all(text.startswith("[Unit]") for text in written.values())

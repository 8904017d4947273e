"""What a sealed kernel finds in its environment."""

from __future__ import annotations

from pathlib import Path

from daicho.seal.environment import make_work_folder, sealed_environment

WORK = Path("/workspace/var/work/run")


def test_nothing_secret_is_handed_on() -> None:
    inherited = {
        "LANG": "ja_JP.UTF-8",
        "AWS_SECRET_ACCESS_KEY": "CANARY",
        "DAICHO_WORKSPACE": "/workspace",
        "PYTHONPATH": "/evil",
        "LD_PRELOAD": "/evil.so",
    }
    environment = sealed_environment(inherited, work_dir=WORK)
    assert environment["LANG"] == "ja_JP.UTF-8"
    assert not set(environment) & {"AWS_SECRET_ACCESS_KEY", "DAICHO_WORKSPACE", "PYTHONPATH", "LD_PRELOAD"}
    assert "CANARY" not in "".join(environment.values())


def test_every_private_folder_lies_in_the_work_folder() -> None:
    environment = sealed_environment({"HOME": "/root", "TMPDIR": "/tmp"}, work_dir=WORK)
    for name in (
        "HOME",
        "TMPDIR",
        "IPYTHONDIR",
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "MPLCONFIGDIR",
        "XDG_CACHE_HOME",
    ):
        assert Path(environment[name]).is_relative_to(WORK), name


def test_the_work_folder_is_private(tmp_path: Path) -> None:
    make_work_folder(tmp_path / "var" / "run")
    assert (tmp_path / "var" / "run").stat().st_mode & 0o777 == 0o700

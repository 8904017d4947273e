"""One set of versions: pyproject.toml says what is needed, requirements.lock pins it with hashes, environment.yml agrees."""

from __future__ import annotations

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINNED = dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s\\;]+)", LOCK, flags=re.MULTILINE))
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_the_lock_pins_every_requirement_of_the_project() -> None:
    needed = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, needed):
        assert PINNED[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_every_pin_has_hashes_and_no_host_is_named() -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert "://" not in LOCK


def test_the_conda_environment_agrees_with_project_and_lock() -> None:
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    python, pip, packages = ENVIRONMENT["dependencies"]
    assert pip == "pip"
    assert python == f"python={PROJECT['project']['requires-python'].removeprefix('>=')}"
    direct = {canonicalize_name(Requirement(item).name) for item in PROJECT["project"]["dependencies"]}
    given = dict(item.split("==") for item in packages["pip"])
    assert {canonicalize_name(name.split("[")[0]) for name in given} == direct
    assert all(PINNED[canonicalize_name(name.split("[")[0])] == version for name, version in given.items())

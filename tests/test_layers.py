"""Imports point down only: a module imports its own layer's package and those below, never above."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ROOT

LIBRARY = ROOT / "lib" / "daicho"
# Lowest first. A package may import those of earlier lines, and itself; never another of its own line.
LAYERS = (
    ("core",),
    ("contracts", "seal"),
    ("vault",),
    ("intake", "synth"),
    ("measures",),
    ("gate",),
    ("present",),
    ("kernels",),
    ("runs",),
    ("cli",),
)
RANK = {package: rank for rank, packages in enumerate(LAYERS) for package in packages}
# What a layer may do beyond its rank is narrowed here, as the design says.
ALLOWED = {
    "seal": {"core"},
    "synth": {"core", "contracts"},
    "measures": {"core", "contracts"},
    "present": {"core", "contracts", "gate"},
    "kernels": {"core", "seal", "gate", "present"},
}
# The top of the package is the analysts' door: a thin façade over `present`.
FACADE = LIBRARY / "__init__.py"


def modules() -> Iterator[Path]:
    return (path for path in sorted(LIBRARY.rglob("*.py")) if path != FACADE)


def imported_packages(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        for name in names:
            parts = name.split(".")
            if parts[0] == "daicho":
                found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in getattr(node, "names", [])}
    return found - {"daicho"}  # `import daicho` alone loads the façade, which imports nothing until it is used


def test_every_package_has_its_layer() -> None:
    assert {path.name for path in LIBRARY.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(RANK)


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_imports_point_down_only(path: Path) -> None:
    own = path.relative_to(LIBRARY).parts[0]
    below = {package for package, rank in RANK.items() if rank < RANK[own]}
    assert imported_packages(path) <= (ALLOWED.get(own, below) | {own})


def test_the_facade_holds_no_layer_but_presentation() -> None:
    assert imported_packages(FACADE) <= {"present", "core"}

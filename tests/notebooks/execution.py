"""Runs a notebook's cells in this process, over a client made for tests, and gathers what each cell would show."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from tests.present.builders import FakeClient

from daicho.core.config import Config, load_config
from daicho.present import ledger

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
RELEASING = (
    "coverage", "coverage_district", "reminders", "annual_counts", "reconciliation", "consignment_payments", "data_quality", "covid", "shared_copy",
    "ward_settlement", "ward_settlement_summary", "payment_audit",
)  # fmt: skip
# Made of what the gate says of itself, not of releases.
COMPLIANCE = "privacy_compliance"
REPORTS = (*RELEASING, COMPLIANCE)
NOTEBOOKS = (*REPORTS, "explore/start_here")


def read(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def run(name: str, client: FakeClient, *, language: str = "ja", **parameters: Any) -> list[dict[str, Any]]:
    """Return the mime bundles shown, in order."""
    ledger.adopt_client(client, config=_config(language))  # type: ignore[arg-type]
    shown: list[Any] = []
    names: dict[str, Any] = {"display": shown.append}
    for cell in read(name).cells:
        if cell.cell_type != "code":
            continue
        body = ast.parse(cell.source).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), name, "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names |= parameters
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), name, "eval"), names))
    return [bundle_of(thing) for thing in shown if thing is not None]


def bundle_of(thing: Any) -> dict[str, Any]:
    if not hasattr(thing, "_repr_mimebundle_"):
        return {"text/plain": repr(thing)}
    bundle = thing._repr_mimebundle_(include=None, exclude=None)
    return dict(bundle[0] if isinstance(bundle, tuple) else bundle)


def _config(language: str) -> Config:
    config = load_config(ROOT)
    changed: Mapping[str, Any] = {**config.__dict__, "language": language}
    return Config(**changed)

"""Report notebooks: what there is, what parameters each takes, and whether the given ones fit."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import nbformat

from daicho.core.config import ROLES, Config
from daicho.core.errors import UsageError

PARAMETERS_TAG = "parameters"
AS_OF = "as_of"
_FILE_NAME = re.compile(r"\w[\w.-]{0,99}")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook: its annotated type, default and the comment beside it."""

    name: str
    type: str
    default: Any
    help: str


@dataclass(frozen=True)
class ReportNotebook:
    """A report: notebook file, title by language, the recipient profile it is made for, and its parameters.

    `least_role`: the narrowest role its kernel may have; a report that asks for more than figures declares one.
    """

    name: str
    path: Path
    titles: Mapping[str, str]
    profile: str
    order: int
    parameters: Mapping[str, Parameter]
    least_role: str = ROLES[0]

    def __post_init__(self) -> None:
        """Files are named after a report, and a report made for each code of a list after the code: never a path. Raises UsageError."""
        if not _FILE_NAME.fullmatch(self.name):
            raise UsageError("a report's name, with the code it is made for, must be of letters, digits, points and hyphens, 100 at most.")

    def title(self, language: str) -> str:
        return self.titles.get(language) or self.titles["ja"]


def report_names(config: Config) -> list[str]:
    """Names of all report notebooks, in the order reports are listed."""
    reports = [load_report(config, path.stem) for path in sorted(config.notebooks_dir.glob("*.ipynb"))]
    return [report.name for report in sorted(reports, key=lambda report: (report.order, report.name))]


def load_report(config: Config, name: str) -> ReportNotebook:
    """Read a notebook's declaration. Raises UsageError when there is no such report or its declaration is incomplete."""
    path = config.notebooks_dir / f"{name}.ipynb"
    if not path.is_file() or Path(name).name != name:
        known = ", ".join(sorted(item.stem for item in config.notebooks_dir.glob("*.ipynb")))
        raise UsageError(f"there is no report {name}: known reports are {known}.")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        declared = notebook.metadata["daicho"]
        titles = {"ja": declared["title"], "en": declared.get("title_en", "")}
        return ReportNotebook(
            name=name,
            path=path,
            titles=titles,
            profile=declared["profile"],
            order=int(declared.get("order", 99)),
            parameters=_parameters(notebook, path),
            least_role=_role(declared, path),
        )
    except (KeyError, json.JSONDecodeError, nbformat.ValidationError, nbformat.reader.NotJSONError):
        raise UsageError(f"{path.name} is not a report notebook: its metadata needs daicho.title and daicho.profile.") from None


def _role(declared: Mapping[str, Any], path: Path) -> str:
    role = declared.get("role", ROLES[0])
    if role not in ROLES:
        raise UsageError(f"{path.name}: daicho.role must be one of {', '.join(ROLES)}.")
    return str(role)


def _parameters(notebook: nbformat.NotebookNode, path: Path) -> dict[str, Parameter]:
    """Read the annotated assignments of the cell tagged `parameters`: `name: type = default  # help`."""
    cells = [cell for cell in notebook.cells if PARAMETERS_TAG in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise UsageError(f"{path.name} needs exactly one cell tagged {PARAMETERS_TAG}.")
    source = cells[0].source
    lines = source.splitlines()
    found: dict[str, Parameter] = {}
    for node in _statements(source, path):
        if not (
            isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.annotation, ast.Name) and node.value
        ):
            raise UsageError(f"{path.name}: every line of the {PARAMETERS_TAG} cell must read `name: type = default`.")
        _, _, comment = lines[node.lineno - 1].partition("#")
        name = node.target.id
        found[name] = Parameter(name=name, type=node.annotation.id, default=_plain_default(node.value, path), help=comment.strip())
    return found


def _statements(source: str, path: Path) -> list[ast.stmt]:
    """The cell is read, never run. Raises UsageError for what is no Python."""
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    raise UsageError(f"{path.name}: the {PARAMETERS_TAG} cell is no Python: mend it.")


def _plain_default(value: ast.expr, path: Path) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, RecursionError, MemoryError):
        pass
    raise UsageError(f"{path.name}: every default in the {PARAMETERS_TAG} cell must be a plain text, number, true or false.")


def check_parameters(report: ReportNotebook, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given parameters in their declared types. Raises UsageError for an unknown or ill-typed one, before anything runs."""
    checked = {}
    for name, value in given.items():
        if name not in report.parameters:
            known = ", ".join(report.parameters)
            raise UsageError(f"the report {report.name} has no parameter {name}: it takes {known}.")
        checked[name] = _typed(report, report.parameters[name], value)
    return checked


def _typed(report: ReportNotebook, parameter: Parameter, value: Any) -> Any:
    text = value if isinstance(value, str) else str(value)
    try:
        if parameter.type == "int":
            if isinstance(value, bool | float):
                raise ValueError
            return int(text)
        if parameter.type == "bool":
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if parameter.name == AS_OF or parameter.name.endswith("_on"):
            return date.fromisoformat(text).isoformat() if text else ""
        if parameter.type == "str":
            return text
    except (ValueError, KeyError):
        pass
    wanted = {"int": "a whole number", "bool": "true or false"}.get(parameter.type, "a date such as 2026-04-01")
    raise UsageError(f"the parameter {parameter.name} of the report {report.name} must be {wanted}.")

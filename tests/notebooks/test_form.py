"""Notebooks as files: thin, clean, parameterised, translated."""

from __future__ import annotations

import ast
import io
import json
import tokenize

import nbformat
import pytest
from tests.notebooks.execution import FOLDER, NOTEBOOKS, REPORTS, read

PROFILES = {
    "coverage": "internal",
    "coverage_district": "internal",
    "reminders": "internal",
    "annual_counts": "statutory",
    "reconciliation": "statutory",
    "consignment_payments": "settlement",
    "data_quality": "internal",
    "covid": "internal",
    "shared_copy": "internal",
    "ward_settlement": "settlement",
    "ward_settlement_summary": "settlement",
    "payment_audit": "settlement",
    "privacy_compliance": "internal",
}
ROLES = {"privacy_compliance": "report_runner"}
"""Reports whose kernel needs more than the narrowest role."""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_is_valid_and_keeps_no_outputs(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_starts_the_sealed_kernel(name: str) -> None:
    assert read(name).metadata.kernelspec == {"name": "daicho", "display_name": "台帳（封止）", "language": "python"}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_cell_ids_are_written_by_hand_and_unique(name: str) -> None:
    ids = [cell.id for cell in read(name).cells]
    assert len(set(ids)) == len(ids)
    assert all(not any(character.isdigit() for character in cell) or len(cell) <= 4 for cell in ids)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_defines_nothing_and_loops_over_nothing(name: str) -> None:
    tree = ast.parse("\n".join(cell.source for cell in read(name).cells if cell.cell_type == "code"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If)
    assert not [node for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_imports_daicho_alone(name: str) -> None:
    tree = ast.parse("\n".join(cell.source for cell in read(name).cells if cell.cell_type == "code"))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert imported == ["daicho"]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize("name", REPORTS)
def test_parameters_are_annotated_and_explained_in_one_cell(name: str) -> None:
    cells = [cell for cell in read(name).cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(cells) == 1
    statements = ast.parse(cells[0].source).body
    assert statements
    for statement in statements:
        assert isinstance(statement, ast.AnnAssign)
        assert ast.unparse(statement.annotation) in ("int", "str")
        assert isinstance(statement.value, ast.Constant)
        assert type(statement.value.value).__name__ == ast.unparse(statement.annotation)
    comments = [token for token in tokenize.generate_tokens(io.StringIO(cells[0].source).readline) if token.type == tokenize.COMMENT]
    assert len(comments) == len(statements)


@pytest.mark.parametrize("name", REPORTS)
def test_report_declares_title_profile_and_order(name: str) -> None:
    notebook = read(name)
    declared = notebook.metadata.daicho
    assert set(declared) - {"role"} == {"title", "title_en", "profile", "order"}
    assert declared.get("role") == ROLES.get(name)
    assert declared.profile == PROFILES[name]
    assert notebook.cells[0].source == f"# {declared.title}"
    assert notebook.cells[0].metadata.daicho.en == f"# {declared.title_en}"


def test_reports_have_different_places_in_the_order() -> None:
    assert sorted(read(name).metadata.daicho.order for name in REPORTS) == list(range(1, len(REPORTS) + 1))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_paragraph_has_an_english_text_with_the_same_headings(name: str) -> None:
    for cell in read(name).cells:
        if cell.cell_type == "markdown":
            english = cell.metadata.daicho.en
            assert english.isascii() or "＊" in english or "1期" in english
            assert _headings(cell.source) == _headings(english)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_file_is_written_in_one_form(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _headings(source: str) -> list[int]:
    return [len(line) - len(line.lstrip("#")) for line in source.splitlines() if line.startswith("#")]


@pytest.mark.parametrize("name", REPORTS)
def test_papermill_reads_type_default_and_help_of_every_parameter(name: str) -> None:
    papermill = pytest.importorskip("papermill")
    parameters = papermill.inspect_notebook(str(FOLDER / f"{name}.ipynb"))
    assert parameters
    for parameter in parameters.values():
        assert parameter["inferred_type_name"] in ("int", "str")
        assert parameter["help"]

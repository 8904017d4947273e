"""English reports: a notebook's prose, from the translations that stand beside the Japanese."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode


def localise_notebook(notebook: NotebookNode, *, language: str) -> NotebookNode:
    """Return a copy of a report's notebook with its prose in the language of the report.

    Each markdown cell keeps its English text in its metadata (`daicho.en`); code cells are the same in every language. A cell without a
    translation stays as it is.
    """
    translated = copy.deepcopy(notebook)
    if language != "ja":
        for cell in translated.cells:
            source = cell.metadata.get("daicho", {}).get(language)
            if cell.cell_type == "markdown" and source:
                cell.source = source
    return translated

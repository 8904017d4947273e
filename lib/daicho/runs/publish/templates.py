"""Where the document templates lie: `reports/templates` of the workspace, or of the repository this library runs from."""

from __future__ import annotations

from pathlib import Path

from daicho.core.errors import UsageError

_MARKER = "report.html.j2"


def templates_dir(chosen: Path | None = None) -> Path:
    """The folder of templates: the chosen one, else `reports/templates` beside the library's source.

    Raises `UsageError` when the folder holds none.
    """
    folder = chosen if chosen is not None else Path(__file__).resolve().parents[4] / "reports" / "templates"
    if not (folder / _MARKER).is_file():
        raise UsageError(f"{folder} holds no document templates; point to the workspace's reports/templates")
    return folder

"""The papermill engine of `daicho`: runs a notebook in a sealed kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbclient.exceptions import CellExecutionError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine


class SealedEngine(Engine):  # type: ignore[misc]  # papermill has no type information
    """Papermill engine `daicho` (entry point): executes with the kernel manager given as `kernel_manager`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        kernel_manager: Any,
        execution_timeout: int,
        cell_done: Callable[[Mapping[str, Any]], None] = lambda _cell: None,
        **options: Any,
    ) -> None:
        client = PapermillNotebookClient(
            nb_man,
            km=kernel_manager,
            timeout=execution_timeout,
            startup_timeout=options.get("start_timeout", 60),
            log_output=False,
            store_widget_state=False,
            record_timing=False,
            on_cell_executed=lambda cell, **_: cell_done(cell),
        )
        try:
            client.execute()
        except CellExecutionError:
            # The failing cell is marked in the managed notebook; its text is read there, class only, and never passed on.
            return

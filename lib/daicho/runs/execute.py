"""Execute one report notebook through papermill in a sealed kernel; give its outputs, releases and seal, or say which step failed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DataError, DisclosureError, SealError, UsageError, VaultError
from daicho.gate.client import GateClient
from daicho.gate.release import Release
from daicho.kernels.manager import SealedKernel, sealed_kernel
from daicho.kernels.warm import Nursery
from daicho.measures import catalogue
from daicho.present.translation import localise_notebook
from daicho.runs.notebooks import ReportNotebook
from daicho.runs.publish.drawing_ahead import CellDone, drawing_ahead

CELL_SECONDS = 600
ENGINE = "daicho"
PAPERMILL_TAGS = frozenset({"injected-parameters", "papermill-error-cell-tag"})
_ERRORS = {error.__name__: error for error in (DataError, UsageError, DisclosureError, SealError, VaultError)}


@dataclass(frozen=True)
class Executed:
    """A finished notebook with the releases the gate gave it and the result of its kernel's seal."""

    notebook: nbformat.NotebookNode
    releases: tuple[Release, ...]
    seal: tuple[tuple[str, bool], ...]
    is_sealed: bool


@dataclass(frozen=True)
class FailedCell:
    """Where a notebook stopped: cell number (from 1) and class of the error. Its text and traceback are not kept.

    `measure`: what the gate refused, where it refused one; a name of the catalogue, never other text.
    """

    cell: int
    error_class: str
    measure: str = ""


class ReportFailedError(DaichoError):
    """A notebook did not finish."""

    def __init__(self, report: ReportNotebook, failed: FailedCell, *, profile: str) -> None:
        known = _ERRORS.get(failed.error_class, DataError)
        self.exit_code = known.exit_code
        self.failed = failed
        super().__init__(_refusal(report, failed, profile=profile) if failed.measure else _stop(report, failed))


def _refusal(report: ReportNotebook, failed: FailedCell, *, profile: str) -> str:
    advice = "leave out a filter, or ask for a later or longer period"
    if profile != report.profile:
        advice = f"make it under its own profile ({report.profile})"
    return (
        f"the report {report.name} cannot be made under the profile {profile}: its measure {failed.measure} is refused there "
        f"(cell {failed.cell}); nothing was published: {advice}; `daicho query {failed.measure}` with the same filters says why."
    )


def _stop(report: ReportNotebook, failed: FailedCell) -> str:
    return (
        f"the report {report.name} stopped at cell {failed.cell} with an error of class {failed.error_class}; nothing was published: "
        "open the notebook in `daicho lab` to see why."
    )


def execute_report(
    report: ReportNotebook,
    *,
    config: Config,
    gate: GateClient,
    parameters: Mapping[str, Any],
    profile: str,
    purpose: str,
    run_id: str,
    work: Path,
    nursery: Nursery | None = None,
) -> Executed:
    """Run `report` with checked `parameters`. `work` is the kernel's own folder, the only one it may write.

    From a `nursery` the kernel starts sooner. Raises ReportFailedError for a failing cell, SealError when the kernel cannot be sealed.
    """
    work.mkdir(parents=True, mode=0o700)
    finished = work.parent / f"{report.name}.executed.ipynb"
    source = work.parent / f"{report.name}.ipynb"
    notebook = nbformat.read(report.path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.write(localise_notebook(notebook, language=config.language), source)  # type: ignore[no-untyped-call]
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with sealed_kernel(
        config, gate=gate, work=work, profile=profile, purpose=purpose, run_id=run_id, least_role=report.least_role, nursery=nursery
    ) as kernel:
        with drawing_ahead(language=config.language) as cell_done:
            _papermill(report, source, finished, parameters=parameters, kernel=kernel, profile=profile, cell_done=cell_done)
        seal, is_sealed = kernel.seal_result(), kernel.is_sealed
    notebook = nbformat.read(finished, as_version=4)  # type: ignore[no-untyped-call]
    failed = failed_cell(notebook)
    if failed is not None:
        raise ReportFailedError(report, failed, profile=profile)
    return Executed(notebook=notebook, releases=tuple(gate.run_releases(run_id)), seal=seal, is_sealed=is_sealed)


def _papermill(
    report: ReportNotebook,
    source: Path,
    finished: Path,
    *,
    parameters: Mapping[str, Any],
    kernel: SealedKernel,
    profile: str,
    cell_done: CellDone,
) -> None:
    """Papermill's own errors quote the failing cell, so they end here."""
    stopped = ""
    try:
        papermill.execute_notebook(
            source,
            finished,
            parameters=dict(parameters),
            engine_name=ENGINE,
            kernel_manager=kernel.manager,
            cell_done=cell_done,
            execution_timeout=CELL_SECONDS,
            progress_bar=False,
            log_output=False,
            request_save_on_cell_execute=False,
            kernel_name=None,
            language="python",
        )
    except papermill.exceptions.PapermillExecutionError:
        return
    except SealError:
        raise
    except Exception as error:
        stopped = type(error).__name__
    if stopped:
        kernel.refuse_unsealed()
        raise ReportFailedError(report, FailedCell(cell=0, error_class=stopped), profile=profile)


def failed_cell(notebook: nbformat.NotebookNode) -> FailedCell | None:
    """The first cell with an error output, numbered as in the report's own notebook: cells that papermill put in do not count."""
    own = [cell for cell in notebook.cells if not PAPERMILL_TAGS & set(cell.metadata.get("tags", []))]
    for number, cell in enumerate(own, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return FailedCell(cell=number, error_class=str(output.ename), measure=_refused_measure(output))
    return None


def _refused_measure(output: nbformat.NotebookNode) -> str:
    """The measure that a refusal of the gate begins with; of a notebook's text, only a name of the catalogue passes."""
    name = str(output.evalue).partition(":")[0]
    return name if output.ename == DisclosureError.__name__ and name in catalogue() else ""

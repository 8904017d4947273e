"""Draw the charts of a notebook for print while its later cells still run, so that its documents find them drawn."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from daicho.core.errors import DaichoError
from daicho.runs.publish.figures import CHART_MIME, draw_svg, read_figure

CellDone = Callable[[Mapping[str, Any]], None]


@contextmanager
def drawing_ahead(*, language: str) -> Iterator[CellDone]:
    """Yield what is to be told of each finished cell. What cannot be drawn is met, and told, when the document is made.

    Charts that are not drawn when the notebook ends are left to the documents, which need them first.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drawing")

    def draw(spec: Mapping[str, Any]) -> None:
        # With its keys in the order in which a notebook file keeps them: the document's chart must be the same to the letter.
        kept = json.loads(json.dumps(spec, sort_keys=True))
        with contextlib.suppress(DaichoError):
            draw_svg(read_figure(kept, number=0), language=language)

    def cell_done(cell: Mapping[str, Any]) -> None:
        for output in cell.get("outputs", ()):
            if CHART_MIME in output.get("data", {}):
                pool.submit(draw, output["data"][CHART_MIME])

    try:
        yield cell_done
    finally:
        pool.shutdown(wait=False, cancel_futures=True)

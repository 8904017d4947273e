"""Charts drawn while a notebook still runs: the document finds the very drawing it would have made, and never more than that."""

from __future__ import annotations

import json
import time
from typing import Any

from daicho.runs.publish import figures
from daicho.runs.publish.drawing_ahead import drawing_ahead
from daicho.runs.publish.figures import CHART_MIME, draw_svg, read_figure

SPEC: dict[str, Any] = {
    "mark": "bar",
    "description": "地区ごとの人数",
    "encoding": {"y": {"field": "人数", "type": "quantitative"}, "x": {"field": "地区", "type": "nominal"}},
    "data": {"values": [{"地区": "芝", "人数": 7}]},
}


def cell(spec: dict[str, Any]) -> dict[str, Any]:
    return {"outputs": [{"output_type": "display_data", "data": {CHART_MIME: spec}}, {"output_type": "stream", "text": "x"}]}


def test_the_document_finds_the_chart_drawn_and_gets_the_same_drawing() -> None:
    kept = json.loads(json.dumps(SPEC, sort_keys=True))  # as a notebook file keeps it
    figures._svg.cache_clear()
    alone = draw_svg(read_figure(kept, number=3))
    figures._svg.cache_clear()
    with drawing_ahead(language="ja") as cell_done:
        cell_done(cell(SPEC))
        deadline = time.monotonic() + 60
        while not figures._svg.cache_info().currsize and time.monotonic() < deadline:
            time.sleep(0.02)
    assert draw_svg(read_figure(kept, number=3)) == alone
    assert (figures._svg.cache_info().misses, figures._svg.cache_info().hits) == (1, 1)


def test_a_chart_that_cannot_be_drawn_or_is_refused_is_left_to_the_document() -> None:
    figures._svg.cache_clear()
    with drawing_ahead(language="ja") as cell_done:
        cell_done(cell({**SPEC, "data": {"url": "https://example.jp/x.csv"}}))
        cell_done(cell({key: value for key, value in SPEC.items() if key != "description"}))
        cell_done({"outputs": []})
        cell_done({"cell_type": "markdown"})
    assert figures._svg.cache_info().currsize == 0

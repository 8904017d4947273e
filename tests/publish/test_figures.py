"""Charts: nothing from outside, alternative text always, one typeface, the width of the page."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import vl_convert
from PIL import Image
from tests.publish import builders as build

from daicho.core.errors import DataError, DisclosureError, UsageError
from daicho.runs.publish.figures import PAGE_WIDTH_PX, PRINT_FONT, draw_svg, is_resizable, read_figure, with_font

PAGE_WIDTH_PT = PAGE_WIDTH_PX * 0.75


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"url": "https://example.jp/a.csv"}},
        {"data": {"url": "file:///etc/passwd"}},
        {"mark": {"type": "image", "width": 10}},
        {"mark": "image"},
        {"encoding": {"url": {"field": "a"}}},
        {"encoding": {"href": {"value": "https://example.jp"}}},
        {"layer": [{"transform": [{"lookup": "a", "from": {"data": {"url": "x"}, "key": "a"}}]}]},
    ],
)
def test_chart_that_would_load_or_link_outside_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DisclosureError):
        read_figure({**build.trend_chart(), **change}, number=1)


def test_data_column_named_url_is_no_reason_to_refuse() -> None:
    spec = {**build.trend_chart(), "data": {"values": [{"url": 1, "href": 2}]}}
    assert read_figure(spec, number=1).number == 1


def test_chart_without_description_is_refused() -> None:
    spec = build.trend_chart()
    del spec["description"]
    with pytest.raises(UsageError, match="description"):
        read_figure(spec, number=1)


def test_title_becomes_the_caption_and_embed_options_are_dropped() -> None:
    spec = {
        **build.trend_chart(),
        "title": {"text": ["推移", "（年度）"], "subtitle": "全地区"},
        "usermeta": {"embedOptions": {"ast": False}},
    }
    figure = read_figure(spec, number=1)
    assert figure.title == "推移（年度）　全地区"
    assert not {"title", "usermeta"} & figure.spec.keys()


def test_every_typeface_of_a_chart_is_replaced_and_data_is_not() -> None:
    spec = {"config": {"axis": {"labelFont": "Arial"}}, "data": {"values": [{"font": "Arial"}]}, "layer": [{"mark": {"font": "Arial"}}]}
    changed = with_font(spec, "X")
    assert changed["config"] == {"axis": {"labelFont": "X"}, "font": "X"}
    assert changed["data"] == {"values": [{"font": "Arial"}]}
    assert changed["layer"] == [{"mark": {"font": "X"}}]


@pytest.mark.parametrize("chart", [build.trend_chart, build.heat_map, build.grouped_bars])
def test_single_and_layered_charts_are_drawn_at_page_width(chart: Any) -> None:
    drawing = draw_svg(read_figure(chart(), number=1))
    assert drawing.width_pt == pytest.approx(PAGE_WIDTH_PT, abs=1)
    # Text stays text in the typeface of the document; the family may be quoted.
    families = set(re.findall(r'font-family="([^"]+)"', drawing.svg))
    assert {family.strip("'&quot;") for family in families} == {PRINT_FONT}


@pytest.mark.parametrize("chart", [build.trend_chart, build.heat_map, build.grouped_bars, build.faceted_chart])
def test_nothing_of_a_drawing_is_clipped_at_its_edges(chart: Any) -> None:
    drawing = draw_svg(read_figure(chart(), number=1))
    image = Image.open(io.BytesIO(vl_convert.svg_to_png(drawing.svg))).convert("L")
    edges = (
        image.crop((0, 0, image.width, 2)),
        image.crop((0, image.height - 2, image.width, image.height)),
        image.crop((0, 0, 2, image.height)),
        image.crop((image.width - 2, 0, image.width, image.height)),
    )
    assert all(edge.getextrema() == (255, 255) for edge in edges)
    assert image.getextrema()[0] < 128


def test_faceted_and_composed_charts_keep_their_width() -> None:
    assert not is_resizable(build.faceted_chart())
    assert not is_resizable({"hconcat": []})
    assert not is_resizable({"mark": "rect", "width": {"step": 20}})
    assert is_resizable(build.heat_map())


def test_chart_that_cannot_be_drawn_is_a_data_error_that_quotes_nothing() -> None:
    spec = {
        "description": "x",
        "data": {"values": [{"a": "CANARY"}]},
        "mark": "bar",
        "encoding": {"x": {"field": "a", "type": "no-such-type"}},
    }
    figure = read_figure(spec, number=3)
    broken = {**figure.spec, "mark": {"type": "no-such-mark-CANARY"}}
    with pytest.raises(DataError, match="figure 3") as refused:
        draw_svg(type(figure)(number=3, title="", alt="x", spec=broken))
    assert "CANARY" not in str(refused.value)
    assert refused.value.__cause__ is None

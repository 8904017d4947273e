"""Look and transport of charts: fonts, palette, size, and the mime types a chart travels in."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from daicho.core.slow_imports import without_iri_grammar

THEME = "daicho"
FONT = "Noto Sans CJK JP, BIZ UDGothic, Hiragino Sans, Yu Gothic, Meiryo, sans-serif"
TEXT_WIDTH_PX = 620
"""Width of the text column of an A4 page at 96 px an inch and 22 mm margins."""

SERIES_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#000000", "#56B4E9", "#D55E00", "#CC79A7", "#F0E442")
"""Okabe and Ito's colours (2008), told apart with any common colour vision, in an order in which neighbours also differ in grey."""

SERIES_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [10, 4], [4, 2, 1, 2], [1, 3], [12, 2])
SERIES_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
STACK_COLOURS = ("#08306B", "#2F6FA8", "#6AA6D0", "#A9CFE6", "#F3DDB0", "#FFFFFF")
"""Parts of a whole from dark to light, so that their order is read in grey as in colour."""

DUE_FILL = "#FBE9C6"
MASKED_FILL = "#E4E4E4"
TARGET_COLOUR = "#7A1F00"
HEAT_SCHEME = "cividis"
VEGALITE_MIME = "application/vnd.vegalite.v6+json"
LAB_VEGALITE_MIME = "application/vnd.vegalite.v5+json"


def load_altair() -> ModuleType:
    """Import Altair with this workspace's theme and renderer switched on; the second call costs nothing."""
    with without_iri_grammar():
        import altair
    if altair.renderers.active != THEME:
        config: Any = theme_config
        altair.theme.register(THEME, enable=True)(config)
        altair.renderers.register(THEME, render_chart)
        altair.renderers.enable(THEME)
    return altair


def render_chart(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Return a chart's mime bundle: Vega-Lite 6 for publishing, the same chart as Vega-Lite 5 for JupyterLab.

    JupyterLab 4.6 draws Vega-Lite up to version 5 and nothing newer. Neither form loads anything from a network.
    """
    lab = spec | {"$schema": "https://vega.github.io/schema/vega-lite/v5.json"}
    return {VEGALITE_MIME: spec, LAB_VEGALITE_MIME: lab, "text/plain": str(spec.get("description", ""))}


def theme_config() -> dict[str, Any]:
    """Return the Vega-Lite configuration: one font, thin grey lines, text dark enough to read in print."""
    axis = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelColor": "#222",
        "titleColor": "#222",
        "gridColor": "#E3E3E3",
        "domainColor": "#777",
        "tickColor": "#777",
        "labelLimit": 220,
    }
    return {
        "config": {
            "font": FONT,
            "background": "#FFFFFF",
            "title": {"font": FONT, "fontSize": 14, "fontWeight": "bold", "anchor": "start", "offset": 10, "color": "#111"},
            "axis": axis,
            "legend": {
                "labelFont": FONT,
                "titleFont": FONT,
                "labelFontSize": 11,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "orient": "bottom",
                "columns": 4,
                "labelLimit": 200,
                "symbolSize": 90,
            },
            "range": {"category": list(SERIES_COLOURS), "heatmap": {"scheme": HEAT_SCHEME}, "ramp": {"scheme": HEAT_SCHEME}},
            "text": {"font": FONT, "fontSize": 11, "color": "#111"},
            "view": {"stroke": None, "continuousWidth": TEXT_WIDTH_PX, "continuousHeight": 300},
            "bar": {"color": SERIES_COLOURS[0]},
        }
    }

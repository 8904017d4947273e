"""Charts of a notebook (Vega-Lite 6): checked, set in the document's typeface, and drawn as SVG at page width.

A chart that would load anything from outside is refused, because a document opens offline and a publisher must not be made to
read files or call hosts by a chart. Sizes are CSS pixels (1/96 inch) unless a name says pt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

from daicho.core.errors import DataError, DisclosureError, UsageError

CHART_MIME = "application/vnd.vegalite.v6+json"
VEGALITE_VERSION = "6.4"
PRINT_FONT = "Noto Sans CJK JP"
FONT_PACKAGES = ("noto_cjk_sans_jp_regular", "noto_cjk_sans_jp_bold")

PAGE_WIDTH_PX = 642.0  # 170 mm: A4 less two margins of 20 mm
_PT_PER_PX = 0.75
_DATA_KEYS = frozenset({"values", "datasets"})
_OUTSIDE_KEYS = frozenset({"url", "href"})
_FONT_KEYS = frozenset({"font", "labelFont", "titleFont", "subtitleFont"})
_COMPOSED = frozenset({"facet", "repeat", "concat", "hconcat", "vconcat"})
_FACET_CHANNELS = frozenset({"facet", "row", "column"})
_KEPT_DRAWINGS = 64
_DRAWING = Lock()
"""One chart at a time: the engine has one thread, and whoever waits for a chart that is being drawn finds it kept."""
_SVG_SIZE = re.compile(r"<svg\b[^>]*?\bwidth=\"([\d.]+)\"[^>]*?\bheight=\"([\d.]+)\"")


@dataclass(frozen=True)
class Figure:
    """One chart, numbered in its document from 1. `spec` has neither title nor embed options; both are the document's business."""

    number: int
    title: str
    alt: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Drawing:
    """A chart as SVG with its natural size in points."""

    svg: str
    width_pt: float
    height_pt: float


def read_figure(spec: Mapping[str, Any], *, number: int) -> Figure:
    """Read one chart. Raises `UsageError` without a description, `DisclosureError` when the chart would load from outside."""
    where = f"figure {number}"
    if _loads_from_outside(spec):
        raise DisclosureError(f"{where}: the chart loads data, an image or a link from outside; charts may only draw released frames")
    alt = _words(spec.get("description"))
    if not alt:
        raise UsageError(f"{where}: the chart has no description; give alternative text with .properties(description=…)")
    bare = {key: value for key, value in spec.items() if key not in ("title", "usermeta", "name")}
    return Figure(number=number, title=_title(spec.get("title")), alt=alt, spec=bare)


def draw_svg(figure: Figure, *, language: str = "ja") -> Drawing:
    """Draw a chart for print: single charts at page width, composed ones at their own size; a chart drawn lately is not drawn again.

    Raises `DataError` when it cannot be drawn.
    """
    spec = with_font(at_width(figure.spec, PAGE_WIDTH_PX), PRINT_FONT)
    try:
        with _DRAWING:
            svg = _svg(json.dumps(spec, ensure_ascii=False), language)
    except ValueError:
        # Not chained: the engine's message may quote the data of the chart.
        raise DataError(f"figure {figure.number}: the chart could not be drawn; check its encodings") from None
    size = _SVG_SIZE.search(svg)
    if size is None:
        raise DataError(f"figure {figure.number}: the drawing has no size; check the chart")
    return Drawing(svg, float(size.group(1)) * _PT_PER_PX, float(size.group(2)) * _PT_PER_PX)


@lru_cache(maxsize=_KEPT_DRAWINGS)
def _svg(spec: str, language: str) -> str:
    # Imported here: it starts a JavaScript engine of 80 MB, which the other formats do not need.
    import vl_convert

    _register_fonts()
    drawn: str = vl_convert.vegalite_to_svg(
        spec,
        vl_version=VEGALITE_VERSION,
        allowed_base_urls=[],
        format_locale=number_locale(language),
        time_format_locale=time_locale(language),
    )
    return drawn


def is_resizable(spec: Mapping[str, Any]) -> bool:
    """Single and layered charts take any width; composed, faceted and step-wide charts keep their own."""
    if not _COMPOSED.isdisjoint(spec) or isinstance(spec.get("width"), Mapping):
        return False
    encodings = [spec.get("encoding", {}), *(layer.get("encoding", {}) for layer in spec.get("layer", []))]
    return all(_FACET_CHANNELS.isdisjoint(encoding) for encoding in encodings)


def at_width(spec: Mapping[str, Any], width: float | str) -> dict[str, Any]:
    """The spec drawn `width` wide in all, axes and legends included; `"container"` follows the page. Composed charts are unchanged."""
    if not is_resizable(spec):
        return dict(spec)
    return {**spec, "width": width, "autosize": {"type": "fit-x", "contains": "padding"}}


def with_font(spec: Mapping[str, Any], font: str) -> dict[str, Any]:
    """The spec with every typeface replaced by `font`; a document has one."""
    changed = _with_font(spec, font)
    config = changed.get("config")
    changed["config"] = {**(config if isinstance(config, dict) else {}), "font": font}
    return changed


def font_directories() -> tuple[Path, ...]:
    """Where the packaged typefaces are. Only these are used for print, so a document is the same on every machine."""
    return tuple(Path(str(files(package))) for package in FONT_PACKAGES)


def number_locale(language: str) -> dict[str, object]:
    """The d3 number format of a document language; money is yen in every language."""
    currency = ["", "円"] if language == "ja" else ["¥", ""]
    return {"decimal": ".", "thousands": ",", "grouping": [3], "currency": currency}


@cache
def time_locale(language: str) -> dict[str, object]:
    """The d3 date format of a document language."""
    import vl_convert

    return dict(vl_convert.get_time_format_locale("ja-JP" if language == "ja" else "en-GB"))


@cache
def _register_fonts() -> None:
    import vl_convert

    for directory in font_directories():
        vl_convert.register_font_directory(str(directory))


def _with_font(part: Mapping[str, Any], font: str) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for key, value in part.items():
        if key in _DATA_KEYS:
            changed[key] = value
        elif key in _FONT_KEYS and isinstance(value, str):
            changed[key] = font
        elif isinstance(value, Mapping):
            changed[key] = _with_font(value, font)
        elif isinstance(value, list):
            changed[key] = [_with_font(item, font) if isinstance(item, Mapping) else item for item in value]
        else:
            changed[key] = value
    return changed


def _loads_from_outside(part: object) -> bool:
    if isinstance(part, Mapping):
        if any(key in part for key in _OUTSIDE_KEYS) or part.get("type") == "image" or part.get("mark") == "image":
            return True
        return any(_loads_from_outside(value) for key, value in part.items() if key not in _DATA_KEYS and key != "usermeta")
    return isinstance(part, list) and any(_loads_from_outside(item) for item in part)


def _title(title: object) -> str:
    if isinstance(title, Mapping):
        parts = [_words(title.get("text")), _words(title.get("subtitle"))]
        return "　".join(part for part in parts if part)
    return _words(title)


def _words(text: object) -> str:
    """Vega-Lite texts may be a list of lines."""
    if isinstance(text, list):
        return "".join(str(line) for line in text)
    return text if isinstance(text, str) else ""

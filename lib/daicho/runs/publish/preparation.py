"""Loading what publishing needs while something else is being waited for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from daicho.core.config import CONFIG_FILE, Config
from daicho.runs.publish.figures import Figure, draw_svg
from daicho.runs.publish.typeface import keep_glyphs
from daicho.runs.publish.viewer import vega_bundle

_SMALLEST_CHART = {"data": {"values": [{"x": 1}]}, "mark": "point", "encoding": {"x": {"field": "x", "type": "quantitative"}}}


def prepare_publishing(*, cache_dir: Path | None = None, words: Iterable[Path] = ()) -> None:
    """Start the chart engine, load the typefaces, make the chart viewer and cut the typeface for pages (1 s, and 3.5 s more when `cache_dir`
    does not hold these). `words`: files with the words that pages are made of.

    Never needed for the result; call it in a thread while the kernel runs, and the documents come sooner.
    """
    vega_bundle(cache_dir)
    if cache_dir is not None:
        keep_glyphs("".join(path.read_text(encoding="utf-8", errors="ignore") for path in words), cache_dir=cache_dir)
    draw_svg(Figure(number=0, title="", alt="", spec=_SMALLEST_CHART))


def workspace_words(config: Config) -> list[Path]:
    """Where the words of a workspace's reports stand."""
    folders = (config.contracts_dir / "codelists", config.contracts_dir / "outputs", config.notebooks_dir)
    return [config.root / CONFIG_FILE, *(path for folder in folders for path in sorted(folder.glob("*.*")) if path.is_file())]

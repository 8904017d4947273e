"""The typeface inside an HTML document: the glyphs its words need, so that Japanese is readable where no Japanese typeface is installed.

It stands last in the page's list of typefaces: a reader's own is preferred. One weight; browsers embolden it for headings.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "daicho"
PLACE = "/* typeface */"
_PACKAGE, _FILE = "noto_cjk_sans_jp_regular", "NotoSansCJKjp-Regular.otf"
_LAYOUT_TABLES = ["GPOS", "GSUB", "GDEF", "BASE", "VORG", "vhea", "vmtx"]


def with_typeface(page: str, *, cache_dir: Path | None = None) -> str:
    """The page with its typeface at the mark `PLACE` in its style sheet.

    Cutting glyphs out of the whole typeface takes more than a second, so `cache_dir` keeps those that pages have needed so far.
    """
    wanted = _wanted(page)
    data = base64.b64encode(_cut(_source(wanted, cache_dir), wanted, flavor="woff")).decode("ascii")
    face = f'@font-face{{font-family:"{FAMILY}";src:url(data:font/woff;base64,{data}) format("woff")}}'
    return page.replace(PLACE, face, 1)


def keep_glyphs(words: str, *, cache_dir: Path) -> None:
    """Keep the glyphs of a workspace's own words, in one cut: else each report whose ward or district is new would make its own."""
    _source(_wanted(words), cache_dir)


def _wanted(text: str) -> set[int]:
    return {ord(character) for character in set(text) if not character.isspace()} | {ord(" ")}


def _source(wanted: set[int], cache_dir: Path | None) -> bytes:
    """The packaged typeface, or the kept part of it when that has every glyph wanted that there is."""
    whole = Path(str(files(_PACKAGE))) / _FILE
    if cache_dir is None:
        return whole.read_bytes()
    kept = cache_dir / f"typeface-{version('noto-cjk-sans-jp-regular')}.otf"
    held = _characters(kept.read_bytes()) if kept.is_file() else set()
    missing = wanted - held
    if held and not (missing and missing & _characters(whole.read_bytes())):
        return kept.read_bytes()
    grown = _cut(whole.read_bytes(), wanted | held)
    _keep(kept, grown)
    return grown


def _characters(typeface: bytes) -> set[int]:
    with TTFont(io.BytesIO(typeface), lazy=True) as font:
        return set(font.getBestCmap())


def _cut(typeface: bytes, wanted: set[int], *, flavor: str | None = None) -> bytes:
    """The glyphs of some characters; the same bytes for the same characters, whatever else the source held."""
    options: Any = subset.Options()
    options.flavor, options.hinting, options.desubroutinize = flavor, False, True
    options.layout_features, options.name_IDs = [], []
    options.drop_tables += _LAYOUT_TABLES
    font = subset.load_font(io.BytesIO(typeface), options, lazy=True)
    font.recalcTimestamp = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(font)
    cut = io.BytesIO()
    subset.save_font(font, cut, options)
    return cut.getvalue()


def _keep(kept: Path, content: bytes) -> None:
    """Written aside and renamed: a run that starts meanwhile must not read half a typeface. Without a place to keep it, nothing is kept."""
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=kept.parent, prefix=".typeface-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(aside).replace(kept)

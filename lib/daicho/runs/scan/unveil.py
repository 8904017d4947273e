"""What a reader, or a reader's computer, would make of a text: escapes undone, tags taken away, embedded documents opened."""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import polars as pl

# 12 bytes are four characters of Japanese: the shortest text that can name a person.
_BASE64 = r"[A-Za-z0-9+/]{16,}={0,2}"
# Longer runs of such letters are pictures, typefaces or documents: nobody reads a name in them.
_UNREADABLE = r"[A-Za-z0-9+/]{1000,}={0,2}"
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){3,}")
_ESCAPES = (
    re.compile(r"\\u([0-9a-fA-F]{4})"),
    re.compile(r"\\u\{([0-9a-fA-F]{1,6})\}"),
    re.compile(r"\\x([0-9a-fA-F]{2})"),
    re.compile(r"(?<=[\"'\s0-9a-fA-F])\\([0-9a-fA-F]{4,6}) ?"),  # CSS
)
_DEEPEST_ENTITIES = 3
_LAST_CODE = 0x10FFFF
# Elements inside a run of text: what stands around them reads as one word. Every other element sets its text apart.
_INLINE = (
    r"^/?(?:!--|a|abbr|b|bdi|bdo|big|code|del|em|font|i|ins|kbd|label|mark|q|r|rp|rt|ruby|s|samp|small|span|strike|strong|sub|sup|t|tspan|tt|u"
    r"|var|wbr|w:[a-z]+|rPr|a:[a-z]+)(?:[\s/>]|$)"
)
APART = "\n|\n"
"""Between the texts of separate elements: no number and no phrase of a known kind goes across."""


@dataclass(frozen=True)
class Unveiled:
    """`text`: as it reads, without tags. `tags`: the distinct tags, attributes included."""

    text: str
    tags: str


def unveil(text: str) -> Unveiled:
    """Undo escapes, then part text and tags."""
    return _without_tags(_unescaped(text))


def _unescaped(text: str) -> str:
    for _ in range(_DEEPEST_ENTITIES):
        plain = html.unescape(text) if "&" in text else text
        if plain == text:
            break
        text = plain
    if "\\" in text:
        for pattern in _ESCAPES:
            text = pattern.sub(lambda found: _character(int(found.group(1), 16)), text)
        text = _without_surrogates(text)
    if "%" in text:
        text = _PERCENT.sub(lambda found: unquote(found.group(), errors="ignore"), text)
    return text


def _character(code: int) -> str:
    return chr(code) if code <= _LAST_CODE else ""


def _without_surrogates(text: str) -> str:
    """Join surrogate pairs that escapes leave apart; a lone one becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _without_tags(text: str) -> Unveiled:
    if "<" not in text or ">" not in text:
        return Unveiled(text=text, tags="")
    pieces = pl.Series("part", [text]).str.split("<").explode()
    parts = pieces[1:].to_frame().select(pl.col("part").str.splitn(">", 2).struct.rename_fields(["tag", "text"])).unnest("part")
    # A part without a closing bracket is no tag: the sign stood for "less than".
    gap = (
        pl.when(pl.col("text").is_null())
        .then(pl.lit("<"))
        .when(pl.col("tag").str.contains(_INLINE))
        .then(pl.lit(""))
        .otherwise(pl.lit(APART))
    )
    joined = parts.select(pl.concat_str(gap, pl.coalesce("text", "tag")).str.join("")).item()
    return Unveiled(text=pieces[0] + joined, tags=APART.join(parts["tag"].unique().to_list()))


def without_unreadable(text: str) -> str:
    """The text without what only a computer can read; `embedded_documents` reads that."""
    plain: str = pl.Series([text]).str.replace_all(_UNREADABLE, APART).item()
    return plain


def embedded_documents(text: str, *, opened: Callable[[bytes], Iterator[str]]) -> Iterator[str]:
    """The texts of what stands in a text as base64. `opened` reads what is no text itself."""
    runs = pl.Series([text]).str.extract_all(_BASE64).explode().drop_nulls().unique(maintain_order=True)
    for run in runs.to_list():
        try:
            data = base64.b64decode(run.rstrip("=") + "=" * (-len(run.rstrip("=")) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        try:
            yield html.unescape(data.decode("utf-8"))
        except UnicodeDecodeError:
            yield from opened(data)


def inflated(data: bytes) -> bytes | None:
    """The content of gzip or zlib data; None for anything else."""
    try:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else zlib.decompress(data) if data[:1] == b"\x78" else None
    except (OSError, EOFError, zlib.error):
        return None

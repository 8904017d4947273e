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

# Bare tags, of which a page of tables is full: set apart before the others are looked at, one by one.
_BARE = [f"<{slash}{name}>" for name in ("td", "th", "tr", "li", "p", "div") for slash in ("", "/")]
_BARE_MARK = "\x01"
# What embedded bytes begin with that are no plain text: archives, PDF, tables, gzip, zlib, UTF-16. They are opened one by one, as are long ones.
_OPENED = (
    b"PK\x03\x04",
    b"%PDF",
    b"PAR1",
    b"ARROW1",
    b"\x1f\x8b",
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"\xff\xfe",
    b"\xfe\xff",
)
_LONG = 512  # bytes
# Three characters of Japanese or seven digits, as they may stand among bytes that are no text.
_READABLE = re.compile(rb"(?:[\xe2-\xef][\x80-\xbf]{2}[ \-]?){3,}|[0-9\-]{7,}")


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
    marked = pl.Series("part", [text.replace(_BARE_MARK, "")]).str.replace_many(_BARE, [_BARE_MARK] * len(_BARE))
    pieces = marked.str.split("<").explode()
    split = pl.col("part").str.splitn(">", 2).struct.rename_fields(["tag", "text"]).alias("split")
    parts = pieces[1:].to_frame().select("part", split).unnest("split")
    # A part without a closing bracket before the next tag is no tag: the sign stood for "less than".
    is_tag = pl.col("text").is_not_null() & ~pl.col("tag").str.contains(_BARE_MARK, literal=True)
    gap = pl.when(~is_tag).then(pl.lit("<")).when(pl.col("tag").str.contains(_INLINE)).then(pl.lit("")).otherwise(pl.lit(APART))
    joined = parts.select(pl.concat_str(gap, pl.when(is_tag).then("text").otherwise("part")).str.join("")).item()
    tags = parts.filter(is_tag)["tag"].unique().to_list()
    return Unveiled(text=(pieces[0] + (joined or "")).replace(_BARE_MARK, APART), tags=APART.join(tags))


def without_unreadable(text: str) -> str:
    """The text without what only a computer can read; `embedded_documents` reads that."""
    plain: str = pl.Series([text]).str.replace_all(_UNREADABLE, APART).item()
    return plain


def embedded_documents(text: str, *, opened: Callable[[bytes], Iterator[str]], read: Callable[[str], Iterator[str]]) -> Iterator[str]:
    """The texts of what stands in a text as base64. `opened` reads bytes that may be a document, `read` what is a text.

    Short runs are read together: a page of digests holds a hundred thousand of them, and none is worth a look of its own.
    """
    runs = pl.Series([text]).str.extract_all(_BASE64).explode().drop_nulls().str.strip_chars_end("=").unique(maintain_order=True)
    found = pl.DataFrame({"data": _decoded(runs)}).filter(pl.col("data").is_not_null())
    is_opened = (pl.col("data").bin.size() > _LONG) | pl.any_horizontal(pl.col("data").bin.starts_with(mark) for mark in _OPENED)
    for data in found.filter(is_opened)["data"].to_list():
        try:
            yield html.unescape(data.decode("utf-8"))
        except UnicodeDecodeError:
            yield from opened(data)
    short = found.filter(~is_opened & ~pl.col("data").bin.contains(b"\0"))["data"].to_list()
    if short:
        yield from read(APART.join(_as_texts(short)))


def _as_texts(short: list[bytes]) -> Iterator[str]:
    """Those that are whole texts in UTF-8 or cp932; of all of them, what reads like a name or a number in UTF-8."""
    together = APART.encode().join(short)
    for encoding in ("utf-8", "cp932"):
        # The separator is no part of any character of either, so a broken one spoils its own text alone.
        texts = pl.Series([together.decode(encoding, "replace")]).str.split(APART).explode()
        yield from texts.filter(~texts.str.contains("\ufffd", literal=True)).to_list()
    yield from (found.decode("utf-8", "replace") for found in _READABLE.findall(together))


def _decoded(runs: pl.Series) -> pl.Series:
    """The bytes that runs of base64 letters stand for; null where they stand for none."""
    padded = runs.to_frame("run").select(
        pl.concat_str("run", pl.lit("=").repeat_by((4 - pl.col("run").str.len_bytes() % 4) % 4).list.join(""))
    )
    data = padded.to_series().str.decode("base64", strict=False)
    # Where the last letter holds idle bits, polars sees no base64; a browser does.
    return (
        pl.Series([each if each is not None else _leniently(run) for each, run in zip(data, runs, strict=True)], dtype=pl.Binary)
        if data.null_count()
        else data
    )


def _leniently(run: str) -> bytes | None:
    try:
        return base64.b64decode(run + "=" * (-len(run) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def inflated(data: bytes) -> bytes | None:
    """The content of gzip or zlib data; None for anything else."""
    try:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else zlib.decompress(data) if data[:1] == b"\x78" else None
    except (OSError, EOFError, zlib.error):
        return None

"""Read an extract's bytes: which encoding by content, then UTF-8 pieces that end at a row's end.

CP932 is decoded by Python's own codec in pieces cut at 0x0A: no CP932 character holds 0x0A, 0x22 or 0x2C in any of its
bytes, so cutting and counting on raw bytes is safe. Private-use 外字 decode to private-use characters and stop nothing.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daicho.core.errors import DataError

PIECE_BYTES = 24 * 1024 * 1024
LONGEST_ROW_BYTES = 8 * PIECE_BYTES
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class SourceFile:
    """An extract file as found: its path, content hash and encoding."""

    path: Path
    sha256: str
    encoding: str
    size: int


@dataclass(frozen=True)
class Piece:
    """Whole rows of an extract as UTF-8; `first_line` is the physical line number of the first (the file's first line is 1)."""

    text: bytes
    first_line: int


def inspect_file(path: Path) -> SourceFile:
    """Hash a file and find its encoding: byte-order mark, else strict UTF-8, else UTF-16 by its zero bytes, else CP932."""
    digest, decoder, is_utf8, size = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), True, 0
    head = b""
    try:
        with path.open("rb") as file:
            while block := file.read(PIECE_BYTES):
                head = head or block[:4096]
                digest.update(block)
                size += len(block)
                if is_utf8:
                    try:
                        decoder.decode(block)
                    except UnicodeDecodeError:
                        is_utf8 = False
    except OSError as error:
        raise DataError(f"{path.name} cannot be read ({error.strerror}): check the path and its permissions.") from None
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return SourceFile(path=path, sha256=digest.hexdigest(), encoding=_encoding(head, is_utf8=is_utf8), size=size)


def _encoding(head: bytes, *, is_utf8: bool) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head[:2] in _UTF16:
        return "utf-16"
    if head.count(0) > len(head) // 8:
        return "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
    return "utf-8" if is_utf8 else "cp932"


def pieces(source: SourceFile) -> Iterator[Piece]:
    """The file as UTF-8 pieces of whole rows. Undecodable bytes become U+FFFD, which the conforming step finds row by row."""
    line = 1
    for raw in _balanced(_readable(_raw_blocks(source), source), source):
        text = (
            raw
            if source.encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
            else raw.decode("cp932", errors="replace").encode()
        )
        yield Piece(text=text, first_line=line)
        line += raw.count(b"\n")


def _raw_blocks(source: SourceFile) -> Iterator[bytes]:
    """Blocks in a byte-wise safe encoding (UTF-8 or CP932); UTF-16 is decoded here because its bytes may hold 0x0A anywhere."""
    with source.path.open("rb") as file:
        if source.encoding.startswith("utf-16"):
            decoder = codecs.getincrementaldecoder(source.encoding)(errors="replace")
            while block := file.read(PIECE_BYTES):
                yield decoder.decode(block).encode()
            return
        if source.encoding == "utf-8-sig":
            file.seek(len(codecs.BOM_UTF8))
        while block := file.read(PIECE_BYTES):
            yield block


def _readable(blocks: Iterator[bytes], source: SourceFile) -> Iterator[bytes]:
    """The same blocks; a file that goes away or fails while it is read is an error of the data."""
    try:
        yield from blocks
    except OSError as error:
        failed = error.strerror
    else:
        return
    raise DataError(f"{source.path.name} cannot be read ({failed}): check the path and its permissions.")


def _balanced(blocks: Iterator[bytes], source: SourceFile) -> Iterator[bytes]:
    """Cut blocks at the last line end outside quotes."""
    rest = b""
    for block in blocks:
        rest += block
        cut = rest.rfind(b"\n") + 1
        if cut and rest.count(b'"', 0, cut) % 2 == 0:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > LONGEST_ROW_BYTES:
            raise DataError(f"{source.path.name}: a quotation mark is opened and never closed; ask for a clean export.")
    if rest.strip(b"\x00\x1a\r\n "):
        yield rest if rest.endswith(b"\n") else rest + b"\n"

"""All text of a finished file, by the kind of file: what a reader, or a reader's computer, could see."""

from __future__ import annotations

import base64
import binascii
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdfium2

from daicho.core.errors import DataError

# A data URI or long base64 run may hold a whole document.
_BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
_TAG = re.compile(r"<[^>]{0,400}>")
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_PDF_PROPERTIES = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer")


def texts_of(path: Path, *, constants: Sequence[str] = ()) -> Iterator[str]:
    """Every text in a file: its name, its content, properties, hidden parts, embedded documents. Raises DataError for a damaged file.

    `constants` are texts that stand in every file of a kind to the letter (the chart library) and need no look.
    """
    yield path.name
    suffix = path.suffix.lower()
    try:
        if suffix == ".pdf":
            yield from _pdf(path)
        elif suffix in (".xlsx", ".docx", ".zip"):
            yield from _zipped(path.read_bytes())
        else:
            yield from _plain(path.read_bytes(), constants)
    except (OSError, zipfile.BadZipFile, pypdfium2.PdfiumError) as error:
        raise DataError(
            f"{path.name} cannot be read for scanning ({type(error).__name__}): it is damaged or not what its name says."
        ) from None


def _plain(data: bytes, constants: Sequence[str] = ()) -> Iterator[str]:
    text = _decoded(data)
    for constant in constants:
        text = text.replace(constant, "\n")
    unescaped = _without_surrogates(_JSON_ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), html.unescape(text)))
    yield unescaped
    # A name may be split over elements; without tags it is whole again.
    bare = _TAG.sub("", unescaped)
    if bare != unescaped:
        yield bare
    if text.lstrip().startswith("{") and '"cells"' in text[:5000]:
        yield from _notebook(text)
    for run in _BASE64.findall(text):
        yield from _embedded(run)


def _without_surrogates(text: str) -> str:
    """Join surrogate pairs that JSON escapes leave apart; a lone one becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _notebook(text: str) -> Iterator[str]:
    try:
        yield json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return


def _embedded(run: str) -> Iterator[str]:
    try:
        data = base64.b64decode(run + "=" * (-len(run) % 4), validate=True)
    except (binascii.Error, ValueError):
        return
    if data[:2] == b"PK":
        yield from _zipped(data)
    else:
        text = data.decode("utf-8", errors="ignore")
        if len(text) >= len(data) // 4:
            yield html.unescape(text)


def _zipped(data: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            yield name
            yield from _plain(archive.read(name))


def _pdf(path: Path) -> Iterator[str]:
    document = pypdfium2.PdfDocument(path)
    try:
        yield "\n".join(str(document.get_metadata_value(name)) for name in _PDF_PROPERTIES)
        for page in document:
            textpage = page.get_textpage()
            yield textpage.get_text_bounded()
            textpage.close()
            page.close()
    finally:
        document.close()


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", errors="replace")

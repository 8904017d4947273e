"""All text of a finished file, by the kind of file: content, properties, hidden parts, attachments, documents inside documents."""

from __future__ import annotations

import ctypes
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pypdfium2
import pypdfium2.raw as pdfium

from daicho.core.errors import DataError
from daicho.runs.scan.unveil import APART, embedded_documents, inflated, unveil, without_unreadable

_PDF_PROPERTIES = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer")
_XMP = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)
_ZIP, _PDF, _PARQUET, _ARROW = b"PK\x03\x04", b"%PDF", b"PAR1", b"ARROW1"
_DEEPEST = 4  # documents inside documents
_PLAIN_SUFFIXES = frozenset({".csv", ".html", ".htm", ".json", ".ipynb", ".md", ".svg", ".toml", ".txt", ".tsv", ".xml", ".yaml", ".yml"})


def text_of(path: Path, *, constants: Sequence[str] = ()) -> str:
    """Every text in a file, its name first, set apart from one another. Raises DataError for a damaged file.

    `constants` are texts that stand in every file of a kind to the letter (the chart library) and need no look.
    """
    try:
        return APART.join([path.name, *_opened(path.read_bytes(), path.suffix.lower(), constants=constants, depth=0)])
    except (OSError, ValueError, zipfile.BadZipFile, pl.exceptions.PolarsError, pypdfium2.PdfiumError) as error:
        kind = type(error).__name__
    raise DataError(f"{path.name} cannot be read for scanning ({kind}): it is damaged or not what its name says.")


def _opened(data: bytes, suffix: str = "", *, constants: Sequence[str] = (), depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if data[:4] == _ZIP or suffix in (".xlsx", ".docx", ".pptx", ".zip"):
        yield from _zipped(data, depth=depth)
    elif data[:4] == _PDF or suffix == ".pdf":
        yield from _pdf(data, depth=depth)
    elif data[:4] == _PARQUET or suffix == ".parquet":
        yield from _frame(pl.read_parquet(io.BytesIO(data)), data)
    elif data[:6] == _ARROW or suffix == ".arrow":
        yield from _frame(pl.read_ipc(io.BytesIO(data)), data)
    elif (content := inflated(data)) is not None:
        yield from _opened(content, depth=depth + 1)
    elif depth == 0 or suffix in _PLAIN_SUFFIXES or _is_text(data):
        yield from _plain(_decoded(data), constants=constants, depth=depth)


def _plain(text: str, *, constants: Sequence[str] = (), depth: int) -> Iterator[str]:
    for constant in constants:
        text = text.replace(constant, APART)
    if text.lstrip().startswith("{") and '"cells"' in text[:5000]:
        text += APART + _notebook(text)
    unveiled = unveil(without_unreadable(text))
    yield unveiled.text
    yield unveiled.tags
    if depth <= _DEEPEST:
        yield from embedded_documents(
            text, opened=lambda data: _opened(data, depth=depth + 1), read=lambda found: _plain(html.unescape(found), depth=depth + 1)
        )


def _notebook(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return ""


def _zipped(data: bytes, *, depth: int) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            yield name
            yield from _opened(archive.read(name), Path(name).suffix.lower(), depth=depth + 1)
        yield _decoded(archive.comment)


def _frame(frame: pl.DataFrame, data: bytes) -> Iterator[str]:
    """Column names and values, and the metadata that stand in the file as they are."""
    yield APART.join(frame.columns)
    for column in frame.get_columns():
        text = column.cast(pl.String, strict=False).unique() if not column.dtype.is_nested() else pl.Series([str(column.to_list())])
        yield APART.join(text.drop_nulls().to_list())
    yield data.decode("utf-8", errors="ignore")


def _pdf(data: bytes, *, depth: int) -> Iterator[str]:
    document = pypdfium2.PdfDocument(data)
    try:
        yield APART.join(str(document.get_metadata_value(name)) for name in _PDF_PROPERTIES)
        for packet in _XMP.findall(data):
            yield from _plain(_decoded(packet), depth=depth + 1)
        yield APART.join(str(mark.get_title()) for mark in document.get_toc())
        for page in document:
            textpage = page.get_textpage()
            yield textpage.get_text_bounded()
            textpage.close()
            yield from _annotations(page)
            page.close()
        yield from _attachments(document, depth=depth)
    finally:
        document.close()


def _annotations(page: pypdfium2.PdfPage) -> Iterator[str]:
    for number in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, number)
        for key in (b"Contents", b"T", b"V", b"TU"):
            size = pdfium.FPDFAnnot_GetStringValue(annotation, key, None, 0)
            buffer = ctypes.create_string_buffer(size)
            pdfium.FPDFAnnot_GetStringValue(annotation, key, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
            yield buffer.raw.decode("utf-16-le", "replace").rstrip("\0")
        pdfium.FPDFPage_CloseAnnot(annotation)


def _attachments(document: pypdfium2.PdfDocument, *, depth: int) -> Iterator[str]:
    for number in range(document.count_attachments()):
        attachment = document.get_attachment(number)
        yield attachment.get_name()
        yield from _opened(bytes(attachment.get_data()), Path(attachment.get_name()).suffix.lower(), depth=depth + 1)


def _is_text(data: bytes) -> bool:
    """Whether embedded bytes may read as text in some encoding: a picture or a typeface holds zero bytes."""
    return b"\0" not in data or data[:2] in (b"\xff\xfe", b"\xfe\xff")


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", errors="replace")

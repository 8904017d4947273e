"""The PDF document by Typst: A4, tagged, archival (PDF/A-2a) and accessible (PDF/UA-1), the same bytes for the same content.

Everything a document says reaches the template as JSON strings; no word of it is ever read as Typst markup. Only the packaged typefaces are
used, and no file or package outside the template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst
from nbformat import NotebookNode

from daicho.core.errors import DataError
from daicho.runs.publish.colophon import all_facts, head_facts, release_table
from daicho.runs.publish.content import Content, Prose, read_content
from daicho.runs.publish.facts import DocumentFacts
from daicho.runs.publish.figures import Figure, draw_svg, font_directories
from daicho.runs.publish.layout import CELL_INSET_PT, LANDSCAPE_PT, PORTRAIT_PT, TablePart, layout_table, width_em
from daicho.runs.publish.tables import Table
from daicho.runs.publish.templates import templates_dir
from daicho.runs.publish.texts import Texts
from daicho.runs.publish.writing import write_bytes

STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]
# Heights leave room for the caption: 257 mm and 170 mm of text less 30 pt and a little air.
_PORTRAIT_HEIGHT_PT = 660.0
_LANDSCAPE_HEIGHT_PT = 410.0
# Below this scale the 10 px labels of a chart become smaller than 4.5 pt, so it is turned instead.
_SMALLEST_SCALE = 0.62
_CONTENTS_FROM = 3
_SHORT_EM = 6.0
_LONG_EM = 18.0
_QUOTED = re.compile(r'"[^\n]*"|`[^\n]*`|(?<=panicked with: )[^\n]*')


def publish_pdf(executed: NotebookNode, *, document: DocumentFacts, out: Path, templates: Path | None = None) -> Path:
    """Write an executed notebook as one PDF and return its path. Raises `DataError` when the document cannot be set."""
    data = document_data(read_content(executed, title=document.title), document=document)
    return write_bytes(out, set_document(data, document=document, template=templates_dir(templates) / "report.typ"))


def set_document(data: dict[str, Any], *, document: DocumentFacts, template: Path) -> bytes:
    """Typeset the data of a document with a template."""
    try:
        made = typst.compile(
            template.read_bytes(),
            format="pdf",
            font_paths=_typefaces(),
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
            pdf_standards=list(STANDARDS),
            timestamp=document.created_at,
        )
    except typst.TypstError as error:
        # Not chained, and quoted parts dropped: a Typst message may quote the words of the document.
        reason = _QUOTED.sub("…", error.message.splitlines()[0])
        raise DataError(f"{template.name}: the PDF could not be set ({reason}); correct the template") from None
    if not isinstance(made, bytes):
        raise DataError(f"{template.name}: the PDF could not be set; it must be one document")
    return made


@cache
def _typefaces() -> typst.Fonts:
    """The packaged typefaces and no other; read once a process."""
    directories = [str(directory) for directory in font_directories()]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=directories)


def document_data(content: Content, *, document: DocumentFacts) -> dict[str, Any]:
    """Everything the template needs, as JSON."""
    texts = Texts(document.language)
    release_head, release_rows = release_table(document, texts)
    return {
        "language": document.language,
        "title": document.title,
        "subtitle": document.subtitle,
        "author": f"{document.municipality} {document.department}".strip(),
        "office": f"{document.municipality}　{document.department}",
        "mark": document.profile_label,
        "purpose": document.purpose,
        "head": [list(line) for line in head_facts(document, texts)],
        "is_sealed": document.sealed,
        "unverified": list(document.unverified),
        "has_contents": len(content.headings) >= _CONTENTS_FROM,
        "blocks": [_block(block, texts) for block in content.blocks],
        "about": [list(line) for line in all_facts(document, texts)],
        "checks": [[check, is_ok] for check, is_ok in document.seal_result],
        "release_head": list(release_head),
        "release_rows": [list(row) for row in release_rows],
        "release_widths": [_share_of_width(position, release_rows) for position in range(len(release_head))],
        "inset": CELL_INSET_PT,
        "texts": {
            name: texts[name]
            for name in (
                "contents", "page", "notes", "about", "seal", "sealed", "unsealed", "unsealed_means", "passed", "not_passed",
                "releases", "no_releases", "unverified", "unverified_means",
            )
        },
    }  # fmt: skip


def _share_of_width(position: int, rows: Sequence[Sequence[str]]) -> float:
    """How much of the free width a column of the table of releases takes; 0 for short words and numbers, which are never broken."""
    longest = max((width_em(row[position]) for row in rows), default=0.0)
    return 0.0 if position == 0 or longest <= _SHORT_EM else min(longest, _LONG_EM)


def _block(block: Prose | Table | Figure, texts: Texts) -> dict[str, Any]:
    if isinstance(block, Prose):
        return {"kind": "prose", "role": block.role, "nodes": list(block.nodes)}
    if isinstance(block, Table):
        return _table(block, texts)
    return _figure(block, texts)


def _table(table: Table, texts: Texts) -> dict[str, Any]:
    layout = layout_table(table)
    caption = texts.caption("table", table.number, table.title)
    total = len(layout.parts)
    captions = [caption + (texts.fill("part", n=n, total=total) if total > 1 else "") for n in range(1, total + 1)]
    return {
        "kind": "table",
        "size": layout.size_pt,
        "is_landscape": layout.is_landscape,
        "is_breakable": layout.is_breakable,
        "parts": [_part(table, part, caption) for part, caption in zip(layout.parts, captions, strict=True)],
        "legend": [list(line) for line in table.legend(texts)],
        "notes": _numbered_notes(table.notes, texts),
    }


def _part(table: Table, part: TablePart, caption: str) -> dict[str, Any]:
    return {
        "caption": caption,
        "widths": list(part.widths_pt),
        "head": [{"label": table.columns[c].label, "is_number": table.columns[c].is_number} for c in part.columns],
        "rows": [
            {
                "is_strong": position in table.emphasis_rows,
                "cells": [{"text": row[c].text, "status": row[c].status} for c in part.columns],
            }
            for position, row in enumerate(table.rows)
        ],
    }


def _numbered_notes(notes: Sequence[str], texts: Texts) -> list[str]:
    head = texts["notes"]
    return [f"{head}{n if len(notes) > 1 else ''}　{note}" for n, note in enumerate(notes, start=1)]


def _figure(figure: Figure, texts: Texts) -> dict[str, Any]:
    drawing = draw_svg(figure, language=texts.language)
    scale = min(1.0, PORTRAIT_PT / drawing.width_pt, _PORTRAIT_HEIGHT_PT / drawing.height_pt)
    is_landscape = scale < _SMALLEST_SCALE and drawing.width_pt > drawing.height_pt
    if is_landscape:
        scale = min(1.0, LANDSCAPE_PT / drawing.width_pt, _LANDSCAPE_HEIGHT_PT / drawing.height_pt)
    return {
        "kind": "figure",
        "caption": texts.caption("figure", figure.number, figure.title),
        "alt": figure.alt,
        "svg": drawing.svg,
        "width": round(drawing.width_pt * scale, 2),
        "height": round(drawing.height_pt * scale, 2),
        "is_landscape": is_landscape,
    }

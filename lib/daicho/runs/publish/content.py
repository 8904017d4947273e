"""An executed notebook → the content of a document: prose, tables and figures in reading order, numbered once for all formats.

Only three kinds of output are published: tables, charts and markdown. Code, printed text, errors, HTML, images and scripts of a
notebook never reach a document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbformat import NotebookNode

from daicho.runs.publish.figures import CHART_MIME, Figure, read_figure
from daicho.runs.publish.markdown import Node, plain_text, read_markdown
from daicho.runs.publish.tables import TABLE_MIME, Table, read_table

MARKDOWN_MIME = "text/markdown"
ROLES = ("note", "caution", "signature")
DEEPEST_HEADING = 4


@dataclass(frozen=True)
class Prose:
    """Running text; `role` is note for small print, caution for what must not be overlooked, signature for boxes to be filled in by hand, and
    empty for everything else."""

    nodes: tuple[Node, ...]
    role: str = ""


@dataclass(frozen=True)
class Heading:
    """One entry of the contents list; `anchor` is its address in the document, `level` counts from 1 below the title."""

    anchor: str
    level: int
    text: str


Block = Prose | Table | Figure


@dataclass(frozen=True)
class Content:
    """A whole document without its facts."""

    blocks: tuple[Block, ...]
    headings: tuple[Heading, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Figure))


def read_content(executed: NotebookNode, *, title: str) -> Content:
    """Gather what a notebook publishes. The first heading is left out when `title`, which stands in the document's head, begins with it."""
    blocks = _once(_blocks(executed))
    blocks = _without_title(blocks, title)
    return _with_levels(blocks)


def _blocks(executed: NotebookNode) -> Iterator[Block]:
    tables = figures = 0
    for cell in executed.cells:
        if cell.cell_type == "markdown":
            yield Prose(tuple(read_markdown(cell.source)))
        for output in cell.get("outputs", []) if cell.cell_type == "code" else []:
            data: Mapping[str, Any] = output.get("data", {})
            if TABLE_MIME in data:
                tables += 1
                yield read_table(data[TABLE_MIME], number=tables)
            elif CHART_MIME in data:
                figures += 1
                yield read_figure(data[CHART_MIME], number=figures)
            elif MARKDOWN_MIME in data:
                yield _shown_prose(_joined(data[MARKDOWN_MIME]), role=_role(output))


def _once(blocks: Iterable[Block]) -> list[Block]:
    """A sentence said twice in a row is said once: a table and a chart that are not shown for one reason."""
    kept: list[Block] = []
    for block in blocks:
        if not (isinstance(block, Prose) and block.nodes and kept and kept[-1] == block):
            kept.append(block)
    return kept


def _joined(source: object) -> str:
    """Notebook files may store a text as a list of lines."""
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source)


def _role(output: Mapping[str, Any]) -> str:
    role = str(output.get("metadata", {}).get("daicho", {}).get("role", ""))
    return role if role in ROLES else ""


def _shown_prose(source: str, *, role: str) -> Prose:
    nodes = read_markdown(source)
    if role == "caution":
        # JupyterLab shows a caution as a quotation; a document has a box for it.
        nodes = [inner for node in nodes for inner in (node["blocks"] if node["kind"] == "quote" else [node])]
    return Prose(tuple(nodes), role=role)


def _without_title(blocks: list[Block], title: str) -> list[Block]:
    for position, block in enumerate(blocks):
        if isinstance(block, Prose) and block.nodes:
            first = block.nodes[0]
            if first["kind"] == "heading" and title.strip().startswith(plain_text(first["inlines"]).strip()):
                blocks[position] = replace(block, nodes=block.nodes[1:])
            break
    return [block for block in blocks if not isinstance(block, Prose) or block.nodes]


def _with_levels(blocks: list[Block]) -> Content:
    """Headings count from 1 without skipping a level (PDF/UA-1 7.4.2), whatever levels the notebook used."""
    levels = [node["level"] for block in blocks if isinstance(block, Prose) for node in block.nodes if node["kind"] == "heading"]
    top = min(levels, default=1)
    headings: list[Heading] = []
    leveled: list[Block] = []
    for block in blocks:
        if not isinstance(block, Prose):
            leveled.append(block)
            continue
        nodes: list[Node] = []
        for node in block.nodes:
            if node["kind"] == "heading":
                previous = headings[-1].level if headings else 0
                level = min(node["level"] - top + 1, previous + 1, DEEPEST_HEADING)
                heading = Heading(f"s{len(headings) + 1}", level, plain_text(node["inlines"]))
                headings.append(heading)
                nodes.append({**node, "level": level, "anchor": heading.anchor})
            else:
                nodes.append(node)
        leveled.append(replace(block, nodes=tuple(nodes)))
    return Content(tuple(leveled), tuple(headings))

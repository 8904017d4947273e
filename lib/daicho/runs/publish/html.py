"""The HTML document: one file that opens offline, with charts to explore and tables to read.

The exporter is an nbconvert exporter with our own template (reports/templates/report.html.j2). It escapes everything, shows no code, and
publishes only the three outputs that `content` knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment
from nbconvert.exporters import TemplateExporter
from nbformat import NotebookNode
from traitlets import default

from daicho.runs.publish.colophon import all_facts, head_facts, release_table
from daicho.runs.publish.content import Content, read_content
from daicho.runs.publish.facts import DocumentFacts
from daicho.runs.publish.templates import templates_dir
from daicho.runs.publish.texts import Texts
from daicho.runs.publish.typeface import with_typeface
from daicho.runs.publish.viewer import chart_data, chart_options, content_policy, viewer_scripts
from daicho.runs.publish.writing import write_bytes

_CONTENTS_FROM = 3


class ReportExporter(TemplateExporter):
    """nbconvert exporter of one document: gathers the content of a notebook and prints it with our template."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def __init__(self, *, document: DocumentFacts, templates: Path, cache_dir: Path | None = None) -> None:
        self._document = document
        self._templates = templates
        self._cache_dir = cache_dir
        super().__init__(template_file="report.html.j2")  # type: ignore[no-untyped-call]

    @default("template_paths")
    def _template_paths(self, prune: bool = True, root_dirs: object = None) -> list[str]:
        # Only our folder: nbconvert would also look in the user's home, and a document must not depend on it.
        return [str(self._templates)]

    @default("default_preprocessors")
    def _default_preprocessors(self) -> list[str]:
        # None: preprocessors of nbconvert may run code, fetch images or keep outputs that we leave out.
        return []

    def _create_environment(self) -> Environment:
        environment: Environment = super()._create_environment()  # type: ignore[no-untyped-call]
        environment.autoescape = True
        return environment

    def from_notebook_node(  # type: ignore[override]  # as nbconvert's own text exporters: the output is text
        self, nb: NotebookNode, resources: Mapping[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of a notebook, and the resources it was printed with."""
        content = read_content(nb, title=self._document.title)
        ready = document_resources(content, document=self._document, cache_dir=self._cache_dir)
        page, used = super().from_notebook_node(nb, {**(resources or {}), **ready}, **options)
        return with_typeface(page, cache_dir=self._cache_dir), used


def publish_html(
    executed: NotebookNode,
    *,
    document: DocumentFacts,
    out: Path,
    templates: Path | None = None,
    cache_dir: Path | None = None,
) -> Path:
    """Write an executed notebook as one self-contained HTML file and return its path.

    `cache_dir` keeps the chart viewer and glyphs between runs (saves 4 s a process). Raises `DataError`, `UsageError` or `DisclosureError`
    for content that may not be published, before anything is written.
    """
    exporter = ReportExporter(document=document, templates=templates_dir(templates), cache_dir=cache_dir)
    page, _ = exporter.from_notebook_node(executed)
    return write_bytes(out, page.encode("utf-8"))


def document_resources(content: Content, *, document: DocumentFacts, cache_dir: Path | None = None) -> dict[str, Any]:
    """Everything the template needs, ready to print."""
    texts = Texts(document.language)
    scripts = viewer_scripts(cache_dir) if content.figures else ()
    charts: Mapping[int, str] = {figure.number: chart_data(figure) for figure in content.figures}
    release_head, release_rows = release_table(document, texts)
    return {
        "document": document,
        "content": content,
        "texts": texts,
        "policy": content_policy(scripts),
        "scripts": scripts,
        "chart_data": charts,
        "chart_options": chart_options(document.language) if content.figures else "",
        "has_contents": len(content.headings) >= _CONTENTS_FROM,
        "head_facts": head_facts(document, texts),
        "all_facts": all_facts(document, texts),
        "release_head": release_head,
        "release_rows": release_rows,
    }

"""Publishing an executed notebook: HTML, PDF, XLSX and CSV from the same content, and the index page of a run or plan."""

from __future__ import annotations

from daicho.runs.publish.facts import DocumentFacts, IndexEntry, IndexFacts, IndexLink
from daicho.runs.publish.html import publish_html
from daicho.runs.publish.pdf import publish_pdf

__all__ = ["DocumentFacts", "IndexEntry", "IndexFacts", "IndexLink", "publish_html", "publish_pdf"]

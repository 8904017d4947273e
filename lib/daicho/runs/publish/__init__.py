"""Publishing an executed notebook: HTML, PDF, XLSX and CSV from the same content, and the index page of a run or plan."""

from __future__ import annotations

from daicho.runs.publish.facts import DocumentFacts, IndexEntry, IndexFacts, IndexLink
from daicho.runs.publish.html import publish_html
from daicho.runs.publish.index import publish_index
from daicho.runs.publish.pdf import publish_pdf
from daicho.runs.publish.preparation import prepare_publishing, workspace_words
from daicho.runs.publish.tidy_csv import publish_csv, publish_tables_csv
from daicho.runs.publish.xlsx import publish_xlsx

__all__ = [
    "DocumentFacts",
    "IndexEntry",
    "IndexFacts",
    "IndexLink",
    "prepare_publishing",
    "publish_csv",
    "publish_html",
    "publish_index",
    "publish_pdf",
    "publish_tables_csv",
    "publish_xlsx",
    "workspace_words",
]

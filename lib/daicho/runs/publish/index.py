"""The index page of a run or plan: what was made, where it lies, what failed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from daicho.core.errors import UsageError
from daicho.runs.publish.facts import IndexEntry, IndexFacts
from daicho.runs.publish.templates import templates_dir
from daicho.runs.publish.texts import Texts
from daicho.runs.publish.typeface import with_typeface
from daicho.runs.publish.viewer import content_policy
from daicho.runs.publish.writing import write_bytes

STATUSES = ("done", "failed", "skipped")
_STATUS_CLASSES = {"done": "passed", "failed": "failed", "skipped": "skipped"}


def publish_index(
    entries: Sequence[IndexEntry], *, index: IndexFacts, out: Path, templates: Path | None = None, cache_dir: Path | None = None
) -> Path:
    """Write the index page and return its path. Failed entries stand where they belong, not at the end, so nobody misses them.

    Raises `UsageError` for an unknown status or a link that leaves the folder of the page.
    """
    for entry in entries:
        if entry.status not in STATUSES:
            raise UsageError(f"{entry.report}: status {entry.status!r} is not one of {', '.join(STATUSES)}")
        for link in entry.links:
            if link.href.startswith("/") or ":" in link.href or ".." in Path(link.href).parts:
                raise UsageError(f"{entry.report}: the link of {link.label} leaves the folder of the index")
    environment = Environment(loader=FileSystemLoader(templates_dir(templates)), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("index.html.j2").render(
        index=index,
        entries=entries,
        texts=Texts(index.language),
        policy=content_policy(()),
        classes=_STATUS_CLASSES,
        done=sum(entry.status == "done" for entry in entries),
        failed=sum(entry.status == "failed" for entry in entries),
        size=file_size,
        href=_escaped_path,
    )
    return write_bytes(out, with_typeface(page, cache_dir=cache_dir).encode("utf-8"))


def file_size(size_bytes: int) -> str:
    """A size for people: 812 B, 14 KB, 1.2 MB."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1_000:.0f} KB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def _escaped_path(path: str) -> str:
    """A relative path as an address: # and ? in a file name are part of the name."""
    return path.replace("%", "%25").replace("#", "%23").replace("?", "%3F")

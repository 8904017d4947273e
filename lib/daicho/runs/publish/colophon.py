"""The facts of a document as labelled lines: the same words in the HTML footer, on the last PDF page and on the XLSX cover."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.runs.publish.facts import DocumentFacts
from daicho.runs.publish.texts import Texts

Line = tuple[str, str]

# Facts of a release that stand in the table of releases, with the text that heads each.
_RELEASE_COLUMNS = ("release_id", "measure", "by", "profile", "as_of", "snapshot", "cells", "suppressed_cells", "audit", "source")
_OPTIONAL_COLUMNS = ("recipient", "legal_basis")


def head_facts(document: DocumentFacts, texts: Texts) -> tuple[Line, ...]:
    """What a reader needs before the first number: day, snapshot, purpose, day of making."""
    lines = (
        (texts["as_of"], texts.day(document.as_of)),
        (texts["purpose"], document.purpose),
        (texts["created_on"], texts.day(document.created_day)),
        (texts["snapshot"], _words(document.snapshot)),
    )
    return tuple(line for line in lines if line[1])


def all_facts(document: DocumentFacts, texts: Texts) -> tuple[Line, ...]:
    """Every fact of the document, in the order of the colophon; facts that are not known are left out."""
    lines = (
        (texts["municipality"], document.municipality),
        (texts["department"], document.department),
        (texts["report"], document.report),
        (texts["profile"], f"{document.profile_label}（{document.profile}）"),
        (texts["purpose"], document.purpose),
        (texts["as_of"], texts.day(document.as_of)),
        (texts["snapshot"], _words(document.snapshot)),
        (texts["created_on"], texts.day(document.created_day)),
        (texts["run_id"], document.run_id),
    )
    return tuple(line for line in lines if line[1])


def release_table(document: DocumentFacts, texts: Texts) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Headings and rows of the releases used. Left out: a repeated release, a column no release fills, and what the document's own facts
    say of every release alike."""
    releases: dict[str, Mapping[str, object]] = {}
    for release in document.releases:
        releases.setdefault(_words(release.get("release_id")), release)
    said = {"profile": document.profile, "as_of": _words(document.as_of), "snapshot": _words(document.snapshot)}
    columns = tuple(
        name
        for name in _RELEASE_COLUMNS + _OPTIONAL_COLUMNS
        if (name not in said or any(_words(release.get(name)) not in ("", said[name]) for release in releases.values()))
        and (name not in _OPTIONAL_COLUMNS or any(release.get(name) for release in releases.values()))
    )
    rows = tuple(tuple(_fact(release, name, texts) for name in columns) for release in releases.values())
    return tuple(texts["breakdown" if name == "by" else name] for name in columns), rows


def _fact(release: Mapping[str, object], name: str, texts: Texts) -> str:
    in_english = texts.language == "en"
    if name == "measure":
        return (in_english and _words(release.get("title_en"))) or _words(release.get("title")) or _words(release.get("measure"))
    if name == "audit":
        result = _words(release.get(name))
        return texts.get(f"audit_{result}", result)
    if name == "by":
        return _breakdown(release, "label_en" if in_english else "label") or texts["no_breakdown"]
    return _words(release.get(name))


def _breakdown(release: Mapping[str, object], label: str) -> str:
    """The dimensions of a release, by their labels."""
    columns, by = release.get("columns"), release.get("by")
    if not isinstance(columns, (list, tuple)) or not isinstance(by, (list, tuple)):
        return ""
    labels = {column["name"]: column[label] for column in columns}
    return "・".join(labels.get(name, str(name)) for name in by)


def _words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_words(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_words(item) for item in value)
    return str(value)

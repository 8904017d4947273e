"""The facts of a document as labelled lines: the same words in the HTML footer, on the last PDF page and on the XLSX cover."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from daicho.runs.publish.facts import DocumentFacts
from daicho.runs.publish.texts import Texts

Line = tuple[str, str]

# Facts of a release that stand in the table of releases, with the text that heads each.
_RELEASE_COLUMNS = ("release_id", "measure", "profile", "as_of", "snapshot", "cells", "suppressed_cells", "audit", "source")
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
    """Headings and rows of the releases used; a column that no release fills is left out, and so is a repeated release."""
    releases: dict[str, Mapping[str, object]] = {}
    for release in document.releases:
        releases.setdefault(_words(release.get("release_id")), release)
    optional = tuple(name for name in _OPTIONAL_COLUMNS if any(release.get(name) for release in releases.values()))
    columns = _RELEASE_COLUMNS + optional
    rows = tuple(tuple(_fact(release, name, language=texts.language) for name in columns) for release in releases.values())
    return tuple(texts[name] for name in columns), rows


def _fact(release: Mapping[str, object], name: str, *, language: str) -> str:
    if name == "measure":
        in_english = _words(release.get("title_en")) if language == "en" else ""
        return in_english or _words(release.get("title")) or _words(release.get("measure"))
    return _words(release.get(name))


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

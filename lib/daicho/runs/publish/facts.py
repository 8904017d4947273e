"""What a published document says about itself: who made it, from what, for whom, and under which seal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, kw_only=True)
class DocumentFacts:
    """The facts printed in every format of one document.

    `profile_label` is the marking readers see (庁内限り, 公表可); `seal_result` holds each check of the seal self-test with
    its outcome; `releases` holds the facts of every release used, as dictionaries; `unverified` names what rests on reference
    data that the office has not confirmed yet. `created_on` stands in the metadata, so the same value gives the same bytes.
    """

    title: str
    subtitle: str
    municipality: str
    department: str
    report: str
    profile: str
    profile_label: str
    purpose: str
    as_of: date | None
    snapshot: int | None
    created_on: date
    seal_result: tuple[tuple[str, bool], ...]
    sealed: bool
    language: str
    releases: tuple[Mapping[str, object], ...]
    unverified: tuple[str, ...]
    run_id: str

    @property
    def created_at(self) -> datetime:
        """The moment of making in UTC; a plain day counts as its midnight, a time without zone as UTC."""
        if isinstance(self.created_on, datetime):
            moment = self.created_on
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return datetime(self.created_on.year, self.created_on.month, self.created_on.day, tzinfo=UTC)

    @property
    def created_day(self) -> date:
        """The day of making as the maker's clock had it."""
        return self.created_on.date() if isinstance(self.created_on, datetime) else self.created_on


@dataclass(frozen=True, kw_only=True)
class IndexLink:
    """One file of a run as the index lists it: `href` is relative to the index page, `size_bytes` counts bytes."""

    label: str
    href: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """One report of a run or plan. `status` is done, failed or skipped; `problem` is one sentence that holds no value of an extract."""

    title: str
    report: str
    status: str
    profile_label: str
    created_on: date
    run_id: str
    links: tuple[IndexLink, ...] = ()
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class IndexFacts:
    """The head of an index page."""

    title: str
    subtitle: str
    municipality: str
    department: str
    language: str
    created_on: date
    run_id: str = ""
    is_sealed: bool = True

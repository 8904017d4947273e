"""The period a report is about: a fiscal year, and the day as of which it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from daicho.core.errors import UsageError
from daicho.core.fiscal import fiscal_year_end, fiscal_year_label
from daicho.present.labels import date_label


@dataclass(frozen=True)
class Period:
    """A fiscal year with its as-of day; written out in the session's language."""

    fiscal_year: int
    as_of: date
    language: str = "ja"

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """「令和7年度」 or "FY2025"."""
        return fiscal_year_label(self.fiscal_year, language=self.language)

    @property
    def as_of_label(self) -> str:
        """「令和8年3月31日」 or "2026-03-31"."""
        return date_label(self.as_of, language=self.language)

    def cohorts(self, count: int) -> tuple[int, ...]:
        """Return the birth cohorts (出生年度) of the last `count` years, the newest being that of this fiscal year."""
        return self.cohorts_until(self.fiscal_year, count)

    def cohorts_until(self, newest: int, count: int) -> tuple[int, ...]:
        """Return `count` birth cohorts, of which `newest` is the last."""
        return tuple(range(newest - count + 1, newest + 1))


def make_period(*, fiscal_year: int, as_of: str, language: str) -> Period:
    """Return the period of a report; without a day, the fiscal year's last one. Raises UsageError for a day that is none."""
    if not 1950 <= fiscal_year <= 2200:
        raise UsageError("fiscal_year: give a year such as 2025 (令和7年度).")
    try:
        day = date.fromisoformat(as_of) if as_of else fiscal_year_end(fiscal_year)
    except ValueError:
        day = None
    if day is None:
        raise UsageError("as_of: give a day such as 2026-03-31, or nothing for the end of the fiscal year.")
    return Period(fiscal_year=fiscal_year, as_of=day, language=language)

"""A half-year (半期) of the settlement between wards, as payment_calendar.csv has it: its days, when it is paid, and the months of payment in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from daicho.contracts.reference import load_reference
from daicho.core.errors import UsageError
from daicho.core.fiscal import fiscal_year_label
from daicho.present.labels import date_label

_HALVES = {"ja": ("上半期", "下半期"), "en": (", first half", ", second half")}


@dataclass(frozen=True)
class HalfYear:
    """`code` is 2025H1 for 令和7年度上半期; `months` are the months of payment (YYYYMM) settled with it, in order."""

    code: str
    first_day: date
    last_day: date
    closes_on: date
    pays_on: date
    months: tuple[int, ...]
    is_illustrative: bool
    language: str = "ja"

    def __str__(self) -> str:
        return self.label

    @property
    def fiscal_year(self) -> int:
        return int(self.code[:4])

    @property
    def label(self) -> str:
        """「令和7年度上半期」 or "FY2025, first half"."""
        return fiscal_year_label(self.fiscal_year, language=self.language) + _HALVES[self.language][self.code[-1] == "2"]

    @property
    def pays_on_label(self) -> str:
        """Day of payment."""
        return date_label(self.pays_on, language=self.language)

    @property
    def days_label(self) -> str:
        """First and last day."""
        mark = "～" if self.language == "ja" else " to "
        return mark.join(date_label(day, language=self.language) for day in (self.first_day, self.last_day))


def load_half_year(code: str, *, contracts_dir: Path, language: str) -> HalfYear:
    """Return a half-year of the calendar. Its months follow those of the half-year before. Raises UsageError for one the calendar lacks."""
    rows = load_reference(contracts_dir, "payment_calendar").filter(pl.col("kind") == "half_year").sort("pays_on")
    periods: list[dict[str, Any]] = list(rows.iter_rows(named=True))
    for place, row in enumerate(periods):
        if row["period"] == code and re.fullmatch(r"[12][0-9]{3}H[12]", code):
            last = _month(row["pays_on"])
            before = _month(periods[place - 1]["pays_on"]) if place else _month(row["valid_from"]) - 1
            return HalfYear(
                code=code, first_day=row["valid_from"], last_day=row["valid_to"], closes_on=row["closes_on"], pays_on=row["pays_on"],
                months=tuple(_after(before, last)), is_illustrative=row["illustrative"] == "yes", language=language,
            )  # fmt: skip
    raise UsageError("half_year: give a half-year of payment_calendar.csv, such as 2025H1 (令和7年度上半期).")


def _month(day: date) -> int:
    return day.year * 100 + day.month


def _after(before: int, last: int) -> list[int]:
    """The months after one month, up to another."""
    first = (before // 100) * 12 + before % 100
    return [number // 12 * 100 + number % 12 + 1 for number in range(first, (last // 100) * 12 + last % 100)]

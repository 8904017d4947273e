"""Checks of what payments rest on: each price stated once, and a calendar whose periods and days agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]
SCHEMES = ("own_ward", "mutual_use", "national", "subsidised_cap", "reimbursement")
PERIOD_KINDS = ("month", "half_year")
_HALVES = {"H1": ((4, 1), (9, 30)), "H2": ((10, 1), (3, 31))}


def check_prices(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """A price is stated with tax or without it, never both; a price that is net of the self-payment says for whom it holds."""
    for row in rows:
        if (row["price_excl_yen"] is None) == (row["price_incl_yen"] is None):
            yield row["row"], "exactly one of price_excl_yen and price_incl_yen must be filled."
        if row["quoting"] == "net" and row["kind"] == "DOSE" and row["for_copay"] is None:
            yield row["row"], "a price net of the self-payment must say in for_copay whether it is for the paying or the exempt."


def check_calendar(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """A period is named after its days, and is paid after it has been closed."""
    for row in rows:
        if row["valid_from"] is not None and row["valid_to"] is not None and (row["valid_from"], row["valid_to"]) != _days(row):
            yield (
                row["row"],
                "period must be a month YYYYMM or a half-year such as 2026H1, and valid_from and valid_to its first and last day.",
            )
        if row["closes_on"] is not None and row["pays_on"] is not None and row["closes_on"] > row["pays_on"]:
            yield row["row"], "closes_on is after pays_on."
    yield from _order_of_payment(rows)


def _order_of_payment(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Half-years are paid in order, each in a month of its own: a month of payment belongs to the first half-year that is paid in it or later."""
    halves = [row for row in rows if row["kind"] == "half_year" and row["valid_from"] is not None and row["pays_on"] is not None]
    for before, row in pairwise(sorted(halves, key=lambda row: row["valid_from"])):
        if (row["pays_on"].year, row["pays_on"].month) <= (before["pays_on"].year, before["pays_on"].month):
            yield row["row"], f"is paid in the month of the half-year before it (row {before['row']}) or earlier."


def _days(row: Row) -> tuple[date, date] | None:
    period = row["period"] or ""
    if row["kind"] == "month" and re.fullmatch(r"[12][0-9]{3}(0[1-9]|1[0-2])", period):
        year, month = int(period[:4]), int(period[4:])
        return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    if row["kind"] == "half_year" and re.fullmatch(r"[12][0-9]{3}H[12]", period):
        year, (first, last) = int(period[:4]), _HALVES[period[4:]]
        return date(year, *first), date(year + (last < first), *last)
    return None

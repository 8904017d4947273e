"""Short ways to say who lives where and what was given: what the worked examples are written in."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from tests.measures.mart_factory import Event, Ledger, Person, Spell, ask, build_mart


def on(text: str) -> date:
    return date.fromisoformat(text)


def resident(number: int, birth: str | None, *, sex: str = "1", since: str | None = None, until: str | None = None, **spell: str) -> Person:
    """A resident since birth, or since the day named."""
    first = on(since or birth or "2010-01-01")
    return Person(
        number,
        on(birth) if birth else None,
        sex,
        (Spell(first, on(until) if until else None, **spell),),
        birth_precision="day" if birth else "month",
    )


def dose(person: int, code: str, day: str | None, **more: Any) -> Event:
    """A dose of `code` on a day: MR-1, HPV9-2, …"""
    return Event(person, code.rpartition("-")[0], code, given_on=on(day) if day else None, **more)


def screening(person: int, code: str, day: str, **more: Any) -> Event:
    return Event(person, code.rpartition("-")[0], code, screened_on=on(day), is_screened_only=True, **more)


def count(ledger: Ledger, measure: str, **request: Any) -> dict[str, Any]:
    """The one row of a request without dimensions."""
    with build_mart(ledger) as connection:
        return ask(connection, measure, **request).row(0, named=True)


def table(ledger: Ledger, measure: str, *, by: tuple[str, ...], values: tuple[str, ...], **request: Any) -> dict[Any, Any]:
    """Dimension values to figures; a single dimension or figure stands without its tuple."""
    with build_mart(ledger) as connection:
        frame: pl.DataFrame = ask(connection, measure, by=by, **request)
    single = len(values) == 1
    rows = {tuple(row[name] for name in by): tuple(row[name] for name in values) for row in frame.iter_rows(named=True)}
    return {(key[0] if len(by) == 1 else key): (found[0] if single else found) for key, found in rows.items()}

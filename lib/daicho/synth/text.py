"""From arrays to the text columns of an extract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from daicho.synth.days import eight_digits, seven_digits
from daicho.synth.streams import Days, Flags, Indexes


def gather(texts: Sequence[str | None], positions: npt.NDArray[Any]) -> pl.Series:
    """The text at each position; an empty text becomes null, so that the cell stays plain empty."""
    return pl.Series([text or None for text in texts], dtype=pl.String).gather(positions.astype(np.uint32))


def numbers(values: npt.NDArray[Any], *, present: Flags | None = None) -> pl.Series:
    """Whole numbers as text; null where not present."""
    return only_where(pl.Series(values).cast(pl.String), present)


def compact_days(days: Days, *, present: Flags | None = None) -> pl.Series:
    """YYYYMMDD; null where not present."""
    return _days(eight_digits, days, present)


def era_days(days: Days, *, present: Flags | None = None) -> pl.Series:
    """The seven-digit era form; null where not present."""
    return _days(seven_digits, days, present)


def only_where(series: pl.Series, present: Flags | None) -> pl.Series:
    """Null where not present."""
    return series if present is None else series.set(pl.Series(~present), None)


def _days(form: Callable[[Days], Indexes], days: Days, present: Flags | None) -> pl.Series:
    if not len(days):
        return pl.Series([], dtype=pl.String)
    safe = days if present is None else np.where(present, days, 0)
    # Few different days, many rows: write each day once.
    low = int(safe.min())
    written = pl.Series(form(np.arange(low, int(safe.max()) + 1, dtype=np.int32))).cast(pl.String)
    return only_where(written.gather((safe - low).astype(np.uint32)), present)

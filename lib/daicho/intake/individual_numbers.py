"""Refuse a file in which a column holds 個人番号 under whatever name (extracts.md, codes.md D-2)."""

from __future__ import annotations

import polars as pl

from daicho.core.check_digits import individual_number_expr
from daicho.core.errors import DataError

# Below this share in a look at the first values no whole column can be mostly 個人番号; spares the full count on every other column.
GLANCE_ROWS = 500
GLANCE_SHARE = 0.2
REFUSED_SHARE = 0.5


class IndividualNumberWatch:
    """Counts, per column, values that are valid 個人番号 (12 digits with check digit)."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._seen: dict[str, tuple[int, int]] = {}

    def look(self, frame: pl.DataFrame) -> None:
        """Raises DataError naming the column when most of its non-empty values are valid 個人番号."""
        for name in frame.columns:
            values = frame[name]
            if values.dtype != pl.String:
                continue
            filled = values.filter(values.str.len_bytes() >= 12)
            if name not in self._seen and (not filled.len() or self._share(filled.head(GLANCE_ROWS)) < GLANCE_SHARE):
                continue
            total = int((values.str.len_bytes() > 0).sum())
            valid = round(self._share(filled) * filled.len()) if filled.len() else 0
            before_valid, before_total = self._seen.get(name, (0, 0))
            self._seen[name] = (before_valid + valid, before_total + total)
            if self._seen[name][0] > REFUSED_SHARE * self._seen[name][1]:
                raise DataError(
                    f"{self._file_name}: most values of the column {name} are valid 個人番号, which this workspace must not hold; "
                    "export the file without that column."
                )

    @staticmethod
    def _share(values: pl.Series) -> float:
        digits = pl.col("value").str.normalize("NFKC").str.replace_all(r"[\s\-]", "")
        share = values.to_frame("value").with_columns(digits.alias("value")).select(individual_number_expr("value").mean()).item()
        return float(share or 0.0)

"""What a chart needs of a release: the rows it embeds, in order, and the words around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daicho.core.errors import UsageError
from daicho.gate.release import Release, label_of, status_of
from daicho.present.cross_tables import value_columns
from daicho.present.denominators import denominator
from daicho.present.labels import SUPPRESSED_MARK, column_facts, column_heading, column_label, format_value, short_label, unit_text
from daicho.present.reading_order import codes_in_order

MARK = "mark"
"""Field of a row that holds the value as written: a number with its unit, or the mark of its state."""

_DENOMINATOR = {"ja": "（分母：{}）", "en": " (of {})"}
_MASKED_NOTE = {"ja": "（＊は秘匿）", "en": " (＊ = withheld)"}


@dataclass(frozen=True)
class Picture:
    """Rows of labels, value and mark; masked values are null. Only the dimensions and the value that are drawn are in the rows."""

    release: Release
    value: str
    kind: str
    rows: tuple[dict[str, Any], ...]
    orders: Mapping[str, tuple[str, ...]]
    title: str
    language: str

    def order(self, dimension: str) -> list[str]:
        """Return the labels of a dimension in the order in which they are drawn."""
        return list(self.orders[dimension])

    @property
    def known(self) -> list[float]:
        """The values that are released as numbers."""
        return [float(row[self.value]) for row in self.rows if row[self.value] is not None]

    @property
    def has_masked(self) -> bool:
        return any(row[MARK] == SUPPRESSED_MARK for row in self.rows)

    def unit(self) -> str:
        """Return the unit of the value; a rate is written with % and has none."""
        return "" if self.kind == "rate" else unit_text(column_facts(self.release.facts, self.value).unit, language=self.language)

    def value_title(self) -> str:
        """Return the axis title of the value with the denominator of a rate, saying what ＊ means where it occurs."""
        heading = column_heading(self.release.facts, self.value, language=self.language)
        rule = denominator(self.release.facts, language=self.language) if self.kind == "rate" else ""
        beside = _DENOMINATOR[self.language].format(rule) if rule else ""
        return heading + beside + (_MASKED_NOTE[self.language] if self.has_masked else "")

    def label_of(self, name: str) -> str:
        """Return the name of a column in the reader's language."""
        return column_label(self.release.facts, name, language=self.language)


def take_picture(
    release: Release,
    *,
    dimensions: Sequence[str],
    value: str | None,
    title: str,
    language: str,
    short: Sequence[str] = (),
) -> Picture:
    """Gather the rows of a chart; dimensions in `short` use short labels.

    Raises UsageError when it is not a release, for a name the release does not have, and when a dimension left out would put several
    values on one spot.
    """
    if not isinstance(release, Release):
        raise UsageError("a chart is made from a release of the gate, and from nothing else.")
    by, frame = release.facts.by, release.frame
    for name in dimensions:
        if name not in by:
            raise UsageError(f"chart: {name} is no dimension of this release; it has {', '.join(by) or 'none'}.")
    values = value_columns(release)
    chosen = value or main_value(release)
    if chosen not in values:
        raise UsageError(f"chart: {chosen} is no value column of this release; it has {', '.join(values)}.")
    if frame.select(dimensions).is_duplicated().any():
        raise UsageError(f"chart: draw all of {', '.join(by)}, or ask the gate for fewer dimensions.")
    kind = column_facts(release.facts, chosen).kind
    written = {name: _labels(release, name, language=language, is_short=name in short) for name in dimensions}
    rows = tuple(
        {name: written[name][row[name]] for name in dimensions}
        | {chosen: row[chosen], MARK: format_value(row[chosen], status=row[status_of(chosen)], kind=kind)}
        for row in frame.iter_rows(named=True)
    )
    orders = {name: tuple(dict.fromkeys(labels.values())) for name, labels in written.items()}
    return Picture(release=release, value=chosen, kind=kind, rows=rows, orders=orders, title=title, language=language)


def main_value(release: Release) -> str:
    """Return the value a chart shows unasked: the rate, or else the last amount in yen, or else the first count."""
    values = value_columns(release)
    kinds = {name: column_facts(release.facts, name).kind for name in values}
    rates = [name for name in values if kinds[name] == "rate"]
    yen = [name for name in values if kinds[name] == "yen"]
    return rates[0] if rates else yen[-1] if yen else values[0]


def _labels(release: Release, name: str, *, language: str, is_short: bool) -> dict[object, str]:
    """Return how each code of a dimension is written on an axis, in reading order.

    「1期」 says little without its vaccine: where the release has both, a dose is called by both. Codes that would be called alike are told
    apart by the code itself, or else their values would be drawn on one spot.
    """
    of_dose = [label_of("vaccine")] if name == "dose" and "vaccine" in release.facts.by else []
    codes = codes_in_order(release, name, *of_dose)
    labels = {code: " ".join([*map(str, vaccine), str(label)]) for code, label, *vaccine in codes}
    if is_short:
        labels = {code: short_label(name, code, label, language=language) for code, label in labels.items()}
    shared = {label for label, times in Counter(labels.values()).items() if times > 1}
    return {code: f"{label} ({code})" if label in shared else label for code, label in labels.items()}

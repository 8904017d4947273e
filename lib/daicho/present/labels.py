"""How numbers, dates and the four states of a value are written for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from daicho.core.eras import format_era_date
from daicho.gate.release import ColumnFacts, Facts

VALUE_KINDS = frozenset({"count", "rate", "yen", "estimate"})
SUPPRESSED_MARK = "＊"
NOT_APPLICABLE_MARK = "－"
NO_DATA = {"ja": "データがありません", "en": "No data"}
TOTAL = {"ja": "合計", "en": "Total"}
_LEGEND = {
    "suppressed": {"ja": "＊：開示基準により秘匿", "en": "＊: withheld under the disclosure rules"},
    "not_applicable": {"ja": "－：該当なし", "en": "－: not applicable"},
}
_UNITS_EN = {"人": "persons", "回": "doses", "円": "yen", "件": "cases", "枚": "sheets", "日": "days"}
_COLON = {"ja": "：", "en": ": "}
_NUMBER_KINDS = frozenset({"integer", "fiscal_year", "month"})


@dataclass(frozen=True)
class Figure:
    """One released value as a sentence shows it; `text` carries the unit, or the mark of its state."""

    value: int | float | None
    status: str
    text: str

    def __str__(self) -> str:
        return self.text


def format_value(value: float | None, *, status: str, kind: str) -> str:
    """Write one value: counts and yen with thousands, rates (fractions of one) as per cent and estimates with one decimal, states as marks."""
    if status == "suppressed":
        return SUPPRESSED_MARK
    if status == "not_applicable" or value is None:
        return NOT_APPLICABLE_MARK
    if kind == "rate":
        return f"{value * 100:.1f} %"
    if kind == "estimate":
        return f"{value:,.1f}"
    return f"{value:,.0f}"


def format_figure(value: float | None, *, status: str, column: ColumnFacts, language: str) -> Figure:
    """Write one value for the middle of a sentence, with its unit: 「2,240人」, 「95.5 %」, 「＊（秘匿）」."""
    text = format_value(value, status=status, kind=column.kind)
    if status == "suppressed":
        text += "（秘匿）" if language == "ja" else " (withheld)"
    elif value is not None and column.kind != "rate":
        text += unit_text(column.unit, language=language) if language == "ja" else f" {unit_text(column.unit, language=language)}"
    return Figure(value=value, status=status, text=text.rstrip())


def unit_text(unit: str, *, language: str) -> str:
    return unit if language == "ja" else _UNITS_EN.get(unit, unit)


def column_facts(facts: Facts, name: str) -> ColumnFacts:
    """Return the description of a released column; a column the gate did not describe is plain text under its own name.

    An estimated rate (unit 率) reads like any rate.
    """
    for column in facts.columns:
        if column.name == name:
            return replace(column, kind="rate") if (column.kind, column.unit) == ("estimate", "率") else column
    return ColumnFacts(name=name, label=name, label_en=name, kind="text", unit="")


def column_label(facts: Facts, name: str, *, language: str) -> str:
    """Return the column's name in the reader's language, without its unit."""
    column = column_facts(facts, name)
    return column.label if language == "ja" else column.label_en or column.label


def column_heading(facts: Facts, name: str, *, language: str) -> str:
    """Return the heading of a value column: its label with the unit in brackets, except for rates, whose cells carry %."""
    column, label = column_facts(facts, name), column_label(facts, name, language=language)
    if column.kind not in VALUE_KINDS or column.kind == "rate" or not column.unit:
        return label
    unit = unit_text(column.unit, language=language)
    return f"{label}（{unit}）" if language == "ja" else f"{label} ({unit})"


def legend(statuses: set[str], *, language: str) -> tuple[str, ...]:
    """Explain the marks that occur, and only those."""
    return tuple(text[language] for status, text in _LEGEND.items() if status in statuses)


def date_label(day: date | str | None, *, language: str) -> str:
    """Write a day in 和暦 for Japanese readers, in ISO form otherwise."""
    if day is None or day == "":
        return NOT_APPLICABLE_MARK
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return format_era_date(day) if language == "ja" else day.isoformat()


def english_label(dimension: str, code: object, label: str, *, names: Mapping[str, str]) -> str:
    """Return the English label of a code: from its code list, or made from the code for years, months and codes that are words."""
    text = str(code)
    if text in names:
        return names[text]
    if label.isascii():
        return label
    if dimension == "birth_fy" and text.isdigit():
        return f"Born FY{text}"
    if dimension.endswith("fiscal_year") and text.isdigit():
        return f"FY{text}"
    if dimension.endswith("month") and len(text) == 6 and text.isdigit():
        return f"{text[:4]}-{text[4:]}"
    if text in ("unknown", "None", ""):
        return "unknown"
    if dimension.startswith("age_"):
        return text
    is_word = text.isascii() and text.replace("_", "").isalpha()
    return text.replace("_", " ") if is_word else label


def short_label(dimension: str, code: object, label: str, *, language: str) -> str:
    """Return the label for a crowded chart axis: a cohort's year, a month of the year; otherwise the label itself."""
    text = str(code)
    if dimension == "birth_fy" and text.isdigit():
        return f"{text}年度" if language == "ja" else f"FY{text}"
    if dimension.endswith("month") and len(text) == 6 and text.isdigit():
        return f"{text[:4]}/{int(text[4:])}" if language == "ja" else f"{text[:4]}-{text[4:]}"
    return label


def table_kind(column: ColumnFacts) -> str:
    """Return the kind a table column is formatted by: text, count, rate, yen, estimate, integer, month or date."""
    return column.kind if column.kind in VALUE_KINDS or column.kind in ("integer", "month", "date") else "text"


def labelled(name: str, text: Any, *, language: str) -> str:
    return f"{name}{_COLON[language]}{text}"

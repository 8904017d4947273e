"""The catalogue of measures as an analyst reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daicho.core.errors import UsageError
from daicho.present.tables import Cell, Table, TableColumn

_HEADINGS = {
    "ja": ("指標", "名称", "値", "分類（by）", "必須の条件（where）", "測定指標一覧"),
    "en": ("Measure", "Title", "Values", "Dimensions (by)", "Required filters (where)", "Catalogue of measures"),
}


@dataclass(frozen=True)
class Catalogue:
    """What can be asked: shows as a table; `catalogue["coverage_cohort"]` is one measure's full description."""

    entries: tuple[Mapping[str, Any], ...]
    language: str

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        for entry in self.entries:
            if entry.get("name") == name:
                return entry
        raise UsageError(f"there is no measure {name}; there are {', '.join(str(entry.get('name')) for entry in self.entries)}.")

    def table(self) -> Table:
        """Return one row a measure: name, title, values, dimensions, required filters."""
        *labels, title = _HEADINGS[self.language]
        keys = ("name", "title", "values", "dimensions", "required_filters")
        columns = tuple(TableColumn(key=key, label=label, kind="text") for key, label in zip(keys, labels, strict=True))
        rows = tuple(tuple(_cell(self._text(entry, key)) for key in keys) for entry in self.entries)
        return Table(name="measures", title=title, columns=columns, rows=rows, language=self.language)

    def _text(self, entry: Mapping[str, Any], key: str) -> str:
        if key == "title" and self.language == "en":
            return str(entry.get("title_en") or entry.get("title", ""))
        value = entry.get(key, "")
        if isinstance(value, str) or not isinstance(value, Sequence | Mapping):
            return str(value)
        return "、".join(str(item.get("name", "")) if isinstance(item, Mapping) else str(item) for item in value)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"text/html": self.table().to_html(), "text/plain": "\n".join(self._text(entry, "name") for entry in self.entries)}


def _cell(text: str) -> Cell:
    return Cell(value=text, status="value", text=text)

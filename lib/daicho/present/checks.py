"""The covering page of checks: two figures that must be equal, or one that must be none, with 適 or 否."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daicho.present.sums import ABSENT, count_cell, words
from daicho.present.tables import Cell, Table, TableColumn

_HEADS = {
    "ja": ("番号", "検査", "照合する一方", "照合する他方", "差", "判定"),
    "en": ("No.", "Check", "One figure", "The other", "Difference", "Result"),
}
_RESULTS = {"ja": ("適", "否", "判定できない"), "en": ("pass", "FAIL", "cannot be told")}
_SUMMARY = {
    "ja": (
        "検査{n}項目は、すべて適である。",
        "検査{n}項目のうち{bad}項目が否である：{which}。",
        "{open}項目は、値が秘匿されているため判定できない。",
    ),
    "en": ("All {n} checks pass.", "{bad} of {n} checks fail: no. {which}.", "{open} cannot be told, because figures are withheld."),
}


@dataclass(frozen=True)
class Check:
    """What must hold: `one` equals `other`, or is zero where there is no other. A check of words alone has no figures, but `is_kept`."""

    name: str
    one: Cell | None = None
    other: Cell | None = None
    is_kept: bool | None = None

    @property
    def holds(self) -> bool | None:
        """Whether it holds; None where it cannot be told, because a figure is withheld."""
        if self.is_kept is not None:
            return self.is_kept
        wanted = _number(self.other) if self.other is not None else 0
        found = _number(self.one)
        return None if found is None or wanted is None else found == wanted

    @property
    def difference(self) -> Cell:
        if self.one is None or self.other is None:
            return ABSENT
        if "suppressed" in (self.one.status, self.other.status):
            return count_cell(None, "suppressed")
        found, wanted = _number(self.one), _number(self.other)
        if found is None or wanted is None:
            return ABSENT
        return count_cell(found - wanted, "value" if found != wanted else "zero")


def _number(cell: Cell | None) -> int | None:
    return int(cell.value) if cell is not None and isinstance(cell.value, int | float) else None


def check_table(checks: Sequence[Check], *, name: str, title: str, notes: Sequence[str], language: str) -> Table:
    """Return one row a check, numbered."""
    keys = ("number", "check", "one", "other", "difference", "result")
    kinds = ("text", "text", "count", "count", "count", "text")
    columns = tuple(TableColumn(*parts) for parts in zip(keys, _HEADS[language], kinds, strict=True))
    rows = tuple(
        (
            words(str(number)),
            words(check.name),
            check.one or ABSENT,
            check.other or ABSENT,
            check.difference,
            words(_result(check, language)),
        )
        for number, check in enumerate(checks, start=1)
    )
    failed = tuple(place for place, check in enumerate(checks) if check.holds is False)
    return Table(
        name=name, title=title, columns=columns, rows=rows, notes=tuple(notes), emphasis_rows=failed,
        language=language,
    )  # fmt: skip


def summarise(checks: Sequence[Check], *, language: str) -> str:
    """Say in a sentence how the checks came out, and which fail."""
    fine, bad, unsure = _SUMMARY[language]
    failed = [str(number) for number, check in enumerate(checks, start=1) if check.holds is False]
    untold = sum(check.holds is None for check in checks)
    mark = "、" if language == "ja" else ", "
    said = [bad.format(n=len(checks), bad=len(failed), which=mark.join(failed))] if failed else []
    said += [unsure.format(open=untold)] if untold else []
    return (" " if language == "en" else "").join(said) or fine.format(n=len(checks))


def _result(check: Check, language: str) -> str:
    kept, broken, untold = _RESULTS[language]
    return untold if check.holds is None else kept if check.holds else broken

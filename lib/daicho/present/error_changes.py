"""What became of the errors of the ledger between two snapshots: first seen, resolved, open; from releases of both, not from rows.

open before - resolved + new = open now. New are the errors of records that arrived since; the rest of the change is resolved, net of errors that
came to light in older records. Where a full dump replaced the older records since, nothing tells new from old, and only the two states are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daicho.gate.profiles import load_disclosure
from daicho.present.labels import NO_DATA
from daicho.present.prose import Markdown
from daicho.present.reading_order import codes_in_order
from daicho.present.released import PresentedRelease
from daicho.present.sums import ABSENT, Key, cells_by, count_cell, figure_of, words
from daicho.present.tables import Cell, Table, TableColumn

if TYPE_CHECKING:
    from daicho.present.ledger import Ledger

_HEADS = {
    "ja": ("誤りの種類", "前の時点", "新規", "解消", "今回"),
    "en": ("Kind of error", "Before", "New", "Resolved", "Now"),
}
_VALUE = "errors_count"


@dataclass(frozen=True)
class ErrorChanges:
    """The errors at an earlier snapshot, now, and of these the ones in records that arrived between; `before` is None where nothing is compared."""

    ledger: Ledger
    now: PresentedRelease
    before: PresentedRelease | None = None
    arrived: PresentedRelease | None = None
    is_replaced: bool = False

    def summary(self) -> Markdown:
        """Say what is compared, or that nothing is."""
        if self.before is None:
            return self.ledger.say("比べる前の時点の指定がない。", "No earlier snapshot was named to compare with.")
        said = self.ledger.say(
            "台帳スナップショット{before}と{now}とを比べた。", "Snapshot {before} is compared with {now}.",
            before=self.before.facts.snapshot, now=self.now.facts.snapshot,
        )  # fmt: skip
        if not self.is_replaced:
            return said
        return Markdown(said.source + self.ledger.word(
            "この間に全件の抽出で記録が置き換わったため、新規と解消を分けられない。",
            " A full dump replaced the records in between: new and resolved cannot be told apart.",
        ))  # fmt: skip

    def table(self) -> Table | Markdown:
        """Return a row for each kind of error: before, new, resolved, now."""
        if self.before is None:
            return Markdown("")
        then, new, now = (cells_by(release, "rule", value=_VALUE) for release in (self.before, self.arrived or self.now, self.now))
        rows = []
        for code, label, *_ in codes_in_order(self.now, "rule"):
            open_then, open_now = (figure_of(cells, (code,), release=self.now) for cells in (then, now))
            since = ABSENT if self.is_replaced else figure_of(new, (code,), release=self.now)
            rows.append((words(str(label)), open_then, *self._moved(open_then, since, open_now), open_now))
        language = self.ledger.language
        kinds = ("text", "count", "count", "count", "count")
        keys = ("rule", "before_count", "new_count", "resolved_count", "now_count")
        return Table(
            name="error_changes",
            title=self.ledger.word("誤りの新規と解消", "Errors first seen and resolved"),
            columns=tuple(TableColumn(*parts) for parts in zip(keys, _HEADS[language], kinds, strict=True)),
            rows=tuple(rows),
            notes=() if rows else (NO_DATA[language],),
            release_ids=tuple(release.facts.release_id for release in (self.before, self.arrived, self.now) if release is not None),
            language=language,
        )

    def _moved(self, before: Cell, arrived: Cell, now: Cell) -> tuple[Cell, Cell]:
        """New and resolved. A withheld figure withholds both, and so is a small one."""
        figures = (before, arrived, now)
        if any(cell.status == "suppressed" for cell in figures):
            return count_cell(None, "suppressed"), count_cell(None, "suppressed")
        if any(not isinstance(cell.value, int) for cell in figures):
            return ABSENT, ABSENT
        then, came, stand = (int(cell.value or 0) for cell in figures)
        # Errors that came to light in older records are new as well.
        new = max(came, stand - then)
        return self._count(new), self._count(then + new - stand)

    def _count(self, number: int) -> Cell:
        threshold = self._threshold()
        if 0 < number < threshold:
            return count_cell(None, "suppressed")
        return count_cell(number, "value" if number else "zero")

    def _threshold(self) -> int:
        folder = self.ledger.contracts_dir
        profile = load_disclosure(folder).profiles.get(self.now.facts.profile) if folder is not None else None
        return (profile.threshold or 0) if profile is not None else 0


def ask_error_changes(ledger: Ledger, *, earlier_snapshot: int, fiscal_year: int | None) -> ErrorChanges:
    """Ask for the errors of a fiscal year (None: of all years) now and at an earlier snapshot; 0 compares with nothing."""
    now = ledger.measure("error_checks", by="rule", fiscal_year=fiscal_year)
    if not earlier_snapshot:
        return ErrorChanges(ledger, now)
    before = ledger.measure("error_checks", by="rule", fiscal_year=fiscal_year, snapshot=earlier_snapshot)
    held = _batches(ledger, earlier_snapshot)
    last = max((int(str(batch)) for batch, _ in held), default=0)
    arrived = ledger.measure("error_checks", by="rule", fiscal_year=fiscal_year, after_batch=last)
    replaced = [
        rows for (batch, outcome), rows in _batches(ledger, None).items() if int(str(batch)) > last and outcome == "replaced" and rows.value
    ]
    return ErrorChanges(ledger, now, before, arrived, is_replaced=bool(replaced))


def _batches(ledger: Ledger, snapshot: int | None) -> dict[Key, Cell]:
    """Rows of vaccinations by batch and outcome."""
    where = {"kind": "vaccination"}
    return cells_by(
        ledger.measure("intake_quality", by=["batch", "outcome"], where=where, snapshot=snapshot), "batch", "outcome", value="rows_count"
    )

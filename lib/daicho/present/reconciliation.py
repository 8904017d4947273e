"""The reconciliation of a fiscal year (突合): its releases, asked for once, and the checks that hold them against one another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from daicho.present.checks import Check, check_table, summarise
from daicho.present.periods import Period
from daicho.present.prose import Markdown
from daicho.present.released import PresentedRelease
from daicho.present.sums import cells_by, count_cell, figure_of, total
from daicho.present.tables import Cell, Table

if TYPE_CHECKING:
    from daicho.present.ledger import Ledger

GAINS = ("births_count", "moved_in_count", "other_in_count")
PAID, COUNTED = "pay", "counted"
UNPAID = ("hold", "reject", "reverse", "unclaimed")
LOSSES = ("deaths_count", "moved_out_count", "other_out_count")


@dataclass(frozen=True)
class Reconciliation:
    """What is held together: the form, the ledger, payments and coverage, the population, the copy offered to other municipalities."""

    ledger: Ledger
    rows: PresentedRelease
    exceptions: PresentedRelease
    exceptions_by_reason: PresentedRelease
    held: PresentedRelease
    doses: PresentedRelease
    doses_by_vaccine: PresentedRelease
    unpaid: PresentedRelease
    validity: PresentedRelease
    population: PresentedRelease
    population_by_district: PresentedRelease
    population_before: PresentedRelease
    opening: PresentedRelease
    closing: PresentedRelease
    copy: PresentedRelease

    def summary(self) -> Markdown:
        """Say how the checks came out."""
        return Markdown(summarise(self._checks(), language=self.ledger.language))

    def checks(self) -> Table:
        """Return the checks with 適 or 否."""
        title = self.ledger.word("突合の検査", "Checks")
        return check_table(self._checks(), name="checks", title=title, notes=(), language=self.ledger.language)

    def form_by_vaccine(self) -> Table | Markdown:
        """Return, for each vaccine, the doses of the ledger, of the form's rows and of the exceptions."""
        return self.ledger.side_by_side(
            [
                (self.held, "doses_count", "台帳の接種回数", "Doses in the ledger"),
                (self.rows, "doses_count", "様式の行", "Rows of the form"),
                (self.exceptions, "doses_count", "計上しない接種", "Doses on no row"),
            ],
            by="vaccine",
            name="form_by_vaccine",
            title="ワクチン別の接種回数：台帳と様式",
            title_en="Doses by vaccine: ledger and form",
        )

    def _checks(self) -> list[Check]:
        say = 0 if self.ledger.language == "ja" else 1
        return [Check(text[say], one, other) for text, one, other in (*self._of_doses(), *self._of_payments(), *self._of_people())]

    def _of_doses(self) -> list[tuple[tuple[str, str], Cell, Cell | None]]:
        placed = total([_whole(self.rows), _whole(self.exceptions)])
        by_vaccine = [cells_by(release, "vaccine") for release in (self.held, self.rows, self.exceptions)]
        held, on_form, listed = by_vaccine
        codes = {key for cells in by_vaccine for key in cells}
        sums = {key: total([cells[key] for cells in (on_form, listed) if key in cells]) for key in codes}
        differing = sum(held[key].value != sums[key].value if key in held else bool(sums[key].value) for key in codes)
        is_open = any(cell.status == "suppressed" for cells in by_vaccine for cell in cells.values())
        undated = figure_of(cells_by(self.exceptions_by_reason, "reason"), ("missing_date",), release=self.exceptions_by_reason)
        return [
            (("様式の行＋計上しない接種＝台帳の接種回数", "Rows + doses on no row = doses in the ledger"), placed, _whole(self.held)),
            (
                ("ワクチンごとに照合して一致しないワクチンの数", "Vaccines for which the two differ"),
                _open() if is_open else _number(differing),
                None,
            ),
            (
                ("支払と接種率で照合した接種＋接種日のない接種＝台帳の接種回数", "Reconciled doses + undated doses = doses in the ledger"),
                total([_whole(self.doses), undated]),
                _whole(self.held),
            ),
            (
                ("支払と接種率で照合した接種＝有効性を判定した接種", "Reconciled doses = appraised doses"),
                _whole(self.doses),
                _whole(self.validity),
            ),
        ]

    def _of_payments(self) -> list[tuple[tuple[str, str], Cell, Cell | None]]:
        paid = self._doses(is_paid=True)
        counted = self._doses(is_counted=True)
        unpaid_counted = self._doses(is_paid=False, is_counted=True)
        paid_uncounted = self._doses(is_paid=True, is_counted=False)
        return [
            (
                (
                    "支払った接種＋未払いで接種率に数える接種＝接種率に数える接種＋支払ったが数えない接種",
                    "Paid + unpaid but counted = counted for coverage + paid but not counted",
                ),
                total([paid, unpaid_counted]),
                total([counted, paid_uncounted]),
            ),
            (("支払ったが接種率に数えない接種がない", "No dose is paid but not counted"), paid_uncounted, None),
        ]

    def _doses(self, *, is_paid: bool | None = None, is_counted: bool | None = None) -> Cell:
        """Doses by whether they are paid and whether they are counted; None takes both."""
        cells = cells_by(self.doses, "decision", "coverage_state")
        parts = [
            cell
            for (decision, state), cell in cells.items()
            if is_paid in (None, decision == PAID) and is_counted in (None, state == COUNTED)
        ]
        return total(parts) if parts or not self.doses.facts.suppressed_cells else _open()

    def _of_people(self) -> list[tuple[tuple[str, str], Cell, Cell | None]]:
        opening, closing = _value(self.population, "opening_count"), _value(self.population, "closing_count")
        parts = [_value(self.population, name) for name in GAINS], [_value(self.population, name) for name in LOSSES]
        gained, lost = total([opening, *parts[0]]), total([closing, *parts[1]])
        return [
            (("年度当初の住民＋出生・転入等＝年度末の住民＋死亡・転出等", "Opening + gains = closing + losses"), gained, lost),
            (
                ("年度当初の住民＝前年度末の住民数", "Opening = residents of the day before"),
                opening,
                _value(self.opening, "residents_count"),
            ),
            (
                ("年度当初の住民＝前年度の異動の年度末", "Opening = closing of the year before"),
                opening,
                _value(self.population_before, "closing_count"),
            ),
            (("年度末の住民＝基準日の住民数", "Closing = residents of the as-of day"), closing, _value(self.closing, "residents_count")),
            (
                ("地区別の年度末の住民の合計＝区全体", "Closing by district = municipality"),
                total(cells_by(self.population_by_district, "district", value="closing_count").values()),
                closing,
            ),
        ]


def ask_reconciliation(ledger: Ledger, *, period: Period, fiscal_year: int, snapshot: int) -> Reconciliation:
    """Ask the gate for everything the reconciliation holds. `snapshot` 0 is the newest."""

    def ask(measure: str, *by: str, year: int = fiscal_year, day: date | None = None) -> PresentedRelease:
        return ledger.measure(measure, by=list(by), fiscal_year=year, as_of=day, snapshot=snapshot or None)

    def residents(day: date) -> PresentedRelease:
        return ledger.measure("residents", as_of=day, snapshot=snapshot or None)

    return Reconciliation(
        ledger=ledger,
        rows=ask("form_rows", "vaccine"),
        exceptions=ask("form_exceptions", "vaccine"),
        exceptions_by_reason=ask("form_exceptions", "reason"),
        held=ask("ledger_doses", "vaccine"),
        doses=ask("dose_reconciliation", "decision", "coverage_state", day=period.as_of),
        doses_by_vaccine=ask("dose_reconciliation", "vaccine", "decision", day=period.as_of),
        unpaid=ledger.measure(
            "dose_reconciliation",
            by=["reason", "coverage_state"],
            where={"decision": UNPAID},
            fiscal_year=fiscal_year,
            as_of=period.as_of,
            snapshot=snapshot or None,
        ),
        validity=ask("dose_validity", "outcome"),
        population=ask("population_changes", day=period.as_of),
        population_by_district=ask("population_changes", "district", day=period.as_of),
        population_before=ask("population_changes", year=fiscal_year - 1),
        opening=residents(date(fiscal_year, 4, 1) - timedelta(days=1)),
        closing=residents(period.as_of),
        copy=ledger.measure("shared_copy_check", by=["outcome"], snapshot=snapshot or None),
    )


def _number(value: int) -> Cell:
    return count_cell(value, "value" if value else "zero")


def _open() -> Cell:
    return count_cell(None, "suppressed")


def _whole(release: PresentedRelease) -> Cell:
    return _value(release, "doses_count")


def _value(release: PresentedRelease, value: str) -> Cell:
    return total(cells_by(release, value=value).values())

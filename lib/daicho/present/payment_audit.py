"""The audit of the payments (支払の監査): the ten totals that must hold, each with both figures and 適 or 否."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from daicho.contracts.reference import load_reference
from daicho.present.checks import Check, check_table, summarise
from daicho.present.periods import Period
from daicho.present.prose import Markdown
from daicho.present.released import PresentedRelease
from daicho.present.settlement_parts import CLAIM, PAY, amount, net_of
from daicho.present.sums import Key, cells_by, count_cell, figure_of, total
from daicho.present.tables import Cell, Table

if TYPE_CHECKING:
    from daicho.present.ledger import Ledger

CUTS = ("ward", "month", "vaccine", "dose", "scheme", "payee", "channel", "association")
_MONEY = ("gross_yen", "copay_yen", "payable_yen", "fee_yen")
_COUNTED = "counted"
_TEXTS = {
    "1": (
        "支払・保留・却下・取消・未請求の接種＋接種日のない接種＝台帳の接種回数",
        "Paid, held, rejected, reversed, not claimed + undated = doses in the ledger",
    ),
    "2": ("請求額＝支払額＋原因別の差異の合計（円）", "Billed = payable + differences by cause (yen)"),
    "3a": ("委託料総額＝支払額＋自己負担額（円）", "Gross = payable + self-payment (yen)"),
    "3b": ("総額が異なる内訳（{cuts}通りのうち）がない", "No cut of {cuts} has another grand total"),
    "4a": ("単価が一つに決まらないまま支払ったものがない", "Nothing is paid without exactly one price"),
    "4b": ("決裁の記載のない単価・例示の単価がない（行）", "No price without approval, none illustrative (rows)"),
    "5": ("支払った接種の件数＝支払った接種の数（重複払いがない）", "Doses paid = distinct doses paid: none twice"),
    "6a": ("区市への支払額＝区市への請求額＋差引額（円）", "Paid to wards = claimed + net (yen)"),
    "6b": ("区市別の差引の合計＝全体の差引（円）", "Net of all wards = net of the whole (yen)"),
    "6c": ("区市からの請求と当方の計算に差がない（円）", "Bills of wards less our figures (yen)"),
    "7a": (
        "支払月による支払額＋翌年度以降の支払＝接種日による支払額＋前年度以前の接種（円）",
        "By month of payment + carried out = by day of the dose + carried in (yen)",
    ),
    "7b": ("年度の橋渡しの支払額＝委託料の支払額（円）", "Paid in the year by the bridge = payments (yen)"),
    "8": (
        "支払った接種＋未払いで接種率に数える接種＝数える接種＋支払ったが数えない接種",
        "Paid + unpaid but counted = counted + paid but not counted",
    ),
    "9": ("締めた支払月の支払額＝締めの記録の支払額（円）", "Closed months as stored = as recorded when closed (yen)"),
    "10": ("止める請求（台帳・過去の月から大きく外れるもの）がない", "No bill is blocked"),
}


@dataclass(frozen=True)
class PaymentAudit:
    """The releases that are held against one another. `cuts` are the payments by one dimension each; `recorded` are the totals that the
    records of closed months state, by month; `unapproved` counts prices without approval."""

    ledger: Ledger
    paid: PresentedRelease
    cuts: tuple[PresentedRelease, ...]
    closed: PresentedRelease
    reasons: PresentedRelease
    unpaid: PresentedRelease
    every_paid: PresentedRelease
    held: PresentedRelease
    exceptions: PresentedRelease
    states: PresentedRelease
    given: PresentedRelease
    bills: PresentedRelease
    causes: PresentedRelease
    blocked: PresentedRelease
    settled: PresentedRelease
    settled_by_ward: PresentedRelease
    bridge: PresentedRelease
    recorded: dict[int, int]
    unapproved: int

    @property
    def months(self) -> PresentedRelease:
        """The payments by month of payment."""
        return self.cuts[CUTS.index("month")]

    def summary(self) -> Markdown:
        """Say how the totals came out."""
        return Markdown(summarise(self._checks(), language=self.ledger.language))

    def checks(self) -> Table:
        """Return the totals with 適 or 否."""
        word = self.ledger.word
        notes = (
            word(
                "検査名の先頭の番号は、十の合計の番号である。1と8は接種日が年度内の接種、5は台帳の全期間、6は年度の上半期と下半期、その他は支払月が年度内のものによる。",
                "Each check begins with the number of its total. 1 and 8: doses of the year's days; 5: the whole ledger; 6: both half-years; "
                "the others: months of payment of the year.",
            ),
        )
        return check_table(
            self._checks(), name="checks", title=word("支払の十の合計", "The ten totals"), notes=notes, language=self.ledger.language
        )

    def _checks(self) -> list[Check]:
        found = {**self._of_states(), **self._of_bills(), **self._of_amounts(), **self._of_wards(), **self._of_years(), **self._of_months()}
        say, dot = (0, "．") if self.ledger.language == "ja" else (1, ". ")
        texts = {key: f"{key.rstrip('abc')}{dot}{pair[say].format(cuts=len(self.cuts))}" for key, pair in _TEXTS.items()}
        return [Check(text, *found[key]) for key, text in texts.items()]

    def _of_states(self) -> _Figures:
        undated = figure_of(cells_by(self.exceptions, "reason"), ("missing_date",), release=self.exceptions)
        paid_doses = figure_of(cells_by(self.states, "decision"), ("pay",), release=self.states)
        return {
            "1": (total([*_values(self.given, "doses_count"), undated]), _sum(self.held, "doses_count")),
            "5": (_sum(self.every_paid, "doses_count"), paid_doses),
        }

    def _of_bills(self) -> _Figures:
        explained = total([_sum(self.bills, "supported_yen"), *_values(self.causes, "difference_yen")])
        return {"2": (_sum(self.bills, "billed_yen"), explained), "10": (_rows(self.blocked), None)}

    def _of_amounts(self) -> _Figures:
        whole = {value: _sum(self.paid, value) for value in _MONEY}
        differing = [release for release in self.cuts if any(_sum(release, value).value != whole[value].value for value in _MONEY)]
        is_open = any(release.facts.suppressed_cells for release in (self.paid, *self.cuts))
        return {
            "3a": (whole["gross_yen"], total([whole["payable_yen"], whole["copay_yen"]])),
            "3b": (_open() if is_open else _number(len(differing)), None),
            "4a": (figure_of(_claims(self.reasons), ("NO_PRICE",), release=self.reasons), None),
            "4b": (_number(self.unapproved), None),
        }

    def _of_wards(self) -> _Figures:
        by_ward = cells_by(self.settled_by_ward, "ward", value="net_yen")
        nets = total(by_ward.values())
        files = [cell for key, cell in cells_by(self.bills, "payee", value="difference_yen").items() if key in by_ward]
        return {
            "6a": (amount(self.settled, PAY), total([amount(self.settled, CLAIM), nets])),
            "6b": (nets, net_of(self.settled)),
            "6c": (total(files), None),
        }

    def _of_years(self) -> _Figures:
        names = ("paid_in_year", "given_in_year", "carried_in", "carried_out")
        paid, given, carried_in, carried_out = (_sum(self.bridge, f"{name}_yen") for name in names)
        states = cells_by(self.given, "decision", "coverage_state")

        def doses(*, is_paid: bool, is_counted: bool) -> Cell:
            found = [
                cell for (decision, state), cell in states.items() if ((decision == "pay"), (state == _COUNTED)) == (is_paid, is_counted)
            ]
            return total(found)

        both, paid_only = doses(is_paid=True, is_counted=True), doses(is_paid=True, is_counted=False)
        counted_only = doses(is_paid=False, is_counted=True)
        return {
            "7a": (total([paid, carried_out]), total([given, carried_in])),
            "7b": (paid, _sum(self.paid, "payable_yen")),
            "8": (total([both, paid_only, counted_only]), total([total([both, counted_only]), paid_only])),
        }

    def _of_months(self) -> _Figures:
        """Whatever the records of closed months state must be what the vault holds of them today."""
        return {"9": (_sum(self.closed, "payable_yen"), _number(sum(self.recorded.values())))}


_Figures = dict[str, tuple[Cell, Cell | None]]


def ask_payment_audit(ledger: Ledger, *, period: Period, closed: str, snapshot: int, contracts_dir: Path) -> PaymentAudit:
    """Ask the gate for everything the audit holds."""

    def ask(measure: str, *by: str, year: int | None = period.fiscal_year, **where: object) -> PresentedRelease:
        return ledger.measure(measure, by=list(by), where=where, fiscal_year=year, as_of=period.as_of, snapshot=snapshot or None)

    recorded = {int(month): int(yen) for month, yen in re.findall(r"([0-9]{6})=(-?[0-9]+)", closed)}
    prices = load_reference(contracts_dir, "price_list")
    return PaymentAudit(
        ledger=ledger,
        paid=ask("consignment_payments"),
        cuts=tuple(ask("consignment_payments", cut) for cut in CUTS),
        closed=ask("consignment_payments", "month", month_state="closed"),
        reasons=ask("consignment_payments", "reason"),
        unpaid=ask("payment_holds", "reason", "decision"),
        every_paid=ask("consignment_payments", year=None),
        held=ledger.measure("ledger_doses", fiscal_year=period.fiscal_year, snapshot=snapshot or None),
        exceptions=ledger.measure("form_exceptions", by=["reason"], fiscal_year=period.fiscal_year, snapshot=snapshot or None),
        states=ask("dose_reconciliation", "decision", year=None),
        given=ask("dose_reconciliation", "decision", "coverage_state"),
        bills=ask("claim_differences", "payee"),
        causes=ask("claim_differences", "difference"),
        blocked=ask("claim_differences", "payee", "month", claim_status="blocked"),
        settled=ask("ward_settlement", "direction"),
        settled_by_ward=ask("ward_settlement", "ward"),
        bridge=ask("fiscal_bridge"),
        recorded={month: yen for month, yen in recorded.items() if (month - 4 + (month % 100 < 4) * -96) // 100 == period.fiscal_year},
        unapproved=prices.filter((pl.col("illustrative") == "yes") | pl.col("approval_ref").is_null()).height,
    )


def _values(release: PresentedRelease, value: str) -> Iterable[Cell]:
    return cells_by(release, *release.facts.by, value=value).values()


def _sum(release: PresentedRelease, value: str) -> Cell:
    return total(_values(release, value))


def _claims(release: PresentedRelease) -> dict[Key, Cell]:
    """Doses and screenings together, by reason."""
    both = [cells_by(release, "reason", value=value) for value in ("doses_count", "screenings_count")]
    return {key: total(cells[key] for cells in both) for key in both[0]}


def _rows(release: PresentedRelease) -> Cell:
    return _open() if release.facts.suppressed_cells else _number(release.frame.height)


def _number(value: int) -> Cell:
    return count_cell(value, "value" if value else "zero")


def _open() -> Cell:
    return count_cell(None, "suppressed")

"""The half-year settlement with every ward and city: both directions, the net of each, and the control totals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daicho.gate.release import facts_as_data
from daicho.present.checks import Check, check_table, summarise
from daicho.present.half_years import HalfYear
from daicho.present.labels import TOTAL
from daicho.present.prose import Markdown
from daicho.present.released import PresentedRelease
from daicho.present.settlement import PAID_KINDS
from daicho.present.settlement_parts import CLAIM, PAY, amount, net_of
from daicho.present.sums import ABSENT, Key, cells_by, count_cell, figure_of, total, words
from daicho.present.tables import Cell, Table, TableColumn

if TYPE_CHECKING:
    from daicho.present.ledger import Ledger

_HEADS = {
    "ja": ("相手の区市", "支払額（円）", "請求額（円）", "差引支払額（円）", "相手方の請求額（円）", "当方の計算との差（円）"),
    "en": ("Ward or city", "We pay (yen)", "We claim (yen)", "Net (yen)", "Their bill (yen)", "Their bill less ours (yen)"),
}
_COLUMNS = ("ward", "pay_yen", "claim_yen", "net_yen", "billed_yen", "difference_yen")


@dataclass(frozen=True)
class SettlementSummary:
    """`by_ward` by ward and direction, `by_kind` by direction and kind of line, `net` by ward alone; `bills` holds the wards' files against
    the ledger, by payee; `paid` is what the payments say, by payee."""

    ledger: Ledger
    half_year: HalfYear
    by_ward: PresentedRelease
    by_kind: PresentedRelease
    net: PresentedRelease
    total: PresentedRelease
    bills: PresentedRelease
    paid: PresentedRelease

    def table(self) -> Table:
        """Return every ward with both directions, the net, and its own bill beside it."""
        word = self.ledger.word
        flows = cells_by(self.by_ward, "ward", "direction", value="payable_yen")
        net = cells_by(self.net, "ward", value="net_yen")
        billed, difference = (cells_by(self.bills, "payee", value=value) for value in ("billed_yen", "difference_yen"))
        rows: list[tuple[Cell, ...]] = []
        for row in self.net.frame.iter_rows(named=True):
            ward = row["ward"]
            both = [figure_of(flows, (ward, way), release=self.by_ward) for way in (PAY, CLAIM)]
            rows.append((words(str(row["ward_label"])), *both, net[(ward,)], billed.get((ward,), ABSENT), difference.get((ward,), ABSENT)))
        if rows:
            rows.append((words(TOTAL[self.ledger.language]), *(total(row[place] for row in rows) for place in range(1, len(_COLUMNS)))))
        columns = zip(_COLUMNS, _HEADS[self.ledger.language], strict=True)
        notes = (
            word(
                "差引支払額が負のものは、受け取る額である。「－」は、相手方の請求データがないもの。",
                "A negative net is received. A dash: no bill of that ward.",
            ),
        )
        return Table(
            name="settlement_by_ward", title=word("区市別の精算額", "Settlement by ward"),
            columns=tuple(TableColumn(key, head, "text" if key == "ward" else "yen") for key, head in columns), rows=tuple(rows), notes=notes,
            emphasis_rows=(len(rows) - 1,) if rows else (), release_ids=(self.by_ward.facts.release_id, self.bills.facts.release_id),
            facts=facts_as_data(self.by_ward.facts), language=self.ledger.language,
        )  # fmt: skip

    def checks(self) -> Table:
        """Return the control totals with 適 or 否."""
        title = self.ledger.word("検算", "Control totals")
        return check_table(self._checks(), name="checks", title=title, notes=(), language=self.ledger.language)

    def summary(self) -> Markdown:
        """Say how the control totals came out."""
        return Markdown(summarise(self._checks(), language=self.ledger.language))

    def _checks(self) -> list[Check]:
        word = self.ledger.word
        by_kind = cells_by(self.by_kind, "direction", "line_kind", value="payable_yen")
        owed = total(cell for (way, kind), cell in by_kind.items() if way == PAY and kind in PAID_KINDS)
        wards = {key[0] for key in cells_by(self.net, "ward", value="net_yen")}
        spent = {value: cells_by(self.paid, "payee", value=value) for value in ("payable_yen", "fee_yen")}
        to_wards = total(cell for cells in spent.values() for key, cell in cells.items() if key[0] in wards)
        differing = _count_differing(self.bills, wards)
        return [
            Check(word("区市別の差引の合計＝全体の差引額（円）", "Net of all wards = net of the whole (yen)"),
                  total(cells_by(self.net, "ward", value="net_yen").values()), net_of(self.total)),
            Check(word("支払額の合計＝請求額の合計＋差引額（円）", "Paid = claimed + net (yen)"),
                  amount(self.by_ward, PAY), total([amount(self.by_ward, CLAIM), net_of(self.total)])),
            Check(word("支払の明細（訂正・端数処理を除く）＝区市への委託料の支払額＋事務費（円）",
                       "Lines paid, but for corrections and rounding = payments to wards and fees (yen)"), owed, to_wards),
            Check(word("相手方の請求が当方の計算と一致しない区市の数", "Wards whose bill differs from our figures"), differing),
        ]  # fmt: skip


def _count_differing(bills: PresentedRelease, wards: set[object]) -> Cell:
    differences: dict[Key, Cell] = cells_by(bills, "payee", value="difference_yen")
    mine = [cell for key, cell in differences.items() if key[0] in wards]
    if any(cell.status == "suppressed" for cell in mine):
        return count_cell(None, "suppressed")
    found = sum(bool(cell.value) for cell in mine)
    return count_cell(found, "value" if found else "zero")


def ask_summary(ledger: Ledger, *, half_year: HalfYear, as_of: str, snapshot: int) -> SettlementSummary:
    """Ask the gate for everything the summary holds."""
    day, number = as_of or half_year.closes_on, snapshot or None

    def settle(*by: str) -> PresentedRelease:
        where = {"half_year": half_year.code}
        return ledger.measure("ward_settlement", by=list(by), where=where, fiscal_year=half_year.fiscal_year, as_of=day, snapshot=number)

    def ask(measure: str, *by: str) -> PresentedRelease:
        return ledger.measure(measure, by=list(by), where={"month": list(half_year.months)}, as_of=day, snapshot=number)

    return SettlementSummary(
        ledger=ledger,
        half_year=half_year,
        by_ward=settle("ward", "direction"),
        by_kind=settle("direction", "line_kind"),
        net=settle("ward"),
        total=settle(),
        bills=ask("claim_differences", "payee"),
        paid=ask("consignment_payments", "payee"),
    )

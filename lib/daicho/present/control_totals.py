"""The control totals of a statement of payments: the amounts add up, and every breakdown has the same grand total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daicho.present.checks import Check, check_table, summarise
from daicho.present.labels import column_label
from daicho.present.prose import Markdown
from daicho.present.released import PresentedRelease
from daicho.present.sums import cells_by, total
from daicho.present.tables import Cell, Table

VALUES = ("payable_yen", "fee_yen")


@dataclass(frozen=True)
class ControlTotals:
    """`whole` is without breakdown; `cuts` are the same payments by some dimensions, `bridge` those of the fiscal year as its bridge has them."""

    whole: PresentedRelease
    cuts: tuple[PresentedRelease, ...]
    bridge: PresentedRelease

    def summary(self) -> Markdown:
        """Say how the control totals came out."""
        return Markdown(summarise(self._checks(), language=self.whole.language))

    def table(self) -> Table:
        """Return the control totals with 適 or 否."""
        title = "検算" if self.whole.language == "ja" else "Control totals"
        return check_table(self._checks(), name="checks", title=title, notes=(), language=self.whole.language)

    def _checks(self) -> list[Check]:
        is_japanese = self.whole.language == "ja"
        gross = "委託料総額＝支払額＋自己負担額（円）" if is_japanese else "Gross = payable + self-payment (yen)"
        checks = [Check(gross, _sum(self.whole, "gross_yen"), total(_sum(self.whole, value) for value in ("payable_yen", "copay_yen")))]
        for cut in self.cuts:
            by = ("・" if is_japanese else ", ").join(column_label(cut.facts, name, language=cut.language) for name in cut.facts.by)
            name = f"{by}別の支払額と事務費の合計＝総額（円）" if is_japanese else f"Payable and fees by {by.lower()} = total (yen)"
            checks.append(Check(name, total(_sum(cut, value) for value in VALUES), total(_sum(self.whole, value) for value in VALUES)))
        into = total([_sum(self.bridge, "paid_in_year_yen"), _sum(self.bridge, "carried_out_yen")])
        out = total([_sum(self.bridge, "given_in_year_yen"), _sum(self.bridge, "carried_in_yen")])
        bridge = (
            "支払月による支払額＋翌年度以降の支払＝接種日による支払額＋前年度以前の接種（円）"
            if is_japanese
            else "By month of payment + carried out = by day of the dose + carried in (yen)"
        )
        return [*checks, Check(bridge, into, out)]


def make_control_totals(whole: PresentedRelease, *, cuts: Sequence[PresentedRelease], bridge: PresentedRelease) -> ControlTotals:
    """Gather the releases that must add up to one another."""
    return ControlTotals(whole=whole, cuts=tuple(cuts), bridge=bridge)


def _sum(release: PresentedRelease, value: str) -> Cell:
    return total(cells_by(release, *release.facts.by, value=value).values())

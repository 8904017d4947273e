"""The half-year settlement with one ward or city (半期精算): a formal statement of what each side owes the other, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daicho.contracts.codelists import load_codelist
from daicho.core.errors import UsageError
from daicho.present.checks import Check, check_table, summarise
from daicho.present.half_years import HalfYear
from daicho.present.labels import date_label
from daicho.present.prose import Markdown
from daicho.present.released import PresentedRelease
from daicho.present.settlement_parts import (
    CLAIM,
    PAY,
    amount,
    both_signatures,
    cause_table,
    compared_table,
    line_table,
    magnitude,
    net_of,
    net_table,
    sides,
    yen,
)
from daicho.present.sums import cells_by, total
from daicho.present.tables import Table

if TYPE_CHECKING:
    from daicho.present.ledger import Ledger

PAID_KINDS = ("dose", "screening", "fee")
CLOSED = "closed"


@dataclass(frozen=True)
class Settlement:
    """What is settled with one ward: three releases, because a batch makes one statement for each of them.

    `lines` by direction, kind, vaccine, unit price and state of the month; `compared` holds its file against ours, by kind, vaccine and cause.
    """

    ledger: Ledger
    half_year: HalfYear
    ward: str
    lines: PresentedRelease
    compared: PresentedRelease
    held: PresentedRelease

    @property
    def us(self) -> str:
        return self.ledger.name_of("ward", self.ledger.municipality.code)

    @property
    def them(self) -> str:
        return self.ledger.name_of("ward", self.ward)

    def cover(self) -> Markdown:
        """Return the head of the statement: addressee, period, parties, what is to be transferred and by when."""
        word, half, us, them = self.ledger.word, self.half_year, self.us, self.them
        months = word("～", " to ").join(_month(number, word("ja", "en")) for number in (half.months[0], half.months[-1]))
        pay, claim = (yen(self.lines, amount(self.lines, way)) for way in (PAY, CLAIM))
        net = net_of(self.lines)
        payer, receiver = sides(net, us=us, them=them)
        rows = [
            (word("精算する期間", "Period"), f"{half.label}{word('（', ' (')}{half.days_label}{word('）', ')')}"),
            (word("対象の支払月", "Months of payment"), months),
            (word("当事者", "Parties"), word(f"{us}、{them}", f"{us} and {them}")),
            (word(f"支払額（{us}から{them}へ）", f"{us} pays {them}"), pay),
            (word(f"請求額（{them}から{us}へ）", f"{them} pays {us}"), claim),
            (word("差引額", "Net"), f"{yen(self.lines, magnitude(net))}{word('（', ' (')}{payer} → {receiver}{word('）', ')')}"),
            (word("精算の方法", "Method"), self._method()),
            (word("支払期日", "Payable by"), date_label(half.pays_on, language=self.ledger.language)),
        ]
        opening = word(
            f"{half.label}における定期予防接種等の相互乗入に係る委託料について、次のとおり精算する。",
            f"Fees for vaccinations under mutual use in {half.label} are settled as follows.",
        )
        head = f"| {word('項目', 'Item')} | {word('内容', 'Content')} |"
        table = [head, "|:--|:--|", *(f"| {name} | {text} |" for name, text in rows)]
        return Markdown("\n".join([f"**{word(f'{them}　御中', f'To: {them}')}**", "", opening, "", *table]))

    def signature(self) -> Markdown:
        """Return the boxes in which both sides sign."""
        office = f"{self.us} {self.ledger.municipality.department}".strip()
        return both_signatures((office if self.ledger.language == "ja" else self.us, self.them), language=self.ledger.language)

    def transfers(self) -> Table:
        """Return what each side owes the other, and the difference."""
        note = self.ledger.word(f"精算の方法は「{self._method()}」である。", f"Method: {self._method()}.")
        title = self.ledger.word("精算額", "Settlement")
        return net_table(self.lines, us=self.us, them=self.them, name="settlement", title=title, notes=(note,))

    def pay_lines(self) -> Table:
        """Return the lines we pay: our residents' doses in the other ward."""
        word = self.ledger.word
        note = word("単価は税込みで、接種日（予診のみは予診日）の価格表による。", "Unit prices with tax, by the price list of the day.")
        title = word(f"支払内訳書（{self.us}から{self.them}へ）", f"Statement of payment ({self.us} to {self.them})")
        return line_table(self.lines, PAY, name="pay_lines", title=title, notes=(note,))

    def claim_lines(self) -> Table:
        """Return the lines we claim: the other ward's residents in our institutions, by our own bill."""
        word = self.ledger.word
        note = word(
            f"{self.us}の請求データによる。単価は自己負担を差し引いた後の額。",
            f"By the bill of {self.us}; unit prices are net of the self-payment.",
        )
        title = word(f"請求書（{self.us}から{self.them}へ請求）", f"Bill ({self.us} to {self.them})")
        return line_table(self.lines, CLAIM, name="claim_lines", title=title, notes=(note,))

    def comparison(self) -> Table | Markdown:
        """Return our lines beside the other ward's file; a sentence where none has come."""
        word = self.ledger.word
        if self.compared.is_empty:
            return Markdown(
                word(
                    f"データがありません。{self.them}からの請求データは、対象の支払月にない。",
                    f"No data. {self.them} has sent no bill for the months settled.",
                )
            )
        note = word("差額は、相手方の金額から当方の金額を引いた額。事務費を含む。", "Theirs less ours, fees included.")
        title = word("相手方の請求との照合", "Held against the other ward's file")
        return compared_table(self.compared, name="other_file", title=title, notes=(note,))

    def causes(self) -> Table | Markdown:
        """Return the differences to the other ward's file by cause; nothing where it has sent none."""
        if self.compared.is_empty:
            return Markdown("")
        title = self.ledger.word("差額の原因", "Causes of the differences")
        return cause_table(self.compared, name="causes", title=title)

    def checks(self) -> Table:
        """Return the control totals with 適 or 否."""
        return check_table(
            self._checks(), name="checks", title=self.ledger.word("検算", "Control totals"), notes=(), language=self.ledger.language
        )

    def summary(self) -> Markdown:
        """Say how the control totals came out."""
        return Markdown(summarise(self._checks(), language=self.ledger.language))

    def _method(self) -> str:
        is_net = self.ledger.settlement_mode == "net"
        return self.ledger.word(
            *(("差引額のみを支払う", "only the difference is paid") if is_net else ("双方が総額を支払う", "each pays in full"))
        )

    def _checks(self) -> list[Check]:
        word = self.ledger.word
        pay, claim = amount(self.lines, PAY), amount(self.lines, CLAIM)
        gross, copay = (total(cells_by(self.lines, value=value).values()) for value in ("gross_yen", "copay_yen"))
        checks = [
            Check(word("支払額＝請求額＋差引額（円）", "Paid = claimed + net (yen)"), pay, total([claim, net_of(self.lines)])),
            Check(
                word("総額＝支払額＋請求額＋自己負担額（円）", "Gross = paid + claimed + self-payment (yen)"),
                gross,
                total([pay, claim, copay]),
            ),
        ]
        if not self.compared.is_empty:
            ours, theirs = (total(cells_by(self.compared, value=value).values()) for value in ("supported_yen", "billed_yen"))
            checks.append(Check(word("当方の計算＝相手方の請求（円）", "Our figures = the other ward's bill (yen)"), ours, theirs))
        return [*checks, Check(word("対象の支払月がすべて締め済みである", "All months settled are closed"), is_kept=self._is_closed())]

    def _is_closed(self) -> bool:
        return set(self.lines.frame["month_state"].to_list()) <= {CLOSED}


def ask_settlement(ledger: Ledger, *, half_year: HalfYear, ward: str, as_of: str, snapshot: int, contracts_dir: Path) -> Settlement:
    """Ask the gate for everything the statement holds. Without a ward, the first of the code list that is not this municipality.

    Raises UsageError for a ward that is no other ward of the list.
    """
    codes = [str(code) for code in load_codelist(contracts_dir, "ward")["code"] if code != ledger.municipality.code]
    chosen = next((code for code in codes if ward in ("", code, ledger.name_of("ward", code))), None)
    if chosen is None:
        raise UsageError("ward: give another ward or city of the code list, not this municipality.")
    months = list(half_year.months)
    day, number = as_of or half_year.closes_on, snapshot or None

    def ask(measure: str, *by: str, **where: object) -> PresentedRelease:
        return ledger.measure(measure, by=list(by), where={"month": months, **where}, as_of=day, snapshot=number)

    return Settlement(
        ledger=ledger,
        half_year=half_year,
        ward=chosen,
        lines=ledger.measure(
            "ward_settlement",
            by=["direction", "line_kind", "vaccine", "unit_yen", "month_state"],
            where={"ward": chosen, "half_year": half_year.code},
            fiscal_year=half_year.fiscal_year,
            as_of=day,
            snapshot=number,
        ),
        compared=ask("claim_differences", "line_kind", "vaccine", "difference", payee=chosen),
        held=ask("payment_holds", "reason", "decision", ward=chosen, scheme="mutual_use"),
    )


def _month(number: int, language: str) -> str:
    year, month = divmod(number, 100)
    return f"{year}年{month}月" if language == "ja" else f"{year}-{month:02d}"

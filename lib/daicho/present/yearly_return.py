"""The yearly return (年次報告): its releases, asked for once, and the parts of the document made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daicho.core.errors import UsageError
from daicho.present.checks import Check, check_table, summarise
from daicho.present.form_lines import Form, load_form, unverified_rows
from daicho.present.form_tables import form_table, reason_table, row_table
from daicho.present.official import Statute, load_statute, write_cover, write_signature
from daicho.present.prose import Markdown
from daicho.present.released import PresentedRelease
from daicho.present.return_checks import ReturnFigures, list_checks
from daicho.present.submitted import changed_rows
from daicho.present.sums import sum_over
from daicho.present.tables import Table
from daicho.present.withheld import Withheld
from daicho.present.year_tables import stack_years, year_table

if TYPE_CHECKING:
    import altair

    from daicho.present.ledger import Ledger

MOST_EARLIER_YEARS = 5
REASONS = (
    "screened_only", "duplicate", "other_source", "no_year", "missing_date", "before_birth", "not_resident", "after_receipt",
    "unknown_vaccine", "unknown_dose", "voluntary", "no_row", "age_unknown", "outside_eligibility",
)  # fmt: skip
"""The order in which the measure judges the reasons; a kernel imports no measures, and a test keeps the two alike."""


@dataclass(frozen=True)
class YearlyReturn:
    """The return of one fiscal year. The CSVs `form_rows` and `form_exceptions` keep their names and keys."""

    ledger: Ledger
    fiscal_year: int
    forms: Mapping[int, Form]
    statute: Statute
    unverified: Mapping[str, int]
    figures: ReturnFigures
    statutory: PresentedRelease
    years: Mapping[int, PresentedRelease]
    submitted: PresentedRelease | None = None

    @property
    def by_month(self) -> PresentedRelease:
        return self.figures.by_month

    @property
    def by_disease(self) -> PresentedRelease:
        """The statutory count by disease and programme."""
        return self.figures.statutory

    @property
    def by_district(self) -> PresentedRelease | Withheld:
        return self.figures.by_district

    @property
    def total(self) -> PresentedRelease:
        """The rows of the form altogether."""
        return self.figures.total

    def cover(self) -> Markdown:
        """Return the head of the return: addressee, year, municipality, form, basis, unit, deadline."""
        facts = self.total.facts
        return write_cover(
            self.statute,
            fiscal_year=self.fiscal_year,
            municipality=self.ledger.municipality,
            recipient=facts.recipient,
            legal_basis=facts.legal_basis,
            snapshot=facts.snapshot,
            language=self.ledger.language,
        )

    def signature(self) -> Markdown:
        """Return the boxes for office, name and seal."""
        return write_signature(municipality=self.ledger.municipality, language=self.ledger.language)

    def summary(self) -> Markdown:
        """Say how the checks came out."""
        return Markdown(summarise(self._checks(), language=self.ledger.language))

    def checks(self) -> Table:
        """Return the checks with 適 or 否."""
        title = self._word("提出前の検査", "Checks before submission")
        return check_table(self._checks(), name="checks", title=title, notes=(), language=self.ledger.language)

    def form(self) -> Table:
        """Return the form: rows in print order, age categories, subtotals, total."""
        notes = self._word(
            "接種者数は延べ人数（接種の回数）である。「－」は、様式がその行を年齢で分けないことを示す。",
            "Doses, not persons. A dash marks rows that the form does not divide by age.",
        )
        return form_table(
            self.figures.by_row, self.forms[self.fiscal_year], name="form_rows", title=self._word("予防接種の実施状況", "Immunizations given"),
            notes=(notes,), language=self.ledger.language,
        )  # fmt: skip

    def rows(self) -> Table:
        """Return the rows of the form one figure a line, without totals: for pasting and for comparing."""
        return row_table(
            self.figures.by_row, self.forms[self.fiscal_year], name="form_rows_to_copy", title=self._word("様式の行（転記用）", "Rows for copying"),
            notes=(), language=self.ledger.language,
        )  # fmt: skip

    def exceptions(self) -> Table:
        """Return what is on no row, by reason."""
        notes = self._word(
            "記録件数には、接種でない記録（予診のみ、重複、年度を決められないもの）を含む。理由が複数あるときは、上にあるものとする。",
            "Records include what is no dose: screenings, repetitions, records of no year. Of several reasons the upper one is given.",
        )
        return reason_table(
            self.figures.exceptions, REASONS, name="form_exceptions",
            title=self._word("様式に計上しない記録", "Records on no row of the form"), notes=(notes,), language=self.ledger.language,
        )  # fmt: skip

    def comparison(self, *, change_percent: int) -> Table:
        """Return each row over the years, flagged where it changed by more than so many per cent on the year before."""
        notes = self._word(
            f"標識は前年度比が{change_percent} %を超えるもの（▲増、▼減）。「－」は、その年度の様式に行がないもの。",
            f"Flags: more than {change_percent} % above (▲) or below (▼) the year before. A dash: no such row that year.",
        )
        return year_table(
            self.years, self.forms, change=change_percent / 100, name="form_by_year",
            title=self._word("前年度までとの比較", "Earlier years"), notes=(notes,), language=self.ledger.language,
        )  # fmt: skip

    def changes(self) -> Table | Markdown:
        """Return the rows that differ from the return as submitted; a sentence where nothing was submitted."""
        if self.submitted is None:
            return Markdown(self._word("この年度の報告は、まだ提出していない。", "The return of this year has not been submitted yet."))
        notes = self._word(
            f"提出した報告（スナップショット{self.submitted.facts.snapshot}）と値の異なる行を示す。差の元になった取込みは、"
            f"「daicho submit annual_counts --fiscal-year {self.fiscal_year}」で確かめられる。",
            f"Rows that differ from the return as submitted (snapshot {self.submitted.facts.snapshot}). The batches behind them are shown by "
            f"`daicho submit annual_counts --fiscal-year {self.fiscal_year}`.",
        )
        return changed_rows(
            self.figures.by_row, self.submitted, self.forms[self.fiscal_year], name="form_changes",
            title=self._word("提出した報告との差異", "Changes since the submission"), notes=(notes,), language=self.ledger.language,
        )  # fmt: skip

    def year_chart(self) -> altair.LayerChart:
        """Draw the years by programme class."""
        by_class = {year: sum_over(release, "program_class") for year, release in self.years.items()}
        return stack_years(by_class, language=self.ledger.language).chart(
            form="months", x="fiscal_year", series="program_class", value="doses_count", title="年度別の接種者数（延べ）",
            title_en="Doses by fiscal year",
        )  # fmt: skip

    def month_chart(self) -> altair.LayerChart:
        """Draw the months by programme class."""
        return self.by_month.chart(
            form="months", x="month", series="program_class", value="doses_count", title="月別の接種者数（延べ）", title_en="Doses by month"
        )

    def _checks(self) -> list[Check]:
        return list_checks(self.figures, statute=self.statute, unverified=self.unverified, language=self.ledger.language)

    def _word(self, ja: str, en: str) -> str:
        return self.ledger.word(ja, en)


def ask_yearly_return(
    ledger: Ledger, *, fiscal_year: int, earlier_years: int, snapshot: int, submitted_snapshot: int, contracts_dir: Path
) -> YearlyReturn:
    """Ask the gate for everything the return holds. Years without any dose on the form are left out.

    `snapshot` 0 is the newest, `submitted_snapshot` 0 means that nothing was submitted.
    """
    if not 0 <= earlier_years <= MOST_EARLIER_YEARS:
        raise UsageError(f"earlier_years: give a number from 0 to {MOST_EARLIER_YEARS}.")

    def ask(measure: str, *by: str, year: int = fiscal_year) -> PresentedRelease:
        return ledger.measure(measure, by=list(by), fiscal_year=year, snapshot=snapshot or None)

    every = {year: ask("form_rows", "row", "program_class", year=year) for year in range(fiscal_year - earlier_years, fiscal_year + 1)}
    years = {year: release for year, release in every.items() if year == fiscal_year or not release.is_empty}
    held = ask("ledger_doses")
    figures = ReturnFigures(
        total=ask("form_rows"),
        by_row=ask("form_rows", "row", "column"),
        by_class=ask("form_rows", "program_class"),
        by_month=ask("form_rows", "month", "program_class"),
        by_district=ledger.measure_where_allowed("form_rows", by=["district"], fiscal_year=fiscal_year, snapshot=snapshot or None),
        by_disease=ask("form_rows", "disease"),
        exceptions=ask("form_exceptions", "reason"),
        exceptions_by_disease=ask("form_exceptions", "disease", "reason"),
        statutory=ask("annual_counts", "disease", "program_class"),
        held=held,
        newest=ledger.measure("ledger_doses", fiscal_year=fiscal_year) if snapshot else held,
    )
    return YearlyReturn(
        ledger=ledger,
        fiscal_year=fiscal_year,
        forms={year: load_form(year, contracts_dir=contracts_dir, language=ledger.language) for year in years},
        statute=load_statute("form_rows", fiscal_year, contracts_dir=contracts_dir),
        unverified=unverified_rows(fiscal_year, contracts_dir=contracts_dir),
        figures=figures,
        statutory=ask("annual_counts"),
        years=years,
        submitted=(
            ledger.measure("form_rows", by=["row", "column"], fiscal_year=fiscal_year, snapshot=submitted_snapshot)
            if submitted_snapshot
            else None
        ),
    )

"""The ledger as a notebook holds it: ask for a measure, get a presented release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daicho.contracts.codelists import load_codelist
from daicho.core.config import Config, load_config
from daicho.core.errors import DisclosureError, SealError, UsageError
from daicho.gate.release import Release
from daicho.present.catalogue import Catalogue
from daicho.present.cohorts import closed_cohorts, coverage_target, due_window, opened_cohorts
from daicho.present.compliance import Compliance, Seal, ask_compliance
from daicho.present.control_totals import ControlTotals, make_control_totals
from daicho.present.error_changes import ErrorChanges, ask_error_changes
from daicho.present.half_years import HalfYear, load_half_year
from daicho.present.key_figures import KeyFigure, box_table, key_table, side_by_side
from daicho.present.labels import Figure
from daicho.present.notes import write_methods
from daicho.present.official import Municipality, municipality_of
from daicho.present.payment_audit import PaymentAudit, ask_payment_audit
from daicho.present.periods import Period, make_period
from daicho.present.prose import Markdown
from daicho.present.reconciliation import Reconciliation, ask_reconciliation
from daicho.present.released import PresentedRelease
from daicho.present.settlement import Settlement, ask_settlement
from daicho.present.settlement_summary import SettlementSummary, ask_summary
from daicho.present.tables import Table
from daicho.present.theme import load_altair
from daicho.present.vocabulary import in_reading_order, list_orders, tile_places, with_labels
from daicho.present.withheld import Withheld
from daicho.present.yearly_return import YearlyReturn, ask_yearly_return

if TYPE_CHECKING:
    from daicho.gate.client import GateClient


@dataclass(frozen=True)
class Ledger:
    """One session: its connection to the gate, purpose, language and recipient profile. Made by `open_ledger`."""

    client: GateClient
    purpose: str
    language: str
    contracts_dir: Path | None = None
    municipality: Municipality = field(default_factory=Municipality)
    seal: Seal | None = None
    settlement_mode: str = "gross"

    def measure(
        self,
        name: str,
        *,
        by: str | Sequence[str] = (),
        where: Mapping[str, object] | None = None,
        as_of: date | str | None = None,
        fiscal_year: int | None = None,
        snapshot: int | None = None,
        profile: str | None = None,
        **parameters: Any,
    ) -> PresentedRelease:
        """Ask the gate for one release.

        `by` names the dimensions; `where` filters by codes or labels, and an empty filter means no filter; `profile` is the session's
        own unless a stricter one is asked for. Raises UsageError for what the catalogue does not know, DisclosureError for what the
        profile or the caller's role does not allow.
        """
        release = self.client.measure(
            name,
            by=(by,) if isinstance(by, str) and by else tuple(by),
            where=_filters(where or {}),
            as_of=(as_of.isoformat() if isinstance(as_of, date) else as_of) or None,
            fiscal_year=fiscal_year,
            snapshot=snapshot,
            profile=profile,
            purpose=self.purpose,
            **parameters,
        )
        self._check_profile(release)
        return self.present(release)

    def measure_where_allowed(self, name: str, **request: Any) -> PresentedRelease | Withheld:
        """Ask like `measure`; where the profile refuses the request, return a stand-in that says so in the report.

        For a report's further breakdowns only: its main figures use `measure`, so that a refused report fails as a whole.
        """
        try:
            return self.measure(name, **request)
        except DisclosureError:
            return Withheld(language=self.language)

    def present(self, release: Release) -> PresentedRelease:
        """Return a release with its presentation: rows in reading order, labels in the session's language."""
        frame, facts, orders, places = release.frame, release.facts, {}, {}
        if self.contracts_dir is not None:
            orders = list_orders(release, contracts_dir=self.contracts_dir)
            places = tile_places(release, contracts_dir=self.contracts_dir)
            frame = in_reading_order(frame, by=facts.by, orders=orders)
            frame = with_labels(frame, by=facts.by, contracts_dir=self.contracts_dir, language=self.language)
        return PresentedRelease(frame=frame, facts=facts, orders=orders, places=places, language=self.language)

    def measures(self) -> Catalogue:
        """Return the catalogue: every measure with its values, dimensions and required filters."""
        return Catalogue(entries=tuple(self.client.catalogue()), language=self.language)

    def period(self, *, fiscal_year: int, as_of: str = "") -> Period:
        """Return a report's period: a fiscal year and its as-of day, the year's last day unless another is given."""
        return make_period(fiscal_year=fiscal_year, as_of=as_of, language=self.language)

    def closed_cohorts(self, doses: Sequence[str], *, period: Period) -> dict[str, int]:
        """Return, for each dose code, the newest birth cohort whose whole window had ended by the period's as-of day."""
        return closed_cohorts(doses, as_of=period.as_of, contracts_dir=self._reference())

    def opened_cohorts(self, doses: Sequence[str], *, period: Period) -> dict[str, int]:
        """Return, for each dose code, the newest birth cohort that had entered its window by the period's as-of day."""
        return opened_cohorts(doses, as_of=period.as_of, contracts_dir=self._reference())

    def target(self, dose: str, *, period: Period) -> Figure:
        """Return the coverage target of a dose (95 % for MR), for sentences and for the `target` of charts."""
        return coverage_target(dose, as_of=period.as_of, contracts_dir=self._reference(), language=self.language)

    def due_window(self, dose: str, *, period: Period) -> tuple[float, float] | None:
        """Return the standard ages of a dose in months (the legal window where none are set), for the shading of curves."""
        return due_window(dose, as_of=period.as_of, contracts_dir=self._reference())

    def key_figures(self, figures: Sequence[KeyFigure], *, name: str, title: str, title_en: str, notes: Sequence[str] = ()) -> Table:
        """Return key figures as a table: value, year before, change, and the denominator beside each."""
        return key_table(figures, name=name, title=self.word(title, title_en), notes=notes, language=self.language)

    def box(self, items: Sequence[tuple[str, str, Figure]], *, name: str, title: str, title_en: str, notes: Sequence[str] = ()) -> Table:
        """Return figures of different kinds as a list; each item is (Japanese name, English name, figure)."""
        said = [(self.word(ja, en), figure) for ja, en, figure in items]
        return box_table(said, name=name, title=self.word(title, title_en), notes=notes, language=self.language)

    def side_by_side(
        self,
        parts: Sequence[tuple[PresentedRelease | Withheld, str, str, str]],
        *,
        by: str,
        name: str,
        title: str,
        title_en: str,
        notes: Sequence[str] = (),
    ) -> Table | Markdown:
        """Return one value of each release beside the others, a row for each code of `by`.

        Each part is (release, value column, Japanese heading, English heading); parts the profile withholds are left out.
        """
        shown = [(part, column, self.word(ja, en)) for part, column, ja, en in parts if isinstance(part, PresentedRelease)]
        if not shown:
            return Withheld(language=self.language).table()
        return side_by_side(shown, by=by, name=name, title=self.word(title, title_en), notes=notes, language=self.language)

    def methods(self, releases: Sequence[PresentedRelease | Withheld]) -> Markdown:
        """Return the rules and denominators of every measure in the report, each measure once."""
        shown = [release.facts for release in releases if isinstance(release, PresentedRelease)]
        return write_methods(shown, language=self.language)

    def yearly_return(self, *, fiscal_year: int, earlier_years: int = 5, snapshot: int = 0, submitted_snapshot: int = 0) -> YearlyReturn:
        """Ask for everything the yearly return of a fiscal year holds, beside up to five earlier years.

        `snapshot` 0 is the newest; `submitted_snapshot` is that of the return as submitted, 0 where none was.
        """
        return ask_yearly_return(
            self, fiscal_year=fiscal_year, earlier_years=earlier_years, snapshot=snapshot, submitted_snapshot=submitted_snapshot,
            contracts_dir=self._reference(),
        )  # fmt: skip

    def reconciliation(self, *, period: Period, snapshot: int = 0) -> Reconciliation:
        """Ask for everything the reconciliation of a fiscal year holds; `snapshot` 0 is the newest."""
        return ask_reconciliation(self, period=period, fiscal_year=period.fiscal_year, snapshot=snapshot)

    def compliance(self, *, submissions_changed: str = "") -> Compliance:
        """Have the gate examine itself, for the page that proves each promise of the impact assessment; takes the role report-runner or officer.

        `submissions_changed`: how many returns as submitted were changed since; empty where none was submitted, or nobody looked.
        """
        return ask_compliance(self, submissions_changed=submissions_changed)

    def half_year(self, code: str) -> HalfYear:
        """Return a half-year of payment_calendar.csv, such as 2025H1 (令和7年度上半期)."""
        return load_half_year(code, contracts_dir=self._reference(), language=self.language)

    def settlement(self, *, half_year: HalfYear, ward: str = "", as_of: str = "", snapshot: int = 0) -> Settlement:
        """Ask for everything the settlement with one ward or city holds; without one, with the first of the code list."""
        return ask_settlement(self, half_year=half_year, ward=ward, as_of=as_of, snapshot=snapshot, contracts_dir=self._reference())

    def settlement_summary(self, *, half_year: HalfYear, as_of: str = "", snapshot: int = 0) -> SettlementSummary:
        """Ask for the settlement with every ward and city."""
        return ask_summary(self, half_year=half_year, as_of=as_of, snapshot=snapshot)

    def control_totals(self, whole: PresentedRelease, *, cuts: Sequence[PresentedRelease], bridge: PresentedRelease) -> ControlTotals:
        """Hold a total of payments against its breakdowns and against the bridge between fiscal years."""
        return make_control_totals(whole, cuts=cuts, bridge=bridge)

    def payment_audit(self, *, period: Period, closed: str = "", snapshot: int = 0) -> PaymentAudit:
        """Ask for the ten totals of the payments; `closed` holds what closed months came to, as their records say (202604=740132,…)."""
        return ask_payment_audit(self, period=period, closed=closed, snapshot=snapshot, contracts_dir=self._reference())

    def error_changes(self, *, earlier_snapshot: int, fiscal_year: int | None = None) -> ErrorChanges:
        """Hold the errors of the ledger against those at an earlier snapshot; 0 compares with nothing."""
        return ask_error_changes(self, earlier_snapshot=earlier_snapshot, fiscal_year=fiscal_year)

    def say(self, ja: str, en: str, **figures: object) -> Markdown:
        """Return a sentence for the report in the session's language, with `{names}` filled from the figures."""
        return Markdown(self.word(ja, en).format(**figures))

    def name_of(self, codelist: str, code: str) -> str:
        """Return what a code of a code list is called in the session's language; a text that is no code stays as it is."""
        if not code:
            return ""
        for row in load_codelist(self._reference(), codelist).iter_rows(named=True):
            if code in (row["code"], row["label"], row.get("label_en")):
                return str(row["label"] if self.language == "ja" else row.get("label_en") or row["label"])
        return code

    def word(self, ja: str, en: str) -> str:
        """Return a word or phrase in the session's language."""
        return ja if self.language == "ja" else en

    def notes(self, ja: str, en: str) -> tuple[str, ...]:
        """Return a note for a table in the session's language."""
        return (self.word(ja, en),)

    def _reference(self) -> Path:
        if self.contracts_dir is None:
            raise UsageError("the workspace's reference data cannot be found: run from the workspace that holds daicho.toml.")
        return self.contracts_dir

    def _check_profile(self, release: Release) -> None:
        """Refuse what this session's document may not show: only its own profile, or a stricter one."""
        own, facts = self.client.default_profile, release.facts
        if not own or facts.profile == own:
            return
        if self.contracts_dir is not None:
            from daicho.gate.profiles import load_disclosure, may_render

            document = load_disclosure(self.contracts_dir).profiles.get(own)
            if document is not None and may_render(document, facts):
                return
        raise DisclosureError(f"this session's documents are {own}: they may not show {facts.profile} figures, only stricter ones.")


@dataclass
class _Adoption:
    """The one connection of a sealed kernel. It is made before the seal closes, and cannot be made again after."""

    client: GateClient | None = None
    config: Config | None = None
    seal: Seal | None = None


_ADOPTION = _Adoption()


def adopt_client(client: GateClient, *, config: Config | None = None, seal: Seal | None = None) -> None:
    """Give this process its connection to the gate, and how its seal was tested; the launcher of sealed kernels calls this once."""
    _ADOPTION.client = client
    _ADOPTION.config = config
    _ADOPTION.seal = seal


def open_ledger(*, purpose: str) -> Ledger:
    """Open the ledger over the adopted connection. Raises UsageError without a purpose, SealError outside a sealed kernel."""
    if not purpose.strip():
        raise UsageError('give the purpose of use (利用目的): daicho.open(purpose="令和7年度 接種率の検討").')
    if _ADOPTION.client is None:
        raise SealError(
            "the ledger opens only inside a sealed kernel (台帳（封止）): start JupyterLab with `daicho lab`, "
            "or run the notebook with `daicho report`."
        )
    config = _ADOPTION.config or _workspace()
    load_altair()
    return Ledger(
        client=_ADOPTION.client,
        purpose=purpose,
        language=config.language if config else "ja",
        contracts_dir=config.contracts_dir if config else None,
        municipality=municipality_of(config) if config else Municipality(),
        seal=_ADOPTION.seal,
        settlement_mode=config.payments.settlement if config else "gross",
    )


def _workspace() -> Config | None:
    try:
        return load_config()
    except UsageError:
        return None


def _filters(where: Mapping[str, object]) -> dict[str, list[str]]:
    """Write filters as lists of texts. An empty one is left out, so that an empty report parameter means all."""
    filters: dict[str, list[str]] = {}
    for name, wanted in where.items():
        values = list(wanted) if isinstance(wanted, Iterable) and not isinstance(wanted, str) else [wanted]
        texts = [str(value).strip() for value in values if value is not None and str(value).strip()]
        if texts:
            filters[name] = texts
    return filters

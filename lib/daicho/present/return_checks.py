"""The checks of the yearly return: figures that were counted in different ways and must agree, and what a clerk must not overlook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from daicho.present.checks import Check
from daicho.present.official import Statute
from daicho.present.released import PresentedRelease
from daicho.present.sums import ABSENT, cells_by, count_cell, figure_of, total
from daicho.present.tables import Cell
from daicho.present.withheld import Withheld

# Doses that the statutory count by disease leaves out: undated, before birth, of no resident.
NOT_STATUTORY = ("missing_date", "before_birth", "not_resident")
_TABLE_NAMES = {
    "form_row": ("様式の行", "rows of the form"),
    "form_column": ("様式の欄", "columns of the form"),
    "statutory": ("提出先・根拠・期限", "recipient and basis"),
    "schedule": ("接種年齢", "legal ages"),
    "program": ("定期・臨時の別", "programmes"),
}
_STRAY_COLUMNS = ("outside", "unknown")


@dataclass(frozen=True)
class ReturnFigures:
    """The releases that are held against one another: of `form_rows`, of `form_exceptions`, of the statutory count and of the ledger."""

    total: PresentedRelease
    by_row: PresentedRelease
    by_class: PresentedRelease
    by_month: PresentedRelease
    by_district: PresentedRelease | Withheld
    by_disease: PresentedRelease
    exceptions: PresentedRelease
    exceptions_by_disease: PresentedRelease
    statutory: PresentedRelease
    held: PresentedRelease
    newest: PresentedRelease

    @property
    def releases(self) -> tuple[PresentedRelease, ...]:
        every = (
            self.total, self.by_row, self.by_class, self.by_month, self.by_district, self.by_disease, self.exceptions,
            self.exceptions_by_disease, self.statutory, self.held,
        )  # fmt: skip
        return tuple(release for release in every if isinstance(release, PresentedRelease))


def list_checks(figures: ReturnFigures, *, statute: Statute, unverified: Mapping[str, int], language: str) -> list[Check]:
    """Return the checks in the order of the page."""
    say = 0 if language == "ja" else 1
    return [
        Check(text[say], one, other) for text, one, other in (*_identities(figures), *_sums(figures), *_absences(figures))
    ] + _conditions(figures, statute=statute, unverified=unverified, say=say)


_Pair = tuple[tuple[str, str], Cell, Cell | None]


def _identities(figures: ReturnFigures) -> list[_Pair]:
    on_form, doses = _whole(figures.total), _whole(figures.exceptions)
    records = _whole(figures.exceptions, value="records_count")
    statutory, placed = _by_disease(figures)
    differing = _count_differing(statutory, placed)
    return [
        (
            ("様式の行＋計上しない接種＝台帳の接種回数", "Rows + doses on no row = doses in the ledger"),
            total([on_form, doses]),
            _whole(figures.held),
        ),
        (
            ("様式の行＋計上しない記録＝台帳の記録件数", "Rows + records on no row = records in the ledger"),
            total([on_form, records]),
            _whole(figures.held, value="records_count"),
        ),
        (
            ("疾病別の接種回数（法定の集計）＝様式の行＋住民の計上しない接種", "Doses by disease = rows + residents' doses on no row"),
            total(statutory.values()),
            total(placed.values()),
        ),
        (("疾病ごとに照合して一致しない疾病の数", "Diseases for which the two differ"), differing, None),
    ]


def _sums(figures: ReturnFigures) -> list[_Pair]:
    whole = _whole(figures.total)
    parts = (
        (("行・欄の合計＝様式の総数", "Sum over rows and columns = total"), figures.by_row),
        (("定期・臨時別の合計＝様式の総数", "Sum over programmes = total"), figures.by_class),
        (("月別の合計＝年度の総数", "Sum over months = year"), figures.by_month),
        (("地区別の合計＝区全体の総数", "Sum over districts = municipality"), figures.by_district),
    )
    return [(text, _whole(release) if isinstance(release, PresentedRelease) else ABSENT, whole) for text, release in parts]


def _absences(figures: ReturnFigures) -> list[_Pair]:
    """What a return should not have: each of these doses is a record to mend in the source system."""
    reasons = cells_by(figures.exceptions, "reason")
    found = {code: figure_of(reasons, (code,), release=figures.exceptions) for code in ("unknown_vaccine", "unknown_dose", "missing_date")}
    columns = cells_by(figures.by_row, "column")
    stray = total(figure_of(columns, (code,), release=figures.by_row) for code in _STRAY_COLUMNS)
    return [
        (("ワクチンの種別が不明な接種がない", "No dose of an unknown vaccine"), found["unknown_vaccine"], None),
        (("接種期・回数が不明な接種がない", "No dose of an unknown stage"), found["unknown_dose"], None),
        (("接種日のない接種がない", "No dose without a date"), found["missing_date"], None),
        (("対象年齢区分に入らない接種が様式にない", "No dose on the form outside its age categories"), stray, None),
    ]


def _conditions(figures: ReturnFigures, *, statute: Statute, unverified: Mapping[str, int], say: int) -> list[Check]:
    snapshots = {release.facts.snapshot for release in figures.releases}
    newest = figures.newest.facts.snapshot
    withheld = sum(release.facts.suppressed_cells for release in figures.releases)
    tables = ("、", ", ")[say].join(f"{_TABLE_NAMES[name][say]}{('', ' ')[say]}{count}" for name, count in unverified.items())
    rows = (f"（未確認の行数：{tables}）", f" (rows not verified: {tables})")[say] if tables else ""
    texts = (
        (("すべての集計が同じスナップショットによる", "All figures rest on one snapshot"), len(snapshots) == 1),
        ((f"スナップショットが最新である（最新は{newest}）", f"The snapshot is the newest ({newest})"), snapshots == {newest}),
        (("秘匿した値がない", "Nothing is withheld"), not withheld),
        ((f"未確認の参照データがない{rows}", f"No reference data unverified{rows}"), not unverified),
        (("提出期限が登録され、根拠と様式が確認済みである", "Deadline recorded; basis and form verified"), _is_settled(statute)),
    )
    return [Check(text[say], is_kept=is_kept) for text, is_kept in texts]


def _is_settled(statute: Statute) -> bool:
    return statute.is_verified and statute.deadline is not None


def _by_disease(figures: ReturnFigures) -> tuple[dict[object, Cell], dict[object, Cell]]:
    """Doses by disease, as the statutory count has them and as rows and residents' exceptions add up to."""
    rows = cells_by(figures.by_disease, "disease")
    others = cells_by(figures.exceptions_by_disease, "disease", "reason")
    parts: dict[object, list[Cell]] = {key[0]: [cell] for key, cell in rows.items()}
    for (disease, reason), cell in others.items():
        if reason not in NOT_STATUTORY:
            parts.setdefault(disease, []).append(cell)
    placed = {disease: total(cells) for disease, cells in parts.items()}
    return {key[0]: cell for key, cell in cells_by(figures.statutory, "disease").items()}, placed


def _count_differing(statutory: Mapping[object, Cell], placed: Mapping[object, Cell]) -> Cell:
    if any(cell.status == "suppressed" for cell in (*statutory.values(), *placed.values())):
        return count_cell(None, "suppressed")
    zero = count_cell(0, "zero")
    differing = sum(statutory.get(code, zero).value != placed.get(code, zero).value for code in {*statutory, *placed})
    return count_cell(differing, "value" if differing else "zero")


def _whole(release: PresentedRelease, *, value: str = "doses_count") -> Cell:
    return total(_cells(release, value))


def _cells(release: PresentedRelease, value: str) -> Iterable[Cell]:
    return cells_by(release, *release.facts.by, value=value).values()

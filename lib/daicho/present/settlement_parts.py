"""The parts of a settlement's documents: lines of one direction, what is transferred, our figures beside the other ward's, both signatures."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from daicho.gate.release import facts_as_data
from daicho.present.labels import NOT_APPLICABLE_MARK, TOTAL, Figure, column_facts, column_heading, column_label, format_figure
from daicho.present.prose import Markdown
from daicho.present.released import PresentedRelease
from daicho.present.sums import ABSENT, cells_by, count_cell, total, words
from daicho.present.tables import Cell, Table, TableColumn

PAY, CLAIM = "pay", "claim"
_KEYS = ("direction", "line_kind", "vaccine", "unit_yen")
_VALUES = ("units_count", "gross_yen", "copay_yen", "payable_yen")
_LINE_HEADS = {
    "ja": ("区分", "ワクチン", "単価（円）", "件数（件）", "総額（円）", "自己負担額（円）", "金額（円）"),
    "en": ("Kind", "Vaccine", "Unit price (yen)", "Units", "Gross (yen)", "Self-payment (yen)", "Amount (yen)"),
}
_COMPARED_HEADS = {
    "ja": ("区分", "ワクチン", "件数", "金額（円）", "相手方の件数", "相手方の金額（円）", "差額（円）"),
    "en": ("Kind", "Vaccine", "Our units", "Our amount (yen)", "Their units", "Their amount (yen)", "Difference (yen)"),
}
_COMPARED = ("supported_count", "supported_yen", "billed_count", "billed_yen", "difference_yen")
_NET_HEADS = {"ja": ("項目", "支払う区市", "受け取る区市", "金額（円）"), "en": ("Item", "Pays", "Receives", "Amount (yen)")}
_SIGNED = {"ja": ("当事者", "職名", "氏名", "確認印"), "en": ("Party", "Office", "Name", "Seal")}


def line_table(release: PresentedRelease, direction: str, *, name: str, title: str, notes: Sequence[str]) -> Table:
    """Lay out the lines of one direction: kind, vaccine, unit price, units, amounts, and their total. A bill of ours has no self-payment."""
    language, shown = release.language, _VALUES if direction == PAY else ("units_count", "payable_yen")
    heads = dict(zip((*_KEYS[1:], *_VALUES), _LINE_HEADS[language], strict=True))
    kinds = {"line_kind": "text", "vaccine": "text", "unit_yen": "yen", "units_count": "count"}
    columns = [TableColumn(key, heads[key], kinds.get(key, "yen")) for key in (*_KEYS[1:], *shown)]
    figures = {value: cells_by(release, *_KEYS, value=value) for value in shown}
    found = release.only(direction=direction).frame.unique(subset=list(_KEYS), keep="first", maintain_order=True)
    rows = [
        (
            words(row["line_kind_label"]), words(_vaccine(row)), _unit(row["unit_yen"]),
            *(figures[value][tuple(row[key] for key in _KEYS)] for value in shown),
        )
        for row in found.iter_rows(named=True)
    ]  # fmt: skip
    if rows:
        sums = [total(row[3 + place] for row in rows) for place in range(len(shown))]
        # Units of doses and of fees are not the same thing: the amounts alone add up.
        rows.append((words(TOTAL[language]), words(""), ABSENT, ABSENT, *sums[1:]))
    return _table(release, name=name, title=title, columns=columns, rows=rows, notes=notes, has_total=bool(rows))


def compared_table(release: PresentedRelease, *, name: str, title: str, notes: Sequence[str]) -> Table:
    """Lay our lines beside those of the other ward's file, with the difference of each (theirs less ours)."""
    language, keys = release.language, ("line_kind", "vaccine")
    columns = [
        TableColumn(key, head, "text" if key in keys else "count" if key.endswith("_count") else "yen")
        for key, head in zip((*keys, *_COMPARED), _COMPARED_HEADS[language], strict=True)
    ]
    figures = [cells_by(release, *keys, value=value) for value in _COMPARED]
    rows = [
        (words(row["line_kind_label"]), words(_vaccine(row)), *(cells[tuple(row[key] for key in keys)] for cells in figures))
        for row in release.frame.unique(subset=list(keys), keep="first", maintain_order=True).iter_rows(named=True)
    ]
    if rows:
        sums = [total(cells.values()) for cells in figures]
        rows.append((words(TOTAL[language]), words(""), ABSENT, sums[1], ABSENT, *sums[3:]))
    return _table(release, name=name, title=title, columns=columns, rows=rows, notes=notes, has_total=bool(rows))


def cause_table(release: PresentedRelease, *, name: str, title: str) -> Table:
    """Lay out the differences by cause; those without any difference are what both sides have."""
    shown = ("difference_count", "difference_yen")
    figures = [cells_by(release, "difference", value=value) for value in shown]
    columns = [TableColumn("difference", column_label(release.facts, "difference", language=release.language), "text")]
    columns += [
        TableColumn(value, column_heading(release.facts, value, language=release.language), kind)
        for value, kind in zip(shown, ("count", "yen"), strict=True)
    ]
    found = release.frame.unique(subset=["difference"], keep="first", maintain_order=True).filter(pl.col("difference") != "billed")
    rows = [
        (words(str(row["difference_label"])), *(cells[(row["difference"],)] for cells in figures)) for row in found.iter_rows(named=True)
    ]
    return _table(release, name=name, title=title, columns=columns, rows=rows, notes=(), has_total=False)


def net_table(release: PresentedRelease, *, us: str, them: str, name: str, title: str, notes: Sequence[str]) -> Table:
    """Lay out what each side owes the other, and the difference with who would pay it."""
    language = release.language
    pay, claim, net = amount(release, PAY), amount(release, CLAIM), net_of(release)
    columns = [
        TableColumn(key, head, "yen" if key == "yen" else "text")
        for key, head in zip(("item", "payer", "receiver", "yen"), _NET_HEADS[language], strict=True)
    ]
    items = ("支払額", "請求額", "差引額") if language == "ja" else ("We pay", "We claim", "Net")
    payer, receiver = sides(net, us=us, them=them)
    rows = [
        (words(items[0]), words(us), words(them), pay),
        (words(items[1]), words(them), words(us), claim),
        (words(items[2]), words(payer), words(receiver), magnitude(net)),
    ]
    return _table(release, name=name, title=title, columns=columns, rows=rows, notes=notes, has_total=True)


def sides(net: Cell, *, us: str, them: str) -> tuple[str, str]:
    """Who pays the net amount to whom; nobody where it is nought or withheld."""
    if not isinstance(net.value, int | float) or not net.value:
        return NOT_APPLICABLE_MARK, NOT_APPLICABLE_MARK
    return (us, them) if net.value > 0 else (them, us)


def magnitude(cell: Cell) -> Cell:
    return count_cell(abs(int(cell.value)), cell.status) if isinstance(cell.value, int | float) else cell


def amount(release: PresentedRelease, direction: str) -> Cell:
    """Yen of all lines of one direction."""
    cells = cells_by(release, "direction", value="payable_yen")
    if (direction,) in cells:
        return cells[(direction,)]
    return count_cell(None, "suppressed") if release.facts.suppressed_cells else count_cell(0, "zero")


def net_of(release: PresentedRelease) -> Cell:
    """What we pay less what we claim."""
    return total(cells_by(release, value="net_yen").values())


def yen(release: PresentedRelease, cell: Cell) -> Figure:
    """An amount for a sentence."""
    value = cell.value if isinstance(cell.value, int | float) else None
    return format_figure(value, status=cell.status, column=column_facts(release.facts, "payable_yen"), language=release.language)


def both_signatures(parties: Sequence[str], *, language: str) -> Markdown:
    """Return boxes for office, name and seal of both sides."""
    head = f"| {' | '.join(_SIGNED[language])} |"
    return Markdown("\n".join([head, "|:--|:--|:--|:--|", *(f"| {party} |  |  |  |" for party in parties)]), role="signature")


def _vaccine(row: dict[str, object]) -> str:
    """A fee is for no vaccine."""
    return NOT_APPLICABLE_MARK if row["vaccine"] in ("unknown", None) else str(row["vaccine_label"])


def _unit(value: int | None) -> Cell:
    return ABSENT if value is None else count_cell(value, "value")


def _table(
    release: PresentedRelease, *, name: str, title: str, columns: Sequence[TableColumn], rows: Sequence[tuple[Cell, ...]],
    notes: Sequence[str], has_total: bool,
) -> Table:  # fmt: skip
    return Table(
        name=name, title=title, columns=tuple(columns), rows=tuple(rows), notes=tuple(notes),
        emphasis_rows=(len(rows) - 1,) if has_total else (), release_ids=(release.facts.release_id,), facts=facts_as_data(release.facts),
        language=release.language,
    )  # fmt: skip

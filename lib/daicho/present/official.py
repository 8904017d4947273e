"""What makes a document an official return: whom it goes to, on which basis, by when, and who answers for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from daicho.contracts.reference import load_reference
from daicho.core.config import Config
from daicho.core.fiscal import fiscal_year_end, fiscal_year_label, fiscal_year_start
from daicho.present.labels import date_label
from daicho.present.prose import Markdown

_UNVERIFIED = {"ja": "（未確認）", "en": " (not verified)"}
_OPEN = {"ja": "未登録（当年の作成要領で確認する）", "en": "not recorded (see the manual of the year)"}
_UNIT = {"ja": "人（延べ。同じ人が2回受けたときは2人と数える）", "en": "doses (somebody vaccinated twice counts twice)"}
_HEADS = {
    "ja": ("項目", "内容", "報告年度", "報告する市区町村", "提出先", "様式", "根拠", "単位", "提出期限", "台帳"),
    "en": ("Item", "Content", "Fiscal year", "Municipality", "Recipient", "Form", "Legal basis", "Unit", "Deadline", "Ledger"),
}
_SIGNATURE = {
    "ja": ("報告者", "職名", "氏名", "確認印"),
    "en": ("Reported by", "Office", "Name", "Seal"),
}


@dataclass(frozen=True)
class Municipality:
    """Whose return it is."""

    code: str = ""
    name: str = ""
    prefecture: str = ""
    department: str = ""


def municipality_of(config: Config) -> Municipality:
    """Return whose workspace this is."""
    return Municipality(
        code=config.municipality_code, name=config.municipality_name, prefecture=config.prefecture_name, department=config.department
    )


@dataclass(frozen=True)
class Statute:
    """What reference/statutory.csv says of a return in a fiscal year."""

    recipient: str = ""
    legal_basis: str = ""
    form_name: str = ""
    deadline: date | None = None
    is_verified: bool = False


def load_statute(report: str, fiscal_year: int, *, contracts_dir: Path) -> Statute:
    """Return the row of a return that is in force on the last day of the fiscal year; an empty one where there is none."""
    day = fiscal_year_end(fiscal_year)
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    lasting = pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)
    rows = load_reference(contracts_dir, "statutory").filter((pl.col("report") == report) & begun & lasting)
    if rows.is_empty():
        return Statute()
    row: dict[str, Any] = rows.row(rows.height - 1, named=True)
    return Statute(
        recipient=row["recipient"] or "",
        legal_basis=row["legal_basis"] or "",
        form_name=row["form_name"] or "",
        deadline=_deadline(row["deadline"], fiscal_year),
        is_verified=row["verified"] == "yes",
    )


def write_cover(
    statute: Statute,
    *,
    fiscal_year: int,
    municipality: Municipality,
    recipient: str,
    legal_basis: str,
    snapshot: int,
    language: str,
) -> Markdown:
    """Return the head of the return: addressee, what is reported, and its particulars; what nobody has verified says so.

    `recipient` and `legal_basis` are those the gate recorded with the figures.
    """
    item, content, year, where, to, form, basis, unit, deadline, ledger = _HEADS[language]
    first, last = (date_label(day, language=language) for day in (fiscal_year_start(fiscal_year), fiscal_year_end(fiscal_year)))
    label, doubt = fiscal_year_label(fiscal_year, language=language), "" if statute.is_verified else _UNVERIFIED[language]
    due = date_label(statute.deadline, language=language) if statute.deadline else _OPEN[language]
    if language == "ja":
        address = f"**{recipient or '（提供先未設定）'}　あて**"
        opening = f"{label}（{first}から{last}まで）に行った予防接種の実施状況を、次のとおり報告する。"
        place = f"{municipality.prefecture}{municipality.name}（自治体コード {municipality.code}）" if municipality.name else "－"
        period, ledger_text = f"{label}（{first}～{last}）", f"予防接種台帳 スナップショット {snapshot}"
    else:
        address = f"**To: {recipient or '(no recipient set)'}**"
        opening = f"Immunizations given in {label} ({first} to {last}) are reported as follows."
        place = f"{municipality.prefecture}{municipality.name} ({municipality.code})" if municipality.name else "－"
        period, ledger_text = f"{label} ({first} to {last})", f"immunization ledger, snapshot {snapshot}"
    lines = [
        (year, period),
        (where, place),
        (to, recipient or "－"),
        (form, (statute.form_name or "－") + doubt),
        (basis, (legal_basis or "－") + doubt),
        (unit, _UNIT[language]),
        (deadline, due),
        (ledger, ledger_text),
    ]
    table = [f"| {item} | {content} |", "|:--|:--|", *(f"| {name} | {text} |" for name, text in lines)]
    return Markdown("\n".join([address, "", opening, "", *table]))


def write_signature(*, municipality: Municipality, language: str) -> Markdown:
    """Return the boxes in which the person who reports writes office and name and sets the seal."""
    by, office, name, seal = _SIGNATURE[language]
    whose = f"{municipality.name} {municipality.department}".strip()
    rows = [f"| {by} | {office} | {name} | {seal} |", "|:--|:--|:--|:--|", f"| {whose or '－'} |  |  |  |"]
    return Markdown("\n".join(rows), role="signature")


def _deadline(text: str | None, fiscal_year: int) -> date | None:
    """A deadline is written MM-DD, of the fiscal year after the one reported."""
    if not text:
        return None
    month, _, day = text.partition("-")
    year = fiscal_year + 1 if int(month) >= 4 else fiscal_year + 2
    return date(year, int(month), int(day))

"""From an executed notebook to the files of a run: HTML, PDF, XLSX, a tidy CSV for every release, and the index page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import nbformat

from daicho.contracts.reference import list_reference, load_reference
from daicho.core.config import Config
from daicho.core.errors import DataError
from daicho.gate.profiles import load_disclosure
from daicho.gate.release import Facts, Release, facts_as_data
from daicho.measures import catalogue
from daicho.runs.execute import Executed
from daicho.runs.notebooks import ReportNotebook
from daicho.runs.publish import (
    DocumentFacts,
    IndexEntry,
    IndexFacts,
    IndexLink,
    publish_csv,
    publish_html,
    publish_index,
    publish_pdf,
    publish_xlsx,
)
from daicho.runs.publish.tables import TABLE_MIME

DATA_FOLDER = "data"
_PRICES = ("price_list", "copay", "fee")
_INVENTED = ("｜架空の単価表・支払不可", " | Fictitious prices, not for payment")


@dataclass(frozen=True)
class Published:
    """One report's files in the run folder."""

    report: ReportNotebook
    executed: Executed
    document: DocumentFacts
    files: tuple[Path, ...]


def publish_report(
    report: ReportNotebook, executed: Executed, *, config: Config, profile: str, purpose: str, today: date, run_id: str, out: Path
) -> Published:
    """Write every format of one report into `out`."""
    document = _document(report, executed, config=config, profile=profile, purpose=purpose, today=today, run_id=run_id)
    notebook = executed.notebook
    data = out / DATA_FOLDER
    data.mkdir(exist_ok=True)
    # The page is written while the charts of the print edition are drawn, which is no work of Python's.
    with ThreadPoolExecutor(max_workers=1) as beside:
        page = beside.submit(
            publish_html,
            notebook,
            document=document,
            out=out / f"{report.name}.html",
            templates=config.templates_dir,
            cache_dir=config.state_dir / "cache",
        )
        pdf = publish_pdf(notebook, document=document, out=out / f"{report.name}.pdf", templates=config.templates_dir)
        files = [page.result(), pdf, publish_xlsx(notebook, document=document, out=data / f"{report.name}.xlsx")]
    for name, release in _table_names(notebook, executed.releases).items():
        target = data / f"{name}.csv"
        if target.exists():
            target = data / f"{report.name}_{name}.csv"
        files.append(publish_csv(release.frame, out=target))
    return Published(report=report, executed=executed, document=document, files=tuple(files))


def _table_names(notebook: nbformat.NotebookNode, releases: Sequence[Release]) -> dict[str, Release]:
    """A CSV name for every release the report used: that of the first table showing it, else its measure and dimensions.

    Releases of several fiscal years that would share a name have the year in it; those of an older snapshot have its number.
    """
    shown: dict[str, str] = {}
    for table in _tables(notebook):
        for release_id in table["release_ids"]:
            if table["name"] not in shown.values():
                shown.setdefault(release_id, str(table["name"]))
    names: dict[str, Release] = {}
    made = {release.facts.release_id: "_".join((release.facts.measure, "by", *release.facts.by)) for release in releases}
    shared = Counter(name for release_id, name in made.items() if release_id not in shown)
    newest = max((release.facts.snapshot for release in releases), default=0)
    for release in releases:
        own, year = made[release.facts.release_id], release.facts.parameters.get("fiscal_year")
        name = shown.get(release.facts.release_id) or (f"{own}_fy{year}" if year and shared[own] > 1 else own)
        name += f"_snapshot{release.facts.snapshot}" if release.facts.snapshot < newest else ""
        if not re.fullmatch(r"[A-Za-z0-9_]{1,120}", name):
            raise DataError("a table's name becomes a file name: use letters, digits and _ only.")
        unique = name
        number = 2
        while unique in names:
            unique, number = f"{name}_{number}", number + 1
        names[unique] = release
    return names


def _tables(notebook: nbformat.NotebookNode) -> list[Mapping[str, Any]]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["data"][TABLE_MIME] for output in outputs if TABLE_MIME in output.get("data", {})]


def _document(
    report: ReportNotebook, executed: Executed, *, config: Config, profile: str, purpose: str, today: date, run_id: str
) -> DocumentFacts:
    facts = [release.facts for release in executed.releases]
    declared = load_disclosure(config.contracts_dir).profiles[profile]
    days = [item.as_of for item in facts if item.as_of]
    unverified = [item for item in facts if item.unverified]
    english = config.language == "en"
    titles = dict.fromkeys((item.title_en or item.title) if english else item.title for item in unverified)
    label = (declared.marking_en if english else declared.marking) or (declared.label_en if english else declared.label)
    if rests_on_invented_prices(facts, config=config):
        label += _INVENTED[english]
    return DocumentFacts(
        title=report.title(config.language),
        subtitle=_subtitle(facts[0].recipient if facts else "", language=config.language, profile=profile),
        municipality=config.municipality_name,
        department=config.department,
        report=report.name,
        profile=profile,
        profile_label=label,
        purpose=purpose,
        as_of=max(days, default=None),
        snapshot=max((item.snapshot for item in facts), default=None),
        created_on=today,
        seal_result=executed.seal,
        sealed=executed.is_sealed,
        language=config.language,
        releases=tuple(facts_as_data(item) for item in facts),
        unverified=tuple(titles),
        run_id=run_id,
    )


def rests_on_invented_prices(releases: Sequence[Facts], *, config: Config) -> bool:
    """Whether a document shows payments by a price list that nobody approved: its marking then says so on every page of every format.

    Decided here for every report alike, whatever its notebook says. A workspace whose list is wholly approved prints no such mark.
    """
    measures = catalogue()
    uses = {name for item in releases if item.measure in measures for name in measures[item.measure].reference} & set(_PRICES)
    tables = (load_reference(config.contracts_dir, name) for name in sorted(uses & set(list_reference(config.contracts_dir))))
    return any(bool((frame["illustrative"] == "yes").any()) for frame in tables)


def _subtitle(recipient: str, *, language: str, profile: str) -> str:
    """Whom the document is addressed to, where the profile names somebody outside the office."""
    if profile != "statutory" or not recipient:
        return ""
    return f"To: {recipient}" if language == "en" else f"{recipient} 宛"


def report_entry(published: Published) -> IndexEntry:
    """The report's line in the index of its run."""
    out = published.files[0].parent
    return IndexEntry(
        title=published.document.title,
        report=published.report.name,
        status="done",
        profile_label=published.document.profile_label,
        created_on=published.document.created_on,
        run_id=published.document.run_id,
        links=tuple(
            IndexLink(
                label=path.name if path.suffix == ".csv" else path.suffix[1:].upper(),
                href=path.relative_to(out).as_posix(),
                size_bytes=path.stat().st_size,
            )
            for path in published.files
        ),
    )


def entry_as_data(entry: IndexEntry, *, is_sealed: bool) -> dict[str, Any]:
    """An entry as the journal of a run keeps it."""
    return {**asdict(entry), "created_on": entry.created_on.isoformat(), "is_sealed": is_sealed}


def entry_from_data(data: Mapping[str, Any]) -> IndexEntry:
    known = {key: value for key, value in data.items() if key != "is_sealed"}
    return IndexEntry(
        **{**known, "created_on": date.fromisoformat(data["created_on"]), "links": tuple(IndexLink(**link) for link in data["links"])}
    )


def write_index(entries: Sequence[IndexEntry], *, name: str, config: Config, today: date, run_id: str, is_sealed: bool, out: Path) -> Path:
    """Write `index.html` of a run."""
    index = IndexFacts(
        title="Reports" if config.language == "en" else "報告書一覧",
        subtitle=name,
        municipality=config.municipality_name,
        department=config.department,
        language=config.language,
        created_on=today,
        run_id=run_id,
        is_sealed=is_sealed,
    )
    return publish_index(
        list(entries), index=index, out=out / "index.html", templates=config.templates_dir, cache_dir=config.state_dir / "cache"
    )

"""Write the report index: one page over all plans and reports, and one for the runs of each. Static, self-contained, scanned like every file that leaves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError
from daicho.present.acts import profile_labels
from daicho.runs.notebooks import load_report
from daicho.runs.period_state import Periods
from daicho.runs.publish.templates import templates_dir
from daicho.runs.publish.typeface import with_typeface
from daicho.runs.publish.viewer import content_policy
from daicho.runs.publish.writing import write_bytes
from daicho.runs.scan.scanner import Scanner
from daicho.runs.site.morning import Morning, morning
from daicho.runs.site.runs_made import INDEX, RunMade, runs_made
from daicho.runs.site.words import Words
from daicho.vault import newest_snapshot
from daicho.vault.identifiers import load_identifier_index

NEWEST = 5
_FEW_REPORTS = 3


@dataclass(frozen=True)
class Shelf:
    """All runs of one plan or report, newest first."""

    name: str
    title: str
    every: str
    runs: Sequence[RunMade]


def write_site(config: Config, *, now: datetime) -> Path:
    """Write `index.html` of the folder of reports and of every plan or report in it; return the former.

    Raises DisclosureError when a page would hold an identifier (then none is written), VaultError for records that cannot be read.
    """
    config.reports_dir.mkdir(parents=True, exist_ok=True)
    words = Words(config.language)
    state = morning(config, now=now)
    shelves = list(_shelves(config, state))
    periods = {record.run_id: period for _, period, record in Periods(config).all()}
    common = {
        "words": words,
        "config": config,
        "policy": content_policy(()),
        "periods": periods,
        "profiles": profile_labels(config.contracts_dir, language=config.language),
        "href": quote,
        "titles": cache(lambda name: _title(config, name)),
        "few": _FEW_REPORTS,
        "now": now,
    }
    pages = {config.reports_dir / INDEX: {"morning": state, "shelves": shelves, "newest": NEWEST, "root": ""}}
    pages |= {
        config.reports_dir / shelf.name / INDEX: {"morning": None, "shelves": [shelf], "newest": None, "root": "../"} for shelf in shelves
    }
    environment = Environment(loader=FileSystemLoader(templates_dir(config.templates_dir)), autoescape=True, undefined=StrictUndefined)
    template = environment.get_template("site.html.j2")
    texts = {path: with_typeface(template.render(**common, **more), cache_dir=config.state_dir / "cache") for path, more in pages.items()}
    with tempfile.TemporaryDirectory(prefix=".index-", dir=config.reports_dir) as folder:
        aside = {
            write_bytes(Path(folder) / path.relative_to(config.reports_dir), text.encode("utf-8")): path for path, text in texts.items()
        }
        _refuse_identifiers(config, list(aside))
        for written, path in aside.items():
            written.replace(path)
    return config.reports_dir / INDEX


def _shelves(config: Config, state: Morning) -> Iterator[Shelf]:
    plans = state.plans
    runs = sorted(runs_made(config.reports_dir), key=lambda run: run.name)
    for name, group in groupby(runs, key=lambda run: run.name):
        plan = plans.get(name)
        yield Shelf(name, plan.title if plan else _title(config, name), plan.schedule.every if plan else "", list(group))


def _title(config: Config, name: str) -> str:
    try:
        return load_report(config, name).title(config.language)
    except DaichoError:
        return name


def _refuse_identifiers(config: Config, paths: Sequence[Path]) -> None:
    index = load_identifier_index(config) if newest_snapshot(config) else None
    if findings := Scanner(index).scan(paths):
        raise DisclosureError(
            f"the report index would hold {len(findings)} identifier(s) ({findings[0].kind}) and was not written: look for it in the titles of "
            "plans and reports."
        )

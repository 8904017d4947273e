"""The whole synthetic ledger: who lives here, what they were given, what the extracts say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from daicho.core.config import Config
from daicho.core.errors import UsageError
from daicho.synth.adults import give_adult_doses
from daicho.synth.bills import decision_frame, invoice_frame
from daicho.synth.childhood import give_childhood_doses
from daicho.synth.children import draw_children
from daicho.synth.claims import draw_claims
from daicho.synth.courses import DoseBook
from daicho.synth.covid import covid_record_frame, draw_covid
from daicho.synth.fault_kinds import FaultSetting
from daicho.synth.faults import KEY_FILE, plant_faults
from daicho.synth.hpv import give_hpv
from daicho.synth.institutions import draw_institutions
from daicho.synth.notices import notice_frame, shared_copy_frame
from daicho.synth.numbering import draw_numbers
from daicho.synth.population import draw_population
from daicho.synth.reference import category_b_vaccines, copay_rules, last_day_of, load_doses, load_places, price_rules
from daicho.synth.register import register_frame
from daicho.synth.streams import Streams
from daicho.synth.vaccination import vaccination_frames
from daicho.synth.vrs import vrs_frame
from daicho.synth.welfare import draw_welfare
from daicho.synth.writing import ENCODINGS, write_extract


@dataclass(frozen=True)
class SynthReport:
    """Rows (without the header) of every file written, and the number of planted faults by kind."""

    rows: Mapping[str, int]
    faults: Mapping[str, int]


def synthesise(
    out: Path,
    *,
    persons: int,
    seed: int,
    until: str,
    encoding: str,
    faults: float,
    config: Config,
    contracts_dir: Path,
    progress: Callable[[str], None],
) -> SynthReport:
    """Write every kind of extract into `out`: `persons` residents at the end of the month `until` (YYYY-MM), and those removed before.

    `faults` is the share of rows in which a fault is planted; the key of them is written as faults.csv. The same arguments give the
    same bytes. Raises UsageError for arguments that make no ledger.
    """
    if persons < 1 or seed < 0 or not 0 <= faults <= 0.5:
        raise UsageError("a synthetic ledger needs at least one person, a seed of 0 or more, and a share of faults from 0 to 0.5.")
    if encoding not in ENCODINGS:
        raise UsageError(f"the encoding {encoding} is not known: choose {' or '.join(ENCODINGS)}.")
    last_day = last_day_of(until)
    streams = Streams(seed)
    frames = _draw_frames(streams, persons=persons, last_day=last_day, config=config, contracts_dir=contracts_dir, progress=progress)
    wards = (config.municipality_code, *load_places(contracts_dir, config).other_wards)
    changed, key = plant_faults(frames, rate=faults, streams=streams, setting=FaultSetting(last_day=last_day, wards=wards))
    frames.clear()
    out.mkdir(parents=True, exist_ok=True)
    rows = {}
    for name in list(changed):
        progress(f"{name}を書き出し中")
        frame = changed.pop(name)
        write_extract(out / name, frame, encoding=encoding)
        rows[name] = frame.height
    counts = key.group_by("fault").len().sort("fault")
    if faults > 0:
        write_extract(out / KEY_FILE, key.cast(pl.String), encoding="utf-8")
    else:
        (out / KEY_FILE).unlink(missing_ok=True)
    return SynthReport(rows=rows, faults=dict(zip(counts["fault"].to_list(), counts["len"].to_list(), strict=True)))


def _draw_frames(
    streams: Streams, *, persons: int, last_day: int, config: Config, contracts_dir: Path, progress: Callable[[str], None]
) -> dict[str, pl.DataFrame]:
    """All extracts as text, by file name."""
    places, doses = load_places(contracts_dir, config), load_doses(contracts_dir)
    progress("住民を作成中")
    population = draw_population(streams, persons=persons, last_day=last_day, places=places)
    numbering = draw_numbers(streams, population)
    institutions = draw_institutions(streams, persons=persons, places=places, last_day=last_day)
    welfare = draw_welfare(streams, population)
    progress("接種歴を作成中")
    book = DoseBook(doses)
    give_childhood_doses(book, draw_children(streams, population), streams)
    give_hpv(book, population, streams)
    give_adult_doses(book, population, streams, first_grade_since=welfare.first_grade_since())
    claims = draw_claims(streams, population, numbering, institutions, doses=book.collect())
    progress("抽出ファイルを作成中")
    copay = copay_rules(contracts_dir, home_ward=config.municipality_code)
    own, elsewhere = vaccination_frames(
        streams, claims, numbering, institutions, welfare,
        doses=doses,
        copay=copay,
        category_b=category_b_vaccines(contracts_dir),
    )  # fmt: skip
    covid = draw_covid(streams, population, numbering, places)
    return {
        "resident.csv": register_frame(streams, population, numbering, places),
        "vaccination.csv": own,
        "vaccination_other_wards.csv": elsewhere,
        "welfare.csv": welfare.frame(numbering),
        "covid_record.csv": covid_record_frame(streams, covid, numbering, places),
        "vrs_wide.csv": vrs_frame(streams, covid, numbering, places),
        "number_change.csv": numbering.frame(),
        "shared_copy.csv": shared_copy_frame(streams, claims, numbering, doses),
        "notice_history.csv": notice_frame(streams, population, numbering, claims, doses),
        "institution.csv": institutions.frame(),
        "invoice.csv": invoice_frame(
            streams, population, claims, institutions, doses=doses, prices=price_rules(contracts_dir), copay=copay
        ),
        "payment_decision.csv": decision_frame(streams, own, file_name="vaccination.csv"),
    }

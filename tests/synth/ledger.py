"""How these tests make a synthetic ledger and read it back."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from daicho.core.config import Config
from daicho.core.eras import japanese_date_expr
from daicho.synth import SynthReport, synthesise

UNTIL = "2026-03"
WRITTEN = (
    "resident.csv", "vaccination.csv", "vaccination_other_wards.csv", "welfare.csv", "covid_record.csv", "vrs_wide.csv", "number_change.csv",
    "shared_copy.csv", "notice_history.csv", "institution.csv", "invoice.csv", "payment_decision.csv",
)  # fmt: skip


def write_ledger(
    folder: Path, config: Config, *, persons: int = 600, seed: int = 7, until: str = UNTIL, encoding: str = "cp932", faults: float = 0.0
) -> SynthReport:
    """A ledger of the shipped contracts."""
    return synthesise(
        folder,
        persons=persons,
        seed=seed,
        until=until,
        encoding=encoding,
        faults=faults,
        config=config,
        contracts_dir=config.contracts_dir,
        progress=lambda _step: None,
    )


def read_extract(path: Path, *, encoding: str = "cp932") -> pl.DataFrame:
    """All columns as text, null for an empty cell."""
    return pl.read_csv(path.read_bytes().decode(encoding).encode(), infer_schema=False)


def both_files(folder: Path) -> pl.DataFrame:
    """The rows of both vaccination files, with days as dates."""
    frames = [read_extract(folder / name) for name in ("vaccination.csv", "vaccination_other_wards.csv")]
    return pl.concat(frames).with_columns(japanese_date_expr(name) for name in ("接種日", "予診日"))

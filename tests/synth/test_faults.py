"""What `--faults` plants, intake finds: line by line and rule by rule, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from tests.conftest import TODAY, make_workspace
from tests.synth.ledger import WRITTEN, write_ledger

from daicho.core.config import Config
from daicho.core.errors import DataError
from daicho.intake.load import take_in
from daicho.intake.report import IntakeReport
from daicho.synth import SynthReport
from daicho.synth.fault_kinds import FAULT_KINDS
from daicho.synth.faults import KEY_SCHEMA
from daicho.vault import open_snapshot

RATE = 0.05
PERSONS = 2_500


@dataclass(frozen=True)
class TakenIn:
    """A ledger with faults, and what intake made of it."""

    config: Config
    key: pl.DataFrame
    written: SynthReport
    report: IntakeReport


@pytest.fixture(scope="module", params=["cp932", "utf-8"])
def taken_in(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TakenIn:
    folder = tmp_path_factory.mktemp("faults")
    config = make_workspace(folder / "office", settings={"quarantine_limit": "0.5"})
    written = write_ledger(folder / "extracts", config, persons=PERSONS, faults=RATE, encoding=request.param)
    report = take_in([folder / "extracts"], config=config, today=TODAY)
    key = pl.read_csv(folder / "extracts" / "faults.csv", schema_overrides=KEY_SCHEMA)
    return TakenIn(config, key, written, report)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> TakenIn:
    """The same ledger without faults."""
    folder = tmp_path_factory.mktemp("clean")
    config = make_workspace(folder / "office")
    written = write_ledger(folder / "extracts", config, persons=PERSONS)
    report = take_in([folder / "extracts"], config=config, today=TODAY)
    return TakenIn(config, pl.DataFrame(schema=KEY_SCHEMA), written, report)


def quarantine(config: Config) -> pl.DataFrame:
    return pl.concat([pl.read_csv(path) for path in sorted(config.quarantine_dir.glob("batch-*.csv"))])


def test_intake_quarantines_exactly_the_lines_of_the_key_by_their_rule(taken_in: TakenIn) -> None:
    planted = taken_in.key.filter(pl.col("expected") == "quarantined")
    found = quarantine(taken_in.config)
    assert set(found.select("file", "line", "rule").rows()) == set(planted.select("file", "line", "rule").rows())


def test_rows_with_a_harmless_fault_are_kept(taken_in: TakenIn) -> None:
    kept = taken_in.key.filter(pl.col("expected") != "quarantined")
    assert kept.height
    assert not set(kept.select("file", "line").rows()) & set(quarantine(taken_in.config).select("file", "line").rows())


def test_every_row_is_either_accepted_or_quarantined(taken_in: TakenIn) -> None:
    counts = taken_in.key.filter(pl.col("expected") == "quarantined").group_by("file").len()
    planted = dict(counts.rows())
    for file in taken_in.report.files:
        if file.kind == "vrs_wide":
            continue  # rows are counted by dose there
        assert file.rows_read == taken_in.written.rows[file.file]
        assert file.rows_read - file.rows_accepted == planted.get(file.file, 0)


def test_every_kind_of_fault_is_planted_and_counted(taken_in: TakenIn) -> None:
    counts = dict(taken_in.key.group_by("fault").len().rows())
    assert set(counts) == {kind.name for kind in FAULT_KINDS}
    assert counts == taken_in.written.faults


def test_a_row_has_one_fault_at_the_most_and_the_share_is_that_asked_for(taken_in: TakenIn) -> None:
    assert taken_in.key.select("file", "line").n_unique() == taken_in.key.height
    for name in WRITTEN:
        rows = taken_in.written.rows[name]
        planted = taken_in.key.filter(pl.col("file") == name).height
        assert planted <= RATE * rows
        if rows > 1_000:
            assert planted > 0.8 * RATE * rows


def count_doses(config: Config) -> int:
    connection = open_snapshot(config, snapshot=None, reference={}, macros=())
    try:
        return int(connection.execute("SELECT count(*) FROM dose").fetchall()[0][0])
    finally:
        connection.close()


def test_planted_duplicates_count_once(taken_in: TakenIn, clean: TakenIn) -> None:
    """As many doses as without faults, but for rows lost to the quarantine and for kept rows that no longer match another of the same dose."""
    of_doses = taken_in.key.filter(pl.col("file").str.contains("vaccination|covid|vrs"))
    planted = dict(of_doses.group_by("expected").len().rows())
    assert planted["deduplicated"] > 20
    lost = count_doses(clean.config) - count_doses(taken_in.config)
    assert -planted["kept"] <= lost <= planted["quarantined"]


def test_a_ledger_without_faults_is_accepted_whole(clean: TakenIn) -> None:
    assert {file.file for file in clean.report.files} == set(WRITTEN)
    assert not [file.file for file in clean.report.files if file.rows_accepted != file.rows_read or file.rows_quarantined]
    assert not list(clean.config.quarantine_dir.glob("*.csv"))


def test_above_the_usual_limit_a_faulty_ledger_is_refused(workspace: Config, tmp_path: Path) -> None:
    write_ledger(tmp_path / "extracts", workspace, faults=RATE)
    with pytest.raises(DataError, match="above the limit"):
        take_in([tmp_path / "extracts"], config=workspace, today=TODAY)

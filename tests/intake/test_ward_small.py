"""The small ward goes through intake, vault and measures, and gives the figures a separate program counted from the domain texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from tests.conftest import TODAY, WARD_SMALL

from daicho.core.config import Config
from daicho.gate.ledger_engine import LedgerEngine

FY2025_END = date(2026, 3, 31)
EXPECTED = json.loads((WARD_SMALL / "expected.json").read_text(encoding="utf-8"))
PLANTED = EXPECTED["planted"]
DOSE_LABELS = {
    ("", 1): "1回目", ("1期", 1): "1期", ("2期", 1): "2期", ("1期初回", 1): "1期初回1", ("1期初回", 2): "1期初回2", ("1期初回", 3): "1期初回3",
}  # fmt: skip


class Office:
    """The ward's ledger as the gate asks it, before disclosure control."""

    def __init__(self, config: Config) -> None:
        self.engine = LedgerEngine(config)
        self.snapshot = self.engine.latest_snapshot()
        self.connection = self.engine.open(self.snapshot)

    def ask(self, measure: str, by: Sequence[str], where: dict[str, list[str]] | None = None, **parameters: Any) -> pl.DataFrame:
        query = self.engine.compile(measure, by=by, where=where or {}, parameters=parameters, snapshot=self.snapshot)
        frame = self.connection.execute(query.sql, dict(query.bound)).pl()
        return self.engine.add_labels(frame, by=by, snapshot=self.snapshot)


@pytest.fixture(scope="module")
def office(ward: Config) -> Iterator[Office]:
    opened = Office(ward)
    yield opened
    opened.connection.close()


def scalar(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


def test_residents_by_district_on_1_october(office: Office) -> None:
    frame = office.ask("residents", ["district"], as_of=date.fromisoformat(EXPECTED["as_of"]))
    assert dict(frame.select("district_label", "residents_count").iter_rows()) == EXPECTED["residents_by_district"]


def test_doses_of_fiscal_year_2025_by_vaccine_and_dose(office: Office) -> None:
    frame = office.ask("annual_counts", ["vaccine", "dose"], fiscal_year=2025)
    expected = {(row["vaccine"], DOSE_LABELS[row["stage"], row["number"]]): row["doses_count"] for row in EXPECTED["annual_counts_2025"]}
    assert {row[:2]: row[2] for row in frame.select("vaccine_label", "dose_label", "doses_count").iter_rows()} == expected


def test_coverage_of_mr_1_by_birth_cohort(office: Office) -> None:
    expected = EXPECTED["coverage_cohort_MR_1期_as_of_2026-03-31"]
    where = {"vaccine": ["MR"], "dose": ["1期"], "birth_fy": list(expected)}
    frame = office.ask("coverage_cohort", ["birth_fy"], where, as_of=FY2025_END)
    found = {
        str(year): {"eligible_count": eligible, "vaccinated_count": vaccinated}
        for year, eligible, vaccinated in frame.select("birth_fy", "eligible_count", "vaccinated_count").iter_rows()
    }
    assert found == expected


def test_unreadable_dates_are_quarantined_and_every_row_read_is_accounted_for(office: Office) -> None:
    frame = office.ask("intake_quality", ["kind", "outcome"])
    rows = {(kind, outcome): count for kind, outcome, count in frame.select("kind", "outcome", "rows_count").iter_rows()}
    assert rows["vaccination", "quarantined"] == PLANTED["bad_dates"]
    lines = {kind: len((WARD_SMALL / f"{kind}.csv").read_bytes().splitlines()) - 1 for kind in ("resident", "vaccination", "number_change")}
    assert {kind: sum(count for (of, _), count in rows.items() if of == kind) for kind in lines} == lines


def test_exact_duplicates_vanish_and_second_channels_rank_behind_the_first(office: Office) -> None:
    accepted = scalar(office.connection, "SELECT sum(rows) FROM batch_outcome WHERE kind = 'vaccination' AND outcome = 'accepted'")
    assert accepted - scalar(office.connection, "SELECT count(*) FROM event") == PLANTED["duplicates"]
    assert scalar(office.connection, "SELECT count(*) FROM event WHERE duplicate_rank > 1") == PLANTED["second_channel"]


def test_a_second_channel_is_rejected_in_payments(office: Office) -> None:
    frame = office.ask("payment_holds", ["reason", "decision"], as_of=TODAY)
    found = {row[:2]: row[2] for row in frame.select("reason", "decision", "events_count").iter_rows()}
    assert found["DUPLICATE", "reject"] == PLANTED["second_channel"]


def test_merged_numbers_are_one_person(office: Office) -> None:
    assert scalar(office.connection, "SELECT count(*) FROM person WHERE is_registered") == EXPECTED["persons"]
    assert scalar(office.connection, "SELECT count(*) FROM person") == EXPECTED["persons"]

"""Another country's schedule runs without code: the example is taken in, and its figures equal those of a plain calculation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from tests.conftest import ROOT, TODAY
from tests.examples import plain_calculation as plain

from daicho.core.config import load_config
from daicho.gate.ledger_engine import LedgerEngine
from daicho.intake.load import take_in
from daicho.runs.checking import check_workspace

EXAMPLE = ROOT / "examples" / "foreign_schedule"
AS_OF = date(2026, 3, 31)
CHILDREN = plain.children(EXAMPLE / "extracts")
CLASSES = ("too_early", "on_time", "late_under_2m", "late_over_2m", "timing_unknown", "not_vaccinated")
MILESTONES = ({"name": "12m"}, {"name": "as_of"}, {"name": "last_legal_day"}, {"name": "age", "age_months": 18})


class Office:
    """The example's ledger as the gate asks it, before disclosure control."""

    def __init__(self, folder: Any) -> None:
        for part in ("data_contracts", "extracts"):
            shutil.copytree(EXAMPLE / part, folder / part)
        shutil.copy(EXAMPLE / "daicho.toml", folder)
        self.config = load_config(folder)
        self.report = take_in([folder / "extracts"], config=self.config, today=TODAY)
        self.engine = LedgerEngine(self.config)
        self.connection = self.engine.open(self.engine.latest_snapshot())

    def rows(
        self, measure: str, by: Sequence[str] = (), where: Mapping[str, list[str]] | None = None, **parameters: Any
    ) -> list[dict[str, Any]]:
        query = self.engine.compile(measure, by=by, where=where or {}, parameters=parameters, snapshot=1)
        return self.connection.execute(query.sql, dict(query.bound)).pl().to_dicts()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    opened = Office(tmp_path_factory.mktemp("foreign"))
    yield opened
    opened.connection.close()


def where(dose: plain.Dose) -> dict[str, list[str]]:
    return {"vaccine": [dose[0]], "dose": [f"{dose[0]}-{dose[1]}"]}


def asked(milestone: Mapping[str, Any]) -> dict[str, Any]:
    return {"milestone": milestone["name"], **{key: value for key, value in milestone.items() if key != "name"}}


def test_the_example_has_no_finding(office: Office) -> None:
    assert check_workspace(office.config) == []
    assert all(file.rows_quarantined == {} and file.warnings == {} for file in office.report.files)


@pytest.mark.parametrize("milestone", MILESTONES, ids=lambda m: m["name"])
@pytest.mark.parametrize("validity", ["crude", "valid"])
def test_coverage(office: Office, validity: str, milestone: Mapping[str, Any]) -> None:
    for dose in plain.AGES:
        [row] = office.rows("coverage_cohort", where=where(dose), as_of=AS_OF, validity=validity, **asked(milestone))
        expected = plain.coverage(CHILDREN, dose, as_of=AS_OF, validity=validity, **milestone)
        assert tuple(row[name] for name in ("eligible_count", "vaccinated_count", "unknown_history_count")) == expected, dose


def test_coverage_by_district(office: Office) -> None:
    rows = office.rows("coverage_cohort", ["district"], where(("MCV", 1)), as_of=AS_OF, milestone="as_of")
    for row in rows:
        group = [child for child in CHILDREN if child.district == row["district"]]
        expected = plain.coverage(group, ("MCV", 1), as_of=AS_OF, name="as_of")
        assert (row["eligible_count"], row["vaccinated_count"], row["unknown_history_count"]) == expected
    assert [row["district"] for row in rows] == ["north", "south"]


@pytest.mark.parametrize("validity", ["crude", "valid"])
def test_weighted_coverage(office: Office, validity: str) -> None:
    for dose in plain.AGES:
        [row] = office.rows("coverage_cohort_weighted", where=where(dose), as_of=AS_OF, milestone="12m", validity=validity)
        eligible, vaccinated = plain.weighted(CHILDREN, dose, as_of=AS_OF, name="12m", validity=validity)
        found = tuple(row[name] for name in ("weighted_eligible", "weighted_vaccinated"))
        assert found == ((2 * eligible + 1) // 2, (2 * vaccinated + 1) // 2)
        assert row["weighted_coverage_rate"] == pytest.approx(float(vaccinated / eligible), abs=1e-12)
        counts = plain.coverage(CHILDREN, dose, as_of=AS_OF, name="12m", validity=validity)
        assert (row["eligible_count"], row["vaccinated_count"]) == counts[:2]


@pytest.mark.parametrize("milestone", ["as_of", "12m"])
def test_timeliness(office: Office, milestone: str) -> None:
    for dose in plain.AGES:
        [row] = office.rows("timeliness", where=where(dose), as_of=AS_OF, milestone=milestone)
        assert {name: row[f"{name}_count"] for name in CLASSES if row[f"{name}_count"]} == plain.timeliness(
            CHILDREN, dose, as_of=AS_OF, name=milestone
        )


@pytest.mark.parametrize("validity", ["crude", "valid"])
@pytest.mark.parametrize("vaccine", ["OPV", "PENTA"])
def test_dropout(office: Office, vaccine: str, validity: str) -> None:
    [row] = office.rows("dropout", where={"vaccine": [vaccine]}, as_of=AS_OF, milestone="12m", validity=validity)
    assert (row["first_count"], row["last_count"]) == plain.dropout(CHILDREN, vaccine, as_of=AS_OF, name="12m", validity=validity)


def test_dose_validity(office: Office) -> None:
    rows = office.rows("dose_validity", ["dose", "outcome"])
    assert {(row["dose"], row["outcome"]): row["doses_count"] for row in rows} == plain.dose_validity(CHILDREN)
    assert {row["outcome"] for row in rows} == {"valid", "too_young", "interval_too_short", "duplicate", "timing_unknown"}


def test_given_without_date_counts_as_crude_only() -> None:
    undated = [child for child in CHILDREN if child.records and all(day is None for _, day in child.records)]
    assert undated
    assert all(not child.valid for child in undated)
    assert all(child.held_from(dose, "crude") == date.min for child in undated for dose, _ in child.records)


def test_the_figures_printed_in_the_readme() -> None:
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for dose in plain.AGES:
        crude, valid = (plain.coverage(CHILDREN, dose, as_of=AS_OF, name="12m", validity=v) for v in ("crude", "valid"))
        classes = plain.timeliness(CHILDREN, dose, as_of=AS_OF, name="12m")
        cells = [f"{dose[0]}-{dose[1]}", crude[0], crude[1], valid[1], *(classes[name] for name in CLASSES)]
        assert f"| {' | '.join(map(str, cells))} |" in text

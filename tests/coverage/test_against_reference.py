"""Every coverage measure equals the reference calculation, on random ledgers full of boundary days, for randomly drawn questions."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from functools import cache
from math import isclose
from typing import Any

import duckdb
import pytest
from tests.coverage.comparison import EXPECTED, Table
from tests.coverage.mart_with_notices import build_case
from tests.coverage.random_ledgers import random_case
from tests.coverage.reference_data import Rules, read_rules
from tests.coverage.reference_people import Case
from tests.coverage.reference_study import Study
from tests.effort import seeds
from tests.measures.mart_factory import Event, Ledger, Person, Spell, ask

from daicho.measures import catalogue

SEEDS = seeds(15)
PERSONS = 200
AS_OF = (date(2026, 11, 24), date(2026, 11, 24), date(2026, 4, 1), date(2026, 3, 31), date(2025, 4, 1))
MILESTONES = ("last_legal_day", "last_legal_day", "as_of", "12m", "24m", "5y", "school_entry", "age")
COURSES = (
    ("DPT-IPV-HIB-11", "DPT-IPV-HIB-1A"), ("DPT-IPV-11", "DPT-IPV-13"), ("DPT-11", "DPT-1A"), ("IPV-12", "IPV-13"), ("DT-11", "DT-1A"),
    ("HIB-1", "HIB-A"), ("HIB-2", "HIB-3"), ("PCV-1", "PCV-A"), ("PCV-2", "PCV-3"), ("HB-1", "HB-3"), ("RV1-1", "RV1-2"), ("RV5-1", "RV5-3"),
    ("MR-1", "MR-2"), ("MEASLES-1", "MEASLES-2"), ("VAR-1", "VAR-2"), ("JE-11", "JE-2"), ("HPV9-1", "HPV9-2"), ("HPV2-1", "HPV2-3"),
    ("HPV9-3", "HPV9-3"), ("FLU-E-1", "FLU-E-1"), ("COVID-2", "COVID-7"), ("ZOSTER-R-1", "ZOSTER-R-2"), ("DPT-IPV-HIB-12", "DPT-IPV-HIB-13"),
    ("PNEUMO-E-1", "PNEUMO-E-1"), ("BCG-1", "BCG-1"), ("DT-2", "DT-2"), ("RUBELLA-5", "RUBELLA-5"), ("RSV-M-1", "RSV-M-1"),
    ("ZOSTER-L-1", "ZOSTER-L-1"), ("DPT-IPV-12", "DPT-IPV-1A"), ("HPV4-2", "HPV4-3"), ("JE-12", "JE-1A"),
)  # fmt: skip
DIMENSIONS = ("district", "birth_fy", "sex", "resident_class")
WITHOUT_DOSE = ("zero_dose", "fully_immunised", "dose_validity")


@cache
def rules() -> Rules:
    return read_rules()


@cache
def opened(seed: int) -> tuple[Study, duckdb.DuckDBPyConnection]:
    case = random_case(rules(), seed, persons=PERSONS)
    return Study(rules(), case), build_case(case)


def draw_parameters(dice: random.Random, measure: str, course: tuple[str, str]) -> dict[str, Any]:
    """Parameters that the measure offers, at random."""
    offered = {parameter.name: parameter for parameter in catalogue()[measure].parameters}
    drawn: dict[str, Any] = {}
    if "as_of" in offered and (offered["as_of"].required or dice.random() < 0.5):
        drawn["as_of"] = dice.choice(AS_OF)
    if "fiscal_year" in offered and (offered["fiscal_year"].required or dice.random() < 0.4):
        drawn["fiscal_year"] = dice.choice((2024, 2025, 2026))
    if "validity" in offered:
        drawn["validity"] = dice.choice(("crude", "valid"))
    if "definition" in offered:
        drawn["definition"] = dice.choice(("12m", "24m", "5y"))
    if "to_months" in offered:
        drawn["to_months"] = dice.choice((24, 90, 1200))
    if "step_months" in offered:
        drawn["step_months"] = dice.choice((1, 1, 3, 6, 12))
    if "milestone" in offered:
        drawn["milestone"] = dice.choice([kind for kind in MILESTONES if kind in offered["milestone"].choices])
        if drawn["milestone"] == "age":
            drawn["age_months"] = dice.choice((3, 7, 18, 36))
    if "from_dose" in offered:
        drawn |= {"from_dose": course[0], "to_dose": course[1]}
    return drawn


def differences(expected: Table, found: Mapping[tuple[Any, ...], tuple[Any, ...]]) -> dict[tuple[Any, ...], Any]:
    """Cells that differ: (measure, reference)."""
    keys = {*expected, *found}
    return {key: (found.get(key), expected.get(key)) for key in keys if not is_same(found.get(key), expected.get(key))}


def is_same(left: tuple[Any, ...] | None, right: tuple[Any, ...] | None) -> bool:
    if left is None or right is None or len(left) != len(right):
        return False
    return all(
        a is b or (a is not None and b is not None and isclose(a, b, rel_tol=0, abs_tol=1e-9)) for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_catalogue_has_every_measure_of_the_method(name: str) -> None:
    assert name in catalogue()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_measure_equals_the_reference(name: str, seed: int) -> None:
    if name not in catalogue():
        pytest.fail(f"{name} is not in the catalogue")
    study, connection = opened(seed)
    dice = random.Random(f"{name} {seed}")
    course = dice.choice(COURSES)
    dose = "" if name in WITHOUT_DOSE else course[dice.random() < 0.7]
    extra = {
        "dose_validity": ["vaccine", "dose", "outcome", "month"],
        "missed_opportunities": ["recovery"],
        "unvaccinated": ["closing", "age_years"],
        "uptake_after_notice": ["month"],
    }
    by = tuple(dice.sample([*DIMENSIONS, *extra.get(name, [])], dice.choice((0, 1, 1, 2))))
    parameters = draw_parameters(dice, name, course)
    where = {"vaccine": [rules().vaccine_of[dose]], "dose": [dose]} if dose else {}
    if name == "dropout":
        where = {"vaccine": [rules().vaccine_of[course[1]]]}
    columns, expected = EXPECTED[name](study, dose, by, parameters)
    answer = ask(connection, name, by=by, where=where, **parameters)
    keys = (*by, *catalogue()[name].implicit)
    found = {tuple(row[key] for key in keys): tuple(row[column] for column in columns) for row in answer.to_dicts()}
    if not by and not expected and len(found) == 1:
        found = {key: row for key, row in found.items() if any(row)}  # no dimension, nobody: one row of zeros
    assert not differences(expected, found), (
        f"{name} seed {seed}: dose {dose or course}, by {by}, {parameters}; cells are (measure, reference)"
    )


def test_a_complete_two_dose_course_has_no_third_dose_due() -> None:
    born, since = date(2010, 5, 10), (Spell(date(2010, 5, 10)),)
    days = {"HPV9-1": date(2023, 4, 10), "HPV9-2": date(2023, 10, 10)}
    events = [*(Event(1, "HPV9", dose, day) for dose, day in days.items()), Event(1, "JE", "JE-2", date(2024, 4, 10))]
    connection = build_case(Case(Ledger(persons=(Person(1, born, "2", since),), events=events), {1: AS_OF[0]}))
    answer = ask(connection, "missed_opportunities", where={"vaccine": ["HPV9"], "dose": ["HPV9-3"]}, as_of=AS_OF[0])
    assert answer["visits_count"].to_list() in ([], [0])


def test_doses_and_targets_of_a_year_by_dose() -> None:
    study, connection = opened(1)
    answer = ask(connection, "coverage_fiscal_year", by=("dose",), fiscal_year=2025)
    found = {(row["dose"],): (row["doses_count"], row["target_count"]) for row in answer.to_dicts()}
    expected: Table = {}
    for dose in rules().schedule:
        expected |= EXPECTED["coverage_fiscal_year"](study, dose, ("dose",), {"fiscal_year": 2025})[1]
    assert not differences(expected, found)

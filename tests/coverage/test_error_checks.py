"""error_checks against the reference on random ledgers, and its worklist against what it counts."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import duckdb
import polars as pl
import pytest
from tests.coverage.mart_with_notices import build_case
from tests.coverage.random_ledgers import random_case
from tests.coverage.reference_data import read_rules
from tests.coverage.reference_errors import Notice, checked_records
from tests.coverage.reference_people import Case, DoseRecord
from tests.coverage.reference_study import Cell, Study
from tests.effort import seeds
from tests.measures.mart_factory import Event, Person, ask, reference_tables

from daicho.measures import compile_worklist, resolve_filters, worklists
from daicho.measures.error_vocabulary import ANY, ERROR_RULES

NOTICES = {
    ("MR", "A1"): Notice(expires_on=date(2025, 6, 30)),
    ("HB", "A1"): Notice(recalled_on=date(2025, 1, 15)),
    ("DPT-IPV-HIB", "B2"): Notice(date(2025, 12, 31), date(2025, 3, 1)),
}
_LOT_ROWS = pl.DataFrame(
    [(vaccine, f" {lot[0].lower()} {lot[1]}", notice.expires_on, notice.recalled_on) for (vaccine, lot), notice in NOTICES.items()],
    schema={"vaccine_code": pl.String, "lot_number": pl.String, "expires_on": pl.Date, "recalled_on": pl.Date},
    orient="row",
)
LOTS = pl.concat([reference_tables()["lot_notice"].clear(), _LOT_ROWS], how="diagonal")
BY = ((), ("vaccine",), ("month",), ("vaccine", "dose"), ("received_month", "ward"), ("institution",))
Records = list[tuple[Cell, set[str], DoseRecord]]


@cache
def opened(seed: int) -> tuple[Records, duckdb.DuckDBPyConnection]:
    dice = random.Random(seed)
    case = random_case(read_rules(), seed, persons=150)
    events = [_with_flaws(dice, event, line) for line, event in enumerate(case.ledger.events, start=1)]
    stranger = Person(9999, None, "0", (), "unknown", is_registered=False)
    events.append(Event(9999, "MR", "MR-1", date(2025, 7, 1), batch=1, line=len(events) + 1))
    case = Case(
        replace(case.ledger, persons=(*case.ledger.persons, stranger), events=events, reference={"lot_notice": LOTS}),
        case.received_on,
        case.notices,
    )
    return checked_records(Study(read_rules(), case), NOTICES), build_case(case)


def _with_flaws(dice: random.Random, event: Event, line: int) -> Event:
    """Lots, lines and months of payment; now and then a record of no known stage."""
    changed: dict[str, Any] = {"lot": dice.choice(("A1", "a 1", "B2", None)), "line": line, "paid_month": dice.choice((None, 202512))}
    if dice.random() < 0.03:
        changed["dose"] = "unknown"
    return replace(event, **changed)


def expected(records: Records, by: tuple[str, ...]) -> dict[tuple[Any, ...], tuple[int, int, int, int]]:
    """(dimensions, rule) to records, errors, persons, persons in error."""
    checked: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    wrong: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for cell, errors, _ in records:
        key = tuple(cell[name] for name in by)
        checked[key].append(cell["person"])
        for rule in (*errors, *((ANY,) if errors else ())):
            wrong[(*key, rule)].append(cell["person"])
    return {
        (*key, rule): (len(persons), len(wrong[(*key, rule)]), len(set(persons)), len(set(wrong[(*key, rule)])))
        for key, persons in checked.items()
        for rule in (*ERROR_RULES, ANY)
    }


@pytest.mark.parametrize("seed", seeds(4))
@pytest.mark.parametrize("by", BY, ids=lambda by: "-".join(by) or "all")
def test_counts_agree_with_the_reference(seed: int, by: tuple[str, ...]) -> None:
    records, connection = opened(seed)
    answer = ask(connection, "error_checks", by=by)
    columns = ("doses_checked_count", "errors_count", "privacy_count", "error_persons")
    found = {(*(row[name] for name in by), row["rule"]): tuple(row[column] for column in columns) for row in answer.to_dicts()}
    wanted = expected(records, by)
    assert {key: (found.get(key), wanted.get(key)) for key in {*found, *wanted} if found.get(key) != wanted.get(key)} == {}


def test_every_rule_is_met_by_some_random_ledger() -> None:
    met = Counter(rule for seed in range(4) for _, errors, _ in opened(seed)[0] for rule in errors)
    assert set(met) == set(ERROR_RULES)


@pytest.mark.parametrize("seed", range(2))
def test_a_fiscal_year_holds_its_dated_records_and_a_filter_one_rule(seed: int) -> None:
    records, connection = opened(seed)
    of_year = [(cell, errors, r) for cell, errors, r in records if r.given_on and date(2025, 4, 1) <= r.given_on <= date(2026, 3, 31)]
    answer = ask(connection, "error_checks", by=("vaccine",), where={"rule": ["too_late", ANY]}, fiscal_year=2025)
    found = {(row["vaccine"], row["rule"]): row["errors_count"] for row in answer.to_dicts()}
    assert found == {key: counts[1] for key, counts in expected(of_year, ("vaccine",)).items() if key[1] in ("too_late", ANY)}


@pytest.mark.parametrize("seed", range(2))
def test_the_worklist_has_exactly_the_lines_that_are_counted(seed: int) -> None:
    records, connection = opened(seed)
    definition = worklists()["error_checks"]
    for where in ({}, {"rule": ["too_many"]}, {"vaccine": ["MR", "HB"]}):
        compiled = compile_worklist(definition, where=resolve_filters(definition, where, reference_tables()))
        listed = Counter(connection.execute(compiled.sql, dict(compiled.parameters)).pl().select("line", "reason").iter_rows())
        wanted = Counter(
            (record.event.line, rule)
            for cell, errors, record in records
            for rule in errors
            if rule in where.get("rule", [rule]) and cell["vaccine"] in where.get("vaccine", [cell["vaccine"]])
        )
        assert listed == wanted

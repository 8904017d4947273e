"""The shared copy against the ledger: rules by example, plain loops on random ledgers, and the worklist."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.effort import seeds
from tests.measures import brute_covid
from tests.measures.brute_force import residence_on
from tests.measures.covid_marts import Copy, covid_mart, figures
from tests.measures.mart_factory import Event, Ledger, ask, keep_tables
from tests.measures.people import dose, on, resident
from tests.measures.random_ledgers import random_ledger

from daicho.measures import compile_worklist, worklists

DAY = on("2025-06-01")
GIRL = resident(1, "2012-05-01")
HPV = ("HPV2", "HPV4", "HPV9")


def outcomes(copies: Sequence[Copy], *events: Event, people: Sequence[Any] = (GIRL,), **asked: Any) -> dict[Any, Any]:
    with covid_mart(Ledger(people, events), copies) as connection:
        return figures(ask(connection, "shared_copy_check", by=("outcome",), **asked), ("outcome",), ("doses_count",))


def copy(day: Any = DAY, name: str | None = "シルガード9", *, number: int = 1, vaccine: str = "HPV9", **more: Any) -> Copy:
    return Copy(1, vaccine, number, day, name, **more)


def hpv(day: str = "2025-06-01", code: str = "HPV9-1", product: str | None = "シルガード9水性懸濁筋注", **more: Any) -> Event:
    return dose(1, code, day, product=product, **more)


def test_the_same_day_and_a_name_written_short_agree() -> None:
    assert outcomes([copy()], hpv()) == {"agree": 1}


def test_another_day_another_name_or_both_differ() -> None:
    assert outcomes([copy(DAY + timedelta(7))], hpv()) == {"differs_date": 1}
    assert outcomes([copy(name="ガーダシル")], hpv()) == {"differs_name": 1}
    assert outcomes([copy(DAY + timedelta(7), "ガーダシル")], hpv()) == {"differs_date_and_name": 1}
    assert outcomes([copy(name="ガーダシル", vaccine="HPV4")], hpv(code="HPV4-1", product="ガーダシル9")) == {"differs_name": 1}


def test_a_name_that_one_of_them_lacks_is_no_difference() -> None:
    assert outcomes([copy(name=None)], hpv()) == {"agree": 1}
    assert outcomes([copy()], hpv(product=None)) == {"agree": 1}


def test_another_number_or_vaccine_is_another_dose() -> None:
    assert outcomes([copy(number=2)], hpv()) == {"only_copy": 1, "only_original": 1}
    assert outcomes([copy(vaccine="HPV4")], hpv()) == {"only_copy": 1, "only_original": 1}


def test_the_dose_of_the_day_is_paired_before_another_of_its_number() -> None:
    assert outcomes([copy(DAY - timedelta(30)), copy()], hpv()) == {"agree": 1, "only_copy": 1}


def test_vaccines_of_diseases_that_the_copy_does_not_hold_are_left_out() -> None:
    assert outcomes([copy()], hpv(), dose(1, "MR-1", "2013-06-01")) == {"agree": 1}
    assert outcomes([], hpv()) == {}


def test_a_dose_from_before_moving_in_is_not_ours_to_offer() -> None:
    newcomer = resident(1, "2012-05-01", since="2025-07-01")
    assert outcomes([copy(number=2)], hpv(), people=[newcomer]) == {"only_copy": 1, "not_offered": 1}
    assert outcomes([copy()], hpv(), people=[newcomer]) == {"agree": 1}


def test_rows_under_two_numbers_and_two_deliveries_are_one_copy() -> None:
    assert outcomes([copy(), copy(is_current=False), copy(batch=4)], hpv()) == {"agree": 1}


def test_a_dose_that_came_twice_is_one_original() -> None:
    assert outcomes([copy()], hpv(), hpv(paid_month=None)) == {"agree": 1}


def test_the_year_is_that_of_the_original() -> None:
    rows = [copy(on("2026-04-02"))], hpv("2026-03-31")
    assert outcomes(*rows, fiscal_year=2025) == {"differs_date": 1}
    assert outcomes(*rows, fiscal_year=2026) == {}


def test_the_worklist_names_both_rows_and_leaves_out_what_agrees() -> None:
    files = [(1, "vaccination", DAY, "a", "doses.csv", True), (3, "shared_copy", DAY, "b", "copy.csv", True)]
    events = (hpv(line=4, batch=1), hpv("2025-08-01", "HPV9-2", line=5, batch=1))
    with covid_mart(Ledger([GIRL], events, batches=files), [copy(line=2), copy(on("2025-08-02"), number=2, line=3)]) as connection:
        compiled = compile_worklist(worklists()["shared_copy"])
        keep_tables(connection, compiled.sql)
        listed = connection.execute(compiled.sql, dict(compiled.parameters)).pl()
    assert listed.select("source_file", "line", "reason", "class").rows() == [
        ("copy.csv", 3, "differs_date", "copy"), ("doses.csv", 5, "differs_date", "original"),
    ]  # fmt: skip


def random_copies(seed: int, ledger: Ledger) -> list[Copy]:
    """The ledger's HPV doses, some missing, moved, renamed, repeated or with another number."""
    dice, copies = random.Random(seed), []
    for event in (e for e in ledger.events if e.vaccine in HPV and not e.is_screened_only):
        number, day = int(event.dose.rpartition("-")[2]), event.given_on
        for _ in range(dice.choice((0, 1, 1, 1, 2))):
            day = day + timedelta(dice.choice((0, 0, 0, 7))) if day else None
            copies.append(Copy(event.person, event.vaccine, dice.choice((number, number, 2)), day, dice.choice(("シルガード9", "ガーダシル", None)),
                               batch=100_000, line=len(copies) + 2))  # fmt: skip
    return copies


@pytest.mark.parametrize("seed", seeds(3))
def test_outcomes_are_those_of_plain_loops(seed: int) -> None:
    ledger = random_ledger(seed)
    dice = random.Random(seed)
    named = [replace(e, product=dice.choice(("シルガード9水性懸濁", "ガーダシル", None))) if e.vaccine in HPV else e for e in ledger.events]
    ledger = Ledger(ledger.persons, named)
    copies = random_copies(seed, ledger)
    persons = {person.person: person for person in ledger.persons}
    originals = {
        (e.person, e.dose, e.given_on or i): e for i, e in reversed(list(enumerate(named))) if e.vaccine in HPV and not e.is_screened_only
    }
    with covid_mart(ledger, copies) as connection:
        # Of a dose that came twice, the mart says which row counts, and with it the name.
        counted = connection.execute("SELECT person, dose, given_on, product FROM dose WHERE vaccine LIKE 'HPV%' ORDER BY batch").fetchall()
        by = ("outcome", "vaccine")
        asked = figures(ask(connection, "shared_copy_check", by=by), by, ("doses_count",))
    assert len(counted) == len(originals)
    events = [Event(person, code.rpartition("-")[0], code, day, product=name) for person, code, day, name in counted]
    expected = brute_covid.shared_copy(
        copies,
        events,
        was_resident=lambda e: residence_on(persons[e.person], e.given_on) is not None,
        vaccines=HPV,  # type: ignore[arg-type]
    )
    assert asked == dict(expected)

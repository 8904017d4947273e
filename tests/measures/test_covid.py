"""COVID-19 doses, coverage, certificates and the two sources: rules by example, and plain loops on random ledgers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from tests.effort import seeds
from tests.measures import brute_covid
from tests.measures.covid_marts import Record, Row, Told, covid_mart, figures
from tests.measures.mart_factory import Ledger, ask, reference_tables
from tests.measures.people import on, resident
from tests.measures.random_ledgers import random_ledger

from daicho.measures import compile_worklist, resolve_filters, worklists
from daicho.measures.covid_vocabulary import COVID_OUTCOMES

DAY = on("2021-07-01")
MAKERS = ("pfizer", "pfizer", "moderna", "unknown", None)
PLACES = ("131032", "131032", "13103", "131041", "271004", "9", None)
DOSE_CUTS = ("dose_number", "maker", "product", "month", "fiscal_year", "age_band", "sex", "district", "municipality", "source")


def outcomes(*rows: Row) -> dict[Any, Any]:
    with covid_mart(Ledger([resident(1, "1980-05-01")]), rows) as connection:
        return figures(ask(connection, "covid_sources", by=("outcome",)), ("outcome",), ("doses_count",))


def doses(*rows: Row, by: Sequence[str] = (), people: Sequence[Any] = (resident(1, "1980-05-01"),), **asked: Any) -> dict[Any, Any]:
    with covid_mart(Ledger(people), rows) as connection:
        return figures(ask(connection, "covid_doses", by=by, **asked), by, ("doses_count", "persons_count"))


def test_one_dose_in_both_sources_is_one_dose() -> None:
    assert doses(Record(1, 1, DAY), Told(1, 1, DAY)) == {(): (1, 1)}
    assert outcomes(Record(1, 1, DAY), Told(1, 1, DAY)) == {"agree": 1}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"given_on": on("2021-07-02")}, "differs_date"), ({"maker": "moderna"}, "differs_maker"), ({"lot": "XX"}, "differs_lot"),
        ({"municipality_code": "131041"}, "differs_municipality"), ({"maker": "moderna", "lot": "XX"}, "differs_several"),
        ({"maker": None, "lot": None}, "agree"), ({"maker": "unknown"}, "agree"), ({"lot": "fa0001"}, "agree"), ({"municipality_code": "13103"}, "agree"),
        ({"number": 2}, None),
    ],
)  # fmt: skip
def test_a_dose_has_the_outcome_of_the_field_that_disagrees(change: dict[str, Any], outcome: str | None) -> None:
    expected = {outcome: 1} if outcome else {"only_ledger": 1, "only_vrs": 1}
    assert outcomes(Record(1, 1, DAY), replace(Told(1, 1, DAY), **change)) == expected


def test_where_the_sources_disagree_the_ledger_is_counted() -> None:
    rows = (Record(1, 1, on("2021-06-30")), Told(1, 1, on("2021-07-01"), maker="moderna"))
    assert doses(*rows, by=("month", "maker")) == {(202106, "pfizer"): (1, 1)}


def test_an_unlinked_row_is_one_person_and_matches_nobody() -> None:
    rows = (Record(1, 1, DAY), Told(None, 1, DAY, line=7), Told(None, 2, DAY + timedelta(21), line=7), Told(None, 1, DAY, line=8))
    assert doses(*rows, by=("source", "sex")) == {("only_ledger", "1"): (1, 1), ("unlinked", "unknown"): (3, 2)}


def test_a_later_delivery_repeats_unlinked_rows_and_adds_none() -> None:
    first = [Told(None, 1, DAY, line=line) for line in (2, 3)]
    again = [replace(row, batch=3, line=row.line + 40) for row in [*first, Told(None, 1, DAY, lot="other", line=9)]]
    assert doses(*first, *again) == {(): (3, 3)}


def test_what_was_not_given_is_no_dose_and_a_cancellation_ends_one() -> None:
    rows = [Record(1, number, DAY, status=status) for number, status in ((1, "not_given"), (2, "screened"), (3, "cancelled"), (4, None))]
    assert doses(*rows, by=("dose_number",)) == {4: (1, 1)}
    assert doses(Record(1, 1, DAY), Record(1, 1, DAY, status="cancelled", batch=2)) == {}


def test_persons_with_two_numbers_have_each_dose_once() -> None:
    old, new = Record(1, 1, DAY, is_current=False), Record(1, 1, DAY + timedelta(1))
    assert doses(old, new, by=("month",)) == {202107: (1, 1)}
    # 未接種 under the new number takes nothing from what stands under the old one.
    assert doses(old, Record(1, 1, None, status="not_given", batch=2)) == {(): (1, 1)}


def test_a_record_without_number_is_the_dose_of_its_day() -> None:
    assert outcomes(Record(1, None, DAY), Told(1, 2, DAY)) == {"agree": 1}
    assert doses(Record(1, None, DAY), Record(1, 1, DAY), by=("dose_number",)) == {1: (1, 1)}
    assert doses(Record(1, 0, DAY), Record(1, 1, DAY + timedelta(30)), by=("dose_number",)) == {1: (1, 1), None: (1, 1)}


def test_unknown_things_stay_in_the_total() -> None:
    people = [resident(1, None, sex="0"), resident(2, "1980-05-01", since="2022-01-01")]
    rows = (
        Record(1, 1, DAY, maker="unknown", municipality_code=None),
        Record(2, 1, None, maker=None, municipality_code="99", product_name="odd"),
    )
    for by in ("age_band", "maker", "municipality", "product"):
        assert doses(*rows, by=(by,), people=people) == {"unknown": (2, 2)}
    assert doses(*rows, by=("district", "month"), people=people) == {("shiba", 202107): (1, 1), ("unknown", None): (1, 1)}
    assert doses(*rows, people=people, fiscal_year=2021) == {(): (1, 1)}
    assert doses(*rows, people=people, as_of=DAY) == {(): (2, 2)}


def test_the_municipality_is_own_of_the_prefecture_or_elsewhere() -> None:
    rows = [
        Record(1, k, DAY, municipality_code=code) for k, code in enumerate(("131032", "13103", "132292", "141003", "991000", "x"), start=1)
    ]
    assert doses(*rows, by=("municipality",)) == {"own": (2, 1), "same_prefecture": (1, 1), "elsewhere": (1, 1), "unknown": (2, 1)}


def test_coverage_counts_residents_with_at_least_so_many_doses_by_the_day() -> None:
    people = [resident(number, "1980-05-01") for number in (1, 2, 3)] + [resident(4, "1980-05-01", until="2021-08-01")]
    rows = (
        Record(1, 1, DAY), Record(1, 2, on("2021-08-02")),  # the second a day too late
        Told(2, 3, DAY),                                    # the third alone is on record
        Record(3, None, DAY), Record(3, None, DAY + timedelta(21)),
        Record(4, 1, DAY), Told(None, 1, DAY),
    )  # fmt: skip
    with covid_mart(Ledger(people), rows) as connection:
        frame = ask(connection, "covid_coverage", by=("dose_number",), where={"dose_number": ["1", "2", "3", "4"]}, as_of=on("2021-08-01"))
    found = figures(frame, ("dose_number",), ("eligible_count", "vaccinated_count"))
    assert found == {1: (3, 3), 2: (3, 2), 3: (3, 1), 4: (3, 0)}


def test_a_certificate_on_two_doses_is_one() -> None:
    issued = {"certificate_issued_on": on("2022-01-10"), "certificate_channel": "store"}
    rows = (Record(1, 1, DAY, **issued), Record(1, 2, DAY, **issued), Record(1, 3, DAY, **issued | {"certificate_channel": None}),
            Record(1, 4, DAY, certificate_issued_on=on("2022-02-10"), certificate_channel="counter"))  # fmt: skip
    with covid_mart(Ledger([resident(1, "1980-05-01")]), rows) as connection:
        frame = ask(connection, "covid_certificates", by=("certificate_channel", "month"))
    found = figures(frame, ("certificate_channel", "month"), ("certificates_count", "persons_count"))
    assert found == {("counter", 202202): (1, 1), ("store", 202201): (1, 1), ("unknown", 202201): (1, 1)}


def test_the_worklist_names_both_rows_of_a_disagreement() -> None:
    rows = (Record(1, 1, DAY, line=5), Told(1, 1, DAY, maker="moderna", line=8), Record(1, 2, DAY, line=6), Told(1, 2, DAY, line=8),
            Told(None, 1, DAY, line=9))  # fmt: skip
    files = [(1, "covid_record", DAY, "a", "covid.csv", True), (2, "vrs_wide", DAY, "b", "vrs.csv", True)]
    definition = worklists()["covid_sources"]
    with covid_mart(Ledger([resident(1, "1980-05-01")], batches=files), rows) as connection:
        compiled = compile_worklist(definition)
        listed = connection.execute(compiled.sql, dict(compiled.parameters)).pl().select("source_file", "line", "reason", "class").rows()
        some = compile_worklist(
            definition, where=resolve_filters(definition, {"outcome": ["個人に結び付かない".join(("VRS（", "）"))]}, reference_tables())
        )
        assert connection.execute(some.sql, dict(some.parameters)).pl()["line"].to_list() == [9]
    assert listed == [
        ("covid.csv", 5, "differs_maker", "ledger"), ("vrs.csv", 8, "differs_maker", "vrs"), ("vrs.csv", 9, "unlinked", "vrs"),
    ]  # fmt: skip


# --- Random ledgers ---------------------------------------------------------------------------------------------------------


def random_rows(seed: int, ledger: Ledger) -> list[Row]:
    """Few days, numbers, lots and lines, so that rows meet: two deliveries, two numbers of one person, every flaw."""
    dice = random.Random(seed)
    days = [None, *(DAY + timedelta(days=21 * k) for k in range(5))]
    rows: list[Row] = []
    for person in ledger.persons[:100]:
        for _ in range(dice.randrange(0, 7)):
            common = {
                "number": dice.choice((1, 1, 2, 2, 3, 4, 0, None)), "given_on": dice.choice(days), "maker": dice.choice(MAKERS),
                "lot": dice.choice(("FA1", "FA1", "fa1", "FB2", None)), "municipality_code": dice.choice(PLACES),
                "is_current": dice.random() < 0.85, "line": len(rows) + 2,
            }  # fmt: skip
            if dice.random() < 0.55:
                issued = dice.choice((None, None, *days[1:3]))
                rows.append(Record(
                    person.person, **common, status=dice.choice(("given",) * 6 + ("unknown", None, "not_given", "cancelled")), batch=dice.choice((1, 1, 4)),
                    product_name=dice.choice(("comirnaty", None)), certificate_issued_on=issued, certificate_channel=dice.choice(("counter", "store", None)),
                ))  # fmt: skip
            else:
                owner = None if dice.random() < 0.2 else person.person
                told = Told(owner, **common | {"number": dice.choice((1, 2, 3))}, batch=dice.choice((2, 2, 5)),
                            registered_at=dice.choice((None, datetime(2021, 8, 1, 9), datetime(2021, 9, 1, 9))))  # fmt: skip
                rows += [told, replace(told, batch=5, line=told.line + 1000)] if dice.random() < 0.3 else [told]
    return rows


@pytest.fixture(scope="module", params=seeds(4))
def world(request: pytest.FixtureRequest) -> Iterator[tuple[Ledger, list[Row], list[brute_covid.Dose], duckdb.DuckDBPyConnection]]:
    ledger = random_ledger(request.param)
    rows = random_rows(request.param, ledger)
    with covid_mart(ledger, rows) as connection:
        yield ledger, rows, brute_covid.doses(rows), connection


World = tuple[Ledger, list[Row], list[brute_covid.Dose], duckdb.DuckDBPyConnection]


def plain(found: dict[Any, Any], by: Sequence[str]) -> dict[Any, Any]:
    return {key[0] if len(by) == 1 else key: value for key, value in found.items() if any(value)}


@pytest.mark.parametrize("by", [(), *((name,) for name in DOSE_CUTS), DOSE_CUTS])
def test_doses_are_those_of_plain_loops(world: World, by: tuple[str, ...]) -> None:
    ledger, _, found, connection = world
    for year, as_of in ((None, None), (2021, None), (None, DAY + timedelta(days=30))):
        asked = figures(ask(connection, "covid_doses", by=by, fiscal_year=year, as_of=as_of), by, ("doses_count", "persons_count"))
        assert asked == plain(brute_covid.counted(found, ledger, by, year=year, as_of=as_of), by)


def test_sources_are_those_of_plain_loops(world: World) -> None:
    ledger, _, found, connection = world
    by = ("outcome", "dose_number", "month")
    asked = figures(ask(connection, "covid_sources", by=by), by, ("doses_count",))
    assert asked == {cell: count for cell, (count, _) in brute_covid.counted(found, ledger, by).items()}


@pytest.mark.parametrize("by", [("dose_number",), ("dose_number", "age_band", "district", "sex")])
def test_coverage_is_that_of_plain_loops(world: World, by: tuple[str, ...]) -> None:
    ledger, _, found, connection = world
    for as_of in (DAY, DAY + timedelta(days=63), on("2026-03-31")):
        frame = ask(connection, "covid_coverage", by=by, where={"dose_number": ["1", "2", "3"]}, as_of=as_of)
        asked = figures(frame, by, ("eligible_count", "vaccinated_count"))
        assert asked == plain(brute_covid.coverage(found, ledger, by, as_of=as_of, steps=(1, 2, 3)), by)


def test_every_outcome_occurs_on_the_random_ledgers() -> None:
    found = {dose.outcome for seed in range(4) for dose in brute_covid.doses(random_rows(seed, random_ledger(seed)))}
    assert found == set(COVID_OUTCOMES)


def test_certificates_are_those_of_plain_loops(world: World) -> None:
    _, rows, _, connection = world
    by = ("certificate_channel", "month")
    assert figures(ask(connection, "covid_certificates", by=by), by, ("certificates_count",)) == dict(brute_covid.certificates(rows))


def test_every_dose_is_in_one_cell_of_each_measure(world: World) -> None:
    _, _, _, connection = world
    total = ask(connection, "covid_doses")["doses_count"][0]
    for measure, by in (("covid_doses", DOSE_CUTS), ("covid_sources", ("outcome", "dose_number", "month"))):
        assert ask(connection, measure, by=by)["doses_count"].sum() == total


def test_the_worklist_has_a_row_for_each_side_of_each_disagreement(world: World) -> None:
    _, _, found, connection = world
    compiled = compile_worklist(worklists()["covid_sources"])
    listed = connection.execute(compiled.sql, dict(compiled.parameters)).pl()
    differing = [dose for dose in found if dose.outcome != "agree"]
    lines = sorted(row.line for dose in differing for row in (dose.record, dose.told) if row is not None)
    assert sorted(listed["line"].to_list()) == lines and listed["persons"][0] == len({dose.holder for dose in differing})

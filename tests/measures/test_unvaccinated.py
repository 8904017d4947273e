"""Who is counted as unvaccinated: rules on marts made by hand, and the same persons as on the worklist on random ledgers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from tests.measures.mart_factory import Event, Ledger, Person, appraise, ask, build_mart, reference_tables
from tests.measures.people import count, dose, on, resident, table
from tests.measures.random_ledgers import random_ledger

from daicho.measures import compile_worklist, resolve_filters, worklists

TODAY = on("2026-04-01")
MR1 = {"vaccine": ["MR"], "dose": ["1期"]}
FIGURES = ("open_count", "unvaccinated_count", "unknown_history_count")
WORKLIST_CLASSES = {"within_365_days": "over_180_days", "later": "over_180_days"}
STAGES = {
    "MR": ["MR-1", "MR-2"], "VAR": ["VAR-1", "VAR-2"], "DPT-IPV-HIB": ["DPT-IPV-HIB-11", "DPT-IPV-HIB-12"], "HPV9": ["HPV9-1", "HPV9-3"],
    "FLU-E": ["FLU-E-1"],
}  # fmt: skip


def figures(*people: Person, events: Sequence[Event] = (), as_of: date = TODAY, **more: Any) -> tuple[int, ...]:
    row = count(Ledger(people, events), "unvaccinated", **({"where": MR1, "as_of": as_of} | more))
    return tuple(row[name] for name in FIGURES)


def test_the_open_have_the_stage_or_lack_it_or_have_an_unknown_history() -> None:
    children = [
        resident(1, "2025-01-10"),
        resident(2, "2025-01-10"),
        resident(3, "2025-01-10", since="2026-02-01"),
        resident(4, "2023-01-10"),
    ]
    assert figures(*children, events=(dose(1, "MR-1", "2026-02-01"),)) == (3, 1, 1)


def test_whoever_moved_in_on_the_first_legal_day_is_unvaccinated_and_a_day_later_of_unknown_history() -> None:
    # Twelve months are reached on 9 January.
    assert figures(resident(1, "2025-01-10", since="2026-01-09")) == (1, 1, 0)
    assert figures(resident(1, "2025-01-10", since="2026-01-10")) == (1, 0, 1)


def test_whoever_moved_in_late_with_the_dose_on_record_is_vaccinated() -> None:
    assert figures(resident(1, "2025-01-10", since="2026-02-01"), events=(dose(1, "MR-1", "2026-01-20"),)) == (1, 0, 0)


def test_valid_does_not_take_a_dose_given_too_early() -> None:
    child, early = resident(1, "2025-01-10"), (dose(1, "MR-1", "2025-12-01"),)
    assert figures(child, events=early) == (1, 0, 0)
    assert figures(child, events=early, validity="valid") == (1, 1, 0)


def test_the_history_of_a_seasonal_vaccine_begins_with_the_season() -> None:
    seniors = [resident(1, "1950-06-01", since="2020-01-01"), resident(2, "1950-06-01", since="2025-10-20")]
    where = {"vaccine": ["FLU-E"], "dose": ["FLU-E-1"]}
    assert figures(*seniors, as_of=on("2026-01-20"), where=where) == (2, 1, 1)


def test_whoever_needs_no_third_dose_is_not_counted_for_it() -> None:
    girl = resident(1, "2011-05-01", sex="2", since="2012-01-01")
    complete = (dose(1, "HPV9-1", "2024-06-01"), dose(1, "HPV9-2", "2025-06-01"))
    assert figures(girl, events=complete, where={"vaccine": ["HPV9"], "dose": ["HPV9-3"]}) == (0, 0, 0)


def test_the_window_closes_within_thirty_days_counting_the_as_of_day() -> None:
    last_days = {
        "2026-04-01": "within_30_days", "2026-04-30": "within_30_days", "2026-05-01": "within_90_days", "2026-06-29": "within_90_days",
        "2026-06-30": "within_180_days", "2026-09-27": "within_180_days", "2026-09-28": "over_180_days",
    }  # fmt: skip
    births = [on(last) + timedelta(days=1) for last in last_days]
    children = [resident(number, birth.replace(year=birth.year - 2).isoformat()) for number, birth in enumerate(births, start=1)]
    found = table(Ledger(children), "unvaccinated", by=("closing",), values=("unvaccinated_count",), where=MR1, as_of=TODAY)
    assert found == dict(Counter(last_days.values()))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("validity", ["crude", "valid"])
def test_the_worklist_lists_as_many_as_the_measure_counts(seed: int, validity: str) -> None:
    random = random_ledger(seed)
    rows = [(person.person, 1, person.person) for person in random.persons if person.is_registered]
    ledger = Ledger(random.persons, random.events, rows=rows, batches=[(1, "resident", on("2026-11-24"), "a", "resident.csv", True)])
    definition, where = worklists()["reminders"], {"vaccine": list(STAGES), "dose": [code for codes in STAGES.values() for code in codes]}
    with build_mart(ledger) as connection:
        appraise(connection)
        for as_of in (on("2025-11-10"), TODAY, on("2026-11-24")):
            parameters = {"as_of": as_of, "validity": validity}
            compiled = compile_worklist(definition, where=resolve_filters(definition, where, reference_tables()), parameters=parameters)
            listed = connection.execute(compiled.sql, dict(compiled.parameters)).pl()
            counted = ask(connection, "unvaccinated", by=("dose", "closing"), where=where, **parameters)
            assert listed.height > 0 and by_class(listed) == without_the_stage(counted)


def by_class(listed: pl.DataFrame) -> dict[tuple[str, str], int]:
    return dict(Counter((reason, WORKLIST_CLASSES.get(kind, kind)) for reason, kind in listed.select("reason", "class").iter_rows()))


def without_the_stage(counted: pl.DataFrame) -> dict[tuple[str, str], int]:
    """The unvaccinated and those of unknown history together."""
    found = counted.select("dose", "closing", pl.col("unvaccinated_count") + pl.col("unknown_history_count")).iter_rows()
    return {(code, closing): number for code, closing, number in found if number}

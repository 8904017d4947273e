"""Who stands on a worklist, and with which pointer: rules on a mart made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from tests.measures.mart_factory import Event, Ledger, Person, appraise, build_mart, keep_tables, reference_tables
from tests.measures.people import dose, on, resident, screening

from daicho.core.errors import UsageError
from daicho.measures import compile_worklist, resolve_filters, worklists

TODAY = "2026-04-01"
MR1 = {"vaccine": ["MR"], "dose": ["1期"]}
FILES = ((1, "resident", on("2026-11-24"), "a", "resident.csv", True), (2, "vaccination", on("2026-11-24"), "b", "doses.csv", True))


def frame_of(ledger: Ledger, name: str, where: Mapping[str, Sequence[str]], **parameters: Any) -> pl.DataFrame:
    definition = worklists()[name]
    compiled = compile_worklist(definition, where=resolve_filters(definition, where, reference_tables()), parameters=parameters)
    with build_mart(ledger) as connection:
        if name == "reminders":
            appraise(connection)
        keep_tables(connection, compiled.sql)
        return connection.execute(compiled.sql, dict(compiled.parameters)).pl()


def reminded(
    *people: Person, events: Sequence[Event] = (), where: Mapping[str, Sequence[str]] = MR1, as_of: str = TODAY, **more: Any
) -> list[tuple[int, str, str]]:
    """Line (a person's line is their number), reason, class."""
    ledger = Ledger(people, [replace(event, batch=2) for event in events], rows=[(p.person, 1, p.person) for p in people], batches=FILES)
    frame = frame_of(ledger, "reminders", where, as_of=on(as_of), **more)
    assert set(frame["source_file"]) <= {"resident.csv"}
    return frame.select("line", "reason", "class").rows()


def test_a_resident_inside_the_window_without_the_stage_is_listed() -> None:
    assert reminded(resident(1, "2025-01-10")) == [(1, "MR-1", "within_365_days")]


def test_whoever_is_outside_the_window_or_no_resident_is_not() -> None:
    assert reminded(
        resident(1, "2025-04-03"),  # window not open yet
        resident(2, "2024-04-01"),  # window over
        resident(3, "2025-01-10", until="2026-04-01"),  # removed that day
        resident(4, "2025-01-10", since="2026-04-02"),  # not here yet
        resident(5, None),  # day of birth unknown
    ) == []  # fmt: skip


def test_the_first_and_the_last_legal_day_are_inside() -> None:
    # The age is reached the day before the birthday.
    assert reminded(resident(1, "2025-04-02"), resident(2, "2024-04-02")) == [(1, "MR-1", "later"), (2, "MR-1", "within_30_days")]


def test_the_class_is_the_time_until_the_window_closes() -> None:
    last_days = {
        "2026-04-30": "within_30_days", "2026-05-01": "within_90_days", "2026-06-29": "within_90_days", "2026-06-30": "within_180_days",
        "2026-09-27": "within_180_days", "2026-09-28": "within_365_days", "2027-03-31": "within_365_days", "2027-04-01": "later",
    }  # fmt: skip
    births = [on(last) + timedelta(days=1) for last in last_days]
    children = [resident(number, birth.replace(year=birth.year - 2).isoformat()) for number, birth in enumerate(births, start=1)]
    assert [entry[2] for entry in reminded(*children)] == list(last_days.values())


def test_whoever_has_the_stage_is_not_listed() -> None:
    children = [resident(number, "2025-01-10") for number in range(1, 5)]
    events = [
        dose(1, "MR-1", "2026-02-01"),
        dose(2, "MR-1", None),  # without a date, and given all the same
        dose(3, "MR-1", "2026-04-02"),  # after the as-of day
        screening(4, "MR-1", "2026-02-01"),
    ]
    assert [entry[0] for entry in reminded(*children, events=events)] == [3, 4]


def test_valid_asks_for_a_dose_that_counts() -> None:
    children = [resident(number, "2025-01-10") for number in (1, 2)]
    events = [dose(1, "MR-1", "2025-12-01"), dose(2, "MR-1", "2026-02-01")]  # the first came too early
    assert reminded(*children, events=events) == []
    assert [entry[0] for entry in reminded(*children, events=events, validity="valid")] == [1]


def test_a_dose_of_another_vaccine_of_the_series_fills_the_slot() -> None:
    girls = [resident(number, "2011-05-01", sex="2", since="2012-01-01") for number in (1, 2)]
    where = {"vaccine": ["HPV9"], "dose": ["HPV9-1"]}
    assert [entry[0] for entry in reminded(*girls, events=[dose(1, "HPV4-1", "2025-06-01")], where=where)] == [2]


def test_a_completed_two_dose_course_has_nothing_due() -> None:
    girls = [resident(number, "2011-05-01", sex="2", since="2012-01-01") for number in (1, 2)]
    complete = [dose(1, "HPV9-1", "2024-06-01"), dose(1, "HPV9-2", "2025-06-01")]
    too_soon = [dose(2, "HPV9-1", "2025-10-01"), dose(2, "HPV9-2", "2025-12-15")]
    assert [entry[:2] for entry in reminded(*girls, events=complete + too_soon, where={"vaccine": ["HPV9"], "dose": ["HPV9-3"]})] == [
        (2, "HPV9-3")
    ]


def test_a_course_begun_late_has_no_place_for_the_stages_it_leaves_out() -> None:
    children = [resident(number, "2025-06-10") for number in (1, 2)]
    begun = [dose(1, "HIB-1", "2026-02-10"), dose(2, "HIB-1", "2025-09-10")]  # at eight months, and in time
    assert [entry[:2] for entry in reminded(*children, events=begun, where={"vaccine": ["HIB"], "dose": ["HIB-2", "HIB-3"]})] == [
        (1, "HIB-2"), (2, "HIB-2"), (2, "HIB-3"),
    ]  # fmt: skip


def test_a_season_is_a_course_of_its_own() -> None:
    senior, where = resident(1, "1950-06-01", since="2010-01-01"), {"vaccine": ["FLU-E"], "dose": ["FLU-E-1"]}
    last_year = [dose(1, "FLU-E-1", "2024-11-01")]
    assert reminded(senior, events=last_year, where=where, as_of="2025-11-10") == [(1, "FLU-E-1", "within_90_days")]
    assert reminded(senior, events=last_year, where=where, as_of="2026-01-20") == [(1, "FLU-E-1", "within_30_days")]
    assert reminded(senior, events=last_year, where=where, as_of="2026-03-20") == [], "no season"
    assert reminded(senior, events=[dose(1, "FLU-E-1", "2025-10-20")], where=where, as_of="2026-01-20") == []


def test_two_stages_are_two_entries_of_one_person_in_the_order_of_lines() -> None:
    people = [resident(number, "2025-10-01") for number in (7, 3)]
    where = {"vaccine": ["DPT-IPV-HIB"], "dose": ["DPT-IPV-HIB-11", "DPT-IPV-HIB-12"]}
    ledger = Ledger(people, (dose(3, "DPT-IPV-HIB-11", "2026-01-05"),), rows=[(7, 1, 9), (3, 1, 20)], batches=FILES)
    frame = frame_of(ledger, "reminders", where, as_of=on(TODAY))
    assert frame.select("line", "reason").rows() == [(9, "DPT-IPV-HIB-11"), (9, "DPT-IPV-HIB-12"), (20, "DPT-IPV-HIB-12")]
    assert set(frame["persons"]) == {2}
    assert frame.columns == ["source_file", "line", "reason", "class", "persons"]


def test_a_row_of_unknown_place_is_listed_last_and_two_files_of_one_name_are_told_apart() -> None:
    people = [resident(number, "2025-01-10") for number in (1, 2, 3)]
    batches = [(number, "resident", on("2026-01-01"), str(number), "resident.csv", number > 1) for number in (1, 2, 3)]
    ledger = Ledger(people, rows=[(1, 2, None), (2, 2, 5), (3, 3, 5)], batches=batches)
    frame = frame_of(ledger, "reminders", MR1, as_of=on(TODAY))
    assert frame.select("source_file", "line").rows() == [
        ("resident.csv [batch 2]", 5),
        ("resident.csv [batch 2]", None),
        ("resident.csv [batch 3]", 5),
    ]


def held(*events: Event, where: Mapping[str, Sequence[str]] | None = None, **parameters: Any) -> list[tuple[Any, ...]]:
    placed = [replace(event, batch=2, line=line) for line, event in enumerate(events, start=2)]
    ledger = Ledger([resident(1, "2024-06-01")], placed, batches=FILES)
    frame = frame_of(ledger, "holds", where or {}, **({"as_of": on("2026-11-24"), "month": 202512} | parameters))
    return frame.select("source_file", "line", "reason", "class").rows()


def test_claims_held_or_rejected_are_listed_by_their_own_rows() -> None:
    first, second = dose(1, "MR-1", "2025-11-01"), dose(1, "MR-1", "2025-11-20")
    assert held(first, second) == [("doses.csv", 3, "SECOND_DOSE", "hold")]
    again = replace(first, location_flag="2")
    assert held(first, again) == [("doses.csv", 3, "DUPLICATE", "reject")]
    assert held(first, second, where={"reason": ["NO_DATE"]}) == []
    assert held(first, second, where={"vaccine": ["BCG"]}) == []


def test_what_is_paid_absorbed_unclaimed_or_of_another_month_is_not_listed() -> None:
    assert held(dose(1, "MR-1", "2025-11-01")) == []
    assert held(dose(1, "MR-1", "2025-11-01"), screening(1, "MR-1", "2025-11-01")) == []
    assert held(dose(1, "MR-1", "2025-11-01", paid_month=None)) == []
    assert held(dose(1, "MR-1", "2025-11-01"), dose(1, "MR-1", "2025-11-20"), month=202511) == []


@pytest.mark.parametrize(
    ("name", "where", "parameters"),
    [
        ("reminders", {"vaccine": ["MR"]}, {"as_of": "2026-04-01"}),
        ("reminders", {**MR1, "district": ["shiba"]}, {"as_of": "2026-04-01"}),
        ("reminders", MR1, {}),
        ("reminders", MR1, {"as_of": "2026-04-01", "birth_date": "2020-01-01"}),
        ("reminders", {"vaccine": ["MR"], "dose": ["HIB-1"]}, {"as_of": "2026-04-01"}),
        ("holds", {}, {"as_of": "2026-04-01"}),
        ("holds", {}, {"as_of": "2026-04-01", "month": 202613}),
    ],
)
def test_whatever_is_outside_the_vocabulary_is_refused(
    name: str, where: Mapping[str, Sequence[str]], parameters: Mapping[str, Any]
) -> None:
    definition = worklists()[name]
    with pytest.raises(UsageError, match="does not offer"):
        compile_worklist(definition, where=resolve_filters(definition, where, reference_tables()), parameters=parameters)


def test_every_worklist_describes_itself() -> None:
    for name, item in worklists().items():
        assert name == item.name and all((item.title, item.title_en, item.description, item.source, item.reasons, item.classes))

"""Of the residents on their milestone day, how many have the dose by then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.measures.mart_factory import Event, Ledger, Person, Spell
from tests.measures.people import count, dose, on, resident, screening, table

from daicho.core.errors import UsageError


def coverage(
    people: list[Person], events: list[Event], code: str = "MR-1", *, as_of: str = "2026-03-31", **parameters: Any
) -> tuple[int, int]:
    where = {"vaccine": [code.rpartition("-")[0]], "dose": [code]}
    row = count(Ledger(people, events), "coverage_cohort", where=where, as_of=on(as_of), **parameters)
    return row["eligible_count"], row["vaccinated_count"]


def test_a_dose_on_the_last_legal_day_counts_and_one_on_the_next_day_does_not() -> None:
    child = resident(1, "2023-11-16")  # MR 1期: until 24 months are reached, 2025-11-15
    assert coverage([child], [dose(1, "MR-1", "2025-11-15")]) == (1, 1)
    assert coverage([child], [dose(1, "MR-1", "2025-11-16")]) == (1, 0)


def test_the_as_of_day_is_the_milestone_where_the_window_is_still_open() -> None:
    child = resident(1, "2024-06-10")
    assert coverage([child], [dose(1, "MR-1", "2026-03-31")], as_of="2026-03-31") == (1, 1)
    assert coverage([child], [dose(1, "MR-1", "2026-04-01")], as_of="2026-03-31") == (1, 0)


def test_who_was_removed_on_the_milestone_day_does_not_count() -> None:
    event = [dose(1, "MR-1", "2025-01-10")]
    assert coverage([resident(1, "2023-11-16", until="2025-11-15")], event) == (0, 0)
    assert coverage([resident(1, "2023-11-16", until="2025-11-16")], event) == (1, 1)


def test_who_moved_in_after_the_milestone_does_not_count_and_before_it_does_with_earlier_doses() -> None:
    event = [dose(1, "MR-1", "2025-01-10")]
    assert coverage([resident(1, "2023-11-16", since="2025-11-16")], event) == (0, 0)
    assert coverage([resident(1, "2023-11-16", since="2025-11-15")], event) == (1, 1)


def test_nobody_counts_before_birth() -> None:
    assert coverage([resident(1, "2026-04-01", since="2026-03-01")], []) == (0, 0)
    assert coverage([resident(1, "2026-03-31", since="2026-03-01")], []) == (1, 0)


def test_partial_birth_dates_are_left_out() -> None:
    assert coverage([resident(1, None)], [dose(1, "MR-1", "2025-01-10")]) == (0, 0)


@pytest.mark.parametrize(("day", "vaccinated"), [("2027-03-31", 1), ("2027-04-01", 0)])
def test_mr_2_ends_with_the_fiscal_year_in_which_six_is_reached(day: str, vaccinated: int) -> None:
    """Born 2020-04-02: 2026-04-01 to 2027-03-31 (schedule.md, B-0)."""
    assert coverage([resident(1, "2020-04-02")], [dose(1, "MR-2", day)], "MR-2", as_of="2028-01-01") == (1, vaccinated)


def test_mr_2_of_a_child_of_1_april_ends_a_year_earlier() -> None:
    assert coverage([resident(1, "2020-04-01")], [dose(1, "MR-2", "2026-03-31")], "MR-2", as_of="2028-01-01") == (1, 1)
    assert coverage([resident(1, "2020-04-01")], [dose(1, "MR-2", "2026-04-01")], "MR-2", as_of="2028-01-01") == (1, 0)


def test_hpv_is_for_women_only() -> None:
    people = [resident(1, "2009-06-01", sex="1"), resident(2, "2009-06-01", sex="2"), resident(3, "2009-06-01", sex="0")]
    assert coverage(people, [dose(2, "HPV9-1", "2024-05-01")], "HPV9-1") == (1, 1)


def test_the_window_of_hpv_runs_to_the_end_of_the_fiscal_year_of_16() -> None:
    """Born 2014-04-02: 2026-04-01 to 2031-03-31; born 2014-04-01 a year before (schedule.md, B-0)."""
    for birth, last, after in (("2014-04-02", "2031-03-31", "2031-04-01"), ("2014-04-01", "2030-03-31", "2030-04-01")):
        assert coverage([resident(1, birth, sex="2")], [dose(1, "HPV9-1", last)], "HPV9-1", as_of="2032-01-01") == (1, 1)
        assert coverage([resident(1, birth, sex="2")], [dose(1, "HPV9-1", after)], "HPV9-1", as_of="2032-01-01") == (1, 0)


def test_who_is_born_too_late_for_a_vaccine_that_ended_is_no_candidate_for_it() -> None:
    """HPV 2価 left the programme on 2026-03-31: a girl who would have been 12 after that day never had a window."""
    girls = [
        resident(1, "2009-06-01", sex="2"),
        resident(2, "2014-04-01", sex="2"),
        resident(3, "2014-04-02", sex="2"),
        resident(4, "2023-01-01", sex="2"),
    ]
    assert coverage(girls, [], "HPV2-1", as_of="2026-03-31") == (2, 0)
    assert coverage(girls, [], "HPV2-1", as_of="2026-11-24") == (2, 0)


def test_hepatitis_b_is_for_births_from_april_2016() -> None:
    assert coverage([resident(1, "2016-03-31"), resident(2, "2016-04-01")], [], "HB-1") == (1, 0)


def test_rotavirus_ends_so_many_days_after_birth() -> None:
    """24週0日 = birth + 168."""
    assert coverage([resident(1, "2024-01-01")], [dose(1, "RV1-1", "2024-06-17")], "RV1-1") == (1, 1)
    assert coverage([resident(1, "2024-01-01")], [dose(1, "RV1-1", "2024-06-18")], "RV1-1") == (1, 0)


def test_where_the_window_has_no_end_the_as_of_day_counts_for_those_who_have_entered_it() -> None:
    people = [resident(1, "1961-04-01", since="2010-01-01"), resident(2, "1961-04-02", since="2010-01-01")]
    assert coverage(people, [], "FLU-E-1", as_of="2026-03-31") == (1, 0)


def test_gestational_weeks_give_no_milestone() -> None:
    assert coverage([resident(1, "1995-01-01", sex="2")], [], "RSV-M-1", as_of="2026-11-24") == (0, 0)


@pytest.mark.parametrize(
    "event",
    [
        screening(1, "MR-1", "2025-01-10"),
        dose(1, "MR-2", "2025-01-10"),
        dose(2, "MR-1", "2025-01-10"),
    ],
    ids=["screened only", "another dose", "another person"],
)
def test_what_is_no_dose_of_the_stage_never_vaccinates(event: Event) -> None:
    assert coverage([resident(1, "2023-11-16"), resident(2, "2010-01-01", until="2010-02-01")], [event]) == (1, 0)


@pytest.mark.parametrize("day", [None, "2023-11-15"], ids=["undated", "before birth"])
def test_a_dose_of_unknown_timing_counts_as_crude_and_never_as_valid(day: str | None) -> None:
    people, events = [resident(1, "2023-11-16")], [dose(1, "MR-1", day)]
    assert coverage(people, events) == (1, 1)
    assert coverage(people, events, validity="valid") == (1, 0)


def test_a_dose_before_the_minimum_age_is_crude_and_not_valid() -> None:
    people, events = [resident(1, "2023-11-16")], [dose(1, "MR-1", "2024-11-14")]
    assert coverage(people, events) == (1, 1)
    assert coverage(people, events, validity="valid") == (1, 0)
    assert coverage(people, [*events, dose(1, "MR-1", "2025-01-14")], validity="valid") == (1, 1)


def test_a_combined_dose_counts_as_its_components() -> None:
    people = [resident(1, "2024-06-10")]
    events = [dose(1, "DPT-IPV-HIB-11", "2024-08-09"), dose(1, "MR-1", "2025-06-09")]
    for code in ("DPT-IPV-11", "DPT-11", "IPV-11", "HIB-1", "MEASLES-1", "RUBELLA-1"):
        for validity in ("crude", "valid"):
            assert coverage(people, events, code, validity=validity) == (1, 1), (code, validity)


@pytest.mark.parametrize(
    ("milestone", "first_day"),
    [("12m", "2025-06-09"), ("24m", "2026-06-09"), ("5y", "2029-06-09"), ("school_entry", "2031-04-01")],
)
def test_each_milestone_is_reached_on_its_legal_day(milestone: str, first_day: str) -> None:
    people = [resident(1, "2024-06-10")]
    events = [dose(1, "BCG-1", first_day)]
    assert coverage(people, events, "BCG-1", as_of=first_day, milestone=milestone) == (1, 1)
    day_before = str(on(first_day) - timedelta(days=1))
    assert coverage(people, events, "BCG-1", as_of=day_before, milestone=milestone) == (0, 0)


def unknown_history(people: list[Person], events: list[Event], **parameters: Any) -> int:
    row = count(
        Ledger(people, events), "coverage_cohort", where={"vaccine": ["MR"], "dose": ["MR-1"]}, as_of=on("2026-03-31"), **parameters
    )
    return int(row["unknown_history_count"])


def test_who_moved_in_after_the_first_legal_day_without_a_record_is_of_unknown_history() -> None:
    # 12 months are reached on 2024-11-15.
    assert unknown_history([resident(1, "2023-11-16", since="2024-11-16")], []) == 1
    assert unknown_history([resident(1, "2023-11-16", since="2024-11-15")], []) == 0
    late = [resident(1, "2023-11-16", since="2025-02-01")]
    assert unknown_history(late, [dose(1, "MR-1", "2024-12-01")]) == 0
    assert unknown_history(late, [dose(1, "MR-1", "2024-11-14")], validity="valid") == 1


def test_the_same_dose_through_two_channels_is_one_vaccinated_person() -> None:
    events = [
        dose(1, "MR-1", "2025-01-10", batch=1),
        dose(1, "MR-1", "2025-01-10", batch=2, location_flag="2"),
        dose(1, "MR-1", "2025-03-10"),
    ]
    assert coverage([resident(1, "2023-11-16")], events) == (1, 1)


def test_the_district_is_that_of_the_milestone_day() -> None:
    mover = Person(1, on("2023-11-16"), spells=(Spell(on("2023-11-16"), on("2025-11-15"), "shiba"), Spell(on("2025-11-15"), None, "azabu")))
    found = table(
        Ledger([mover], [dose(1, "MR-1", "2025-01-10")]), "coverage_cohort", by=("district",), values=("eligible_count", "vaccinated_count"),
        where={"vaccine": ["MR"], "dose": ["1期"]}, as_of=on("2026-03-31"),
    )  # fmt: skip
    assert found == {"azabu": (1, 1)}


@pytest.mark.parametrize(("day", "vaccinated"), [("2024-11-15", 1), ("2024-11-16", 0)])
def test_a_milestone_by_age_is_the_day_the_age_is_reached(day: str, vaccinated: int) -> None:
    parameters: dict[str, Any] = {"milestone": "age", "age_months": 12}
    assert coverage([resident(1, "2023-11-16")], [dose(1, "MR-1", day)], **parameters) == (1, vaccinated)


def test_who_has_not_reached_the_named_age_by_the_as_of_day_does_not_count() -> None:
    people = [resident(1, "2024-04-01"), resident(2, "2024-04-02")]
    assert coverage(people, [], as_of="2026-03-31", milestone="age", age_months=24) == (1, 0)


def test_the_as_of_day_as_milestone_counts_who_is_resident_then() -> None:
    people = [resident(1, "2015-06-01"), resident(2, "2015-06-01", until="2026-03-31")]
    assert coverage(people, [dose(1, "MR-1", "2020-01-01")], milestone="as_of") == (1, 1)


@pytest.mark.parametrize("parameters", [{"milestone": "age"}, {"age_months": 12}, {"milestone": "as_of", "age_months": 12}])
def test_an_age_goes_with_its_milestone_and_only_with_it(parameters: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        coverage([], [], **parameters)

"""The form of the year: every dose of the ledger in one row or under one reason; each rule by an example worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.effort import examples, seeds
from tests.measures import brute_form
from tests.measures.mart_factory import CONTRACTS, Event, Ledger, Person, Welfare, ask, build_mart, reference_tables
from tests.measures.people import dose, on, resident, screening
from tests.measures.random_ledgers import random_ledger

from daicho.gate.profiles import load_disclosure

CHILD = resident(1, "2024-06-10")
ELDER = resident(2, "1955-05-05", since="2000-01-01")
quick = settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def rows(*events: Event, people: tuple[Person, ...] = (CHILD, ELDER), year: int = 2025, **parts: Any) -> dict[tuple[str, str], int]:
    with build_mart(Ledger(people, events, **parts)) as connection:
        frame = ask(connection, "form_rows", by=("row", "column"), fiscal_year=year)
    return {(row, column): count for row, column, count in frame.select("row", "column", "doses_count").iter_rows()}


def reasons(*events: Event, people: tuple[Person, ...] = (CHILD, ELDER), year: int = 2025, **parts: Any) -> dict[str, tuple[int, int]]:
    """Reason to (doses, records)."""
    with build_mart(Ledger(people, events, **parts)) as connection:
        frame = ask(connection, "form_exceptions", by=("reason",), fiscal_year=year)
    return {reason: (doses, count) for reason, doses, count in frame.select("reason", "doses_count", "records_count").iter_rows()}


@pytest.mark.parametrize(("day", "year"), [("2025-03-31", 2024), ("2025-04-01", 2025), ("2026-03-31", 2025), ("2026-04-01", 2026)])
@pytest.mark.parametrize("paid_month", [202503, 202605, None])
def test_the_day_of_the_dose_decides_the_year_whatever_the_month_of_payment(day: str, year: int, paid_month: int | None) -> None:
    event = dose(1, "PCV-3", day, paid_month=paid_month)
    people = (resident(1, "2024-12-01"),)
    assert [sum(rows(event, people=people, year=asked).values()) for asked in (2024, 2025, 2026)] == [
        int(year == asked) for asked in (2024, 2025, 2026)
    ]


def test_a_dose_before_moving_out_or_dying_has_its_row_and_one_on_the_day_of_removal_is_an_exception() -> None:
    people = (resident(1, "2024-06-10", until="2025-09-10"),)
    assert rows(dose(1, "MR-1", "2025-09-09"), people=people) == {("MR-1", "all"): 1}
    assert reasons(dose(1, "MR-1", "2025-09-10"), people=people) == {"not_resident": (1, 1)}


def test_the_same_dose_from_two_channels_has_one_row_and_its_repetition_is_listed_as_no_dose() -> None:
    events = (dose(1, "MR-1", "2025-07-01"), dose(1, "MR-1", "2025-07-01", location_flag="2", paid_month=202603, batch=2))
    assert rows(*events) == {("MR-1", "all"): 1}
    assert reasons(*events) == {"duplicate": (0, 1)}


def test_hpv_is_divided_by_valency() -> None:
    people = (resident(1, "2012-06-10", sex="2"),)
    events = (dose(1, "HPV2-1", "2025-05-01"), dose(1, "HPV4-1", "2025-06-01"), dose(1, "HPV9-2", "2025-12-01"))
    assert rows(*events, people=people) == {("HPV24-1", "all"): 2, ("HPV9-2", "all"): 1}


def test_measles_rubella_and_their_single_antigens_have_rows_of_their_own() -> None:
    events = (dose(1, "MR-1", "2025-07-01"), dose(1, "MEASLES-1", "2025-07-02"), dose(1, "RUBELLA-1", "2025-07-03"))
    assert rows(*events) == {("MR-1", "all"): 1, ("MEASLES-1", "all"): 1, ("RUBELLA-1", "all"): 1}


@pytest.mark.parametrize(("code", "first"), [("DPT-IPV-HIB-11", 2024), ("COVID-1", 2024), ("ZOSTER-R-1", 2025), ("RSV-M-1", 2026)])
def test_a_vaccine_is_on_the_form_from_its_year_on(code: str, first: int) -> None:
    form = reference_tables()["form_row"].filter(pl.col("dose_code") == code)
    assert form["valid_from"].to_list() == [date(first, 4, 1)]


def test_a_dose_of_a_vaccine_that_the_form_does_not_have_yet_is_an_exception() -> None:
    assert reasons(dose(2, "COVID-1", "2023-06-01"), year=2023) == {"no_row": (1, 1)}
    assert reasons(dose(2, "ZOSTER-R-1", "2024-06-01"), year=2024) == {"voluntary": (1, 1)}


@pytest.mark.parametrize(("day", "column"), [("2025-10-20", "060-064"), ("2025-10-30", "060-064"), ("2025-10-31", "065-")])
def test_the_column_of_influenza_follows_the_age_on_the_day_which_is_reached_on_the_eve(day: str, column: str) -> None:
    people = (resident(1, "1960-11-01", since="2000-01-01"),)
    welfare = (Welfare(1, handbook_class="physical_1"),)
    assert rows(dose(1, "FLU-E-1", day), people=people, welfare=welfare) == {("FLU-E-1", column): 1}


def test_somebody_of_60_to_64_without_the_handbook_is_outside_eligibility() -> None:
    people = (resident(1, "1963-11-01", since="2000-01-01"),)
    assert reasons(dose(1, "FLU-E-1", "2025-10-20"), people=people) == {"outside_eligibility": (1, 1)}


def test_the_column_of_zoster_follows_the_age_at_the_end_of_the_year() -> None:
    people = (resident(1, "1961-04-01", since="2000-01-01"), resident(2, "1961-04-02", since="2000-01-01"))
    events = (dose(1, "ZOSTER-L-1", "2025-05-01"), dose(2, "ZOSTER-L-1", "2025-05-01"))
    assert rows(*events, people=people) == {("ZOSTER-L-1", "065-"): 1}
    welfare = (Welfare(2, handbook_class="physical_1"),)
    assert rows(*events, people=people, welfare=welfare) == {("ZOSTER-L-1", "065-"): 1, ("ZOSTER-L-1", "060-064"): 1}


@pytest.mark.parametrize(("day", "is_counted"), [("2025-06-08", False), ("2025-06-09", True), ("2026-06-09", True), ("2026-06-10", False)])
def test_the_legal_window_of_mr_opens_on_the_eve_of_the_first_birthday_and_closes_on_the_eve_of_the_second(
    day: str, is_counted: bool
) -> None:
    year = on(day).year - (on(day).month < 4)
    event = dose(1, "MR-1", day)
    assert rows(event, year=year) == ({("MR-1", "all"): 1} if is_counted else {})
    assert reasons(event, year=year) == ({} if is_counted else {"outside_eligibility": (1, 1)})


def test_maternal_rsv_is_counted_although_the_ledger_does_not_know_the_week_of_pregnancy() -> None:
    people = (resident(1, "1995-06-10", sex="2"), resident(2, None, sex="2"))
    events = (dose(1, "RSV-M-1", "2026-06-01"), dose(2, "RSV-M-1", "2026-06-01"))
    assert rows(*events, people=people, year=2026) == {("RSV-M-1", "all"): 2}


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (screening(1, "MR-1", "2025-07-01"), {"screened_only": (0, 1)}),
        (dose(1, "MR-1", None, paid_month=202504), {"missing_date": (1, 1)}),
        (dose(1, "MR-1", None, paid_month=202604), {}),
        (dose(1, "MR-1", None, paid_month=None), {"no_year": (0, 1)}),
        (Event(1, "MR", "MR-1", screened_on=on("2025-07-01"), paid_month=202604), {"missing_date": (1, 1)}),
        (dose(1, "MR-1", "2024-06-09"), {}),
        (Event(1, "unknown", "unknown", given_on=on("2025-07-01")), {"unknown_vaccine": (1, 1)}),
        (Event(1, "MR", "unknown", given_on=on("2025-07-01")), {"unknown_dose": (1, 1)}),
    ],
)
def test_each_flaw_has_its_reason(event: Event, found: dict[str, tuple[int, int]]) -> None:
    assert rows(event) == {}
    assert reasons(event) == found


def test_a_date_before_birth_goes_before_residence_and_residence_before_eligibility() -> None:
    people = (resident(1, "2025-06-10", since="2025-08-01"),)
    events = (dose(1, "MR-1", "2025-06-09"), dose(1, "MR-2", "2025-07-01"), dose(1, "VAR-1", "2025-08-02"))
    assert reasons(*events, people=people) == {"before_birth": (1, 1), "not_resident": (1, 1), "outside_eligibility": (1, 1)}


def test_a_dose_dated_after_its_extract_was_received_is_an_exception() -> None:
    batches = ((1, "vaccination", date(2025, 6, 30), "", "a.csv", True),)
    events = (dose(1, "MR-1", "2025-07-01"), dose(1, "VAR-1", "2025-06-30"))
    assert reasons(*events, batches=batches) == {"after_receipt": (1, 1)}
    assert rows(*events, batches=batches) == {("VAR-1", "all"): 1}


def test_a_birth_date_known_by_its_month_alone_leaves_eligibility_open() -> None:
    assert reasons(dose(1, "MR-1", "2025-07-01"), people=(resident(1, None),)) == {"age_unknown": (1, 1)}


def counts(ledger: Ledger, year: int) -> tuple[dict[tuple[str, str], int], dict[str, tuple[int, int]], tuple[int, int]]:
    with build_mart(ledger) as connection:
        placed = ask(connection, "form_rows", by=("row", "column"), fiscal_year=year)
        others = ask(connection, "form_exceptions", by=("reason",), fiscal_year=year)
        held = ask(connection, "ledger_doses", fiscal_year=year).row(0, named=True)
    return (
        {(row, column): count for row, column, count in placed.select("row", "column", "doses_count").iter_rows()},
        {reason: (doses, count) for reason, doses, count in others.select("reason", "doses_count", "records_count").iter_rows()},
        (held["doses_count"], held["records_count"]),
    )


@pytest.mark.parametrize("seed", seeds(3))
@pytest.mark.parametrize("year", [2020, 2023, 2024, 2025])
def test_the_form_equals_plain_loops_on_random_ledgers(seed: int, year: int) -> None:
    ledger = random_ledger(seed)
    expected_rows, expected_reasons = brute_form.form(ledger, year)
    found_rows, found_reasons, _ = counts(ledger, year)
    assert found_rows == dict(expected_rows)
    assert found_reasons == {name: (0 if name in brute_form.NO_DOSE else count, count) for name, count in expected_reasons.items()}


@quick
@given(st.integers(0, 10_000), st.integers(2023, 2026))
def test_rows_and_exceptions_are_the_doses_of_the_ledger(seed: int, year: int) -> None:
    found_rows, found_reasons, (doses, records) = counts(random_ledger(seed, persons=40), year)
    on_the_form = sum(found_rows.values())
    assert on_the_form + sum(count for count, _ in found_reasons.values()) == doses
    assert on_the_form + sum(count for _, count in found_reasons.values()) == records


@quick
@given(st.integers(0, 10_000))
def test_the_statutory_count_by_disease_is_rows_and_exceptions_of_residents(seed: int) -> None:
    out = ("missing_date", "before_birth", "not_resident")
    with build_mart(random_ledger(seed, persons=40)) as connection:
        statutory = ask(connection, "annual_counts", by=("disease",), fiscal_year=2025)
        placed = ask(connection, "form_rows", by=("disease",), fiscal_year=2025)
        others = ask(connection, "form_exceptions", by=("disease", "reason"), fiscal_year=2025).filter(~pl.col("reason").is_in(out))
    both = pl.concat([placed.select("disease", "doses_count"), others.select("disease", "doses_count")]).group_by("disease").sum()
    assert dict(both.filter(pl.col("doses_count") > 0).iter_rows()) == dict(statutory.select("disease", "doses_count").iter_rows())


@pytest.mark.parametrize("dimension", ["row", "column", "vaccine", "dose", "disease", "program_class", "month", "district", "sex"])
def test_every_cut_of_the_rows_adds_up_to_the_year(dimension: str) -> None:
    with build_mart(random_ledger(99)) as connection:
        parts = ask(connection, "form_rows", by=(dimension,), fiscal_year=2025)
        whole = ask(connection, "form_rows", fiscal_year=2025).row(0, named=True)
    assert parts["doses_count"].sum() == whole["doses_count"] > 0


def test_a_filter_on_a_vaccine_leaves_the_identity_whole() -> None:
    with build_mart(random_ledger(7)) as connection:
        totals = [
            ask(connection, name, where={"vaccine": ["MR"]}, fiscal_year=2025)["doses_count"].item()
            for name in ("form_rows", "form_exceptions", "ledger_doses")
        ]
    assert totals[0] + totals[1] == totals[2] > 0


def test_the_order_of_records_changes_nothing() -> None:
    ledger = random_ledger(5)
    assert counts(ledger, 2025) == counts(replace(ledger, events=list(ledger.events)[::-1], persons=ledger.persons[::-1]), 2025)


def test_public_figures_of_the_form_stand_beside_other_counts_of_doses_only_where_nothing_is_withheld() -> None:
    rules = load_disclosure(CONTRACTS)
    assert {"annual_counts", "form_rows", "form_exceptions", "ledger_doses", "dose_validity"} <= rules.joint_with("form_rows")
    assert "row" in rules.event_dimensions and not {"column", "age_category"} & rules.event_dimensions

"""年度実施率: doses of the year over a scaled target, worked out by hand."""

from __future__ import annotations

from typing import Any

from tests.measures.mart_factory import Event, Ledger, Person, Welfare
from tests.measures.people import count, dose, resident, table

BCG = {"vaccine": ["BCG"], "dose": ["BCG-1"]}


def asked(persons: list[Person], events: list[Event], *, where: dict[str, list[str]] = BCG, **request: Any) -> tuple[int, int]:
    row = count(
        Ledger(persons, events, request.pop("welfare", ())), "coverage_fiscal_year", where=where, **{"fiscal_year": 2025, **request}
    )
    return row["doses_count"], row["target_count"]


def test_the_target_is_the_standard_ages_as_twelve_months() -> None:
    # BCG: standard ages 5 to 8 months, so each of the residents of 1 October in them stands for 12/3 = 4.
    # 5 months are reached on 1 October by those born 2025-05-02, 8 months by those born 2025-02-02; both days count.
    births = ["2025-05-03", "2025-05-02", "2025-03-15", "2025-02-02", "2025-02-01"]
    assert asked([resident(n, day) for n, day in enumerate(births)], []) == (0, 12)


def test_the_target_is_rounded_half_up_once_for_the_whole_figure() -> None:
    # 四種混合 1期初回1: 2 to 12 months, so 12/10 each: 1.2, 2.4, 3.6, 6, 8.4. Rounded one by one, three would stay three.
    where = {"vaccine": ["DPT-IPV"], "dose": ["DPT-IPV-11"]}
    for residents, target in ((1, 1), (2, 2), (3, 4), (5, 6), (7, 8)):
        assert asked([resident(n, "2025-03-15") for n in range(residents)], [], where=where) == (0, target)


def test_the_rate_may_exceed_one() -> None:
    persons = [resident(1, "2025-03-15"), *(resident(n, "2024-12-01") for n in range(2, 8))]
    events = [dose(n, "BCG-1", "2025-09-01") for n in range(1, 8)]
    assert asked(persons, events) == (7, 4)


def test_only_doses_of_the_year_to_residents_at_a_legal_age_count() -> None:
    persons = [resident(n, "2025-03-15") for n in range(1, 5)] + [resident(5, "2024-03-30"), resident(6, "2025-03-15", until="2025-09-01")]
    events = [
        dose(1, "BCG-1", "2025-04-01"),
        dose(2, "BCG-1", "2026-03-14"),  # the last legal day: 1歳に至るまで
        dose(3, "BCG-1", "2026-03-15"),  # a day late
        dose(4, "BCG-1", "2026-04-01"),  # another year
        dose(5, "BCG-1", "2025-03-31"),  # the year before
        dose(6, "BCG-1", "2025-09-01"),  # the day of removal
    ]
    assert asked(persons, events)[0] == 2
    assert asked(persons, events, as_of="2025-12-31")[0] == 1


def test_a_combined_dose_counts_for_its_components_and_its_own_age_decides() -> None:
    events = [dose(1, "DPT-IPV-HIB-11", "2025-06-01")]
    found = table(
        Ledger([resident(1, "2025-03-15")], events), "coverage_fiscal_year", by=("dose",), values=("doses_count",),
        where={"vaccine": ["DPT-IPV", "HIB", "PCV"], "dose": ["DPT-IPV-11", "HIB-1", "PCV-1"]}, fiscal_year=2025,
    )  # fmt: skip
    assert (found["DPT-IPV-11"], found["HIB-1"], found["PCV-1"]) == (1, 1, 0)


def test_a_window_by_fiscal_years_is_counted_as_it_is() -> None:
    where = {"vaccine": ["MR"], "dose": ["MR-2"]}
    births = ["2019-04-01", "2019-04-02", "2020-04-01", "2020-04-02"]
    assert asked([resident(n, day) for n, day in enumerate(births)], [], where=where) == (0, 2)


def test_evidence_is_asked_for_where_the_schedule_asks() -> None:
    where = {"vaccine": ["FLU-E"], "dose": ["FLU-E-1"]}
    persons, events = [resident(n, "1963-05-01") for n in (1, 2)], [dose(n, "FLU-E-1", "2025-11-01") for n in (1, 2)]
    assert asked(persons, events, where=where, welfare=(Welfare(1, None, "physical_1"),))[0] == 1

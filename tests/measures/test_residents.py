"""Who is a resident on a day, and how old."""

from __future__ import annotations

from typing import Any

import pytest
from tests.measures.mart_factory import Ledger, Person, Spell
from tests.measures.people import count, on, resident, table


def residents(*people: Person, as_of: str) -> int:
    return int(count(Ledger(people), "residents", as_of=on(as_of))["residents_count"])


def residents_by(dimension: str, *people: Person, as_of: str) -> dict[Any, int]:
    return table(Ledger(people), "residents", by=(dimension,), values=("residents_count",), as_of=on(as_of))


@pytest.mark.parametrize(("as_of", "expected"), [("2025-04-30", 0), ("2025-05-01", 1), ("2025-09-30", 1), ("2025-10-01", 0)])
def test_the_first_day_is_a_resident_day_and_the_day_of_removal_is_none(as_of: str, expected: int) -> None:
    person = resident(1, "2020-06-01", since="2025-05-01", until="2025-10-01")
    assert residents(person, as_of=as_of) == expected


def test_a_spell_removed_on_its_first_day_has_no_resident_day() -> None:
    assert residents(resident(1, "2020-06-01", since="2025-05-01", until="2025-05-01"), as_of="2025-05-01") == 0


def test_who_came_back_counts_once_with_the_district_of_that_day() -> None:
    person = Person(
        1, on("2020-06-01"), spells=(Spell(on("2020-06-01"), on("2023-01-01"), "shiba"), Spell(on("2025-01-01"), None, "azabu"))
    )
    assert residents_by("district", person, as_of="2022-12-31") == {"shiba": 1}
    assert residents(person, as_of="2024-06-01") == 0
    assert residents_by("district", person, as_of="2025-10-01") == {"azabu": 1}


def test_births_of_1_april_belong_to_the_earlier_cohort() -> None:
    people = [resident(1, "2020-04-01"), resident(2, "2020-04-02"), resident(3, "2021-04-01")]
    assert residents_by("birth_fy", *people, as_of="2025-10-01") == {2019: 1, 2020: 2}


@pytest.mark.parametrize(
    ("birth", "as_of", "age"),
    [
        ("2020-10-02", "2025-09-30", 4),
        ("2020-10-02", "2025-10-01", 5),
        ("2020-02-29", "2025-02-27", 4),
        ("2020-02-29", "2025-02-28", 5),
        ("2020-02-29", "2024-02-28", 4),
        ("2020-03-01", "2025-02-27", 4),
        ("2020-03-01", "2025-02-28", 5),
        ("2025-10-01", "2025-10-01", 0),
    ],
)
def test_an_age_is_reached_on_the_day_before_the_birthday(birth: str, as_of: str, age: int) -> None:
    assert residents_by("age_years", resident(1, birth), as_of=as_of) == {age: 1}


def test_age_bands_turn_on_the_day_before_the_birthday_and_have_no_upper_end() -> None:
    people = [resident(1, "1960-10-02"), resident(2, "1960-10-03"), resident(3, "1905-01-01"), resident(4, "2025-09-30")]
    assert residents_by("age_band", *people, as_of="2025-10-01") == {"065-069": 1, "060-064": 1, "100-": 1, "000-000": 1}


def test_a_partial_birth_date_counts_as_unknown_age_and_cohort() -> None:
    person = resident(1, None)
    assert residents(person, as_of="2025-10-01") == 1
    assert residents_by("age_years", person, as_of="2025-10-01") == {None: 1}
    assert residents_by("age_band", person, as_of="2025-10-01") == {"unknown": 1}
    assert residents_by("birth_fy", person, as_of="2025-10-01") == {None: 1}


def test_sex_not_registered_is_a_category_of_its_own() -> None:
    people = [resident(1, "2020-01-01", sex="1"), resident(2, "2020-01-01", sex="2"), resident(3, "2020-01-01", sex="0")]
    assert residents_by("sex", *people, as_of="2025-10-01") == {"0": 1, "1": 1, "2": 1}


def test_a_person_known_from_doses_only_is_no_resident() -> None:
    assert residents(Person(1, sex="0", birth_precision="unknown", is_registered=False), as_of="2025-10-01") == 0

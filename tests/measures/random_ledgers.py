"""Random ledgers, the same for the same seed: births on awkward days, moves, deaths, several spells, and every flaw an extract may have."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

from tests.measures.brute_force import window
from tests.measures.mart_factory import CLINIC, MINATO, Event, Institution, Ledger, Person, Spell, Welfare

ENDED_CLINIC = "1310113723"
BIRTHS = tuple(
    date.fromisoformat(day)
    for day in (
        "1940-06-30", "1950-04-01", "1950-10-15", "1955-04-02", "1960-11-20", "1963-02-28", "1964-12-31", "2007-08-10", "2008-04-01",
        "2008-04-02", "2009-04-01", "2009-04-02", "2012-02-29", "2013-04-01", "2014-04-02", "2016-03-31", "2016-04-01", "2018-04-02",
        "2019-04-01", "2019-04-02", "2019-11-16", "2020-02-29", "2020-07-31", "2020-08-01", "2021-01-31", "2022-04-01", "2022-04-02",
        "2023-04-01", "2023-08-31", "2023-11-16", "2024-02-29", "2024-04-01", "2024-04-02", "2024-05-31", "2024-10-30", "2025-03-31",
        "2025-04-01", "2025-04-02", "2025-12-30", "2026-03-30", "2026-04-01",
    )
)  # fmt: skip
DOSES = (
    "MR-1", "MR-2", "BCG-1", "DPT-IPV-HIB-11", "DPT-IPV-HIB-12", "DPT-IPV-HIB-13", "DPT-IPV-HIB-1A", "DPT-IPV-11", "DPT-IPV-12", "HB-1", "HB-2",
    "HB-3", "HPV9-1", "HPV9-2", "HPV9-3", "VAR-1", "VAR-2", "RV1-1", "FLU-E-1",
)  # fmt: skip
DISTRICTS = ("shiba", "azabu", "akasaka", "takanawa", "shibaura_konan", "unknown")
AWKWARD_DAYS = tuple(
    date.fromisoformat(day) for day in ("2025-03-31", "2025-04-01", "2025-10-01", "2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01")
)


def vaccine_of(dose: str) -> str:
    return dose.rpartition("-")[0]


def random_ledger(seed: int, *, persons: int = 150) -> Ledger:
    dice = random.Random(seed)
    people = tuple(_person(dice, number) for number in range(1, persons + 1))
    events = [event for person in people for event in _events(dice, person)]
    dice.shuffle(events)
    return Ledger(
        persons=people,
        events=[replace(event, batch=batch) for batch, event in enumerate(events, start=1)],
        welfare=[_welfare(dice, person.person) for person in people if dice.random() < 0.3],
        institutions=(Institution(), Institution(ENDED_CLINIC, valid_to=date(2025, 9, 30))),
    )


def _person(dice: random.Random, number: int) -> Person:
    if dice.random() < 0.05:
        return Person(number, None, "0", (), "unknown", is_registered=False)
    birth = dice.choice(BIRTHS)
    spells, day = [], max(birth, date(2010, 4, 1)) if dice.random() < 0.6 else birth + timedelta(days=dice.randrange(1, 3000))
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        until = day + timedelta(days=dice.randrange(1, 2500)) if dice.random() < 0.6 else None
        if dice.random() < 0.15 and day < AWKWARD_DAYS[-1]:
            until = next(awkward for awkward in AWKWARD_DAYS if awkward > day)
        spells.append(Spell(day, until, dice.choice(DISTRICTS), dice.choice(("japanese", "japanese", "foreign", "unknown"))))
        if until is None:
            break
        day = until + timedelta(days=dice.randrange(0, 900))
    is_partial = dice.random() < 0.06
    return Person(number, None if is_partial else birth, dice.choice("1220"), tuple(spells), "month" if is_partial else "day")


def _events(dice: random.Random, person: Person) -> list[Event]:
    birth = person.birth_date or date(2020, 5, 5)
    found: list[Event] = []
    for dose in dice.sample(DOSES, dice.randrange(0, 8)):
        event = _event(dice, person.person, dose, _day(dice, birth))
        if dice.random() < 0.5 and (day := _legal_day(dice, person, dose)):
            event = _payable(dice, person.person, dose, day)
        found.append(event)
        chance = dice.random()
        if chance < 0.15:  # the same dose through a second channel, or the row once more
            found.append(replace(event, paid_month=dice.choice((202504, 202512, 202603, None)), location_flag=dice.choice("12")))
        elif chance < 0.25:  # the stage once more
            found.append(replace(event, given_on=_day(dice, birth)) if event.given_on else replace(event))
        elif chance < 0.35 and event.given_on:  # screened the same day, or some days before
            day = event.given_on - timedelta(days=dice.choice((0, 0, 5)))
            found.append(replace(event, given_on=None, screened_on=day, is_screened_only=True))
        if dose == "DPT-IPV-HIB-11" and event.given_on and dice.random() < 0.3:
            found.append(replace(event, vaccine="DPT-IPV", dose="DPT-IPV-11"))
        if dose in ("HB-1", "DPT-IPV-HIB-11") and event.given_on:
            later = event.given_on + timedelta(days=dice.choice((20, 21, 27, 28, 139, 140)))
            found.append(replace(event, dose=dice.choice(("HB-2", "HB-3") if dose == "HB-1" else ("DPT-IPV-HIB-12",)), given_on=later))
    return found


def _event(dice: random.Random, person: int, dose: str, day: date | None) -> Event:
    is_screened = dice.random() < 0.1
    return Event(
        person,
        vaccine_of(dose),
        dose,
        given_on=None if is_screened else day,
        screened_on=day if is_screened else None,
        is_screened_only=is_screened,
        ward=dice.choice((MINATO, MINATO, MINATO, "131016", "131016", "unknown", None)),
        institution=dice.choice((CLINIC,) * 8 + (ENDED_CLINIC, None)),
        is_institution_valid=dice.random() < 0.97,
        product=dice.choice(("HB-A", "HB-B", None)) if dose.startswith("HB-") else None,
        paid_month=dice.choice((202503, 202504, 202512, 202512, 202601, 202603, 202604, None)),
        location_flag=dice.choice(("1", "2", None)),
        is_transitional=dice.random() < 0.3,
        copay_class=dice.choice(("paid", "paid", "exempt", "free", None)),
    )


def _payable(dice: random.Random, person: int, dose: str, day: date) -> Event:
    """A dose or screening with nothing wrong about it by itself."""
    is_screened = dice.random() < 0.2
    return Event(
        person,
        vaccine_of(dose),
        dose,
        given_on=None if is_screened else day,
        screened_on=day if is_screened else None,
        is_screened_only=is_screened,
        ward=dice.choice((MINATO, "131016")),
        product=dice.choice(("HB-A", "HB-B")) if dose.startswith("HB-") else None,
        paid_month=dice.choice((202503, 202504, 202512, 202603)),
        copay_class=dice.choice(("paid", "exempt", None)),
    )


def _legal_day(dice: random.Random, person: Person, dose: str) -> date | None:
    """A day in the window while the person was resident: its first, its last or one between."""
    legal = window(dose, person.birth_date, person.sex) if person.birth_date else None
    if legal is None:
        return None
    first, last = legal[0], min(legal[1], date(2026, 11, 24))
    days = [first, last, *(first + timedelta(days=dice.randrange(0, max(1, (last - first).days))) for _ in range(6))]
    return next((day for day in dice.sample(days, len(days)) if first <= day <= last and person.spell_on(day)), None)


def _day(dice: random.Random, birth: date) -> date | None:
    chance = dice.random()
    if chance < 0.05:
        return None
    if chance < 0.1:
        return birth - timedelta(days=dice.randrange(1, 40))
    if chance < 0.25:
        return dice.choice(AWKWARD_DAYS)
    if chance < 0.6:
        return date(2025, 4, 1) + timedelta(days=dice.randrange(-30, 400))
    return birth + timedelta(days=dice.choice((0, 42, 60, 200, 364, 365, 366, 400, 729, 730, 731, 2000, 2190, 2400, 4500, 5200)))


def _welfare(dice: random.Random, person: int) -> Welfare:
    start = dice.choice((None, date(2025, 4, 1), date(2025, 12, 1)))
    return Welfare(
        person,
        dice.choice(("welfare", "returnee", "none", None)),
        dice.choice((None, "physical_1", "physical_2")),
        start,
        dice.choice((None, date(2026, 1, 31))),
    )

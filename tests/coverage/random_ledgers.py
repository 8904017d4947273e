"""Random ledgers, the same for the same seed: doses on every boundary day of the law, and every flaw an extract may have."""

from __future__ import annotations

import random
from datetime import date, timedelta

from tests.coverage.reference_data import Rules
from tests.coverage.reference_days import FAR_FUTURE, FAR_PAST, first_legal_day, last_legal_day, reached_months, reached_years
from tests.coverage.reference_people import Case, Notice
from tests.measures.mart_factory import Event, Ledger, Person, Spell, Welfare

RECEIVED_ON = {1: date(2025, 4, 30), 2: date(2025, 11, 4), 3: date(2026, 5, 15), 4: date(2026, 11, 24)}
CHILD_BIRTHS = tuple(
    date.fromisoformat(day)
    for day in (
        "2016-02-29", "2016-04-01", "2017-08-31", "2018-04-01", "2018-04-02", "2019-04-01", "2019-04-02", "2019-11-16", "2020-02-29", "2020-07-31",
        "2020-08-01", "2021-01-31", "2021-12-31", "2022-04-01", "2022-04-02", "2022-05-30", "2023-01-31", "2023-04-01", "2023-04-02", "2023-08-31",
        "2023-11-16", "2024-01-31", "2024-02-29", "2024-04-01", "2024-04-02", "2024-05-31", "2024-08-30", "2024-10-30", "2024-12-31", "2025-03-31",
        "2025-04-01", "2025-04-02", "2025-08-31", "2025-12-30", "2026-03-30", "2026-04-01",
    )
)  # fmt: skip
YOUTH_BIRTHS = tuple(
    date.fromisoformat(day)
    for day in (
        "2000-02-29", "2006-03-31", "2007-04-01", "2008-04-01", "2008-04-02", "2009-04-01", "2009-04-02", "2010-10-31", "2011-04-01", "2011-12-31",
        "2012-02-29", "2012-10-12", "2013-04-01", "2013-04-02", "2014-04-01", "2014-04-02", "2015-01-31",
    )
)  # fmt: skip
ELDER_BIRTHS = tuple(
    date.fromisoformat(day)
    for day in (
        "1925-10-01", "1940-02-29", "1945-07-01", "1950-04-01", "1955-04-02", "1956-02-29", "1959-12-31", "1960-04-01", "1960-04-02", "1961-04-01",
        "1961-04-02", "1962-01-31", "1963-02-28", "1965-11-25",
    )
)  # fmt: skip
DISTRICTS = ("shiba", "azabu", "akasaka", "takanawa", "shibaura_konan", "unknown")
CHILD_COURSES = (
    ("DPT-IPV-HIB-11", "DPT-IPV-HIB-12", "DPT-IPV-HIB-13", "DPT-IPV-HIB-1A"),
    ("DPT-IPV-11", "DPT-IPV-12", "DPT-IPV-13", "DPT-IPV-1A"),
    ("DPT-IPV-11", "DPT-IPV-HIB-12", "DPT-IPV-HIB-13", "DPT-IPV-1A"),
    ("DPT-IPV-HIB-11", "DPT-IPV-12", "DPT-13", "DPT-IPV-HIB-1A"),
    ("DPT-11", "DPT-12", "DPT-13", "DPT-1A"),
    ("IPV-11", "IPV-12", "DPT-IPV-13", "IPV-1A"),
    ("DT-11", "DT-12", "DT-1A"),
    ("HIB-1", "HIB-2", "HIB-3", "HIB-A"),
    ("HIB-1", "HIB-2", "HIB-A"),
    ("HIB-1", "DPT-IPV-HIB-12", "HIB-3", "DPT-IPV-HIB-1A"),
    ("PCV-1", "PCV-2", "PCV-3", "PCV-A"),
    ("PCV-1", "PCV-2", "PCV-A"),
    ("PCV-1", "PCV-2"),
    ("HB-1", "HB-2", "HB-3"),
    ("RV1-1", "RV1-2"),
    ("RV5-1", "RV5-2", "RV5-3"),
    ("BCG-1",),
    ("MR-1",),
    ("MR-1", "MR-2"),
    ("MEASLES-1", "RUBELLA-1"),
    ("VAR-1", "VAR-2"),
    ("JE-11", "JE-12", "JE-1A"),
)
YOUTH_COURSES = (
    ("HPV9-1", "HPV9-2"), ("HPV9-1", "HPV9-2", "HPV9-3"), ("HPV2-1", "HPV2-2", "HPV9-3"), ("HPV4-1", "HPV9-2", "HPV9-3"),
    ("HPV2-1", "HPV4-2", "HPV4-3"), ("JE-11", "JE-12", "JE-1A", "JE-2"), ("JE-2",), ("DT-2",), ("MR-2",), ("HPV9-1", "HPV9-1", "HPV2-3"),
)  # fmt: skip
ELDER_COURSES = (
    ("FLU-E-1",), ("FLU-E-1", "FLU-E-1", "FLU-E-1"), ("COVID-1", "COVID-7"), ("COVID-8", "COVID-2"), ("PNEUMO-E-1",), ("ZOSTER-L-1",),
    ("ZOSTER-R-1", "ZOSTER-R-2"), ("RUBELLA-5",), ("FLU-E-1", "COVID-3"),
)  # fmt: skip
MODEL_CHILD = (
    ("DPT-IPV-HIB-11", "DPT-IPV-HIB-12", "DPT-IPV-HIB-13", "DPT-IPV-HIB-1A"), ("PCV-1", "PCV-2", "PCV-3", "PCV-A"), ("HB-1", "HB-2", "HB-3"),
    ("BCG-1",), ("MR-1",), ("VAR-1", "VAR-2"), ("JE-11", "JE-12", "JE-1A"),
)  # fmt: skip
SEASON_DAYS = tuple(
    date.fromisoformat(day)
    for day in (
        "2024-09-30", "2024-10-01", "2025-01-31", "2025-02-01", "2025-03-31", "2025-04-01", "2025-09-30", "2025-10-01", "2026-01-31", "2026-03-31",
        "2026-04-01", "2026-10-01", "2026-11-24",
    )
)  # fmt: skip


class Maker:
    """Makes one ledger."""

    def __init__(self, rules: Rules, seed: int) -> None:
        self.rules, self.dice = rules, random.Random(seed)
        self.events: list[Event] = []
        self.notices: list[Notice] = []
        self.welfare: list[Welfare] = []
        self.live_days: list[date] = []
        self.care = 1.0

    def make(self, count: int) -> Case:
        persons = tuple(self.person(number) for number in range(1, count + 1))
        self.dice.shuffle(self.events)
        return Case(Ledger(persons=persons, events=tuple(self.events), welfare=tuple(self.welfare)), RECEIVED_ON, tuple(self.notices))

    def person(self, number: int) -> Person:
        dice = self.dice
        births, courses = dice.choices(
            ((CHILD_BIRTHS, CHILD_COURSES), (YOUTH_BIRTHS, YOUTH_COURSES), (ELDER_BIRTHS, ELDER_COURSES)), weights=(7, 3, 2)
        )[0]
        birth = dice.choice(births) + timedelta(days=dice.choice((0, 0, 0, 1, -1, dice.randrange(300))))
        birth = min(birth, date(2026, 10, 1))
        sex = dice.choices(("1", "2", "0"), weights=(4, 5, 1))[0]
        self.live_days = []
        self.care = dice.choice((0.3, 0.7, 0.95, 1.0))
        chosen = dice.sample(courses, dice.randrange(0, min(9, len(courses)) + 1))
        for course in MODEL_CHILD if births is CHILD_BIRTHS and dice.random() < 0.2 else chosen:
            self.course(number, birth, sex, course)
        if dice.random() < 0.15:
            self.welfare.append(
                Welfare(number, None, dice.choice(("physical_1", "physical_2")), None, dice.choice((None, date(2025, 10, 1))))
            )
        if dice.random() < 0.3:
            self.notify(number, birth, dice.choice(courses))
        kind = dice.random()
        if kind < 0.04:
            return Person(number, None, "0", (), "unknown", is_registered=False)
        spells = self.spells(birth)
        if kind < 0.08:
            return Person(number, None, sex, spells, dice.choice(("month", "year", "unknown")))
        return Person(number, birth, sex, spells)

    def spells(self, birth: date) -> tuple[Spell, ...]:
        dice, spells = self.dice, []
        begin = birth if dice.random() < 0.55 else birth + timedelta(days=dice.randrange(1, 1500))
        if dice.random() < 0.15:
            begin = reached_months(birth, dice.choice((2, 12, 24))) + timedelta(days=dice.choice((0, 1, 2)))
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            until = None
            if dice.random() < 0.4:
                until = begin + timedelta(days=dice.randrange(1, 1500))
            elif dice.random() < 0.15:
                until = reached_months(birth, dice.choice((12, 24, 36, 60, 90))) + timedelta(days=dice.choice((0, 1)))
            if until is not None and until <= begin:
                until = begin + timedelta(days=1)
            if begin > RECEIVED_ON[4]:
                break
            spells.append(Spell(begin, until, dice.choice(DISTRICTS), dice.choice(("japanese", "japanese", "foreign", "unknown"))))
            if until is None:
                break
            begin = until + timedelta(days=dice.choice((1, 1, 30, dice.randrange(1, 700))))
        return tuple(spells)

    def course(self, person: int, birth: date, sex: str, doses: tuple[str, ...]) -> None:
        """The doses of one course, each near a boundary; now and then one is missing, swapped, flawed or given twice."""
        dice, given = self.dice, []
        for dose in doses:
            if dice.random() < 0.08 * (2 - 2 * self.care):
                continue
            if dice.random() < self.care:
                day = self.earliest(birth, sex, dose, given) + timedelta(days=dice.choice((0, 0, 0, 1, 7, 20)))
            else:
                day = dice.choice(self.candidates(birth, sex, dose, given)) + timedelta(days=dice.choice((-1, 0, 0, 0, 1, 1, 2, 5)))
            self.record(person, birth, dose, min(day, date(2027, 2, 1)))
            given.append(day)
        if dice.random() < 0.15:
            self.record(person, birth, doses[-1], given[-1] + timedelta(days=dice.choice((0, 30, 200))) if given else birth)

    def earliest(self, birth: date, sex: str, dose: str, given: list[date]) -> date:
        """The first day on which a careful clinic would give the dose, by any one row."""
        rows = [row for row in self.rules.schedule[dose] if row.fits(birth, sex) and not row.condition] or self.rules.schedule[dose]
        row = self.dice.choice(rows)
        days = [birth, first_legal_day(row, birth), row.valid_from or birth]
        if row.std_from_months is not None:
            days.append(reached_months(birth, row.std_from_months))
        if given:
            since = given[0] if row.interval_from == "first" else given[-1]
            days += [given[-1] + timedelta(days=1), since + timedelta(days=(row.min_interval_days or 0) + 1)]
            days.append(reached_months(since, row.min_interval_months or 0) + timedelta(days=1))
        if self.rules.vaccine_of[dose] in self.rules.live_interval:
            days += [day + timedelta(days=self.dice.choice((0, 27, 28, 28))) for day in self.live_days[-1:]]
        return max(days)

    def candidates(self, birth: date, sex: str, dose: str, given: list[date]) -> list[date]:
        """Days worth trying: ends of the windows, of the standard ages and of the intervals, and the live interval after other doses."""
        days = []
        rows = [row for row in self.rules.schedule[dose] if row.fits(birth, sex)] or self.rules.schedule[dose]
        for row in rows:
            days += [first_legal_day(row, birth), last_legal_day(row, birth)]
            if row.std_to_months is not None:
                days += [reached_months(birth, row.std_to_months), reached_months(birth, row.std_to_months + 2)]
            if given:
                since = given[0] if row.interval_from == "first" else given[-1]
                if row.min_interval_days is not None:
                    days += [since + timedelta(days=row.min_interval_days + 1)] * 4
                if row.min_interval_months is not None:
                    days += [reached_months(since, row.min_interval_months)] * 4
        if given:
            days += [given[-1], given[-1] + timedelta(days=28), given[-1] + timedelta(days=28)]
        if any(row.season_from for row in rows):
            days += SEASON_DAYS
        if dose in ("HIB-1", "PCV-1"):
            days += [reached_months(birth, months) for months in (2, 7, 8, 12, 13, 24, 25, 60)]
        if dose.startswith("HPV"):
            days += [reached_years(birth, 15), date(2026, 3, 31), date(2026, 4, 1)]
        usable = [day for day in days if FAR_PAST < day < FAR_FUTURE and day <= date(2026, 12, 31)]
        return [day for day in usable if not given or day >= given[-1]] or usable or [birth + timedelta(days=400)]

    def record(self, person: int, birth: date, dose: str, day: date) -> None:
        dice = self.dice
        vaccine, given_on, screened_on, is_screened = self.rules.vaccine_of[dose], day, None, False
        if vaccine in self.rules.live_interval:
            self.live_days.append(day)
        flaw = 0.5 if dice.random() < self.care - 0.2 else dice.random()
        if flaw < 0.03:
            given_on, screened_on = None, dice.choice((None, day))
        elif flaw < 0.05:
            given_on = birth - timedelta(days=dice.choice((1, 300)))
        elif flaw < 0.08:
            dose = "unknown"
        elif flaw < 0.13:
            given_on, screened_on, is_screened = None, day, True
        batch = next((number for number, received in RECEIVED_ON.items() if day <= received), 4)
        if flaw > 0.97:
            batch = dice.choice(tuple(RECEIVED_ON))
        event = Event(
            person, vaccine, dose, given_on, screened_on, is_screened, batch=batch, is_transitional=dice.random() < 0.2,
            paid_month=dice.choice((202512, 202601, None)), location_flag=dice.choice(("1", "2")),
        )  # fmt: skip
        self.events.append(event)
        if dice.random() < 0.04:
            self.events.append(Event(**{**event.__dict__, "batch": dice.choice((batch, 4)), "paid_month": 202602}))

    def notify(self, person: int, birth: date, doses: tuple[str, ...]) -> None:
        dice, dose = self.dice, self.dice.choice(doses)
        own = [e.given_on for e in self.events if e.person == person and e.given_on]
        days = [day - timedelta(days=back) for day in own for back in (0, 1, 30, 31, 60, 90, 91)] or [birth + timedelta(days=60)]
        for _ in range(dice.choice((1, 1, 2))):
            kind = dice.choice(("form", "reminder", "reissue"))
            self.notices.append(Notice(person, self.rules.vaccine_of[dose], dose, dice.choice((*days, *days, None)), kind))


def random_case(rules: Rules, seed: int, *, persons: int = 300) -> Case:
    """A case of so many persons."""
    return Maker(rules, seed).make(persons)

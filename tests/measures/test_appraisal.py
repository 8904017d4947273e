"""Which doses are valid, rule by rule (docs/coverage_method.md 2): every case is one person of one mart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pytest
from tests.measures.mart_factory import Event, Ledger, Person, Welfare, appraise, build_mart

VACCINES = {"PNEUMO-E-1": "PNEUMO-E", "FLU-E-1": "FLU-E", "DT-2": "DT"}
YOUNG, SHORT, LIVE, LATE, TWICE, UNSURE, OK = (
    "too_young",
    "interval_too_short",
    "live_interval",
    "outside_window",
    "duplicate",
    "timing_unknown",
    "valid",
)


@dataclass(frozen=True)
class Case:
    """Doses in order of their dates, each with what the appraisal finds of it."""

    name: str
    birth: str | None
    doses: tuple[tuple[str, str | None, str], ...]
    sex: str = "2"
    has_flag: bool = False
    has_handbook: bool = False
    regime: str | None = None
    batch: int = 1


def case(name: str, birth: str | None, *doses: tuple[str, str | None, str], **facts: Any) -> Case:
    return Case(name, birth, doses, **facts)


FIVE, FOUR = "DPT-IPV-HIB-", "DPT-IPV-"
B = "2024-06-10"
FIRST = (FIVE + "11", "2024-08-09", OK)
PCV = (("PCV-1", "2024-08-09", OK), ("PCV-2", "2024-09-06", OK), ("PCV-3", "2024-10-04", OK))
LATE_HIB = (("HIB-1", "2025-01-10", OK), ("HIB-2", "2025-02-10", OK))
HPV = ("HPV9-1", "2025-05-01", OK)

CASES = (
    # Minimum age: the day before the monthly birthday is the first.
    case("two months reached", B, FIRST),
    case("a day before two months", B, (FIVE + "11", "2024-08-08", YOUNG)),
    case("too young, then again", B, (FIVE + "11", "2024-08-08", YOUNG), (FIVE + "12", "2024-09-08", OK)),
    case("three months before April 2023", "2023-01-20", (FOUR + "11", "2023-03-31", YOUNG)),
    case("two months from April 2023", "2023-01-20", (FOUR + "11", "2023-04-01", OK)),
    case("MR 12 months", B, ("MR-1", "2025-06-09", OK)),
    case("MR a day early", B, ("MR-1", "2025-06-08", YOUNG)),
    case("MR 2nd in the year before school", "2019-06-10", ("MR-2", "2025-04-01", OK)),
    case("MR 2nd a day early", "2019-06-10", ("MR-2", "2025-03-31", YOUNG)),
    case("MR 2nd does not wait for the 1st", "2019-06-10", ("MR-2", "2025-04-01", OK), ("MR-1", "2025-05-01", LATE)),
    case("DT 2nd at 11", "2014-06-10", ("DT-2", "2025-06-09", OK)),
    case("DT 2nd a day early", "2014-06-10", ("DT-2", "2025-06-08", YOUNG)),
    case("BCG on the day of birth", B, ("BCG-1", B, OK)),
    case("BCG on the last day", B, ("BCG-1", "2025-06-09", OK)),
    case("BCG a day late", B, ("BCG-1", "2025-06-10", LATE)),
    case("rota after six weeks", B, ("RV1-1", "2024-07-22", OK)),
    case("rota a day early", B, ("RV1-1", "2024-07-21", YOUNG)),
    case("rota over 24 weeks", B, ("RV1-1", "2024-11-26", LATE)),
    case("hepatitis B of an older child", "2016-03-31", ("HB-1", "2016-10-02", YOUNG)),
    case("five-fold after 90 months", "2015-01-10", (FIVE + "11", "2024-05-01", LATE)),
    case("elderly pneumococcal at 65", "1960-06-10", ("PNEUMO-E-1", "2025-06-09", OK)),
    case("elderly pneumococcal a day early", "1960-06-10", ("PNEUMO-E-1", "2025-06-08", YOUNG)),
    case("elderly pneumococcal at 60 with a handbook", "1960-06-10", ("PNEUMO-E-1", "2020-06-09", OK), has_handbook=True),
    case("elderly pneumococcal after 66", "1950-06-10", ("PNEUMO-E-1", "2025-06-08", LATE)),
    # Minimum intervals: n full days between; from the same day n months later.
    case("20 days between", B, FIRST, (FIVE + "12", "2024-08-30", OK)),
    case("19 days between", B, FIRST, (FIVE + "12", "2024-08-29", SHORT)),
    case("short, then again", B, FIRST, (FIVE + "12", "2024-08-29", SHORT), (FIVE + "13", "2024-08-30", OK)),
    case(
        "booster six months after the third",
        B, FIRST, (FIVE + "12", "2024-08-30", OK), (FIVE + "13", "2024-09-20", OK), (FIVE + "1A", "2025-03-20", OK),
    ),
    case(
        "booster a day early",
        B, FIRST, (FIVE + "12", "2024-08-30", OK), (FIVE + "13", "2024-09-20", OK), (FIVE + "1A", "2025-03-19", SHORT),
    ),
    case("Hib 27 days", B, ("HIB-1", "2024-08-09", OK), ("HIB-2", "2024-09-06", OK)),
    case("Hib 26 days", B, ("HIB-1", "2024-08-09", OK), ("HIB-2", "2024-09-05", SHORT)),
    case("pneumococcal booster at 12 months", B, *PCV, ("PCV-A", "2025-06-09", OK)),
    case("pneumococcal booster a day early", B, *PCV, ("PCV-A", "2025-06-08", YOUNG)),
    case("hepatitis B third from the first", B, ("HB-1", "2024-08-09", OK), ("HB-2", "2024-09-06", OK), ("HB-3", "2024-12-27", OK)),
    case("hepatitis B third a day early", B, ("HB-1", "2024-08-09", OK), ("HB-2", "2024-09-06", OK), ("HB-3", "2024-12-26", SHORT)),
    case("rota 27 days", B, ("RV5-1", "2024-08-09", OK), ("RV5-2", "2024-09-06", OK), ("RV5-3", "2024-10-03", SHORT)),
    case("varicella three months", B, ("VAR-1", "2025-06-09", OK), ("VAR-2", "2025-09-09", OK)),
    case("varicella a day early", B, ("VAR-1", "2025-06-09", OK), ("VAR-2", "2025-09-08", SHORT)),
    case("encephalitis", B, ("JE-11", "2024-12-09", OK), ("JE-12", "2024-12-16", OK), ("JE-1A", "2025-06-16", OK)),
    case("encephalitis short", B, ("JE-11", "2024-12-09", OK), ("JE-12", "2024-12-15", SHORT)),
    case("zoster two months", "1960-06-10", ("ZOSTER-R-1", "2025-06-01", OK), ("ZOSTER-R-2", "2025-07-31", SHORT), ("ZOSTER-R-2", "2025-08-01", OK)),
    # Live injectables: 27 clear days between different ones; the same day is allowed; others do not matter.
    case("live on the 27th day", B, ("MR-1", "2025-06-09", OK), ("VAR-1", "2025-07-06", LIVE)),
    case("live on the 28th day", B, ("MR-1", "2025-06-09", OK), ("VAR-1", "2025-07-07", OK)),
    case("live on the same day", B, ("MR-1", "2025-06-09", OK), ("VAR-1", "2025-06-09", OK)),
    case("live and not live", B, ("MR-1", "2025-06-09", OK), ("HB-1", "2025-06-09", OK), ("JE-11", "2025-06-10", OK)),
    # Human papillomavirus.
    case("HPV in the year of 12", "2013-06-10", HPV),
    case("HPV a year early", "2014-06-10", ("HPV9-1", "2025-05-01", YOUNG)),
    case("HPV is for girls", "2013-06-10", ("HPV9-1", "2025-05-01", YOUNG), sex="1"),
    case("HPV in two doses ends the course", "2013-06-10", HPV, ("HPV9-2", "2025-10-01", OK), ("HPV9-3", "2026-02-01", TWICE)),
    case("HPV in three doses", "2013-06-10", HPV, ("HPV9-2", "2025-06-01", OK), ("HPV9-3", "2025-09-01", OK)),
    case("HPV second within a month", "2013-06-10", HPV, ("HPV9-2", "2025-05-31", SHORT)),
    case("HPV third within three months", "2013-06-10", HPV, ("HPV9-2", "2025-06-01", OK), ("HPV9-3", "2025-08-31", SHORT)),
    case("HPV begun after 15", "2009-06-10", ("HPV9-1", "2024-06-10", OK), ("HPV9-2", "2024-11-10", OK), ("HPV9-3", "2025-02-10", OK)),
    case("HPV mixed needs three", "2013-06-10", ("HPV4-1", "2025-05-01", OK), ("HPV9-2", "2025-10-01", OK), ("HPV9-3", "2026-01-01", OK)),
    case("HPV catch-up", "2000-05-01", ("HPV9-1", "2023-05-01", OK)),
    case("HPV transitional with the flag", "2000-05-01", ("HPV9-1", "2025-05-01", OK), has_flag=True),
    case("HPV transitional without it", "2000-05-01", ("HPV9-1", "2025-05-01", LATE)),
    # 特例・経過措置.
    case("MR in short supply", "2022-06-10", ("MR-1", "2025-05-01", OK), has_flag=True),
    case("MR late without the flag", "2022-06-10", ("MR-1", "2025-05-01", LATE)),
    case("encephalitis 特例", "1996-05-01", ("JE-11", "2015-05-01", OK)),
    case("encephalitis of an older adult", "1994-05-01", ("JE-11", "2013-05-01", LATE)),
    case("rubella 5th", "1970-05-01", ("RUBELLA-5", "2025-03-01", OK), sex="1"),
    case("rubella 5th extended", "1970-05-01", ("RUBELLA-5", "2025-05-01", OK), sex="1", has_flag=True),
    case("rubella 5th not extended", "1970-05-01", ("RUBELLA-5", "2025-05-01", YOUNG), sex="1"),
    # Late starts.
    case("Hib begun after 7 months", B, *LATE_HIB, ("HIB-A", "2025-09-10", OK), regime="start_7_to_12_months"),
    case("its booster a day early", B, *LATE_HIB, ("HIB-A", "2025-09-09", SHORT), regime="start_7_to_12_months"),
    case("it has no third", B, *LATE_HIB, ("HIB-3", "2025-03-20", TWICE), regime="start_7_to_12_months"),
    case("Hib begun at 7 months is regular", B, ("HIB-1", "2025-01-09", OK), ("HIB-2", "2025-02-10", OK), ("HIB-3", "2025-03-20", OK)),
    case("Hib begun after 12 months", B, ("HIB-1", "2025-06-10", OK), ("HIB-2", "2025-08-10", TWICE), regime="start_12_to_60_months"),
    case("Hib begun at 12 months", B, ("HIB-1", "2025-06-09", OK), ("HIB-2", "2025-07-09", LATE), regime="start_7_to_12_months"),
    case("pneumococcal 60 days", B, ("PCV-1", "2025-07-01", OK), ("PCV-2", "2025-08-31", OK), regime="start_12_to_24_months"),
    case("pneumococcal 59 days", B, ("PCV-1", "2025-07-01", OK), ("PCV-2", "2025-08-30", SHORT), regime="start_12_to_24_months"),
    case("pneumococcal begun after 24 months", B, ("PCV-1", "2026-06-10", OK), ("PCV-2", "2026-09-10", TWICE), regime="start_24_to_60_months"),
    # Order and equivalence.
    case("four-fold goes on after five-fold", B, FIRST, (FOUR + "12", "2024-08-30", OK), (FIVE + "13", "2024-09-20", OK)),
    case("a missing stage", B, FIRST, (FIVE + "13", "2024-08-30", OK)),
    case("the same stage again", B, FIRST, (FIVE + "11", "2024-09-09", TWICE)),
    case("two codes of one stage", B, (FOUR + "11", "2024-08-09", OK), (FIVE + "11", "2024-08-09", TWICE)),
    # Timing unknown.
    case("no date", B, (FIVE + "11", None, UNSURE)),
    case("before birth", B, (FIVE + "11", "2024-06-09", UNSURE)),
    case("day of birth unknown", None, (FIVE + "11", "2024-08-09", UNSURE)),
    case("after the extract was taken in", B, ("MR-1", "2025-12-01", UNSURE), batch=2),
    case("on the day the extract was taken in", B, ("MR-1", "2025-11-30", OK), batch=2),
    case("equal dates", B, (FIVE + "11", "2024-09-09", OK), (FIVE + "12", "2024-09-09", UNSURE)),
    case("reversed dates", B, (FIVE + "12", "2024-08-20", UNSURE), (FIVE + "11", "2024-09-09", OK)),
    case("stage unknown", B, ("unknown", "2024-09-09", UNSURE)),
    # Vaccines with a season.
    case("influenza each year", "1950-06-10", ("FLU-E-1", "2024-11-01", OK), ("FLU-E-1", "2025-01-05", TWICE), ("FLU-E-1", "2025-11-01", OK)),
    case("influenza out of season", "1950-06-10", ("FLU-E-1", "2025-03-01", LATE)),
    case("influenza too young", "1962-06-10", ("FLU-E-1", "2025-11-01", YOUNG)),
    case("COVID each year", "1950-06-10", ("COVID-1", "2024-11-01", OK), ("COVID-2", "2025-11-01", OK), ("COVID-3", "2025-12-01", TWICE)),
)  # fmt: skip


@pytest.fixture(scope="module")
def mart() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = build_mart(ledger_of(CASES))
    connection.execute("INSERT INTO batch (batch, received_on) VALUES (1, DATE '2026-11-24'), (2, DATE '2025-11-30')")
    appraise(connection)
    yield connection
    connection.close()


def ledger_of(cases: tuple[Case, ...]) -> Ledger:
    numbered = list(enumerate(cases, start=1))
    return Ledger(
        persons=[
            Person(n, date.fromisoformat(c.birth) if c.birth else None, sex=c.sex, birth_precision="day" if c.birth else "year")
            for n, c in numbered
        ],
        events=[
            Event(n, vaccine_of(dose), dose, date.fromisoformat(day) if day else None, is_transitional=c.has_flag, batch=c.batch)
            for n, c in numbered
            for dose, day, _ in c.doses
        ],
        welfare=[Welfare(n, welfare_class=None, handbook_class="physical_1") for n, c in numbered if c.has_handbook],
    )


def vaccine_of(dose: str) -> str:
    return VACCINES.get(dose, "MR" if dose == "unknown" else dose.rsplit("-", 1)[0])


@pytest.mark.parametrize("number", range(1, len(CASES) + 1), ids=[c.name for c in CASES])
def test_each_dose_has_its_outcome(mart: duckdb.DuckDBPyConnection, number: int) -> None:
    found = mart.execute("SELECT dose, given_on, outcome FROM appraisal WHERE is_home AND person = ?", [number]).fetchall()
    expected = [(dose, date.fromisoformat(day) if day else None, outcome) for dose, day, outcome in CASES[number - 1].doses]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    [(regime,)] = mart.execute("SELECT max(regime) FROM slot_fill WHERE person = ? AND series IN ('HIB', 'PCV')", [number]).fetchall()
    assert regime == CASES[number - 1].regime


def person_of(name: str) -> int:
    return next(n for n, c in enumerate(CASES, start=1) if c.name == name)


def slots(mart: duckdb.DuckDBPyConnection, name: str, series: str) -> list[tuple[int, str]]:
    rows = mart.execute(
        "SELECT slot, dose FROM slot_fill WHERE person = ? AND series = ? ORDER BY filled_on", [person_of(name), series]
    ).fetchall()
    return [(int(slot), str(dose)) for slot, dose in rows]


def test_a_five_fold_dose_fills_the_slots_of_its_components(mart: duckdb.DuckDBPyConnection) -> None:
    name = "four-fold goes on after five-fold"
    assert slots(mart, name, "DPT-IPV") == [(1, FIVE + "11"), (2, FOUR + "12"), (3, FIVE + "13")]
    assert slots(mart, name, "IPV") == [(1, FIVE + "11"), (2, FOUR + "12"), (3, FIVE + "13")]
    # The four-fold dose has no Hib in it, so the third five-fold dose is the second of Hib.
    assert slots(mart, name, "HIB") == [(1, FIVE + "11"), (2, FIVE + "13")]


def test_a_dose_after_a_missing_stage_fills_the_open_slot(mart: duckdb.DuckDBPyConnection) -> None:
    assert slots(mart, "a missing stage", "DPT-IPV") == [(1, FIVE + "11"), (2, FIVE + "13")]


def test_a_course_begun_late_goes_from_the_second_dose_to_the_booster(mart: duckdb.DuckDBPyConnection) -> None:
    assert slots(mart, "Hib begun after 7 months", "HIB") == [(1, "HIB-1"), (2, "HIB-2"), (4, "HIB-A")]


def test_each_season_has_a_slot_of_its_own(mart: duckdb.DuckDBPyConnection) -> None:
    assert slots(mart, "influenza each year", "FLU-E") == [(1, "FLU-E-1"), (1, "FLU-E-1")]


def test_every_record_is_appraised_once_in_its_home_series(mart: duckdb.DuckDBPyConnection) -> None:
    [(records,)] = mart.execute("SELECT count(*) FROM dose").fetchall()
    [(appraised, placed)] = mart.execute("SELECT count(*), count(series) FROM appraisal WHERE is_home").fetchall()
    assert (appraised, placed) == (records, records - 1)

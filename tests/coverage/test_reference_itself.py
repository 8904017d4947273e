"""The reference calculation against examples worked by hand from docs/coverage_method.md."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest
from tests.coverage.reference_curve import curve
from tests.coverage.reference_data import Rules, read_rules
from tests.coverage.reference_days import age_months, birth_fy, interval_kept, reached_months, reached_years, school_entry
from tests.coverage.reference_doses import doses_of_year, missed_opportunities, scaled, target_of_year, uptake_after_notice
from tests.coverage.reference_measures import coverage_cohort, dropout, timeliness
from tests.coverage.reference_people import Case, Notice
from tests.coverage.reference_study import Patient, Study
from tests.measures.mart_factory import Event, Ledger, Person, Spell

AS_OF = date(2026, 11, 24)
BIRTH = date(2024, 4, 10)  # 生後2月 2024-06-09, 7月 2024-11-09, 12月 2025-04-09, 24月 2026-04-09


def d(text: str) -> date:
    return date.fromisoformat(text)


@cache
def rules() -> Rules:
    return read_rules()


def study_of(
    *doses: tuple[str, str | None], birth: date | None = BIRTH, sex: str = "2", since: date | None = None, notice: Notice | None = None
):
    person = Person(1, birth, sex, (Spell(since or birth or d("2020-01-01")),), "day" if birth else "unknown")
    events = [Event(1, rules().vaccine_of[dose], dose, d(day) if day else None) for dose, day in doses]
    return Study(rules(), Case(Ledger(persons=(person,), events=events), {1: AS_OF}, (notice,) if notice else ()))


def outcomes(*doses: tuple[str, str | None], birth: date | None = BIRTH, sex: str = "2") -> list[str]:
    """The outcomes, in the order in which the doses are written."""
    patient: Patient = study_of(*doses, birth=birth, sex=sex).patients[0]
    found = {(r.dose, r.given_on): patient.outcome(r) for r in patient.subject.doses}
    return [found[dose, d(day) if day else None] for dose, day in doses]


@pytest.mark.parametrize(
    ("birth", "months", "day"),
    [
        ("2013-04-01", 3, "2013-06-30"), ("2013-04-01", 6, "2013-09-30"), ("2013-01-31", 1, "2013-02-28"), ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-28"), ("2024-03-01", 12, "2025-02-28"), ("2024-03-01", 0, "2024-02-29"),
    ],
)  # fmt: skip
def test_reached_months(birth: str, months: int, day: str) -> None:
    assert reached_months(d(birth), months) == d(day)


def test_ages_and_cohorts() -> None:
    assert reached_years(d("2020-04-01"), 6) == d("2026-03-31")
    assert (birth_fy(d("2020-04-01")), birth_fy(d("2020-04-02"))) == (2019, 2020)
    assert (school_entry(d("2020-04-01")), school_entry(d("2020-04-02"))) == (d("2026-04-01"), d("2027-04-01"))
    assert (age_months(d("2024-01-31"), d("2024-02-28")), age_months(d("2024-01-31"), d("2024-02-29"))) == (0, 1)
    assert (age_months(d("2024-04-10"), d("2024-05-08")), age_months(d("2024-04-10"), d("2024-05-09"))) == (0, 1)


def test_intervals() -> None:
    assert not interval_kept(d("2025-11-01"), d("2025-11-21"), 20, None)
    assert interval_kept(d("2025-11-01"), d("2025-11-22"), 20, None)
    assert not interval_kept(d("2025-01-10"), d("2025-07-09"), None, 6)
    assert interval_kept(d("2025-01-10"), d("2025-07-10"), None, 6)
    assert not interval_kept(d("2024-08-31"), d("2025-02-28"), None, 6)
    assert interval_kept(d("2024-08-31"), d("2025-03-01"), None, 6)


def test_a_course_of_mixed_vaccines_fills_its_slots() -> None:
    course = [
        ("DPT-IPV-11", "2024-06-09"),
        ("DPT-IPV-HIB-12", "2024-06-30"),
        ("DPT-IPV-HIB-13", "2024-07-21"),
        ("DPT-IPV-HIB-1A", "2025-01-21"),
    ]
    assert outcomes(*course) == ["valid"] * 4
    assert outcomes(("DPT-IPV-11", "2024-06-08"), *course[1:]) == ["too_young", "valid", "valid", "valid"]


def test_a_dose_too_early_or_too_soon_leaves_its_slot_open() -> None:
    assert outcomes(("DPT-IPV-11", "2024-07-01"), ("DPT-IPV-12", "2024-07-21")) == ["valid", "interval_too_short"]
    assert outcomes(("HB-1", "2024-06-01"), ("HB-2", "2024-06-29"), ("HB-3", "2024-10-18")) == ["valid", "valid", "interval_too_short"]
    assert outcomes(("HB-1", "2024-06-01"), ("HB-2", "2024-06-29"), ("HB-3", "2024-10-19")) == ["valid", "valid", "valid"]


def test_doubtful_dates_are_the_higher_position_s_fault() -> None:
    assert outcomes(("HB-1", "2024-07-01"), ("HB-2", "2024-07-01")) == ["valid", "timing_unknown"]
    assert outcomes(("HB-1", None), ("HB-2", "2024-07-01")) == ["timing_unknown", "valid"]
    assert outcomes(("HB-1", "2024-04-09"), ("HB-2", "2026-11-25")) == ["timing_unknown", "timing_unknown"]
    assert outcomes(("HB-1", "2024-06-01"), birth=None) == ["timing_unknown"]


def test_duplicates_late_doses_and_live_vaccines() -> None:
    assert outcomes(("MR-1", "2025-04-09"), ("MR-1", "2026-01-01")) == ["valid", "duplicate"]
    assert outcomes(("MR-1", "2026-04-09")) == ["valid"]
    assert outcomes(("MR-1", "2026-04-10")) == ["outside_window"]
    assert outcomes(("MR-1", "2025-05-01"), ("VAR-1", "2025-05-28")) == ["valid", "live_interval"]
    assert outcomes(("MR-1", "2025-05-01"), ("VAR-1", "2025-05-29")) == ["valid", "valid"]
    assert outcomes(("MR-1", "2025-05-01"), ("VAR-1", "2025-05-01")) == ["valid", "valid"]


def test_late_starts_are_courses_of_their_own() -> None:
    assert outcomes(("HIB-1", "2024-11-09"), ("HIB-A", "2025-06-20")) == ["valid", "outside_window"]  # regular course: 初回2 after 12月
    late = [("HIB-1", "2024-11-10"), ("HIB-2", "2024-12-08"), ("HIB-3", "2025-01-10"), ("HIB-A", "2025-07-08")]
    assert outcomes(*late) == ["valid", "valid", "duplicate", "valid"]
    assert outcomes(("HIB-1", "2025-04-10"), ("HIB-2", "2025-06-01")) == ["valid", "duplicate"]
    assert outcomes(("PCV-1", "2025-05-10"), ("PCV-2", "2025-07-09")) == ["valid", "interval_too_short"]
    assert outcomes(("PCV-1", "2025-05-10"), ("PCV-2", "2025-07-10"), ("PCV-A", "2025-12-10")) == ["valid", "valid", "duplicate"]


def test_hpv_of_different_valency_is_one_course() -> None:
    birth = d("2011-06-01")  # 12歳 in FY2023, 16歳 in FY2027
    assert outcomes(("HPV2-1", "2025-05-01"), ("HPV9-2", "2025-06-01"), ("HPV9-3", "2025-09-01"), birth=birth) == ["valid"] * 3
    assert outcomes(("HPV2-1", "2025-05-01"), ("HPV9-2", "2025-05-31"), birth=birth) == ["valid", "interval_too_short"]
    assert outcomes(("HPV9-1", "2025-05-01"), birth=birth, sex="1") == ["too_young"]


def test_a_season_is_a_course_of_one_dose() -> None:
    elder = d("1950-01-01")
    doses = [("FLU-E-1", "2024-12-01"), ("FLU-E-1", "2025-02-01"), ("FLU-E-1", "2025-10-01"), ("FLU-E-1", "2026-09-30")]
    assert outcomes(*doses, birth=elder) == ["valid", "duplicate", "valid", "outside_window"]


def test_coverage_at_a_milestone() -> None:
    [cell] = coverage_cohort(study_of(("MR-1", "2026-04-09")), "MR-1", as_of=AS_OF)
    assert cell["vaccinated"]
    [cell] = coverage_cohort(study_of(("MR-1", "2026-04-10"), since=d("2025-04-10")), "MR-1", as_of=AS_OF)
    assert (cell["vaccinated"], cell["unknown_history"]) == (False, True)
    [cell] = coverage_cohort(study_of(("MR-1", None)), "MR-1", as_of=AS_OF, milestone="12m")
    assert cell["vaccinated"]
    assert coverage_cohort(study_of(), "MR-1", as_of=d("2025-04-08"), milestone="12m") == []
    [cell] = coverage_cohort(study_of(("DPT-IPV-HIB-11", "2024-06-09")), "HIB-1", as_of=AS_OF, validity="valid")
    assert cell["vaccinated"]


def test_timeliness_and_dropout() -> None:
    def timed(day: str | None) -> str:
        return str(timeliness(study_of(("DPT-IPV-HIB-11", day)), "DPT-IPV-HIB-11", as_of=AS_OF)[0]["class"])

    days = ("2024-06-08", "2024-11-09", "2025-01-09", "2025-01-10", None)
    assert [timed(day) for day in days] == ["too_early", "on_time", "late_under_2m", "late_over_2m", "timing_unknown"]
    [cell] = dropout(study_of(("VAR-1", "2025-05-01")), "VAR-1", "VAR-2", as_of=AS_OF)
    assert (cell["first"], cell["both"], cell["dropped"]) == (True, False, True)


def test_a_year_s_doses_and_target() -> None:
    study = study_of(("MR-1", "2025-04-09"))
    assert [len(doses_of_year(study, "MR-1", fiscal_year=year)) for year in (2024, 2025)] == [0, 1]
    assert [len(target_of_year(study, "MR-1", fiscal_year=year)) for year in (2024, 2025, 2026)] == [0, 1, 0]
    assert (scaled(5, 5), scaled(1, 24), scaled(3, 8)) == (12, 1, 5)


def test_visits_and_notices() -> None:
    study = study_of(("JE-11", "2025-04-20"), ("VAR-1", "2025-05-20"), ("MR-1", "2025-06-20"))
    assert [cell["missed"] for cell in missed_opportunities(study, "MR-1", as_of=AS_OF)] == [True, True, False]
    assert {cell["recovery"] for cell in missed_opportunities(study, "MR-1", as_of=AS_OF)} == {"recovered", "given"}
    [cell] = uptake_after_notice(study_of(("MR-1", "2025-05-31"), notice=Notice(1, "MR", "MR-1", d("2025-05-01"))), "MR-1", as_of=AS_OF)
    assert (cell["within_30"], cell["days"]) == (True, 30)
    [cell] = uptake_after_notice(study_of(("MR-1", "2025-05-01"), notice=Notice(1, "MR", "MR-1", d("2025-05-01"))), "MR-1", as_of=AS_OF)
    assert not cell["within_90"]


def test_kaplan_meier_by_hand() -> None:
    cells = [{"entry": e, "exit": x, "event": v} for e, x, v in ((0, 1, True), (0, 2, False), (1, 2, True), (2, 3, True), (0, 3, False))]
    points = list(curve(cells, 10).values())
    assert [(p.at_risk, p.events) for p in points] == [(3, 0), (4, 1), (4, 1), (2, 1)]
    assert [p.coverage for p in points] == pytest.approx([0, 1 / 4, 1 - 9 / 16, 1 - 9 / 32])
    # S = 3/4, Greenwood 1/12: log(-log S) ± 1.96 × 1.0034
    assert (points[1].low, points[1].high) == pytest.approx((0.0394, 0.8720), abs=1e-3)

"""Dose histories follow the schedule, the ledger's channels and the calibrated uptake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.synth.ledger import both_files, read_extract, write_ledger

from daicho.contracts.codelists import load_codelist
from daicho.contracts.reference import load_reference
from daicho.contracts.schedule import covers_birth, legal_window
from daicho.core.ages import reached_months_on
from daicho.core.config import Config
from daicho.core.eras import japanese_date_expr

FISCAL_YEAR = (date(2025, 4, 1), date(2026, 3, 31))
OUTSIDE_THE_RULES = 0.01  # the most that may lie outside: a few doses too early or too late are drawn on purpose


@pytest.fixture(scope="module")
def people(town: Path) -> pl.DataFrame:
    """Persons by number with typed days; only those whose number never changed."""
    frame = read_extract(town / "resident.csv")
    changes = read_extract(town / "number_change.csv")
    settled = frame.filter(~pl.col("宛名番号").is_in([*changes["旧宛名番号"], *changes["新宛名番号"]]))
    return settled.with_columns(japanese_date_expr(name) for name in ("生年月日", "住民となった日", "消除日"))


@pytest.fixture(scope="module")
def rows(town: Path, people: pl.DataFrame, office: Config) -> pl.DataFrame:
    """All rows of both files about these persons, with the code of the dose."""
    listed = load_codelist(office.contracts_dir, "dose_stage")
    key = listed.select(
        pl.col("vaccine_code").alias("予防接種種別コード"),
        pl.col("stage").alias("接種期"),
        pl.col("number").alias("接種回数"),
        pl.col("code").alias("dose"),
    )
    joined = both_files(town).join(people.select("宛名番号", "生年月日", "性別", "住民となった日", "消除日"), on="宛名番号")
    return joined.join(key, on=["予防接種種別コード", "接種期", "接種回数"], how="left", nulls_equal=True)


@pytest.fixture(scope="module")
def doses(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("予診フラグ") == "0").unique(["宛名番号", "dose", "接種日"])


def is_legal(rules: list[Mapping[str, Any]], *, given: date, birth: date, sex: str) -> bool:
    """Whether some rule of the dose is open on the day, seasons and evidence aside."""
    for rule in rules:
        first, last = legal_window(rule, birth)
        in_force = (rule["valid_from"] or given) <= given <= (rule["valid_to"] or given)
        if in_force and covers_birth(rule, birth, sex=sex) and (first or given) <= given <= (last or given):
            return True
    return False


def test_every_row_names_a_dose_of_the_code_list(rows: pl.DataFrame) -> None:
    assert rows["dose"].null_count() == 0


def test_doses_of_the_year_lie_in_their_legal_window_but_for_a_few(office: Config, doses: pl.DataFrame) -> None:
    rules: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for rule in load_reference(office.contracts_dir, "schedule").iter_rows(named=True):
        rules[rule["dose_code"]].append(rule)
    year = doses.filter(pl.col("接種日").is_between(*FISCAL_YEAR), pl.col("生年月日").is_not_null()).select(
        "dose", "接種日", "生年月日", "性別"
    )
    outside = [row for row in year.rows() if not is_legal(rules[row[0]], given=row[1], birth=row[2], sex=row[3])]
    assert year.height > 4_000
    assert 0 < len(outside) < OUTSIDE_THE_RULES * year.height


@pytest.mark.parametrize(
    ("earlier", "later", "full_days"),
    [
        ("PCV-1", "PCV-2", 27),
        ("DPT-IPV-HIB-11", "DPT-IPV-HIB-12", 20),
        ("HB-1", "HB-3", 139),
        ("JE-11", "JE-12", 6),
        ("RV1-1", "RV1-2", 27),
    ],
)
def test_doses_keep_their_distance_but_for_a_few(doses: pl.DataFrame, earlier: str, later: str, full_days: int) -> None:
    pairs = _pairs(doses, earlier, later)
    too_soon = pairs.filter((pl.col("later") - pl.col("earlier")).dt.total_days() <= full_days).height
    assert pairs.height > 100
    assert too_soon <= max(2, OUTSIDE_THE_RULES * pairs.height)


def test_two_live_vaccines_come_together_or_27_days_apart(doses: pl.DataFrame) -> None:
    days = (pl.col("later") - pl.col("earlier")).dt.total_days()
    pairs = _pairs(doses, "MR-1", "VAR-1").with_columns(days.alias("apart"))
    assert pairs.filter(pl.col("apart") == 0).height > 0.7 * pairs.height
    assert pairs.filter((pl.col("apart").abs() <= 27) & (pl.col("apart") != 0)).height < OUTSIDE_THE_RULES * pairs.height


def _pairs(doses: pl.DataFrame, earlier: str, later: str) -> pl.DataFrame:
    one, other = (doses.filter(pl.col("dose") == code).select("宛名番号", "接種日") for code in (earlier, later))
    return one.rename({"接種日": "earlier"}).join(other.rename({"接種日": "later"}), on="宛名番号")


@pytest.mark.parametrize(
    ("dose", "months", "low", "high"), [("MR-1", 24, 0.945, 0.985), ("BCG-1", 12, 0.95, 0.995), ("PCV-1", 12, 0.95, 0.995)]
)
def test_infant_vaccines_are_on_record_for_nearly_all(
    people: pl.DataFrame, doses: pl.DataFrame, dose: str, months: int, low: float, high: float
) -> None:
    """Of the residents on the last legal day, as the measure counts; cohorts without a shortage."""
    born = people.filter(pl.col("生年月日").is_between(date(2014, 4, 2), date(2021, 4, 1)))
    reached = pl.col("生年月日").map_elements(lambda birth: reached_months_on(birth, months), return_dtype=pl.Date)
    assert low < _coverage(born.with_columns(reached.alias("milestone")), doses, dose) < high


def test_second_measles_dose_is_on_record_for_nine_in_ten(people: pl.DataFrame, doses: pl.DataFrame) -> None:
    born = people.filter(pl.col("生年月日").is_between(date(2010, 4, 2), date(2016, 4, 1)))
    school = (pl.col("生年月日").dt.offset_by("-1d").dt.offset_by("-3mo").dt.year() + 7).alias("year")
    milestone = pl.date(pl.col("year"), 3, 31).alias("milestone")
    assert 0.88 < _coverage(born.with_columns(school).with_columns(milestone), doses, "MR-2") < 0.94


def test_half_of_the_old_take_influenza_each_season(people: pl.DataFrame, doses: pl.DataFrame) -> None:
    old = people.filter(pl.col("生年月日") <= date(1960, 10, 1)).with_columns(pl.lit(date(2025, 12, 31)).alias("milestone"))
    season = doses.filter((pl.col("dose") == "FLU-E-1") & (pl.col("接種日") >= date(2025, 10, 1)))
    assert _coverage(old, season.with_columns(pl.lit(date(2025, 10, 1)).alias("接種日")), "FLU-E-1") == pytest.approx(0.51, abs=0.03)
    months = season["接種日"].dt.month()
    assert set(months) <= {10, 11, 12, 1}
    assert season.filter(pl.col("接種日").dt.month().is_in([10, 11])).height > season.height / 2


def _coverage(born: pl.DataFrame, doses: pl.DataFrame, dose: str) -> float:
    here = pl.col("住民となった日") <= pl.col("milestone")
    cohort = born.filter(here & (pl.col("消除日").is_null() | (pl.col("milestone") < pl.col("消除日"))))
    given = doses.filter(pl.col("dose") == dose).group_by("宛名番号").agg(pl.col("接種日").min())
    has = cohort.join(given, on="宛名番号", how="left").select((pl.col("接種日") <= pl.col("milestone")).fill_null(False).mean()).item()
    return float(has)


def test_claimed_rows_are_about_residents(rows: pl.DataFrame) -> None:
    on = pl.coalesce("接種日", "予診日")
    claimed = rows.filter(pl.col("支払月").is_not_null())
    here = (on >= pl.col("住民となった日")) & (pl.col("消除日").is_null() | (on < pl.col("消除日")))
    assert claimed.select(here.all()).item()


def test_doses_from_before_moving_in_stand_without_a_claim(rows: pl.DataFrame) -> None:
    imported = rows.filter(pl.col("接種日") < pl.col("住民となった日"))
    assert imported.height > 1_000
    for name in ("医療機関コード", "区名コード", "支払月", "医療機関所在地フラグ", "予診日", "ワクチンロット番号"):
        assert imported[name].null_count() == imported.height
    assert rows.filter(pl.col("支払月").is_null()).height == imported.height


def test_most_of_the_month_is_paid_in_the_next_and_some_claims_are_late(rows: pl.DataFrame) -> None:
    own = rows.filter((pl.col("医療機関所在地フラグ") == "1") & pl.col("接種日").is_between(date(2023, 4, 1), date(2025, 3, 31)))
    paid = pl.col("支払月").cast(pl.Int32)
    months = paid // 100 * 12 + paid % 100 - pl.col("接種日").dt.year() * 12 - pl.col("接種日").dt.month()
    delays = own.select(months.alias("delay"))["delay"]
    assert (delays == 1).sum() > 0.9 * own.height
    assert delays.min() == 1
    assert 0 < (delays > 3).sum() < 0.05 * own.height


def test_doses_of_other_wards_come_with_their_half_year(town: Path, office: Config) -> None:
    elsewhere = read_extract(town / "vaccination_other_wards.csv")
    assert set(elsewhere["支払月"].str.slice(4)) == {"05", "11"}
    assert set(elsewhere["医療機関所在地フラグ"]) == {"2"}
    assert office.municipality_code not in set(elsewhere["区名コード"])
    whole = both_files(town)
    assert 0.06 < elsewhere.height / whole.filter(pl.col("支払月").is_not_null()).height < 0.16


def test_an_extract_holds_no_claim_from_after_it_was_drawn(town: Path) -> None:
    whole = both_files(town)
    assert whole["支払月"].max() == "202605"
    assert whole["接種日"].max() <= FISCAL_YEAR[1]  # type: ignore[operator]


def test_screened_only_visits_have_a_screening_and_no_dose(town: Path) -> None:
    visits = both_files(town).filter(pl.col("予診フラグ") == "1")
    assert visits.height > 50
    assert visits["接種日"].null_count() == visits.height
    assert visits["予診日"].null_count() == 0
    assert visits["ワクチン名称"].null_count() == visits.height


def test_some_doses_came_twice_and_some_by_two_channels(town: Path) -> None:
    whole = both_files(town).filter(pl.col("予診フラグ") == "0")
    same = whole.group_by("宛名番号", "予防接種種別コード", "接種期", "接種回数", "接種日").agg(
        pl.len(), pl.col("医療機関所在地フラグ").n_unique().alias("channels")
    )
    assert same.filter((pl.col("len") > 1) & (pl.col("channels") == 1)).height > 5
    assert same.filter(pl.col("channels") == 2).height > 5


def test_only_the_vaccines_with_self_payment_ask_for_it(town: Path) -> None:
    whole = both_files(town).filter(pl.col("支払月").is_not_null() & (pl.col("予診フラグ") == "0"))
    classes = whole.group_by("予防接種種別コード").agg(pl.col("自己負担区分").unique())
    found = {code: set(values) for code, values in classes.rows()}
    assert found["PNEUMO-E"] == {"徴収", "免除"}
    assert found["FLU-E"] == {"無料"}
    assert found["MR"] == {None}


def test_hpv_courses_are_of_women_and_nonavalent_since_it_is_free(doses: pl.DataFrame) -> None:
    hpv = doses.filter(pl.col("dose").str.starts_with("HPV"))
    assert set(hpv["性別"]) == {"2"}
    this_year = hpv.filter(pl.col("接種日") >= FISCAL_YEAR[0])
    assert this_year.filter(pl.col("dose").str.starts_with("HPV9")).height > 0.8 * this_year.height
    assert hpv.filter(pl.col("dose").str.starts_with("HPV9") & (pl.col("接種日") < date(2023, 4, 1))).height == 0
    assert this_year.filter(pl.col("経過措置フラグ") == "1").height > 0


def test_mothers_get_rsv_since_april_2026(office: Config, tmp_path: Path) -> None:
    write_ledger(tmp_path, office, persons=6_000, until="2027-03")
    rsv = both_files(tmp_path).filter((pl.col("予防接種種別コード") == "RSV-M") & (pl.col("予診フラグ") == "0"))
    assert 5 < rsv.height < 60
    assert rsv["接種日"].min() >= date(2026, 4, 1)  # type: ignore[operator]


def test_shared_copy_is_of_hpv_and_rotavirus_and_nearly_the_ledgers(town: Path) -> None:
    copy = read_extract(town / "shared_copy.csv").with_columns(japanese_date_expr("接種日"))
    assert copy["予防接種種別コード"].str.contains("^(HPV|RV)").all()
    keys = ["宛名番号", "予防接種種別コード", "接種回数", "接種日"]
    same = copy.join(both_files(town).select(keys).unique(), on=keys, how="semi").height
    assert 0.95 < same / copy.height < 1.0


def test_notices_go_out_before_the_dose_and_remind_those_without(town: Path) -> None:
    sent = read_extract(town / "notice_history.csv")
    assert set(sent["送付種別"]) == {"予診票", "勧奨", "再発行"}
    reminded = sent.filter((pl.col("送付種別") == "勧奨") & (pl.col("予防接種種別コード") == "MR")).height
    forms = sent.filter((pl.col("送付種別") == "予診票") & (pl.col("予防接種種別コード") == "MR")).height
    assert 0 < reminded < 0.4 * forms

"""The population has the shape of the calibration: size, ages, districts, births, deaths, moves."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.synth.ledger import read_extract

from daicho.contracts.codelists import load_codelist
from daicho.core.config import Config
from daicho.core.eras import japanese_date_expr, partial_birth_date_expr
from daicho.intake.places import DistrictFinder

PERSONS = 20_000
YEAR = (date(2025, 4, 1), date(2026, 3, 31))


@pytest.fixture(scope="module")
def register(town: Path) -> pl.DataFrame:
    """Every row of the register with typed days."""
    frame = read_extract(town / "resident.csv")
    birth = partial_birth_date_expr("生年月日").alias("birth")
    days = (japanese_date_expr(name) for name in ("住民となった日", "消除日", "住所を定めた日", "住所届出日"))
    return frame.with_columns(birth, *days).unnest("birth")


@pytest.fixture(scope="module")
def residents(register: pl.DataFrame) -> pl.DataFrame:
    return register.filter(pl.col("消除日").is_null())


def share(frame: pl.DataFrame, which: pl.Expr) -> float:
    return float(frame.select(which.fill_null(False).mean()).item())


def test_as_many_residents_as_asked_for(residents: pl.DataFrame) -> None:
    assert residents.height == PERSONS


def test_births_are_those_of_a_central_ward(register: pl.DataFrame) -> None:
    born = register.filter((pl.col("住民となった理由") == "出生") & pl.col("住民となった日").is_between(*YEAR)).height
    assert born == pytest.approx(PERSONS * 2_600 / 270_000, rel=0.2)


def test_a_tenth_moves_in_and_a_tenth_moves_out_in_a_year(register: pl.DataFrame) -> None:
    came = register.filter(pl.col("住民となった理由").is_in(["転入", "国外転入"]) & pl.col("住民となった日").is_between(*YEAR)).height
    left = register.filter(pl.col("消除事由").is_in(["転出", "国外転出"]) & pl.col("消除日").is_between(*YEAR)).height
    assert came == pytest.approx(PERSONS / 10, rel=0.2)
    assert left == pytest.approx(PERSONS / 10, rel=0.2)


def test_deaths_are_fewer_than_births(register: pl.DataFrame) -> None:
    died = register.filter((pl.col("消除事由") == "死亡") & pl.col("消除日").is_between(*YEAR)).height
    assert 0.004 < died / PERSONS < 0.01


def test_the_old_and_the_foreign_have_their_share(residents: pl.DataFrame) -> None:
    assert share(residents, pl.col("date") <= date(1961, 4, 1)) == pytest.approx(47 / 270, abs=0.015)
    assert share(residents, pl.col("住民区分") == "外国籍") == pytest.approx(0.089, abs=0.01)


def test_addresses_lie_in_districts_by_their_population(office: Config, residents: pl.DataFrame) -> None:
    towns = load_codelist(office.contracts_dir, "town")
    finder = DistrictFinder(towns, prefecture=office.prefecture_name, municipality=office.municipality_name)
    found = finder.districts(residents["住所"]).value_counts().rows()
    districts = load_codelist(office.contracts_dir, "district")
    counts = dict(zip(districts["code"], districts["population"].cast(pl.Int64), strict=True))
    assert set(dict(found)) == set(counts)
    for code, count in found:
        assert count / PERSONS == pytest.approx(counts[code] / sum(counts.values()), abs=0.015)


def test_days_of_the_register_are_in_order(register: pl.DataFrame) -> None:
    born, came, left = pl.col("date"), pl.col("住民となった日"), pl.col("消除日")
    whole = register.filter(pl.col("date").is_not_null())
    assert share(whole, born > came) == 0
    assert share(register, came >= left) == 0
    assert share(register, pl.col("住所を定めた日") < came) == 0
    assert register["消除日"].max() <= YEAR[1]  # type: ignore[operator]


def test_a_few_births_are_partial_and_a_few_sexes_unregistered(register: pl.DataFrame) -> None:
    assert 0 < register.filter(pl.col("precision") != "day").height < 0.003 * register.height
    assert set(register["性別"]) <= {"0", "1", "2"}
    assert share(register, pl.col("性別") == "0") < 0.001


def test_welfare_periods_lie_within_the_stay(town: Path, register: pl.DataFrame) -> None:
    periods = read_extract(town / "welfare.csv").with_columns(japanese_date_expr(name) for name in ("適用開始日", "適用終了日"))
    stays = periods.join(register.select("宛名番号", "住民となった日", "消除日"), on="宛名番号")
    changed = set(read_extract(town / "number_change.csv")["新宛名番号"])
    settled = stays.filter(~pl.col("宛名番号").is_in(changed))
    assert settled.height > 100
    assert share(settled, pl.col("適用開始日") < pl.col("住民となった日")) == 0
    assert share(settled, pl.col("適用終了日") >= pl.col("消除日")) == 0
    assert share(settled, pl.col("適用終了日") < pl.col("適用開始日")) == 0

"""Coverage of MR 第1期 and its kin as a careful polars script: Parquet in, lazy frames, one collect each.

The rules are those of docs/coverage_method.md for one stage; windows stand in the code, as an analyst would write them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

BY = ["birth_fy", "district"]


def reached(birth: pl.Expr, months: int) -> pl.Expr:
    """The day 生後n月 is reached: the eve of the same day n months later; in a month without that day, its last day."""
    later = birth.dt.offset_by(f"{months}mo")
    return pl.when(later.dt.day() == birth.dt.day()).then(later.dt.offset_by("-1d")).otherwise(later)


def age_months(birth: pl.Expr, day: pl.Expr) -> pl.Expr:
    """How many months are reached on a day."""
    eve = day.dt.offset_by("1d")
    months = (eve.dt.year() - birth.dt.year()) * 12 + eve.dt.month().cast(pl.Int32) - birth.dt.month().cast(pl.Int32)
    return months - (eve.dt.day() < birth.dt.day()).cast(pl.Int32)


def eligible(folder: Path, *, opens: int, closes: int, since: date, as_of: date) -> pl.LazyFrame:
    """Residents on the last day of their window, or on the as-of day where that is earlier."""
    birth = pl.col("birth_date")
    people = pl.scan_parquet(folder / "person.parquet").filter(birth <= as_of)
    people = people.with_columns(opens_on=reached(birth, opens), closes_on=reached(birth, closes)).filter(pl.col("closes_on") >= since)
    people = people.with_columns(milestone=pl.min_horizontal("closes_on", pl.lit(as_of)))
    spells = pl.scan_parquet(folder / "residence.parquet")
    until = pl.col("resident_until").fill_null(date(9999, 12, 31))
    return people.join(spells, on="person").filter((pl.col("resident_from") <= pl.col("milestone")) & (pl.col("milestone") < until))


def records(folder: Path, dose: str) -> pl.LazyFrame:
    return pl.scan_parquet(folder / "appraisal.parquet").filter(pl.col("dose") == dose).select("person", "given_on", "outcome")


def held(folder: Path, dose: str, name: str) -> pl.LazyFrame:
    """From when somebody has the dose; one of unknown timing counts from ever."""
    day = pl.when(pl.col("outcome") == "timing_unknown").then(date(1, 1, 1)).otherwise(pl.col("given_on"))
    return records(folder, dose).group_by("person").agg(day.min().alias(name))


def coverage_cohort(folder: Path, as_of: date) -> pl.DataFrame:
    found = eligible(folder, opens=12, closes=24, since=date.min, as_of=as_of).join(held(folder, "MR-1", "held"), on="person", how="left")
    has = (pl.col("held") <= pl.col("milestone")).fill_null(False)
    unknown = ~has & (pl.col("resident_from") > pl.col("opens_on"))
    figures = {"eligible_count": pl.len(), "vaccinated_count": has.sum(), "unknown_history_count": unknown.sum()}
    return found.group_by(BY).agg(**figures).collect()


def timeliness(folder: Path, as_of: date) -> pl.DataFrame:
    known = records(folder, "MR-1").filter(pl.col("outcome") != "timing_unknown")
    doubtful = records(folder, "MR-1").filter(pl.col("outcome") == "timing_unknown").select("person", is_unknown=True).unique()
    who = eligible(folder, opens=12, closes=24, since=date.min, as_of=as_of)
    first = who.join(known, on="person").filter(pl.col("given_on") <= pl.col("milestone")).group_by("person").agg(pl.col("given_on").min())
    found = who.join(first, on="person", how="left").join(doubtful, on="person", how="left")
    day, due = pl.col("given_on"), pl.col("closes_on")
    missing = pl.when(pl.col("is_unknown")).then(pl.lit("timing_unknown")).otherwise(pl.lit("not_vaccinated"))
    late = pl.when(day <= due.dt.offset_by("2mo")).then(pl.lit("late_under_2m")).otherwise(pl.lit("late_over_2m"))
    timed = pl.when(day < pl.col("opens_on")).then(pl.lit("too_early")).when(day <= due).then(pl.lit("on_time")).otherwise(late)
    kind = pl.when(day.is_null()).then(missing).otherwise(timed)
    kinds = ("too_early", "on_time", "late_under_2m", "late_over_2m", "timing_unknown", "not_vaccinated")
    return found.group_by(BY).agg(**{f"{name}_count": (kind == name).sum() for name in kinds}).collect()


def dropout(folder: Path, as_of: date) -> pl.DataFrame:
    who = eligible(folder, opens=2, closes=90, since=date(2024, 4, 1), as_of=as_of)
    began = who.join(held(folder, "DPT-IPV-HIB-11", "began"), on="person").filter(pl.col("began") <= pl.col("milestone"))
    found = began.join(held(folder, "DPT-IPV-HIB-1A", "ended"), on="person", how="left")
    return found.group_by(BY).agg(first_count=pl.len(), last_count=(pl.col("ended") <= pl.col("milestone")).sum()).collect()


def coverage_cumulative(folder: Path, as_of: date, to_months: int = 90) -> pl.DataFrame:
    birth = pl.col("birth_date")
    first = records(folder, "MR-1").filter((pl.col("outcome") != "timing_unknown") & (pl.col("given_on") <= as_of))
    first = first.group_by("person").agg(pl.col("given_on").min())
    people = pl.scan_parquet(folder / "person.parquet").filter(birth <= as_of)
    stay = people.join(pl.scan_parquet(folder / "residence.parquet"), on="person").filter(pl.col("resident_from") <= as_of)
    stay = stay.with_columns(begins=pl.max_horizontal(birth, "resident_from"))
    stay = stay.with_columns(ends=pl.min_horizontal(pl.col("resident_until"), pl.lit(as_of).dt.offset_by("1d")))
    stay = stay.join(first, on="person", how="left").filter(
        (pl.col("begins") < pl.col("ends")) & (pl.col("given_on").is_null() | (pl.col("given_on") >= pl.col("begins")))
    )
    leaves = pl.min_horizontal("given_on", "ends")
    spells = stay.select(
        "birth_fy",
        entry=age_months(birth, pl.col("begins")),
        exit=age_months(birth, leaves),
        event=(pl.col("given_on") < pl.col("ends")).fill_null(False),
    ).collect()
    months = pl.int_range(0, to_months + 1, eager=True).alias("age_months").cast(pl.Int32).to_frame()
    entered = spells.group_by("birth_fy", pl.col("entry").alias("age_months")).agg(entered=pl.len())
    gone = spells.group_by("birth_fy", pl.col("exit").alias("age_months")).agg(gone=pl.len(), events_count=pl.col("event").sum())
    grid = spells.filter(pl.col("entry") <= to_months).select("birth_fy").unique().join(months, how="cross")
    table = grid.join(entered, on=["birth_fy", "age_months"], how="left").join(gone, on=["birth_fy", "age_months"], how="left")
    table = table.fill_null(0).sort("birth_fy", "age_months")
    at_risk = pl.col("entered").cast(pl.Int64).cum_sum() - pl.col("gone").cast(pl.Int64).cum_sum().shift(1, fill_value=0)
    table = table.with_columns(at_risk_count=at_risk.over("birth_fy"))
    begun = (pl.col("at_risk_count") > 0).cum_max().over("birth_fy")
    ended = ((pl.col("at_risk_count") == 0) & pl.col("begun")).cum_max().over("birth_fy")
    table = table.with_columns(begun=begun).filter(pl.col("begun") & ~ended)
    survival = (1 - pl.col("events_count") / pl.col("at_risk_count")).cum_prod().over("birth_fy")
    return table.select("birth_fy", "age_months", "at_risk_count", "events_count", coverage_rate=1 - survival)


MEASURES = {
    "coverage_cohort": coverage_cohort, "timeliness": timeliness, "dropout": dropout, "coverage_cumulative": coverage_cumulative,
}  # fmt: skip

"""The script of `in_polars`, in pandas with numpy day arithmetic: columns read only where needed, no apply, no loop over rows.

pandas is no part of the project's environment: install benchmarks/peers/requirements.txt into one of its own.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

BY = ["birth_fy", "district"]
FAR = np.datetime64("9999-12-31", "D")


def days(column: pd.Series) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]")


def reached(birth: np.ndarray, months: int) -> np.ndarray:
    """The day 生後n月 is reached: the eve of the same day n months later; in a month without that day, its last day."""
    month = birth.astype("datetime64[M]")
    later = month + months
    length = (later + 1).astype("datetime64[D]") - later.astype("datetime64[D]")
    return later.astype("datetime64[D]") + np.minimum(birth - month.astype("datetime64[D]"), length) - np.timedelta64(1, "D")


def age_months(birth: np.ndarray, day: np.ndarray) -> np.ndarray:
    """How many months are reached on a day."""
    eve = day + np.timedelta64(1, "D")
    first, last = birth.astype("datetime64[M]"), eve.astype("datetime64[M]")
    before = (eve - last.astype("datetime64[D]")) < (birth - first.astype("datetime64[D]"))
    return (last - first).astype(int) - before


def table(folder: Path, name: str, **options: object) -> pd.DataFrame:
    return pq.read_table(folder / f"{name}.parquet", **options).to_pandas(date_as_object=False)


def eligible(folder: Path, *, opens: int, closes: int, since: date, as_of: date) -> pd.DataFrame:
    """Residents on the last day of their window, or on the as-of day where that is earlier."""
    people = table(folder, "person").dropna(subset=["birth_date"])
    birth = days(people["birth_date"])
    people = people.assign(birth=birth, opens_on=reached(birth, opens), closes_on=reached(birth, closes))
    people = people[(birth <= np.datetime64(as_of)) & (days(people["closes_on"]) >= np.datetime64(since))]
    people["milestone"] = np.minimum(days(people["closes_on"]), np.datetime64(as_of))
    spells = table(folder, "residence")
    spells["until"] = np.where(spells["resident_until"].isna(), FAR, days(spells["resident_until"]))
    found = people.merge(spells, on="person")
    milestone = days(found["milestone"])
    return found[(days(found["resident_from"]) <= milestone) & (milestone < days(found["until"]))]


def records(folder: Path, dose: str) -> pd.DataFrame:
    return table(folder, "appraisal", filters=[("dose", "==", dose)], columns=["person", "given_on", "outcome"])


def held(folder: Path, dose: str, name: str) -> pd.DataFrame:
    """From when somebody has the dose; one of unknown timing counts from ever."""
    found = records(folder, dose)
    found[name] = np.where(found["outcome"] == "timing_unknown", np.datetime64("0001-01-01", "D"), days(found["given_on"]))
    return found.groupby("person", as_index=False)[name].min()


def is_by(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Whether a day is known and on or before the milestone."""
    return (days(frame[name]) <= days(frame["milestone"])) & frame[name].notna().to_numpy()


def coverage_cohort(folder: Path, as_of: date) -> pd.DataFrame:
    found = eligible(folder, opens=12, closes=24, since=date.min, as_of=as_of).merge(held(folder, "MR-1", "held"), on="person", how="left")
    has = is_by(found, "held")
    unknown = ~has & (days(found["resident_from"]) > days(found["opens_on"]))
    found = found.assign(eligible_count=1, vaccinated_count=has.astype(int), unknown_history_count=unknown.astype(int))
    return found.groupby(BY, as_index=False)[["eligible_count", "vaccinated_count", "unknown_history_count"]].sum()


def timeliness(folder: Path, as_of: date) -> pd.DataFrame:
    given = records(folder, "MR-1")
    is_doubtful = given["outcome"] == "timing_unknown"
    doubtful = given.loc[is_doubtful, ["person"]].drop_duplicates().assign(is_unknown=True)
    who = eligible(folder, opens=12, closes=24, since=date.min, as_of=as_of)
    known = who[["person", "milestone"]].merge(given.loc[~is_doubtful, ["person", "given_on"]], on="person")
    first = known[is_by(known, "given_on")].groupby("person", as_index=False)["given_on"].min()
    found = who.merge(first, on="person", how="left").merge(doubtful, on="person", how="left")
    day, due = days(found["given_on"]), days(found["closes_on"])
    later = reached(due, 2) + np.timedelta64(1, "D")
    kinds = {
        "timing_unknown": np.isnat(day) & found["is_unknown"].notna().to_numpy(), "not_vaccinated": np.isnat(day),
        "too_early": day < days(found["opens_on"]), "on_time": day <= due, "late_under_2m": day <= later, "late_over_2m": np.ones(len(day), bool),
    }  # fmt: skip
    kind = np.select(list(kinds.values()), list(kinds), default="")
    found = found.assign(**{f"{name}_count": (kind == name).astype(int) for name in kinds})
    return found.groupby(BY, as_index=False)[[f"{name}_count" for name in kinds]].sum()


def dropout(folder: Path, as_of: date) -> pd.DataFrame:
    who = eligible(folder, opens=2, closes=90, since=date(2024, 4, 1), as_of=as_of)
    began = who.merge(held(folder, "DPT-IPV-HIB-11", "began"), on="person")
    began = began[is_by(began, "began")]
    found = began.merge(held(folder, "DPT-IPV-HIB-1A", "ended"), on="person", how="left")
    found = found.assign(first_count=1, last_count=is_by(found, "ended").astype(int))
    return found.groupby(BY, as_index=False)[["first_count", "last_count"]].sum()


def coverage_cumulative(folder: Path, as_of: date, to_months: int = 90) -> pd.DataFrame:
    last = np.datetime64(as_of)
    first = records(folder, "MR-1")
    first = first[(first["outcome"] != "timing_unknown") & (days(first["given_on"]) <= last)]
    first = first.groupby("person", as_index=False)["given_on"].min()
    stay = table(folder, "person").dropna(subset=["birth_date"]).merge(table(folder, "residence"), on="person")
    stay = stay[(days(stay["birth_date"]) <= last) & (days(stay["resident_from"]) <= last)].merge(first, on="person", how="left")
    birth, given = days(stay["birth_date"]), days(stay["given_on"])
    begins = np.maximum(birth, days(stay["resident_from"]))
    ends = np.fmin(days(stay["resident_until"]), last + 1)
    kept = (begins < ends) & (np.isnat(given) | (given >= begins))
    spells = pd.DataFrame(
        {
            "birth_fy": stay["birth_fy"],
            "entry": age_months(birth, begins),
            "exit": age_months(birth, np.fmin(given, ends)),
            "event": given < ends,
        }
    )[kept]
    groups = np.sort(spells.loc[spells["entry"] <= to_months, "birth_fy"].unique())
    index = pd.MultiIndex.from_product([groups, range(to_months + 1)], names=["birth_fy", "age_months"])
    entered, gone, events = (
        part.reindex(index, fill_value=0)
        for part in (
            spells.groupby(["birth_fy", "entry"]).size(),
            spells.groupby(["birth_fy", "exit"]).size(),
            spells.groupby(["birth_fy", "exit"])["event"].sum(),
        )
    )
    before = gone.groupby(level=0).cumsum() - gone
    found = pd.DataFrame({"at_risk_count": entered.groupby(level=0).cumsum() - before, "events_count": events})
    begun = (found["at_risk_count"] > 0).groupby(level=0).cummax()
    ended = ((found["at_risk_count"] == 0) & begun).groupby(level=0).cummax()
    found = found[begun & ~ended]
    survival = (1 - found["events_count"] / found["at_risk_count"]).groupby(level=0).cumprod()
    return found.assign(coverage_rate=1 - survival).reset_index()


MEASURES = {
    "coverage_cohort": coverage_cohort, "timeliness": timeliness, "dropout": dropout, "coverage_cumulative": coverage_cumulative,
}  # fmt: skip

"""Which birth cohorts have gone through a dose's whole legal window, and which target applies: from the dated reference data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from daicho.contracts.reference import load_reference
from daicho.core.ages import days_after_birth, fiscal_year_of_age, reached_months_on, reached_years_on, school_start_on
from daicho.core.errors import UsageError
from daicho.core.fiscal import fiscal_year_end, fiscal_year_start
from daicho.present.labels import Figure

OLDEST_AGE = 120
_NO_TARGET = {"ja": "定めなし", "en": "none set"}


def closed_cohorts(doses: Iterable[str], *, as_of: date, contracts_dir: Path) -> dict[str, int]:
    """Return, for each dose, the newest birth cohort (出生年度) whose last-born child's regular window had ended by the as-of day.

    The last-born of cohort y is born on 1 April of y+1. Transitional and special windows (経過措置、特例) do not delay the cohort.
    Doses whose window does not end by age have no cohort and are left out. Raises UsageError for a dose the schedule does not know.
    """
    found: dict[str, int] = {}
    for dose, rules in _regular_rules(doses, as_of=as_of, contracts_dir=contracts_dir).items():
        for cohort in range(as_of.year, as_of.year - OLDEST_AGE, -1):
            days = [window_bound(date(cohort + 1, 4, 1), rule, "to") for rule in rules]
            if not days or None in days:
                break
            if max(day for day in days if day is not None) <= as_of:
                found[dose] = cohort
                break
    return found


def opened_cohorts(doses: Iterable[str], *, as_of: date, contracts_dir: Path) -> dict[str, int]:
    """Return, for each dose, the newest birth cohort whose first-born child's regular window had begun by the as-of day.

    The first-born of cohort y is born on 2 April of y. Newer cohorts cannot have the dose yet: their coverage is no figure to show.
    """
    found: dict[str, int] = {}
    for dose, rules in _regular_rules(doses, as_of=as_of, contracts_dir=contracts_dir).items():
        for cohort in range(as_of.year, as_of.year - OLDEST_AGE, -1):
            birth = date(cohort, 4, 2)
            days = [window_bound(birth, rule, "from") or birth for rule in rules]
            if days and min(days) <= as_of:
                found[dose] = cohort
                break
    return found


def window_bound(birth: date, rule: Mapping[str, Any], side: str) -> date | None:
    """Return the first (`from`) or last (`to`) day of a schedule rule's window for a birth date; None where age does not bound it."""
    kind, value = rule[f"window_{side}_kind"], rule[f"window_{side}_value"]
    if kind == "birth":
        return birth
    if kind == "months":
        return reached_months_on(birth, value)
    if kind == "years":
        return reached_years_on(birth, value)
    if kind == "days":
        return days_after_birth(birth, value)
    if kind == "fiscal_year_of_age_start":
        return fiscal_year_start(fiscal_year_of_age(birth, value))
    if kind == "fiscal_year_of_age_end":
        return fiscal_year_end(fiscal_year_of_age(birth, value))
    if kind == "school_start":
        return school_start_on(birth)
    return None


def due_window(dose: str, *, as_of: date, contracts_dir: Path) -> tuple[float, float] | None:
    """Return the standard ages of a dose in months, or its legal window in months where none are set; None where ages do not bound it."""
    for rule in _regular_rules([dose], as_of=as_of, contracts_dir=contracts_dir)[dose]:
        if rule["std_from_months"] is not None and rule["std_to_months"] is not None:
            return float(rule["std_from_months"]), float(rule["std_to_months"])
        if rule["window_from_kind"] == rule["window_to_kind"] == "months":
            return float(rule["window_from_value"]), float(rule["window_to_value"])
    return None


def _regular_rules(doses: Iterable[str], *, as_of: date, contracts_dir: Path) -> dict[str, list[dict[str, Any]]]:
    schedule = load_reference(contracts_dir, "schedule").filter(pl.col("rule") == "regular")
    in_force = schedule.filter(
        (pl.col("valid_from").is_null() | (pl.col("valid_from") <= as_of)) & (pl.col("valid_to").is_null() | (as_of <= pl.col("valid_to")))
    )
    known = set(schedule.get_column("dose_code").to_list())
    rules: dict[str, list[dict[str, Any]]] = {}
    for dose in doses:
        if dose not in known:
            raise UsageError(f"the schedule has no regular window for the dose {dose}: use a code of dose_stage.csv.")
        rules[dose] = in_force.filter(pl.col("dose_code") == dose).to_dicts()
    return rules


def coverage_target(dose: str, *, as_of: date, contracts_dir: Path, language: str) -> Figure:
    """Return the coverage target of a dose as a share of one, 95 % for MR; without one, a figure that says so."""
    targets = load_reference(contracts_dir, "coverage_target").filter(
        (pl.col("dose_code") == dose)
        & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= as_of))
        & (pl.col("valid_to").is_null() | (as_of <= pl.col("valid_to")))
    )
    if targets.is_empty():
        return Figure(value=None, status="not_applicable", text=_NO_TARGET[language])
    percent = int(targets.row(0, named=True)["target_percent"])
    return Figure(value=percent / 100, status="value", text=f"{percent} %")

"""Files in and out of the engine for published tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from daicho.contracts.codelists import list_codelists, load_codelist
from daicho.contracts.identifying import refuse_identifying
from daicho.contracts.tables import read_table
from daicho.core.config import Config
from daicho.core.errors import DaichoError, DisclosureError, UsageError
from daicho.gate.profiles import Profile, load_disclosure
from daicho.gate.protection.attacker import Audit
from daicho.gate.protection.complete import Pattern, complete_pattern
from daicho.gate.protection.count_table import CountTable, protect_counts, rates
from daicho.gate.protection.finished import (
    Interval,
    Published,
    add_denominators,
    add_rates,
    add_table,
    attack,
    dimensions_of,
    join_tables,
    read_value,
)
from daicho.gate.protection.optimise import NoPattern
from daicho.gate.protection.primary import amount_needs
from daicho.gate.protection.source import payments_of, table_of_counts, table_of_persons
from daicho.gate.protection.system import Marks, Numbers, Problem, System, information_cost
from daicho.gate.protection.tables import TOTAL, Key, dimension_to_coarsen, margin_relations
from daicho.gate.release import LABEL_SUFFIX, STATUS_SUFFIX, status_of


@dataclass(frozen=True)
class Wanted:
    """Which columns make the table; an empty name is a column that is not used."""

    by: tuple[str, ...]
    count: str = ""
    of: str = ""
    person: str = ""
    amount: str = ""
    payee: str = ""


@dataclass(frozen=True)
class Made:
    frame: pl.DataFrame
    summary: str


@dataclass(frozen=True)
class Told:
    """One withheld figure and what is told of it."""

    interval: Interval

    @property
    def is_broken(self) -> bool:
        return self.interval.verdict not in ("kept", "partner")

    def as_data(self) -> dict[str, Any]:
        found = self.interval
        return {
            "cell": found.where,
            "column": found.column,
            "least": _number(found.lower),
            "most": _number(found.upper),
            "verdict": found.verdict,
        }

    def line(self) -> str:
        most = "∞" if math.isinf(self.interval.upper) else f"{_number(self.interval.upper)}"
        mark = {"exact": "  EXACT", "small": "  SURELY SMALL", "narrow": "  TOO NARROW", "kept": "", "partner": "  (partner)"}[
            self.interval.verdict
        ]
        return f"{self.interval.where} {self.interval.column}: {_number(self.interval.lower)} to {most}{mark}"


def protected_file(path: Path, *, wanted: Wanted, known: Sequence[str], profile: str, cost: str, config: Config) -> Made:
    """Protect one file's table. Raises UsageError for a file that cannot be read so, DisclosureError where no pattern is safe."""
    rules, frame = _profile(config, profile), _frame(path)
    # Persons and payees are counted, never shown.
    refuse_identifying((*wanted.by, wanted.count, wanted.of, wanted.amount), contracts_dir=config.contracts_dir, file_name=path.name)
    if rules.threshold is None:
        raise UsageError(f"the profile {profile} leaves figures exact: there is nothing to protect.")
    if wanted.amount:
        return _payments(frame, wanted=wanted, rules=rules, cost=cost)
    table = (
        table_of_counts(frame, by=wanted.by, count=wanted.count, of=wanted.of)
        if wanted.count
        else table_of_persons(frame, by=wanted.by, person=wanted.person)
    )
    thresholds = _thresholds(table, rules=rules, config=config)
    fixed = np.array([all(code == TOTAL or name in known for code, name in zip(key, wanted.by, strict=True)) for key in table.keys])
    done = protect_counts(table, profile=rules, thresholds=thresholds, cost=cost, known=fixed if known else None)
    name = wanted.count or "count"
    columns = _shown(name, table.counts, done.counts_hidden)
    if table.denominators is not None:
        columns |= _shown(wanted.of, table.denominators, done.denominators_hidden)
        columns |= rates(table.counts, table.denominators, done, decimals=rules.rate_decimals or 3)
    return Made(_in_order(table.keys, wanted.by, columns), _summary(done.pattern, primary=done.primary, secondary=done.secondary))


def attacked_files(
    files: Sequence[Path],
    *,
    by: Sequence[str],
    count: str,
    of: str,
    profile: str,
    is_whole: bool,
    config: Config,
    rate: str = "",
    sensitive_mark: str = "",
    absent_is_unknown: bool = False,
) -> list[Told]:
    """Read all files as one system and bound what they withhold. Raises UsageError where they cannot be read or contradict one another."""
    rules, published = _profile(config, profile), Published(sensitive_mark=sensitive_mark, absent_is_unknown=absent_is_unknown)
    has_rate = False
    for path in files:
        frame = _frame(path)
        refuse_identifying(frame.columns, contracts_dir=config.contracts_dir, file_name=path.name)
        dimensions = tuple(name for name in by if name in frame.columns) if by else dimensions_of(frame)
        values = [name for name in frame.columns if name not in dimensions and not name.endswith((LABEL_SUFFIX, STATUS_SUFFIX))]
        rates_shown = [name for name in values if name == rate or (not rate and _is_rate(frame[name]))]
        values = [name for name in values if name not in rates_shown] if is_whole else values
        if not values:
            raise UsageError(f"{path.name} has no column of figures: name the dimensions with --by.")
        add_table(published, frame, by=dimensions, values=values, source=path.name)
        if of and is_whole and {count, of} <= set(frame.columns):
            # Without a name only a single column of fractions is sure to be the rate of the two.
            for name in rates_shown if rate or len(rates_shown) == 1 else ():
                add_rates(published, frame, by=dimensions, rate=name, count=count, of=of)
                has_rate = True
    if rate and not has_rate:
        raise UsageError(f"no file has the rate {rate} beside --count and --of.")
    if of:
        add_denominators(published, count=count, of=of)
    join_tables(published)
    return [Told(item) for item in attack(published, threshold=rules.threshold or 0, width=rules.interval_width or 1, is_whole=is_whole)]


def _payments(frame: pl.DataFrame, *, wanted: Wanted, rules: Profile, cost: str) -> Made:
    keys, payments, lone = payments_of(frame, by=wanted.by, amount=wanted.amount, payee=wanted.payee)
    values = np.array([each.sum() for each in payments])
    needs = amount_needs(payments, lone_payee=lone, profile=rules)
    system = System(tuple(" ".join(key) for key in keys), tuple(margin_relations(keys, len(wanted.by))), is_whole=False)
    nothing = np.zeros(len(keys), dtype=bool)
    problem = Problem(system, values, needs, values > 0, nothing, information_cost(values, kind=cost))
    failing = -1
    try:
        pattern = complete_pattern(problem)
    except NoPattern as error:
        failing = error.cell
    if failing >= 0:
        raise DisclosureError(
            f"no pattern of withheld cells is safe: coarsen the dimension {dimension_to_coarsen(keys[failing], keys, wanted.by)}."
        )
    primary = int(needs.is_primary.sum())
    columns = _shown(wanted.amount, values, pattern.hidden)
    return Made(_in_order(keys, wanted.by, columns), _summary(pattern, primary=primary, secondary=int(pattern.hidden.sum()) - primary))


def _thresholds(table: CountTable, *, rules: Profile, config: Config) -> Numbers:
    """Each row's own threshold: an area's by its inhabitants, where a dimension is an area of this municipality's code list."""
    found = np.full(len(table.keys), float(rules.threshold or 0))
    for place, name in enumerate(table.dimensions):
        if name not in rules.area_dimensions or name not in list_codelists(config.contracts_dir):
            continue
        areas = load_codelist(config.contracts_dir, name)
        population = (
            dict(areas.select("code", pl.col("population").cast(pl.Int64, strict=False)).rows()) if "population" in areas.columns else {}
        )
        labels = dict(areas.select("label", "code").rows()) if "label" in areas.columns else {}
        for row, key in enumerate(table.keys):
            if key[place] != TOTAL:
                limit = rules.area_threshold(population.get(labels.get(key[place], key[place])))
                found[row] = max(found[row], math.inf if limit is None else limit)
    return found


def _shown(name: str, values: Numbers, hidden: Marks) -> dict[str, list[Any]]:
    whole = [int(value) for value in values.tolist()]
    return {
        name: [None if gone else value for value, gone in zip(whole, hidden.tolist(), strict=True)],
        status_of(name): [
            "suppressed" if gone else "value" if value else "zero" for value, gone in zip(whole, hidden.tolist(), strict=True)
        ],
    }


def _in_order(keys: Sequence[Key], by: Sequence[str], columns: Any) -> pl.DataFrame:
    """Rows by their codes, totals last: an order that no figure decides."""
    frame = pl.DataFrame({**{name: [key[place] for key in keys] for place, name in enumerate(by)}, **columns})
    order = sorted(range(len(keys)), key=lambda row: tuple((code == TOTAL, code) for code in keys[row]))
    return frame[order]


def _summary(pattern: Pattern, *, primary: int, secondary: int) -> str:
    seen: Audit = pattern.audit
    narrowest = "unbounded" if math.isinf(seen.narrowest) else f"{_number(seen.narrowest)}"
    return (
        f"{primary} withheld by rule, {secondary} more so that they cannot be computed ({pattern.method}); "
        f"audit: {seen.hidden} hidden, narrowest interval {narrowest}, {pattern.seconds:.1f} s"
    )


def _profile(config: Config, name: str) -> Profile:
    profiles = load_disclosure(config.contracts_dir).profiles
    if name not in profiles:
        raise UsageError(f"there is no profile {name}: known are {', '.join(profiles)}.")
    return profiles[name]


def _frame(path: Path) -> pl.DataFrame:
    problem = ""
    try:
        frame = read_table(path)
        if frame.height:
            return frame
        problem = f"{path.name} has no rows: give a table."
    except DaichoError as error:
        problem = str(error)
    raise UsageError(problem)


def _is_rate(column: pl.Series) -> bool:
    numbers = [read_value(text) for text in column.to_list()]
    return all(is_read for _, is_read in numbers) and any(value is not None and value % 1 for value, _ in numbers)


def _number(value: float) -> float | int | None:
    return None if math.isinf(value) or math.isnan(value) else int(value) if float(value).is_integer() else round(float(value), 2)

"""The reference CSVs as the calculation reads them: schedule, series, equivalence, definition, live vaccines."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

CONTRACTS = Path(__file__).parents[2] / "data_contracts"


@dataclass(frozen=True)
class Row:
    """One row of schedule.csv."""

    vaccine: str
    dose: str
    rule: str
    condition: str
    valid_from: date | None
    valid_to: date | None
    sex: str
    birth_from: date | None
    birth_to: date | None
    window_from_kind: str
    window_from_value: int | None
    window_to_kind: str
    window_to_value: int | None
    absolute_from: date | None
    absolute_to: date | None
    season_from: str
    season_to: str
    std_from_months: int | None
    std_to_months: int | None
    due_to_days: int | None
    min_interval_days: int | None
    min_interval_months: int | None
    interval_from: str
    doses_required: int | None

    def fits(self, birth: date, sex: str) -> bool:
        """Whether the row is for people of this sex born that day."""
        return (
            (not self.sex or self.sex == sex)
            and (self.birth_from is None or self.birth_from <= birth)
            and (self.birth_to is None or birth <= self.birth_to)
        )

    def in_force(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Series:
    """A course: which dose codes stand at which position."""

    name: str
    codes: dict[int, tuple[str, ...]]
    position: dict[str, int]


@dataclass(frozen=True)
class Rules:
    schedule: dict[str, list[Row]]
    series: dict[str, Series]
    home: dict[str, str]
    credit: dict[str, list[tuple[str, date | None, date | None]]]
    live_interval: dict[str, int]
    definition: list[dict[str, str]]
    vaccine_of: dict[str, str]
    seasonal: set[str] = field(default_factory=set)

    def credited_to(self, dose: str, day: date | None) -> set[str]:
        """The doses that a dose counts as: itself, and what equivalence.csv says on that day (every row for an undated one)."""
        counts = {dose}
        for other, valid_from, valid_to in self.credit.get(dose, []):
            if day is None or ((valid_from is None or valid_from <= day) and (valid_to is None or day <= valid_to)):
                counts.add(other)
        return counts

    def home_series(self, dose: str) -> Series | None:
        return self.series[self.home[dose]] if dose in self.home else None


def _read(path: str) -> list[dict[str, str]]:
    with (CONTRACTS / path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _whole(text: str | None) -> int | None:
    return int(text) if text else None


def _row(line: dict[str, str]) -> Row:
    return Row(
        vaccine=line["vaccine_code"],
        dose=line["dose_code"],
        rule=line["rule"],
        condition=line["condition"],
        valid_from=_day(line["valid_from"]),
        valid_to=_day(line["valid_to"]),
        sex=line["sex"],
        birth_from=_day(line["birth_from"]),
        birth_to=_day(line["birth_to"]),
        window_from_kind=line["window_from_kind"],
        window_from_value=_whole(line["window_from_value"]),
        window_to_kind=line["window_to_kind"],
        window_to_value=_whole(line["window_to_value"]),
        absolute_from=_day(line["absolute_from"]),
        absolute_to=_day(line["absolute_to"]),
        season_from=line["season_from"],
        season_to=line["season_to"],
        std_from_months=_whole(line["std_from_months"]),
        std_to_months=_whole(line["std_to_months"]),
        due_to_days=_whole(line.get("due_to_days")),
        min_interval_days=_whole(line["min_interval_days"]),
        min_interval_months=_whole(line["min_interval_months"]),
        interval_from=line["interval_from"],
        doses_required=_whole(line["doses_required"]),
    )


def read_rules() -> Rules:
    """Everything that is not about people."""
    schedule: dict[str, list[Row]] = defaultdict(list)
    for line in _read("reference/schedule.csv"):
        schedule[line["dose_code"]].append(_row(line))
    codes: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    home = {}
    for line in _read("reference/series.csv"):
        codes[line["series"]][int(line["position"])].append(line["dose_code"])
        if line["is_home"] == "yes":
            assert line["dose_code"] not in home, "a dose has one home"
            home[line["dose_code"]] = line["series"]
    series = {
        name: Series(name, {k: tuple(sorted(v)) for k, v in slots.items()}, {code: k for k, v in slots.items() for code in v})
        for name, slots in codes.items()
    }
    credit: dict[str, list[tuple[str, date | None, date | None]]] = defaultdict(list)
    for line in _read("reference/equivalence.csv"):
        credit[line["dose_code"]].append((line["counts_as_dose_code"], _day(line["valid_from"]), _day(line["valid_to"])))
    return Rules(
        schedule=dict(schedule),
        series=series,
        home=home,
        credit=dict(credit),
        live_interval={v["code"]: int(v["live_interval_days"]) for v in _read("codelists/vaccine.csv") if v.get("live_interval_days")},
        definition=_read("reference/definition.csv"),
        vaccine_of={line["code"]: line["vaccine_code"] for line in _read("codelists/dose_stage.csv")},
        seasonal={row.vaccine for rows in schedule.values() for row in rows if row.season_from},
    )

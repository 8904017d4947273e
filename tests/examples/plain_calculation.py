"""The foreign example calculated in plain Python from its CSVs, without anything of daicho: docs/coverage_method.md read again.

Minimum ages, due days and intervals stand here as an office would say them ("at least 28 days apart"), not as the reference data does.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

# Vaccine, dose number: minimum age and due age in days. On time: due to due + 27 days.
AGES = {
    ("BCG", 1): 0, ("OPV", 1): 42, ("OPV", 2): 70, ("OPV", 3): 98, ("PENTA", 1): 42, ("PENTA", 2): 70, ("PENTA", 3): 98, ("MCV", 1): 270,
}  # fmt: skip
ON_TIME_DAYS, APART_DAYS, LAST_AGE_DAYS = 27, 28, 1825
SOURCES = ("card", "recall", "register")
Dose = tuple[str, int]


@dataclass
class Child:
    birth: date | None
    district: str
    resident_from: date
    resident_until: date | None
    weight: Fraction
    records: set[tuple[Dose, date | None]] = field(default_factory=set)
    outcomes: list[tuple[Dose, date | None, str]] = field(default_factory=list)
    valid: dict[Dose, date] = field(default_factory=dict)

    def is_resident(self, day: date) -> bool:
        return self.resident_from <= day and (self.resident_until is None or day < self.resident_until)

    def held_from(self, dose: Dose, validity: str) -> date | None:
        """From when the child holds a dose; the first of all days where its timing is unknown."""
        if validity == "valid":
            return self.valid.get(dose)
        days = [date.min if outcome == "timing_unknown" else day for of, day, outcome in self.outcomes if of == dose]
        return min((day for day in days if day is not None), default=None)


def day_of(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def later(day: date, months: int) -> date:
    """The same day so many months later; the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 0, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError


def reached(birth: date, months: int) -> date:
    """The day before the monthly birthday; the last day of a month that has no such day."""
    day = later(birth, months)
    return day - timedelta(1) if day.day == birth.day else day


def children(folder: Path) -> list[Child]:
    found: dict[str, Child] = {}
    for row in rows(folder / "resident.csv"):
        found[row["宛名番号"]] = Child(
            birth=day_of(row["生年月日"]),
            district="north" if "Hilltown" in row["住所"] else "south",
            resident_from=day_of(row["住民となった日"]) or date.max,
            resident_until=day_of(row["消除日"]),
            weight=Fraction(row["抽出ウェイト"] or "1"),
        )
    written: dict[str, list[tuple[Dose, date | None, str]]] = defaultdict(list)
    for row in rows(folder / "vaccination.csv"):
        record = ((row["予防接種種別コード"], int(row["接種回数"])), day_of(row["接種日"]), row["記録元"])
        if record not in written[row["宛名番号"]]:
            written[row["宛名番号"]].append(record)
    for number, records in written.items():
        has_card = any(source == "card" for _, _, source in records)
        usable = [record for record in records if not (has_card and record[2] == "register")]
        for dose in {dose for dose, _, _ in usable}:
            sources = {source for of, _, source in usable if of == dose}
            best = next((source for source in SOURCES if source in sources), "")
            for of, day, source in usable:
                if of == dose and source == best:
                    found[number].records.add((dose, day))
        appraise(found[number])
    return list(found.values())


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def appraise(child: Child) -> None:
    for vaccine in ("BCG", "OPV", "PENTA", "MCV"):
        records = [(dose, day) for dose, day in child.records if dose[0] == vaccine]
        in_doubt = [r for r in records if child.birth is None or r[1] is None or r[1] < child.birth]
        known = [(dose, day) for dose, day in records if day is not None and (dose, day) not in in_doubt]
        is_reversed = {(d, on) for d, on in known if any(other[1] < d[1] and on <= day for other, day in known)}
        child.outcomes += [(dose, day, "timing_unknown") for dose, day in [*in_doubt, *is_reversed]]
        slot, last, slots = 1, date.min, max(number for of, number in AGES if of == vaccine)
        for dose, day in sorted((r for r in known if r not in is_reversed), key=lambda r: (r[1], r[0][1])):
            assert child.birth is not None
            if slot > slots or dose[1] < slot:
                outcome = "duplicate"
            elif day < child.birth + timedelta(AGES[vaccine, slot]):
                outcome = "too_young"
            elif slot > 1 and day < last + timedelta(APART_DAYS):
                outcome = "interval_too_short"
            else:
                outcome = "valid" if day <= child.birth + timedelta(LAST_AGE_DAYS) else "outside_window"
                if dose[1] == slot:
                    child.valid[dose] = day
                slot, last = slot + 1, day
            child.outcomes.append((dose, day, outcome))


def milestone(child: Child, name: str, as_of: date, age_months: int | None) -> date | None:
    """The child's milestone, when it has come and the child is resident on it."""
    if child.birth is None or child.birth > as_of:
        return None
    day = {
        "as_of": as_of,
        "last_legal_day": min(child.birth + timedelta(LAST_AGE_DAYS), as_of),
        "12m": reached(child.birth, 12),
        "age": reached(child.birth, age_months or 0),
    }[name]
    return day if day <= as_of and child.is_resident(day) else None


def coverage(
    folder: list[Child], dose: Dose, *, as_of: date, name: str, validity: str = "crude", age_months: int | None = None
) -> tuple[int, ...]:
    """Eligible, vaccinated, history unknown."""
    eligible = vaccinated = unknown = 0
    for child in folder:
        day = milestone(child, name, as_of, age_months)
        if day is None or child.birth is None:
            continue
        held = child.held_from(dose, validity)
        has_it = held is not None and held <= day
        eligible, vaccinated = eligible + 1, vaccinated + has_it
        unknown += not has_it and child.resident_from > child.birth + timedelta(AGES[dose])
    return eligible, vaccinated, unknown


def weighted(folder: list[Child], dose: Dose, *, as_of: date, name: str, validity: str = "crude") -> tuple[Fraction, Fraction]:
    """Sums of the weights of the eligible and of the vaccinated."""
    eligible = vaccinated = Fraction(0)
    for child in folder:
        day = milestone(child, name, as_of, None)
        if day is not None:
            held = child.held_from(dose, validity)
            eligible += child.weight
            vaccinated += child.weight if held is not None and held <= day else 0
    return eligible, vaccinated


def timeliness(folder: list[Child], dose: Dose, *, as_of: date, name: str) -> Counter[str]:
    classes: Counter[str] = Counter()
    for child in folder:
        day = milestone(child, name, as_of, None)
        if day is None or child.birth is None:
            continue
        mine = [(on, outcome) for of, on, outcome in child.outcomes if of == dose]
        first = min((on for on, outcome in mine if on is not None and outcome != "timing_unknown" and on <= day), default=None)
        due = child.birth + timedelta(AGES[dose])
        if first is None:
            classes["timing_unknown" if any(outcome == "timing_unknown" for _, outcome in mine) else "not_vaccinated"] += 1
        elif first < due:
            classes["too_early"] += 1
        elif first <= due + timedelta(ON_TIME_DAYS):
            classes["on_time"] += 1
        else:
            classes["late_under_2m" if first <= later(due + timedelta(ON_TIME_DAYS), 2) else "late_over_2m"] += 1
    return classes


def dropout(folder: list[Child], vaccine: str, *, as_of: date, name: str, validity: str = "crude") -> tuple[int, int]:
    """With the first dose by the milestone; of these, with the third."""
    first = last = 0
    for child in folder:
        day = milestone(child, name, as_of, None)
        begun, ended = (child.held_from((vaccine, number), validity) for number in (1, 3))
        if day is not None and begun is not None and begun <= day:
            first, last = first + 1, last + (ended is not None and ended <= day)
    return first, last


def dose_validity(folder: list[Child]) -> Counter[tuple[str, str]]:
    return Counter((f"{dose[0]}-{dose[1]}", outcome) for child in folder for dose, _, outcome in child.outcomes)

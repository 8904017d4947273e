"""COVID-19 doses, certificates and the shared copy once more, in plain loops over the rows: no SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tests.measures.brute_force import age_on, band_of, fy, residence_on
from tests.measures.covid_marts import Copy, Record, Row, Told
from tests.measures.mart_factory import MINATO, Event, Ledger

NOBODY = ("not_given", "screened", "cancelled")
LAST = "\uffff"


@dataclass(frozen=True)
class Dose:
    """One dose as both sources tell it; `holder` is a person, or the place of an unlinked row."""

    holder: Any
    record: Record | None
    told: Told | None
    number: int | None

    def value(self, name: str) -> Any:
        """The ledger's word goes first; an unknown maker is no word."""
        said = [getattr(source, name) for source in (self.record, self.told) if source is not None]
        if name == "maker":
            known = [maker for maker in said if maker not in (None, "unknown")]
            return known[0] if known else "unknown"
        return next((value for value in said if value is not None), None)

    @property
    def outcome(self) -> str:
        if self.told is not None and self.told.person is None:
            return "unlinked"
        if self.told is None or self.record is None:
            return "only_ledger" if self.told is None else "only_vrs"
        a, b = self.record, self.told
        pairs = {
            "date": (a.given_on, b.given_on),
            "maker": (a.maker if a.maker != "unknown" else None, b.maker if b.maker != "unknown" else None),
            "lot": ((a.lot or "").upper() or None, (b.lot or "").upper() or None),
            "municipality": ((a.municipality_code or "")[:5] or None, (b.municipality_code or "")[:5] or None),
        }
        differing = [name for name, (x, y) in pairs.items() if x is not None and y is not None and x != y]
        return "agree" if not differing else f"differs_{differing[0]}" if len(differing) == 1 else "differs_several"


def _is_given(row: Record | Told) -> bool:
    if isinstance(row, Told):
        return row.given_on is not None or row.registered_at is not None
    return row.status not in NOBODY and (row.given_on is not None or (bool(row.number) and row.status == "given"))


def _one_each(rows: Iterable[Any]) -> list[Any]:
    """Of one person and number (of one day where there is none): the newest delivery under each number in use or not, the best row of these."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        number = row.number or None
        groups[row.person, number, None if number else row.given_on].append(row)
    chosen = []
    for group in groups.values():
        newest = {side: max(row.batch for row in group if row.is_current == side) for side in {row.is_current for row in group}}
        fresh = [row for row in group if row.batch == newest[row.is_current]]
        chosen.append(min(fresh, key=_preference))
    return [row for row in chosen if _is_given(row)]


def _preference(row: Any) -> tuple[Any, ...]:
    special = row.product_name or LAST if isinstance(row, Record) else -row.registered_at.timestamp() if row.registered_at else 0.0
    rest = (row.given_on or date.max, row.maker or LAST, row.lot or LAST, row.municipality_code or LAST, row.line)
    return (not _is_given(row), not row.is_current, special, *rest)


def doses(rows: Sequence[Row]) -> list[Dose]:
    records = _one_each(r for r in rows if isinstance(r, Record) and (r.number or r.given_on))
    told = _one_each(r for r in rows if isinstance(r, Told) and r.person is not None and _is_given(r))
    named = {(r.person, r.number): r for r in records if r.number}
    days = {(r.person, r.given_on) for r in named.values()}
    for row in [r for r in records if not r.number]:
        numbers = [t.number for t in told if t.person == row.person and t.given_on == row.given_on and t.number]
        key = (row.person, min(numbers) if numbers else None)
        if (row.person, row.given_on) not in days and (key[1] is None or key not in named):
            named[key if key[1] else (row.person, row)] = replace(row, number=key[1])  # type: ignore[index]
    found, partners = [], {(t.person, t.number): t for t in told if t.number}
    for (person, number), record in named.items():
        partner = partners.pop((person, number), None) if isinstance(number, int) else None
        found.append(Dose(person, record, partner, record.number))
    found += [Dose(t.person, None, t, t.number or None) for t in told if not t.number or (t.person, t.number) in partners]
    return found + _unlinked(rows)


def _unlinked(rows: Sequence[Row]) -> list[Dose]:
    """Each content as often as the delivery that has it most often."""
    content: dict[Any, dict[int, list[Told]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted((r for r in rows if isinstance(r, Told) and r.person is None and _is_given(r)), key=lambda r: (r.batch, r.line)):
        key = (row.number or None, row.given_on, row.municipality_code, row.maker, row.lot, row.registered_at)
        content[key][row.batch].append(row)
    found = []
    for batches in content.values():
        for place in range(max(len(listed) for listed in batches.values())):
            row = next(listed[place] for _, listed in sorted(batches.items()) if len(listed) > place)
            found.append(Dose(("row", row.batch, row.line), None, row, row.number or None))
    return found


def dimensions_of(dose: Dose, ledger: Ledger) -> dict[str, Any]:
    person = next((p for p in ledger.persons if p.person == dose.holder), None)
    day = dose.value("given_on")
    spell = residence_on(person, day) if person and day else None
    code = dose.value("municipality_code") or ""
    place = "unknown"
    if code.isdigit() and len(code) in (5, 6) and 1 <= int(code[:2]) <= 47:
        place = "own" if code[:5] == MINATO[:5] else "same_prefecture" if code[:2] == MINATO[:2] else "elsewhere"
    return {
        "dose_number": dose.number, "maker": dose.value("maker"), "product": (dose.record and dose.record.product_name) or "unknown",
        "month": day and day.year * 100 + day.month, "fiscal_year": day and fy(day),
        "age_band": band_of(age_on(person.birth_date, day)) if person and day else "unknown",
        "sex": "unknown" if isinstance(dose.holder, tuple) else person.sex if person else "0",
        "district": spell.district if spell else "unknown", "municipality": place,
        "source": dose.outcome if dose.outcome in ("only_ledger", "only_vrs", "unlinked") else "both", "outcome": dose.outcome,
    }  # fmt: skip


def counted(
    found: Iterable[Dose], ledger: Ledger, by: Sequence[str], *, year: int | None = None, as_of: date | None = None
) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Doses and distinct holders by cell."""
    cells: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for dose in found:
        day = dose.value("given_on")
        if (year is None or (day and fy(day) == year)) and (as_of is None or day is None or day <= as_of):
            known = dimensions_of(dose, ledger)
            cells[tuple(known[name] for name in by)].append(dose.holder)
    return {cell: (len(holders), len(set(holders))) for cell, holders in cells.items()}


def coverage(
    found: Sequence[Dose], ledger: Ledger, by: Sequence[str], *, as_of: date, steps: Sequence[int]
) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Residents of the day and those with at least so many doses."""
    cells: dict[tuple[Any, ...], list[bool]] = defaultdict(list)
    for person in ledger.persons:
        spell = residence_on(person, as_of)
        if spell is None:
            continue
        mine = [dose for dose in found if dose.holder == person.person and (day := dose.value("given_on")) and day <= as_of]
        reached = max([dose.number or 0 for dose in mine] + [len(mine)])
        known = {"age_band": band_of(age_on(person.birth_date, as_of)), "district": spell.district, "sex": person.sex}
        for step in steps:
            cells[tuple({**known, "dose_number": step}[name] for name in by)].append(reached >= step)
    return {cell: (len(flags), sum(flags)) for cell, flags in cells.items()}


def certificates(rows: Sequence[Row]) -> Counter[tuple[Any, ...]]:
    """Certificates by (channel, month): those of the newest delivery that tells of the person and day."""
    mine = [r for r in rows if isinstance(r, Record) and r.certificate_issued_on]
    kept = {
        (r.person, r.certificate_issued_on, r.certificate_channel)
        for r in mine
        if r.batch == max(o.batch for o in mine if (o.person, o.certificate_issued_on) == (r.person, r.certificate_issued_on))
    }
    return Counter((channel or "unknown", day.year * 100 + day.month) for _, day, channel in kept if day)


def shared_copy(
    copies: Sequence[Copy], originals: Sequence[Event], *, was_resident: Callable[[Event], bool], vaccines: Sequence[str]
) -> Counter[tuple[str, str]]:
    """Outcome and vaccine of each pair: those of one day first, the others in order of their days."""
    found: Counter[tuple[str, str]] = Counter()
    left: dict[Any, list[Copy]] = defaultdict(list)
    for copy in {(c.person, c.vaccine_code, c.number, c.given_on, c.vaccine_name): c for c in reversed(copies)}.values():
        left[copy.person, copy.vaccine_code, copy.number].append(copy)
    alone: dict[Any, list[Event]] = defaultdict(list)
    for event in (e for e in originals if e.vaccine in vaccines):
        key = (event.person, event.vaccine, int(event.dose.rpartition("-")[2]))
        same = sorted((c for c in left[key] if c.given_on == event.given_on), key=lambda c: c.line)
        if same:
            left[key].remove(same[0])
            found["differs_name" if _names_differ(event.product, same[0].vaccine_name) else "agree", event.vaccine] += 1
        else:
            alone[key].append(event)
    for key in {*left, *alone}:
        mine = sorted(alone[key], key=lambda e: e.given_on or date.max)
        theirs = sorted(left[key], key=lambda c: (c.given_on or date.max, c.line))
        for event, copy in zip(mine, theirs, strict=False):
            found["differs_date_and_name" if _names_differ(event.product, copy.vaccine_name) else "differs_date", key[1]] += 1
        for event in mine[len(theirs) :]:
            found["only_original" if event.given_on is None or was_resident(event) else "not_offered", key[1]] += 1
        found["only_copy", key[1]] += max(0, len(theirs) - len(mine))
    return +found


def _names_differ(name: str | None, other: str | None) -> bool:
    if not name or not other:
        return False
    short, long = sorted((name, other), key=len)
    return not long.startswith(short) or long[len(short) :][:1].isdigit()

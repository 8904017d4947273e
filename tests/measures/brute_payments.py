"""Payments once more, event by event, written from payments.md (E1 to E3) with the fictitious prices of E3: no SQL, no shared helpers.

The order in which reasons are looked for is the measure's own; which of them applies is decided here independently.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tests.measures.brute_force import age_on, fy, is_usable, reached, residence_on, window
from tests.measures.mart_factory import Event, Ledger, Person, Ruled, Welfare

# Without tax.
PRICES = {"DPT-IPV-HIB": 19_310, "DPT-IPV": 10_820, "HPV9": 28_000, "BCG": 9_180, "VAR": 9_080}
FLU_PRICES = {2014: 4_805, 2015: 4_805, 2016: 4_805, 2017: 4_805, 2018: 4_805, 2019: 4_905, 2020: 4_905, 2021: 4_905, 2022: 4_905,
              2023: 4_955, 2024: 4_955, 2025: 5_005, 2026: 5_005}  # fmt: skip
FLU_COPAY, FLU_FREE_FROM_AGE = 2_500, 75
COMBINED = {"DPT-IPV-11": "DPT-IPV-HIB-11", "DPT-IPV-12": "DPT-IPV-HIB-12"}
NOT_PAID = {"NOT_CLAIMED": "unclaimed", "SAME_DAY": "reject", "DUPLICATE": "reject", "COMPONENT": "reject", "APPLIED_LATE": "reject"}
FEE = 100
UNPAYABLE = ("NO_DATE", "FUTURE_DATE", "UNKNOWN_DOSE")


@dataclass(frozen=True)
class Decided:
    event: Event
    gross: int
    copay: int
    reason: str | None
    decision: str
    fee: int = 0

    @property
    def held_yen(self) -> int:
        return self.gross - self.copay if self.decision == "hold" else 0


def decide(ledger: Ledger, *, as_of: date, free_from_age: int = FLU_FREE_FROM_AGE) -> list[Decided]:
    """What becomes of each event, whatever its month of payment."""
    persons = {person.person: person for person in ledger.persons}
    return [_decide(event, persons[event.person], ledger, as_of=as_of, free_from_age=free_from_age) for event in ledger.events]


def _decide(event: Event, person: Person, ledger: Ledger, *, as_of: date, free_from_age: int) -> Decided:
    day = event.given_on or event.screened_on
    listed = price(event, person, day) or 0
    is_reimbursed = event.channel == "reimbursement"
    gross = min(listed, event.charged_yen or 0) if is_reimbursed else listed
    if is_reimbursed and event.charged_yen is None:
        gross = listed  # the lesser of the two that are known
    is_free = day is not None and _is_on_welfare(event, ledger.welfare, day)
    copay = 0
    if (
        event.vaccine == "FLU-E"
        and day is not None
        and not event.is_screened_only
        and event.copay_class not in ("exempt", "free")
        and not is_free
        and not is_reimbursed
    ):
        age = age_on(person.birth_date, date(fy(day) + 1, 3, 31))
        copay = 0 if age is not None and age >= free_from_age else min(gross, FLU_COPAY)
    reason = _reason(event, person, day, ledger, as_of=as_of)
    if reason is None and is_reimbursed:
        reason = _reimbursement(event)
    elif reason is None and event.charged_yen is not None and event.charged_yen not in (gross, gross - copay):
        reason = "PRICE_DIFFERENCE"
    if reason is None and event.vaccine == "FLU-E" and not event.is_screened_only and event.copay_class == "paid" and is_free:
        reason = "COPAY_CONTRADICTION"
    decision = "pay" if reason is None else NOT_PAID.get(reason, "hold")
    if reason == "SECOND_DOSE" and event.vaccine == "FLU-E":
        decision = "reject"
    decision, reason = _overruled(decision, reason, verdict_on(event, ledger.decisions, as_of), missing=_missing(event, person, day))
    rate = 110 if day and day >= date(2019, 10, 1) else 108
    fee = FEE * rate // 100 if decision == "pay" and not is_reimbursed else 0
    return Decided(event, gross, copay, reason, decision, fee)


def _reimbursement(event: Event) -> str | None:
    """償還払い: receipt and application known, 依頼書 issued by the day of the dose, applied for within a year."""
    if event.charged_yen is None or event.applied_on is None:
        return "NO_RECEIPT"
    day = event.event_on
    if event.requested_on is None or day is None or event.requested_on > day:
        return "NO_REQUEST"
    last = date(day.year + 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
    return "APPLIED_LATE" if event.applied_on > last else None


def claim_key(event: Event) -> tuple[object, ...]:
    return (
        event.person,
        event.vaccine,
        event.dose,
        event.event_on,
        event.is_screened_only,
        event.paid_month,
        event.institution,
        event.channel,
    )


def verdict_on(event: Event, decisions: Sequence[Ruled], as_of: date) -> tuple[str, str] | None:
    """The latest decision on a claim; two different ones of one day contradict each other."""
    mine = [ruled for ruled in decisions if claim_key(ruled.event) == claim_key(event) and ruled.decided_on <= as_of]
    latest = [ruled for ruled in mine if ruled.decided_on == max(each.decided_on for each in mine)]
    if not latest:
        return None
    if len({ruled.decision for ruled in latest}) > 1:
        return "contradiction", ""
    return latest[0].decision, min(ruled.reason for ruled in latest)


def _missing(event: Event, person: Person, day: date | None) -> str | None:
    """Why there is no amount."""
    if price(event, person, day) is None:
        return "NO_PRICE"
    return "NO_RECEIPT" if event.channel == "reimbursement" and None in (event.charged_yen, event.applied_on) else None


def _overruled(decision: str, reason: str | None, verdict: tuple[str, str] | None, *, missing: str | None) -> tuple[str, str | None]:
    if verdict is None or decision == "unclaimed":
        return decision, reason
    word, why = verdict
    if word == "contradiction" or (word == "pay" and reason in ("DUPLICATE", "CROSS_CHANNEL", "COMPONENT")):
        return "hold", "DECISION_CONTRADICTION"
    if word == "pay" and (reason in UNPAYABLE or missing):
        return "hold", reason if reason in UNPAYABLE else missing
    if word == "pay" and reason is None:
        return "pay", None
    return word, why


def price(event: Event, person: Person, day: date | None) -> int | None:
    """With tax, by the day of the event; None where there is not exactly one."""
    if day is None or not date(2014, 4, 1) <= day <= date(2027, 3, 31):
        return None
    rate = 110 if day >= date(2019, 10, 1) else 108
    if event.vaccine == "FLU-E" and not (day.month >= 10 or day.month == 1):
        return None
    if event.is_screened_only:
        age = age_on(person.birth_date, day)
        if age is None or (event.vaccine == "FLU-E" and age < 6):
            return None
        return (3_665 if age < 6 else 2_915) * rate // 100
    if event.vaccine == "MR":
        return (11_325 if day < date(2026, 4, 1) else 11_575) * rate // 100
    if event.vaccine == "HB":
        return {"HB-A": 6_215 * rate // 100, "HB-B": 6_435 * rate // 100}.get(event.product or "")
    if event.vaccine == "FLU-E":
        return FLU_PRICES[fy(day)] * rate // 100 if fy(day) in FLU_PRICES else None
    return PRICES[event.vaccine] * rate // 100


def _reason(event: Event, person: Person, day: date | None, ledger: Ledger, *, as_of: date) -> str | None:
    first = _first_standing(event, ledger, as_of)
    if first is not None:
        return "CROSS_CHANNEL" if (first.channel == "reimbursement") != (event.channel == "reimbursement") else "DUPLICATE"
    if event.paid_month is None:
        return "NOT_CLAIMED"
    if day is None or (event.given_on is None and not event.is_screened_only):
        return "NO_DATE"
    if day > as_of:
        return "FUTURE_DATE"
    is_reimbursed = event.channel == "reimbursement"
    if not is_reimbursed and event.ward in (None, "unknown"):
        return "UNKNOWN_WARD"
    is_operating = any(
        i.institution == event.institution and (i.valid_from or day) <= day <= (i.valid_to or day) for i in ledger.institutions
    )
    if not is_reimbursed and not (event.is_institution_valid and is_operating):
        return "UNKNOWN_INSTITUTION"
    if residence_on(person, day) is None:
        return "WRONG_WARD"
    others = [other for other in ledger.events if other.person == event.person and other is not event and is_usable(other, person)]
    others = [other for other in others if other.is_screened_only or not _is_withdrawn(other, ledger, as_of)]
    if event.is_screened_only and any(other.vaccine == event.vaccine and other.given_on == day for other in others):
        return "SAME_DAY"
    if any(other.dose == COMBINED.get(event.dose) and other.given_on == day for other in others):
        return "COMPONENT"
    earlier = [other for other in others if other.vaccine == event.vaccine and other.given_on is not None and other.given_on < day]
    if not event.is_screened_only:
        season = [other for other in earlier if other.given_on is not None and fy(other.given_on) == fy(day)]
        if season if event.vaccine == "FLU-E" else [other for other in earlier if other.dose == event.dose]:
            return "SECOND_DOSE"
    if person.birth_date is None:
        return "AGE_UNKNOWN"
    if price(event, person, day) is None:
        return "NO_PRICE"
    if not _is_in_window(event, person, day, ledger.welfare):
        return "OUT_OF_AGE"
    earlier += [other for other in others if other.vaccine == event.vaccine and other.given_on == day and other.dose < event.dose]
    if not event.is_screened_only and not _is_interval_kept(event.dose, day, [other.given_on for other in earlier if other.given_on]):
        return "SHORT_INTERVAL"
    return None


def _is_withdrawn(dose: Event, ledger: Ledger, as_of: date) -> bool:
    """A dose is none when its claim, or a claim of it through another channel, was withdrawn."""
    same = [e for e in ledger.events if (e.person, e.vaccine, e.dose, e.given_on) == (dose.person, dose.vaccine, dose.dose, dose.given_on)]
    return any((verdict_on(e, ledger.decisions, as_of) or ("", ""))[0] == "reverse" for e in same if not e.is_screened_only)


def _first_standing(event: Event, ledger: Ledger, as_of: date) -> Event | None:
    """Of the rows of one event the claim is the one that was not refused, with the earliest month of payment. None where it is this one."""
    day = event.given_on or event.screened_on
    if day is None:
        return None
    twins = [
        other
        for other in ledger.events
        if (other.person, other.vaccine, other.dose, other.is_screened_only)
        == (event.person, event.vaccine, event.dose, event.is_screened_only)
        and (other.given_on or other.screened_on) == day
    ]

    def place(twin: Event) -> tuple[bool, int, str, int]:
        verdict = verdict_on(twin, ledger.decisions, as_of)
        is_out = verdict is not None and verdict[0] in ("reject", "reverse")
        return is_out, twin.paid_month or 999_999, twin.location_flag or "9", twin.batch

    first = min(twins, key=place)
    return first if first.batch != event.batch else None


def _is_in_window(event: Event, person: Person, day: date, welfare: Sequence[Welfare]) -> bool:
    birth = person.birth_date
    assert birth is not None
    legal = window(event.dose, birth, person.sex)
    is_routine = not event.dose.startswith("HB") or day >= date(2016, 10, 1)
    if legal is not None and legal[0] <= day <= legal[1] and is_routine:
        return event.vaccine != "FLU-E" or day.month in (10, 11, 12, 1)
    is_shortage_time = event.is_transitional and date(2025, 4, 1) <= day <= date(2027, 3, 31)
    if event.dose == "MR-1":
        return is_shortage_time and date(2022, 4, 2) <= birth <= date(2023, 4, 1) and day >= reached(birth, 12)
    if event.dose == "MR-2":
        return is_shortage_time and date(2018, 4, 2) <= birth <= date(2019, 4, 1)
    if event.vaccine == "HPV9" and person.sex == "2":
        is_catch_up = date(1997, 4, 2) <= birth <= date(2008, 4, 1) and date(2022, 4, 1) <= day <= date(2025, 3, 31)
        is_carried_over = date(1997, 4, 2) <= birth <= date(2009, 4, 1) and date(2025, 4, 1) <= day <= date(2026, 3, 31)
        return is_catch_up or (is_carried_over and event.is_transitional)
    if event.dose == "FLU-E-1":
        has_grade_1 = any(w.handbook_class == "physical_1" for w in _in_force(event.person, welfare, day))
        return has_grade_1 and day.month in (10, 11, 12, 1) and reached(birth, 720) <= day <= reached(birth, 780)
    return False


def _is_interval_kept(dose: str, day: date, earlier: Sequence[date]) -> bool:
    """n 日以上 means n whole days between; n 月以上 means the same day n months later."""
    if not earlier:
        return True
    days = {"DPT-IPV-HIB-12": 20, "DPT-IPV-HIB-13": 20, "DPT-IPV-12": 20, "HB-2": 27}
    months = {"DPT-IPV-HIB-1A": 6, "VAR-2": 3, "HPV9-2": 1, "HPV9-3": 3}
    if dose in days:
        return day - max(earlier) >= timedelta(days=days[dose] + 1)
    if dose == "HB-3":
        return day - min(earlier) >= timedelta(days=140)
    if dose in months:
        return day > reached(max(earlier), months[dose])
    return day > max(earlier)


def _is_on_welfare(event: Event, welfare: Sequence[Welfare], day: date) -> bool:
    return any(w.welfare_class in ("welfare", "returnee") for w in _in_force(event.person, welfare, day))


def _in_force(person: int, welfare: Sequence[Welfare], day: date) -> list[Welfare]:
    return [w for w in welfare if w.person == person and (w.valid_from or day) <= day <= (w.valid_to or day)]


def total(decided: Sequence[Decided]) -> tuple[int, int, int, int, int]:
    """Doses, screenings, gross, self-payment, payable."""
    paid = [item for item in decided if item.decision == "pay"]
    screenings = sum(item.event.is_screened_only for item in paid)
    gross, copay = sum(item.gross for item in paid), sum(item.copay for item in paid)
    return len(paid) - screenings, screenings, gross, copay, gross - copay


def not_paid(decided: Sequence[Decided]) -> dict[tuple[str | None, str], tuple[int, int]]:
    """Reason and decision: events and yen held."""
    found: dict[tuple[str | None, str], list[int]] = defaultdict(lambda: [0, 0])
    for item in decided:
        if item.decision != "pay":
            cell = found[item.reason, item.decision]
            cell[0] += 1
            cell[1] += item.held_yen
    return {cell: (events, yen) for cell, (events, yen) in found.items()}

"""Random ledgers for payments: those of `random_ledgers` with reimbursements, charged amounts and officers' decisions among the claims."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

from tests.measures.mart_factory import Event, Ledger, Ruled
from tests.measures.random_ledgers import random_ledger

_VERDICTS = (("pay", "CONFIRMED"), ("pay", "CONFIRMED"), ("hold", "OFFICER"), ("reject", "RETURNED"), ("reverse", "WITHDRAWN"))


def random_payments(seed: int, *, persons: int = 150) -> Ledger:
    """Rotavirus is left out: the examples name no price for it."""
    dice = random.Random(seed + 1000)
    ledger = random_ledger(seed, persons=persons)
    events = [_claimed(dice, event) for event in ledger.events if event.vaccine != "RV1"]
    # The same event for reimbursement as well.
    doubles = [event for event in events if event.event_on and event.channel is None and dice.random() < 0.05]
    events += [replace(_receipt(dice, event), paid_month=dice.choice((202512, 202604))) for event in doubles]
    events = [replace(event, batch=number) for number, event in enumerate(events, start=1)]
    decisions = [ruled for event in events if dice.random() < 0.15 for ruled in _ruled(dice, event)]
    return Ledger(ledger.persons, events, ledger.welfare, ledger.institutions, decisions=decisions)


def _claimed(dice: random.Random, event: Event) -> Event:
    chance = dice.random()
    if chance < 0.06 and event.event_on:
        return _receipt(dice, event)
    return replace(event, charged_yen=dice.choice((12_457, 6_836, 7_078, 21_241, 3_206, 5_505, 1))) if chance < 0.2 else event


def _receipt(dice: random.Random, event: Event) -> Event:
    day = event.event_on or date(2025, 12, 1)
    return replace(
        event, channel="reimbursement", ward=dice.choice((None, "131016")), institution=dice.choice((None, event.institution)),
        charged_yen=dice.choice((9_800, 14_300, 30_000, None)), requested_on=dice.choice((day, day - timedelta(days=20), day + timedelta(days=1), None)),
        applied_on=dice.choice((day + timedelta(days=60), day + timedelta(days=365), day + timedelta(days=400), None)),
    )  # fmt: skip


def _ruled(dice: random.Random, event: Event) -> list[Ruled]:
    made = []
    for _ in range(dice.choice((1, 1, 1, 2))):
        decision, reason = dice.choice(_VERDICTS)
        made.append(Ruled(event, decision, reason, dice.choice((date(2025, 12, 20), date(2026, 3, 1), date(2026, 5, 1)))))
    return made

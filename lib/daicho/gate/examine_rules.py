"""Checks of the rules in force: contracts, classes, disclosure profiles, and whether each promised use is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import polars as pl

from daicho.contracts.classes import Classification
from daicho.contracts.loader import load_output_contracts
from daicho.contracts.lock import check_lock
from daicho.core.errors import DataError
from daicho.gate.examined import NOT_APPLICABLE, Ground, Outcome, judged
from daicho.intake.individual_numbers import IndividualNumberWatch
from daicho.vault.mart_payments import CLOSE

LEAST_THRESHOLD = 10
COVID = "covid_"
# Twelve digits with the right check digit, given to nobody: they begin with nine zeros.
_INVENTED = ("000000000019", "000000000027", "000000000035", "000000000043")
_USES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "annual_return": ("annual_counts", "form_rows", "form_exceptions"),
        "coverage": ("coverage_cohort", "unvaccinated", "uptake_after_notice"),
        "payments": ("consignment_payments", "payment_holds", "payment_adjustments"),
        "errors": ("error_checks", "dose_validity", "missed_opportunities", "intake_quality"),
        "other_wards": ("claim_differences", "dose_reconciliation"),
    }
)
"""Measures that serve each use which the impact assessment names."""


def contracts_lock(ground: Ground) -> Outcome:
    """No contract changed without a new version, no item moved to a weaker class."""
    findings = check_lock(ground.config.contracts_dir)
    return judged(not findings, contracts=len(ground.contracts), findings=len(findings))


def items_explained(ground: Ground) -> Outcome:
    """Every item that may be taken in has a class and a reason, and no delivery is of a kind without a contract."""
    columns = [column for contract in ground.contracts.values() for column in contract.columns]
    kinds = {batch.kind for batch in ground.opened[1].batches} - {CLOSE} if ground.has_vault else set()
    lacking = sum(not column.description.strip() for column in columns) + len(kinds - ground.contracts.keys())
    return judged(lacking == 0, items=len(columns), dropped=sum(not column.is_kept for column in columns), lacking=lacking)


def outputs_anonymous(ground: Ground) -> Outcome:
    """No released table has a column called like a number of a person, a date of one, a lot: items about persons without a code list."""
    about_persons = (Classification.QUASI, Classification.SENSITIVE)
    identifying = {
        column.name
        for contract in ground.contracts.values()
        for column in contract.columns
        if column.classification is Classification.KEY or (column.classification in about_persons and column.codelist is None)
    }
    contracts = load_output_contracts(ground.config.contracts_dir)
    columns = [column for contract in contracts.values() for column in contract.columns]
    wrong = sum(column.classification is not Classification.RELEASED or column.name in identifying for column in columns)
    return judged(wrong == 0, tables=len(contracts), columns=len(columns), wrong=wrong)


def small_counts_withheld(ground: Ground) -> Outcome:
    """Whoever publishes, or works within the office, sees no count of fewer than ten persons."""
    profiles = [profile for profile in ground.rules.profiles.values() if profile.recipient in ("division", "public")]
    weak = sum(profile.threshold is None or profile.threshold < LEAST_THRESHOLD for profile in profiles)
    weak += sum(profile.recipient == "public" and not (profile.refuse_derivable and profile.complement) for profile in profiles)
    return judged(bool(profiles) and weak == 0, profiles=len(profiles), weak=weak, threshold=LEAST_THRESHOLD)


def covid_nobody(ground: Ground) -> Outcome:
    """Every release on COVID-19 was made under a profile that withholds small counts."""
    made = [recorded for recorded in ground.releases if str(recorded.request.get("measure", "")).startswith(COVID)]
    if not made:
        return Outcome(NOT_APPLICABLE)
    profiles = ground.rules.profiles
    exact = sum(recorded.profile not in profiles or profiles[recorded.profile].threshold is None for recorded in made)
    return judged(exact == 0, releases=len(made), exact=exact)


def individual_numbers(ground: Ground) -> Outcome:
    """A column of 個人番号, under whatever name, refuses its file: tried with invented numbers."""
    is_refused = False
    try:
        IndividualNumberWatch("trial").look(pl.DataFrame({"item": list(_INVENTED)}))
    except DataError:
        is_refused = True
    return judged(is_refused, tried=len(_INVENTED))


def _use_served(measures: tuple[str, ...], ground: Ground) -> Outcome:
    """The catalogue offers what a use needs; how often it was asked for is told beside it."""
    lacking = len(set(measures) - ground.engine.measures().keys())
    made = [recorded.recorded_at[:10] for recorded in ground.releases if recorded.request.get("measure") in measures]
    return judged(lacking == 0, measures=len(measures), lacking=lacking, releases=len(made), last=max(made, default=""))


CHECKS: Mapping[str, Callable[[Ground], Outcome]] = MappingProxyType(
    {
        check.__name__: check
        for check in (contracts_lock, items_explained, outputs_anonymous, small_counts_withheld, covid_nobody, individual_numbers)
    }
    | {f"use_{use}": partial(_use_served, measures) for use, measures in _USES.items()}
)

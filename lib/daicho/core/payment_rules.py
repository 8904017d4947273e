"""`[payments]` of daicho.toml: the terms of the payment contracts that no public text states. Each default is to be confirmed by the municipality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any

from daicho.core.errors import UsageError

SECTION = "payments"
CLAIM_KEY = ("person", "vaccine", "dose", "event_on", "is_screened_only", "paid_month", "institution", "channel")
"""What tells one claim from another in the tables of the mart, whatever extract and line it came from."""
_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "payer_mode": ("host_then_settle", "home_direct"),
        "rounding": ("unit", "line", "invoice"),
        "copay_mode": ("subtract", "already_net"),
        "same_day_screening": ("reject", "pay"),
        "out_of_age": ("hold", "pay", "reject"),
        "short_interval": ("hold", "pay", "reject"),
        "price_difference": ("hold", "pay"),
        "settlement": ("gross", "net"),
    }
)
_WHOLE: Mapping[str, tuple[int, int]] = MappingProxyType({"reimbursement_months": (1, 120), "alarm_factor": (2, 1000)})


@dataclass(frozen=True)
class PaymentRules:
    """The terms by which claims are decided and bills are compared; docs/payments.md says what each means.

    Months are calendar months; `alarm_factor` is how many times what the ledger supports, or what is usual, a bill must exceed to be blocked.
    """

    payer_mode: str = "host_then_settle"
    rounding: str = "unit"
    copay_mode: str = "subtract"
    same_day_screening: str = "reject"
    out_of_age: str = "hold"
    short_interval: str = "hold"
    price_difference: str = "hold"
    settlement: str = "gross"
    reimbursement_months: int = 12
    alarm_factor: int = 3

    @property
    def text(self) -> str:
        """The terms in one line, the same for the same terms."""
        return ";".join(f"{name}={value}" for name, value in asdict(self).items())


def read_payment_rules(section: Mapping[str, Any]) -> PaymentRules:
    """The section with its defaults. Raises UsageError naming the key that is unknown or has no such value."""
    known = {field.name for field in fields(PaymentRules)}
    if unknown := sorted(set(section) - known):
        raise UsageError(f"daicho.toml: unknown key {SECTION}.{unknown[0]}; known are {', '.join(sorted(known))}.")
    for key, value in section.items():
        if key in _CHOICES and value not in _CHOICES[key]:
            raise UsageError(f"daicho.toml: {SECTION}.{key} must be one of {', '.join(_CHOICES[key])}.")
        if key in _WHOLE and (isinstance(value, bool) or not isinstance(value, int) or not _WHOLE[key][0] <= value <= _WHOLE[key][1]):
            low, high = _WHOLE[key]
            raise UsageError(f"daicho.toml: {SECTION}.{key} must be a whole number from {low} to {high}.")
    return PaymentRules(**section)

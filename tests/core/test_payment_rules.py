from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from daicho.core.errors import UsageError
from daicho.core.payment_rules import PaymentRules, read_payment_rules

ROOT = Path(__file__).parents[2]


def test_an_absent_section_gives_the_stated_defaults() -> None:
    assert read_payment_rules({}) == PaymentRules(payer_mode="host_then_settle", rounding="unit", copay_mode="subtract", out_of_age="hold")


def test_the_shipped_configuration_states_every_default() -> None:
    shipped = tomllib.loads((ROOT / "daicho.toml").read_text(encoding="utf-8"))["payments"]
    assert shipped == asdict(PaymentRules())


def test_every_switch_is_documented() -> None:
    text = (ROOT / "docs" / "payments.md").read_text(encoding="utf-8")
    assert [name for name in asdict(PaymentRules()) if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"payer": "home_direct"}, "unknown key payments.payer"),
        ({"rounding": "month"}, r"payments\.rounding must be one of unit, line, invoice"),
        ({"alarm_factor": 1}, r"payments\.alarm_factor must be a whole number from 2 to 1000"),
        ({"alarm_factor": 2.5}, r"payments\.alarm_factor must be a whole number"),
        ({"reimbursement_months": True}, r"payments\.reimbursement_months must be a whole number"),
    ],
)
def test_a_wrong_switch_is_named(section: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_payment_rules(section)

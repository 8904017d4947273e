"""Integer yen and the tax floor, with the worked prices of the payment model (fictitious)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daicho.core.money import format_yen, tax_included_yen


@pytest.mark.parametrize(
    ("excluded", "included"),
    [
        (19310, 21241), (11325, 12457), (11575, 12732), (5005, 5505), (28000, 30800), (6215, 6836), (6435, 7078), (3665, 4031),
        (2915, 3206), (100, 110), (2070, 2277), (1540, 1694), (660, 726), (730, 803), (2130, 2343), (0, 0),
    ],
)  # fmt: skip
def test_ten_percent_tax_cuts_off_fractions_of_a_yen(excluded: int, included: int) -> None:
    assert tax_included_yen(excluded, rate_percent=10) == included


def test_eight_percent_before_october_2019() -> None:
    assert tax_included_yen(11325, rate_percent=8) == 12231


def test_rounding_each_unit_differs_from_rounding_the_invoice() -> None:
    assert 7 * tax_included_yen(11325, rate_percent=10) == 87199
    assert tax_included_yen(7 * 11325, rate_percent=10) == 87202


@given(excluded=st.integers(min_value=0, max_value=10**15), rate=st.integers(min_value=0, max_value=30))
def test_the_price_with_tax_is_the_largest_whole_yen_not_above_the_exact_price(excluded: int, rate: int) -> None:
    included = tax_included_yen(excluded, rate_percent=rate)
    assert included * 100 <= excluded * (100 + rate) < (included + 1) * 100


@pytest.mark.parametrize("amount", [11325.0, True, "11325", Decimal(11325), None])
def test_only_whole_numbers_are_money(amount: Any) -> None:
    with pytest.raises(TypeError, match="whole numbers"):
        tax_included_yen(amount, rate_percent=10)
    with pytest.raises(TypeError, match="whole numbers"):
        tax_included_yen(100, rate_percent=amount)
    with pytest.raises(TypeError, match="whole numbers"):
        format_yen(amount)


@pytest.mark.parametrize(("excluded", "rate"), [(-1, 10), (1, -10)])
def test_negative_prices_and_rates_are_refused(excluded: int, rate: int) -> None:
    with pytest.raises(ValueError, match="never negative"):
        tax_included_yen(excluded, rate_percent=rate)


def test_yen_are_printed_with_thousands_separated() -> None:
    assert [format_yen(yen) for yen in (0, 999, 12457, -1494840)] == ["0円", "999円", "12,457円", "-1,494,840円"]

"""Money: whole yen in `int`, never in floating point."""

from __future__ import annotations


def tax_included_yen(excluded_yen: int, *, rate_percent: int) -> int:
    """The price of one unit with consumption tax, fractions of a yen cut off (円未満切捨て).

    `excluded_yen` is the price without tax in yen, `rate_percent` the rate in whole percent (10; 8 before 2019-10-01).
    Raises TypeError for anything but `int`, ValueError for a negative number.
    """
    _require_int(excluded_yen)
    _require_int(rate_percent)
    if excluded_yen < 0 or rate_percent < 0:
        raise ValueError("a price and a tax rate are never negative")
    return excluded_yen * (100 + rate_percent) // 100


def format_yen(yen: int) -> str:
    """An amount as it is printed: 12,457円; an amount taken back as -12,457円.

    Raises TypeError for anything but `int`.
    """
    _require_int(yen)
    return f"{yen:,}円"


def _require_int(amount: int) -> None:
    # Type hints let a bool through, and data read at run time is not checked by them at all.
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError("an amount of money and a rate are whole numbers (int)")

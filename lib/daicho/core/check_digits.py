"""Check digits of the codes an extract carries, and of the number it must never carry.

The 個人番号 rule serves only to detect the number and refuse the file. Each rule stands twice: for one text, and as a polars
expression for a column; the expressions never raise and give null for null.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

_MUNICIPALITY_WEIGHTS = (6, 5, 4, 3, 2)
_INSTITUTION_WEIGHTS = (2, 1, 2, 1, 2, 1, 2, 1, 2)
# Leftmost digit first: Q runs 2..7 then 2..6 from the right.
_INDIVIDUAL_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)

_BLANKS = " \u3000"
# Groups of four may be set off by a space or any of the dashes that Japanese text uses for a hyphen.
_GROUPING = r"[- \u3000\u2010-\u2015\u2212\u30fc\uff0d]"
_FOUR_DIGITS = r"[0-9０-９]{4}"
_INDIVIDUAL_NUMBER = rf"^{_FOUR_DIGITS}{_GROUPING}?{_FOUR_DIGITS}{_GROUPING}?{_FOUR_DIGITS}$"
_INDIVIDUAL_NUMBER_LENGTH = 12
_INSTITUTION_CODE = r"^[0-9]{10}$"


def municipality_check_digit(five: str) -> int:
    """The sixth digit of a 自治体コード (総務省 全国地方公共団体コード): weights 6 to 2, modulus 11.

    Raises ValueError unless given five digits.
    """
    remainder = sum(w * d for w, d in zip(_MUNICIPALITY_WEIGHTS, _digits(five, count=5), strict=True)) % 11
    return (11 - remainder) % 10


def is_municipality_code(text: str) -> bool:
    """Whether a text is a six-digit 自治体コード with the right check digit."""
    return _is_digits(text, count=6) and municipality_check_digit(text[:5]) == int(text[5])


def is_individual_number(text: str) -> bool:
    """Whether a text reads as a 個人番号: twelve digits with the right check digit (平成26年総務省令第85号5条).

    Full-width digits and groups of four set off by a dash or a space count too, so that no spelling slips through.
    """
    plain = text.strip(_BLANKS)
    if re.fullmatch(_INDIVIDUAL_NUMBER, plain) is None:
        return False
    digits = [int(digit) for digit in unicodedata.normalize("NFKC", re.sub(_GROUPING, "", plain))]
    remainder = sum(w * d for w, d in zip(_INDIVIDUAL_WEIGHTS, digits[:11], strict=True)) % 11
    return digits[11] == (0 if remainder <= 1 else 11 - remainder)


def institution_check_digit(nine: str) -> int:
    """The tenth digit of a 医療機関コード: weights 2, 1, 2, … from the left, digits of the products added, modulus 10.

    Raises ValueError unless given nine digits.
    """
    products = (w * d for w, d in zip(_INSTITUTION_WEIGHTS, _digits(nine, count=9), strict=True))
    return -sum(product // 10 + product % 10 for product in products) % 10


def is_institution_code(text: str) -> bool:
    """Whether a text is a ten-digit 医療機関コード with the right check digit."""
    return _is_digits(text, count=10) and institution_check_digit(text[:9]) == int(text[9])


def individual_number_expr(column: str) -> pl.Expr:
    """`is_individual_number` for a text column, as a boolean expression."""
    return pl.col(column).map_batches(_are_individual_numbers, return_dtype=pl.Boolean, is_elementwise=True)


def institution_code_expr(column: str) -> pl.Expr:
    """`is_institution_code` for a text column, as a boolean expression."""
    text = pl.col(column)
    digits = text.cast(pl.Int64, strict=False)
    products = [w * _digit_at(digits, 9 - i) for i, w in enumerate(_INSTITUTION_WEIGHTS)]
    total = pl.sum_horizontal(product // 10 + product % 10 for product in products) + _digit_at(digits, 0)
    return text.str.contains(_INSTITUTION_CODE).and_(total % 10 == 0)


def _are_individual_numbers(texts: pl.Series) -> pl.Series:
    # Step by step rather than as one expression, so that only texts of the right shape pay for the later steps.
    plain = texts.str.strip_chars(_BLANKS)
    is_shaped = plain.str.contains(_INDIVIDUAL_NUMBER)
    shaped = plain.filter(is_shaped)
    if (shaped.str.len_bytes() > _INDIVIDUAL_NUMBER_LENGTH).any():
        shaped = shaped.str.replace_all(_GROUPING, "").str.normalize("NFKC")
    digits = pl.col("digits")
    remainder = pl.sum_horizontal(w * _digit_at(digits, 11 - i) for i, w in enumerate(_INDIVIDUAL_WEIGHTS)) % 11
    expected = pl.when(remainder <= 1).then(0).otherwise(11 - remainder)
    is_right = shaped.cast(pl.Int64).to_frame("digits").select(_digit_at(digits, 0) == expected).to_series()
    return is_shaped.scatter(is_shaped.arg_true(), is_right)


def _digit_at(number: pl.Expr, position: int) -> pl.Expr:
    """The digit of an integer at a position counted from the right, 0 first."""
    return number.floordiv(10**position).mod(10)


def _is_digits(text: str, *, count: int) -> bool:
    # str.isdigit alone would let full-width and superscript digits through.
    return len(text) == count and text.isascii() and text.isdigit()


def _digits(text: str, *, count: int) -> list[int]:
    if not _is_digits(text, count=count):
        raise ValueError(f"a check digit is computed from exactly {count} digits")
    return [int(digit) for digit in text]

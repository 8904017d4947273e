"""One normal form for identifying text, shared by intake (which feeds the scanner's index) and the scanner (which looks up).

Both sides must fold the same evasions: width, kana, variant characters, spaces, zero-width characters, hyphens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

# Variant forms that registers write and reports may normalise (or the other way round).
VARIANTS = {
    "髙": "高", "﨑": "崎", "嵜": "崎", "碕": "崎", "濵": "浜", "濱": "浜", "邊": "辺", "邉": "辺", "齋": "斎", "齊": "斉", "澤": "沢", "櫻": "桜",
    "廣": "広", "國": "国", "德": "徳", "眞": "真", "槇": "槙", "瀨": "瀬", "藪": "薮", "龍": "竜", "𠮷": "吉", "黑": "黒", "惠": "恵",
}  # fmt: skip
_SMALL_HIRAGANA_TO_KATAKANA = {chr(code): chr(code + 0x60) for code in range(0x3041, 0x3097)}
# Spaces, zero-width marks, and every dash that stands for a hyphen; 「ー」 is kept out of the list of letters on purpose: registers mix it with dashes.
REMOVED = r"[\s\u00AD\u200B-\u200F\u2028-\u202F\u2060-\u2064\uFEFF\-\u2010-\u2015\u2212\u30FC\uFF70\u2500\u2501・.,，、．]"
SHORTEST_TEXT = 4
SHORTEST_NUMBER = 7
# The index also keeps a hash of each text's first characters, so that a scan tries a full hash only where a beginning fits.
PREFIX_LENGTH = 4


def normal_form(column: pl.Expr) -> pl.Expr:
    """Fold a text column: NFKC, upper case, katakana, variant characters, no spaces, hyphens or zero-width marks."""
    folded = column.str.normalize("NFKC").str.to_uppercase().str.replace_all(REMOVED, "")
    table = VARIANTS | _SMALL_HIRAGANA_TO_KATAKANA
    return folded.str.replace_many(list(table), list(table.values()))


def is_long_enough(column: pl.Expr) -> pl.Expr:
    """Only texts that can name one person are indexed: a full name, a number, an address; not a lone common surname."""
    is_number = column.str.contains(r"^[0-9]+$")
    return pl.when(is_number).then(column.str.len_chars() >= SHORTEST_NUMBER).otherwise(column.str.len_chars() >= SHORTEST_TEXT)


@dataclass(frozen=True)
class IdentifierHasher:
    """Keyed 64-bit hashes of normal forms: what the scanner's index holds instead of identifiers."""

    secret: bytes

    def __repr__(self) -> str:
        return "IdentifierHasher()"

    def hashes(self, normal_forms: Iterable[str]) -> np.ndarray:
        """64-bit hashes, in order. BLAKE2b is not open to length extension, so a secret prefix keys it."""
        secret, blake = self.secret, hashlib.blake2b
        return np.frombuffer(b"".join([blake(secret + text.encode(), digest_size=8).digest() for text in normal_forms]), dtype=np.uint64)

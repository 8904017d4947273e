"""Identifying text as the scanner's index holds it: keyed hashes of folded texts. Shared by intake, which feeds it, and the scanner."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from daicho.core.folding import folded

SHORTEST_TEXT = 4
SHORTEST_NUMBER = 7
# The index also keeps a hash of each text's first characters, so that a scan tries a full hash only where a beginning fits.
PREFIX_LENGTH = 4


def normal_forms(texts: pl.Series) -> pl.Series:
    """The folded form of each text of a column without nulls."""
    return pl.Series("form", folded(texts.to_list()), dtype=pl.String)


def is_long_enough(column: pl.Expr) -> pl.Expr:
    """Only texts that can name one person are indexed: a full name, a number, an address; not a lone common surname."""
    is_number = column.str.contains(r"^[0-9]+$")
    return pl.when(is_number).then(column.str.len_chars() >= SHORTEST_NUMBER).otherwise(column.str.len_chars() >= SHORTEST_TEXT)


@dataclass(frozen=True)
class IdentifierHasher:
    """Keyed 64-bit hashes of folded texts: what the scanner's index holds instead of identifiers."""

    secret: bytes

    def __repr__(self) -> str:
        return "IdentifierHasher()"

    def hashes(self, texts: Iterable[str]) -> np.ndarray:
        """64-bit hashes, in order. BLAKE2b is not open to length extension, so a secret prefix keys it."""
        secret, blake = self.secret, hashlib.blake2b
        return np.frombuffer(b"".join([blake(secret + text.encode(), digest_size=8).digest() for text in texts]), dtype=np.uint64)

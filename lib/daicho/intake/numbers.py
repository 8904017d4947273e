"""Keyed pseudonyms for 宛名番号, and hashes of identifying text for the output scanner.

Both work on distinct values: a number is hashed once for a file, however many rows carry it.
"""

from __future__ import annotations

import polars as pl

from daicho.core.identifiers import PREFIX_LENGTH, IdentifierHasher, is_long_enough, normal_form
from daicho.vault.keys import Key, pseudonyms


def normal_number(column: pl.Expr) -> pl.Expr:
    """The form in which a 宛名番号 is pseudonymised: NFKC, no spaces or hyphens."""
    return column.str.normalize("NFKC").str.replace_all(r"[\s\-]", "").str.to_uppercase()


class NumberBook:
    """Numbers met in one file: each gets a small local number, which rows carry instead of the pseudonym."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._local: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._local)

    def locals_of(self, numbers: pl.Series) -> pl.Series:
        """Local numbers (Int32) for a column of numbers; empty gives null."""
        distinct = pl.DataFrame({"raw": numbers.unique()}).with_columns(normal_number(pl.col("raw")).alias("number"))
        ids: list[int | None] = []
        for number in distinct["number"].to_list():
            ids.append(self._local.setdefault(number, len(self._local)) if number else None)
        known = distinct.select("raw", pl.Series("local", ids, dtype=pl.Int32))
        return numbers.to_frame("raw").join(known, on="raw", how="left", maintain_order="left")["local"]

    def pseudonym_frame(self) -> pl.DataFrame:
        """`local`, `pseudonym` (16 bytes) for every number met."""
        return pl.DataFrame(
            {"local": list(self._local.values()), "pseudonym": pseudonyms(self._key, list(self._local))},
            schema={"local": pl.Int32, "pseudonym": pl.Binary},
        )

    def numbers(self) -> pl.Series:
        return pl.Series("text", list(self._local), dtype=pl.String)


class IdentifierBook:
    """Distinct hashes of the identifying text of one file, by kind. The text itself is not kept."""

    def __init__(self, key: Key) -> None:
        self._hasher = IdentifierHasher(key.secret)
        self._entries: dict[str, list[pl.DataFrame]] = {}

    def add(self, kind: str, texts: pl.Series) -> None:
        """Index every distinct text that is long enough to name one person."""
        form = (
            pl.DataFrame({"text": texts.unique()})
            .select(normal_form(pl.col("text")))
            .filter(is_long_enough(pl.col("text")))["text"]
            .unique()
        )
        if form.is_empty():
            return
        beginnings = form.str.slice(0, PREFIX_LENGTH).alias("beginning")
        distinct = beginnings.unique()
        prefix = pl.DataFrame({"beginning": distinct, "prefix": self._hasher.hashes(distinct.to_list())})
        entry = pl.DataFrame(
            {
                "length": form.str.len_chars().cast(pl.UInt16),
                "prefix": beginnings.to_frame().join(prefix, on="beginning", how="left", maintain_order="left")["prefix"],
                "hash": self._hasher.hashes(form.to_list()),
            }
        )
        self._entries.setdefault(kind, []).append(entry)

    def frame(self) -> pl.DataFrame:
        """`kind`, `length` in characters, `prefix` (hash of the first characters), `hash`."""
        parts = [pl.concat(frames).unique().select(pl.lit(kind).alias("kind"), pl.all()) for kind, frames in sorted(self._entries.items())]
        schema = {"kind": pl.String, "length": pl.UInt16, "prefix": pl.UInt64, "hash": pl.UInt64}
        return pl.concat(parts).sort("kind", "hash") if parts else pl.DataFrame(schema=schema)

"""Keyed pseudonyms for 宛名番号, and hashes of identifying text for the output scanner.

Both work on distinct values: a number is hashed once for a file, however many rows carry it.
"""

from __future__ import annotations

import polars as pl

from daicho.core.identifiers import PREFIX_LENGTH, IdentifierHasher, is_long_enough, normal_forms
from daicho.vault.keys import Key, KeyRing, erased_numbers, pseudonyms


def normal_number(column: pl.Expr) -> pl.Expr:
    """The form in which a 宛名番号 is pseudonymised: NFKC, no spaces or hyphens."""
    return column.str.normalize("NFKC").str.replace_all(r"[\s\-]", "").str.to_uppercase()


class NumberBook:
    """Numbers met in one file: each gets a small local number, which rows carry instead of the pseudonym.

    `erased` are the tags of persons who were erased and are not taken in again.
    """

    def __init__(self, keys: KeyRing, *, erased: frozenset[str] = frozenset()) -> None:
        self._keys = keys
        self._local: dict[str, int] = {}
        self._tags = erased
        self._erased: set[int] = set()

    def __len__(self) -> int:
        return len(self._local)

    def locals_of(self, numbers: pl.Series) -> pl.Series:
        """Local numbers (Int32) for a column of numbers; empty gives null."""
        distinct = pl.DataFrame({"raw": numbers.unique()}).with_columns(normal_number(pl.col("raw")).alias("number"))
        ids: list[int | None] = []
        known_before = len(self._local)
        for number in distinct["number"].to_list():
            ids.append(self._local.setdefault(number, len(self._local)) if number else None)
        if self._tags and len(self._local) > known_before:
            new = list(self._local)[known_before:]
            flags = erased_numbers(self._keys, new, self._tags)
            self._erased.update(self._local[number] for number, is_erased in zip(new, flags, strict=True) if is_erased)
        known = distinct.select("raw", pl.Series("local", ids, dtype=pl.Int32))
        return numbers.to_frame("raw").join(known, on="raw", how="left", maintain_order="left")["local"]

    def is_erased(self, numbers: pl.Series) -> pl.Series | None:
        """Where a column of numbers names an erased person; None when nobody was ever erased."""
        if not self._tags:
            return None
        found = self.locals_of(numbers)
        return found.is_in(list(self._erased)).fill_null(False)

    def pseudonym_frame(self) -> pl.DataFrame:
        """`local`, `pseudonym` (16 bytes) for every number met, but those of erased persons."""
        numbers = self.numbers()
        return numbers.select("local", pl.Series("pseudonym", pseudonyms(self._keys.pseudonym, numbers["text"].to_list()), dtype=pl.Binary))

    def numbers(self) -> pl.DataFrame:
        """`local`, `text` for every number met, but those of erased persons."""
        kept = {number: local for number, local in self._local.items() if local not in self._erased}
        return pl.DataFrame({"local": list(kept.values()), "text": list(kept)}, schema={"local": pl.Int32, "text": pl.String})


class IdentifierBook:
    """Distinct hashes of the identifying text of one file, by kind and by the local number whose row bears it. The text itself is not kept."""

    def __init__(self, key: Key) -> None:
        self._hasher = IdentifierHasher(key.secret)
        self._entries: dict[str, list[pl.DataFrame]] = {}

    def add(self, kind: str, texts: pl.Series, *, owners: pl.Series) -> None:
        """Index every distinct text that is long enough to name one person. `owners` are the local numbers, null where a row names nobody."""
        pairs = pl.DataFrame({"text": texts, "local": owners.cast(pl.Int32)}).unique()
        distinct_texts = pairs["text"].drop_nulls().unique()
        forms = pl.DataFrame({"text": distinct_texts, "form": normal_forms(distinct_texts)}).filter(is_long_enough(pl.col("form")))
        form = forms["form"].unique()
        if form.is_empty():
            return
        beginnings = form.str.slice(0, PREFIX_LENGTH).alias("beginning")
        distinct = beginnings.unique()
        prefix = pl.DataFrame({"beginning": distinct, "prefix": self._hasher.hashes(distinct.to_list())})
        hashed = pl.DataFrame(
            {
                "form": form,
                "length": form.str.len_chars().cast(pl.UInt16),
                "prefix": beginnings.to_frame().join(prefix, on="beginning", how="left", maintain_order="left")["prefix"],
                "hash": self._hasher.hashes(form.to_list()),
            }
        )
        entry = pairs.join(forms, on="text").join(hashed, on="form").select("length", "prefix", "hash", "local")
        self._entries.setdefault(kind, []).append(entry)

    def frame(self) -> pl.DataFrame:
        """`kind`, `length` in characters, `prefix` (hash of the first characters), `hash`, `local` (whose it is)."""
        parts = [pl.concat(frames).unique().select(pl.lit(kind).alias("kind"), pl.all()) for kind, frames in sorted(self._entries.items())]
        schema = {"kind": pl.String, "length": pl.UInt16, "prefix": pl.UInt64, "hash": pl.UInt64, "local": pl.Int32}
        return pl.concat(parts).sort("kind", "hash", "local") if parts else pl.DataFrame(schema=schema)

"""Look for identifiers of this ledger (exact match by keyed hash) and for identifiers of known kinds in finished files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from daicho.core.check_digits import is_individual_number
from daicho.core.identifiers import PREFIX_LENGTH, SHORTEST_NUMBER, normal_form
from daicho.runs.scan.texts import texts_of
from daicho.vault.identifiers import IdentifierIndex

# Digits with the separators people put between them; not a decimal fraction, not part of a hexadecimal digest.
_NUMBER = re.compile(r"(?<![0-9.])[0-9](?:[\s\-‐‑‒–—―−ー­​‌‍⁠﻿]?[0-9])+(?![0-9]|\.[0-9])")
_DIGEST = re.compile(r"[0-9a-fA-F]{16,}")
# Any large odd number: it spreads character codes over 64 bits.
_MIX = np.uint64(0x9E3779B97F4A7C15)
_RUN = re.compile(r"[0-9]+")
_KINDS = (
    ("email", re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.(?:jp|com|net|org|info|ne|co)\b")),
    ("phone", re.compile(r"(?<![0-9\-])0(?:[0-9]-[0-9]{4}|[0-9]{2}-[0-9]{3,4}|[0-9]{3}-[0-9]{2,3}|[0-9]{4}-[0-9])-[0-9]{4}(?![0-9\-])")),
    ("postal_address", re.compile(r"〒\s?[0-9]{3}-[0-9]{4}")),
    (
        "birth_date",
        re.compile(r"(?:生年月日|誕生日)\D{0,12}(?:[12][0-9]{3}[年/.-][01]?[0-9][月/.-][0-3]?[0-9]|[12][0-9]{3}[01][0-9][0-3][0-9])"),
    ),
)
_INDIVIDUAL_NUMBER_CONTEXT = re.compile(r"(?:個人番号|マイナンバー|[Mm]y ?[Nn]umber)\D{0,40}([0-9][0-9\s-]{10,16}[0-9])")


@dataclass(frozen=True, order=True)
class Finding:
    """A kind of identifier found in a file. The value is never kept."""

    file: str
    kind: str


class Scanner:
    """Scans texts against one ledger's index. Without an index it still finds the known kinds."""

    def __init__(self, index: IdentifierIndex | None, *, constants: Sequence[str] = ()) -> None:
        self._index = index
        self._constants = tuple(constants)
        self._kind_of: dict[int, str] = {}
        self._lengths: dict[int, set[int]] = defaultdict(set)
        if index is not None:
            for kind, length, prefix, digest in index.entries.iter_rows():
                self._kind_of[digest] = kind
                self._lengths[prefix].add(length)

    def scan(self, paths: Iterable[Path]) -> list[Finding]:
        """Findings over files (folders are walked), sorted."""
        found: set[Finding] = set()
        for path in _files(paths):
            for text in texts_of(path, constants=self._constants):
                found.update(Finding(str(path), kind) for kind in self.kinds_in(text))
        return sorted(found)

    def kinds_in(self, text: str) -> set[str]:
        """Kinds of identifier in one text."""
        kinds = {kind for kind, pattern in _KINDS if pattern.search(text)}
        for found in _INDIVIDUAL_NUMBER_CONTEXT.finditer(text):
            if is_individual_number(re.sub(r"\D", "", found.group(1))):
                kinds.add("individual_number")
        if self._index is not None:
            kinds |= self._known_numbers(text) | self._known_texts(text)
        return kinds

    def _known_numbers(self, text: str) -> set[str]:
        if self._index is None:
            return set()
        folded = pl.Series([text]).to_frame("t").select(pl.col("t").str.normalize("NFKC")).item()
        folded = _DIGEST.sub(lambda found: found.group() if found.group().isdigit() else " | ", folded)
        tokens = set()
        for found in _NUMBER.finditer(folded):
            whole = "".join(_RUN.findall(found.group()))
            tokens |= {token for token in (whole, *_RUN.findall(found.group())) if len(token) >= SHORTEST_NUMBER}
        return self._lookup(sorted(tokens))

    def _known_texts(self, text: str) -> set[str]:
        """Every place where the first characters of some identifier stand is tried with the lengths known for that beginning."""
        if self._index is None:
            return set()
        folded: str = pl.Series([text]).to_frame("t").select(normal_form(pl.col("t"))).item()
        keys = _window_keys(folded)
        _, first = np.unique(keys, return_index=True)
        beginnings = [folded[start : start + PREFIX_LENGTH] for start in first.tolist()]
        candidates = set()
        for start, beginning, digest in zip(first.tolist(), beginnings, self._index.hasher.hashes(beginnings).tolist(), strict=True):
            if digest in self._lengths and not beginning.isdigit():
                places = np.flatnonzero(keys == keys[start]).tolist()
                candidates |= {folded[at : at + length] for length in self._lengths[digest] for at in places if at + length <= len(folded)}
        return self._lookup(sorted(candidates))

    def _lookup(self, texts: list[str]) -> set[str]:
        if self._index is None or not texts:
            return set()
        return {self._kind_of[digest] for digest in self._index.hasher.hashes(texts).tolist() if digest in self._kind_of}


def _window_keys(text: str) -> np.ndarray:
    """One number for each run of PREFIX_LENGTH characters; equal runs have equal numbers."""
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    count = max(len(codes) - PREFIX_LENGTH + 1, 0)
    keys = np.zeros(count, dtype=np.uint64)
    for offset in range(PREFIX_LENGTH):
        keys = keys * _MIX + codes[offset : offset + count]
    return keys


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*") if item.is_file())
        else:
            yield path

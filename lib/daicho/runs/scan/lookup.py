"""Exact match: which identifiers of a ledger stand in a text, by keyed hashes alone."""

from __future__ import annotations

import numpy as np
import polars as pl

from daicho.core.folding import as_text
from daicho.core.identifiers import PREFIX_LENGTH
from daicho.runs.scan.digits import digit_runs
from daicho.vault.identifiers import IdentifierIndex

# Any large odd number: it spreads character codes over 64 bits.
_MIX = np.uint64(0x9E3779B97F4A7C15)
PSEUDONYM = "pseudonym"
_PSEUDONYM_BYTES = 16
_HEXADECIMAL = r"[0-9a-fA-F]{32,}"
_BASE64_CHARACTERS = 22
_BASE64 = r"[A-Za-z0-9+/_-]{22,}"


class Lookup:
    """The index of one ledger, sorted for searching."""

    def __init__(self, index: IdentifierIndex) -> None:
        self._index = index
        entries = index.entries.sort("hash")
        self._hashes = entries["hash"].to_numpy()
        self._kinds = entries["kind"].cast(pl.Categorical)
        beginnings = entries.select("prefix", "length").unique().sort("prefix", "length")
        self._prefixes = beginnings["prefix"].to_numpy()
        self._prefix_lengths = beginnings["length"].to_numpy().astype(np.int64)
        self._lengths = np.unique(self._prefix_lengths)
        self._number_beginnings = self._known_number_beginnings()
        self._pseudonyms = np.sort(_leading(index.pseudonyms))

    def numbers(self, text: str) -> set[str]:
        """Kinds of identifier among the whole numbers of a text, whichever way their digits are grouped."""
        kinds: set[str] = set()
        for length, numbers in digit_runs(text, lengths=self._lengths).items():
            candidates = pl.Series(numbers[self._number_beginnings[length].take(numbers // 10 ** (length - PREFIX_LENGTH))]).unique()
            kinds |= self._kinds_of([str(number).zfill(length) for number in candidates.to_list()])
        return kinds

    def texts(self, codes: np.ndarray) -> set[str]:
        """Kinds of identifier that stand anywhere in a folded text."""
        starts, keys = _windows(codes)
        first = pl.Series(keys).arg_unique().to_numpy()
        windows = codes[starts[first][:, None] + np.arange(PREFIX_LENGTH)]
        beginnings = as_text(windows.ravel())
        low, high = self._entries_of([beginnings[at : at + PREFIX_LENGTH] for at in range(0, len(beginnings), PREFIX_LENGTH)])
        candidates: set[str] = set()
        for place in np.flatnonzero(high > low).tolist():
            at = starts[keys == keys[first[place]]]
            for length in self._prefix_lengths[low[place] : high[place]].tolist():
                candidates |= _distinct(codes, at[at + length <= len(codes)], length)
        return self._kinds_of(sorted(candidates))

    def pseudonyms(self, texts: pl.Series) -> set[str]:
        """Whether a pseudonym of the vault stands in a text, in hexadecimal or base64."""
        written = texts.str.extract_all(_HEXADECIMAL).explode().drop_nulls().unique()
        whole = written.str.slice(0, 2 * _PSEUDONYM_BYTES).str.decode("hex", strict=False)
        coded = texts.str.extract_all(_BASE64).explode().drop_nulls().unique().str.slice(0, _BASE64_CHARACTERS)
        ordinary = coded.str.replace_all("-", "+", literal=True).str.replace_all("_", "/", literal=True) + "=="
        found = _leading(pl.concat([whole, ordinary.str.decode("base64", strict=False)]).drop_nulls())
        return {PSEUDONYM} if _is_held(found, self._pseudonyms).any() else set()

    def _known_number_beginnings(self) -> dict[int, np.ndarray]:
        """For each length, which of all beginnings of a number some entry of that length has."""
        low, high = self._entries_of([str(beginning).zfill(PREFIX_LENGTH) for beginning in range(10**PREFIX_LENGTH)])
        places = np.repeat(np.arange(10**PREFIX_LENGTH), high - low)
        lengths = self._prefix_lengths[_ranges(low, high)]
        return {length: np.isin(np.arange(10**PREFIX_LENGTH), places[lengths == length]) for length in self._lengths.tolist()}

    def _entries_of(self, beginnings: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """From where to where the lengths known for each beginning stand."""
        hashes = self._index.hasher.hashes(beginnings)
        return np.searchsorted(self._prefixes, hashes, "left"), np.searchsorted(self._prefixes, hashes, "right")

    def _kinds_of(self, texts: list[str]) -> set[str]:
        if not texts:
            return set()
        hashes = self._index.hasher.hashes(texts)
        found = np.searchsorted(self._hashes, hashes[_is_held(hashes, self._hashes)])
        return set(self._kinds.gather(found).cast(pl.String).to_list())


def _ranges(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """All places from each low up to its high, one range after the other."""
    sizes = high - low
    found: np.ndarray = np.repeat(low - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(sizes.sum())
    return found


def _is_held(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Which values are among sorted ones."""
    if not len(among):
        return np.zeros(len(values), dtype=bool)
    held: np.ndarray = among[np.minimum(np.searchsorted(among, values), len(among) - 1)] == values
    return held


def _leading(pseudonyms: pl.Series) -> np.ndarray:
    """The first 64 bits of each: enough to know a random one by."""
    leading: np.ndarray = pseudonyms.bin.slice(0, 8).filter(pseudonyms.bin.size() >= 8).bin.reinterpret(dtype=pl.UInt64).to_numpy()
    return leading


def _windows(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where runs of PREFIX_LENGTH characters start that are not digits and marks alone, and a number for each (equal runs, equal numbers)."""
    count = max(len(codes) - PREFIX_LENGTH + 1, 0)
    is_letter = codes > ord("9")
    has_letter = np.zeros(count, dtype=bool)
    for offset in range(PREFIX_LENGTH):
        has_letter |= is_letter[offset : offset + count]
    starts = np.flatnonzero(has_letter)
    keys = np.zeros(len(starts), dtype=np.uint64)
    for offset in range(PREFIX_LENGTH):
        keys = keys * _MIX + codes[starts + offset].astype(np.uint64)
    return starts, keys


def _distinct(codes: np.ndarray, starts: np.ndarray, length: int) -> set[str]:
    """The distinct texts of one length that start at the places given."""
    rows = np.unique(codes[starts[:, None] + np.arange(length)], axis=0)
    text = as_text(rows.ravel())
    return {text[at : at + length] for at in range(0, len(text), length)}

"""The whole numbers of a text, whichever way their digits are written and grouped."""

from __future__ import annotations

import functools
import unicodedata
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from daicho.core.folding import code_points
from daicho.core.identifiers import SHORTEST_NUMBER

# What people put between the digits of one number: a space of any kind, a hyphen of any kind, the long mark.
_JOINERS = " \t\n\r\u3000-‐‑‒–—―−ー－_・/"
_END = 0x10000
_NOTHING, _OTHER, _JOINER, _POINT, _HEXADECIMAL = -1, -2, -3, -4, -5
_LONGEST = 18  # digits that a 64-bit number holds
_DIGEST_LENGTH = 16


@dataclass(frozen=True)
class _Runs:
    """Runs of digits: begin and size among the digits of a text, first and last place among its characters."""

    begins: np.ndarray
    sizes: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def where(self, condition: np.ndarray) -> _Runs:
        return _Runs(self.begins[condition], self.sizes[condition], self.first[condition], self.last[condition])


def digit_runs(text: str, *, lengths: np.ndarray) -> dict[int, np.ndarray]:
    """Numbers of the given lengths in digits, by length: whole ones, and the groups of grouped ones.

    Decimal fractions and hexadecimal digests are none.
    """
    wanted = lengths[(lengths >= SHORTEST_NUMBER) & (lengths <= _LONGEST)]
    classes = _classes().take(code_points(text), mode="clip")
    is_shown = classes != _NOTHING
    classes = classes if is_shown.all() else classes[is_shown]
    at = np.flatnonzero(classes >= 0)
    if not len(at) or not len(wanted):
        return {}
    begins = np.flatnonzero(np.concatenate([[True], np.diff(at) > 1]))
    ends = np.concatenate([begins[1:], [len(at)]])
    single = _Runs(begins=begins, sizes=ends - begins, first=at[begins], last=at[ends - 1])
    found: dict[int, list[np.ndarray]] = defaultdict(list)
    for runs in (single, _grouped(single, classes)):
        numbers = runs.where(np.isin(runs.sizes, wanted))
        numbers = numbers.where(~_is_fraction(numbers, classes))
        numbers = numbers.where(~_in_digest(numbers, classes))
        for length in np.unique(numbers.sizes).tolist():
            found[length].append(_values(classes[at], numbers.begins[numbers.sizes == length], length))
    return {length: np.concatenate(values) for length, values in found.items()}


def _grouped(runs: _Runs, classes: np.ndarray) -> _Runs:
    """Runs with one joiner between each and the next, as one."""
    if len(runs.first) < 2:
        return runs.where(np.zeros(len(runs.first), dtype=bool))
    is_next = (runs.first[1:] - runs.last[:-1] == 2) & (classes[runs.last[:-1] + 1] == _JOINER)
    opens = np.flatnonzero(np.concatenate([[True], ~is_next]))
    closes = np.concatenate([opens[1:], [len(runs.first)]]) - 1
    sizes = runs.begins[closes] + runs.sizes[closes] - runs.begins[opens]
    whole = _Runs(begins=runs.begins[opens], sizes=sizes, first=runs.first[opens], last=runs.last[closes])
    return whole.where(closes > opens)


def _values(digits: np.ndarray, begins: np.ndarray, length: int) -> np.ndarray:
    numbers = np.zeros(len(begins), dtype=np.int64)
    for offset in range(length):
        numbers = numbers * 10 + digits[begins + offset]
    return numbers


@functools.cache
def _classes() -> np.ndarray:
    """What each character is to a number: a digit (its value), nothing (it does not show), a joiner, a point, a hexadecimal letter, or other."""
    classes = np.full(_END + 1, _OTHER, dtype=np.int8)
    for code in range(_END):
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Nd":
            classes[code] = unicodedata.digit(character)
        elif category in ("Cf", "Mn", "Me"):
            classes[code] = _NOTHING
        elif character in _JOINERS or category in ("Zs", "Pd"):
            classes[code] = _JOINER
    classes[[ord(letter) for letter in "abcdefABCDEF"]] = _HEXADECIMAL
    classes[[ord("."), ord("．")]] = _POINT
    return classes


def _at(classes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The classes at places; beyond either end stands something other."""
    inside = (places >= 0) & (places < len(classes))
    found: np.ndarray = np.where(inside, classes[np.where(inside, places, 0)], _OTHER)
    return found


def _is_fraction(runs: _Runs, classes: np.ndarray) -> np.ndarray:
    """Whether a number is a part of a decimal fraction."""
    follows: np.ndarray = _at(classes, runs.first - 1) == _POINT
    follows |= (_at(classes, runs.last + 1) == _POINT) & (_at(classes, runs.last + 2) >= 0)
    return follows


def _in_digest(runs: _Runs, classes: np.ndarray) -> np.ndarray:
    """Whether a number is a part of a hexadecimal digest: a long run that holds a letter and touches the number."""
    touches = (_at(classes, runs.first - 1) == _HEXADECIMAL) | (_at(classes, runs.last + 1) == _HEXADECIMAL)
    inside = np.zeros(len(runs.first), dtype=bool)
    steps = np.arange(1, _DIGEST_LENGTH + 1)
    near = runs.where(touches)
    reach = near.last - near.first + 1
    for places in (near.first[:, None] - steps, near.last[:, None] + steps):
        found = _at(classes, places)
        reach = reach + np.logical_and.accumulate((found >= 0) | (found == _HEXADECIMAL), axis=1).sum(axis=1)
    inside[touches] = reach >= _DIGEST_LENGTH
    return inside

"""What the headings of a published table mean: which columns are rates, counts and totals, and which belong together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daicho.measures import catalogue

_ROLES = {
    "rate": re.compile(r"接種率|実施率|接種割合"),
    "denominator": re.compile(r"対象者数?|対象人[数口員]|住民数|^人口"),
    "numerator": re.compile(r"(?<!未)(被接種者|接種者|接種済者|実施者|接種人|実施人|接種済)[数員]?"),
}
_TOTAL = re.compile(r"(合計|総計|総数|小計|計|全体|total|sub-?total|all)", re.IGNORECASE)
WHOLE_AREA = re.compile(r"(.*[都道府県区市町村](全体|全域|合計|計)|全[都道府県区市町村域]|ward|city)", re.IGNORECASE)


@dataclass(frozen=True)
class Rate:
    """Positions of a rate, of what it divides, and of what it divides by."""

    rate: int
    numerator: int
    denominator: int


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def is_total_word(label: str) -> bool:
    return bool(_TOTAL.fullmatch(label.replace(" ", "")) or WHOLE_AREA.fullmatch(label))


def role_of(heading: str) -> str:
    return next((role for role, pattern in _ROLES.items() if pattern.search(_bare(heading))), "")


def _bare(heading: str) -> str:
    return re.sub(r"\([^)]*\)|[%]", "", heading).strip()


def stage_of(heading: str) -> str:
    """What is left of a heading without its role: 1期初回 of 1期初回 接種者数."""
    role = role_of(heading)
    return re.sub(r"[ _・:/]", "", _ROLES[role].sub("", _bare(heading), count=1)) if role else _bare(heading)


def rates_by_heading(headings: Sequence[str], numeric: Sequence[int]) -> tuple[Rate, ...]:
    """The rates among the columns of numbers, each with its counts: by the names of our own measures, else by the usual words."""
    places = {heading: i for i, heading in enumerate(headings)}
    own = {value.name: (value.numerator, value.denominator) for m in catalogue().values() for value in m.released if value.kind == "rate"}
    found = [
        Rate(places[rate], places[pair[0]], places[pair[1]]) for rate, pair in own.items() if rate in places and set(pair) <= set(places)
    ]
    roles = {i: role_of(headings[i]) for i in numeric}
    for i in (i for i, role in roles.items() if role == "rate"):
        above, below = (_partner(headings, roles, i, role) for role in ("numerator", "denominator"))
        if above is not None and below is not None:
            found.append(Rate(i, above, below))
    return tuple(found)


def _partner(headings: Sequence[str], roles: Mapping[int, str], rate: int, role: str) -> int | None:
    """The column of a role for the same stage; else the nearest to the left, else the only one."""
    all_of_role = [i for i, each in roles.items() if each == role]
    same = [i for i in all_of_role if stage_of(headings[i]) == stage_of(headings[rate])]
    left = [i for i in all_of_role if i < rate]
    chosen = same or left or (all_of_role if len(all_of_role) == 1 else [])
    return chosen[-1] if chosen else None


def sums_by_heading(headings: Sequence[str], counts: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Total columns: 計 among columns of one kind (男, 女, 計; or of one role in each group)."""
    found = {}
    for i in counts:
        stage = stage_of(headings[i])
        others = tuple(
            j for j in counts if j != i and role_of(headings[j]) == role_of(headings[i]) and not is_total_word(stage_of(headings[j]))
        )
        if is_total_word(stage) and len(others) >= 2:
            found[i] = others
    return found

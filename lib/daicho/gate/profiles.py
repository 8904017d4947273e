"""Disclosure profiles (開示プロファイル): who may ask what, and how figures are protected. Read from `data_contracts/disclosure.yaml`.

The rules are the office's; this module only checks their form and freezes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from daicho.core.config import ROLES, Config
from daicho.core.errors import UsageError
from daicho.gate.release import Facts, canonical_json

PROFILES_FILE = "disclosure.yaml"
RECIPIENTS = ("prefecture", "payee", "division", "public")


@dataclass(frozen=True)
class AreaBand:
    """Below this many inhabitants an area's figures need at least `threshold` persons; None withholds all of them."""

    population_below: int
    threshold: int | None


@dataclass(frozen=True)
class Profile:
    """One recipient's rules. `threshold` k: a figure resting on 1 to k-1 persons is withheld; None leaves figures exact.

    `interval_width`: between what numbers an attacker must still waver for a withheld count. Amounts: nobody may come within
    `closeness_percent` of the largest payee, nor know that the `dominant_payees` largest hold more than `dominance_percent` of a total.
    """

    name: str
    label: str
    label_en: str
    marking: str
    marking_en: str
    strictness: int
    roles: frozenset[str]
    recipient: str
    legal_basis: str
    threshold: int | None
    complement: bool = False
    protect_uniform_groups: bool = False
    rate_decimals: int | None = None
    refuse_derivable: bool = False
    interval_width: int | None = None
    minimum_payees: int | None = None
    closeness_percent: int | None = None
    dominant_payees: int | None = None
    dominance_percent: int | None = None
    payee_dimensions: Mapping[str, tuple[str, ...]] | None = None
    area_dimensions: tuple[str, ...] = ()
    area_bands: tuple[AreaBand, ...] = ()

    @property
    def digest(self) -> str:
        """Hash of the rules: a release made under other rules is another release."""
        return hashlib.sha256(canonical_json({**asdict(self), "roles": sorted(self.roles)}).encode()).hexdigest()

    def area_threshold(self, population: int | None) -> int | None:
        """The threshold for an area. An area of unknown population falls under the strictest band that shows anything at all."""
        if population is None:
            known = [band.threshold for band in self.area_bands if band.threshold is not None]
            return max([*known, self.threshold or 0])
        for band in sorted(self.area_bands, key=lambda band: band.population_below):
            if population < band.population_below:
                return band.threshold
        return self.threshold


@dataclass(frozen=True)
class DisclosureRules:
    """All profiles; groups of measures whose figures can be subtracted from one another; dimensions of events rather than of people.

    `implied_events`: what facts of people a measure's numerators are, where no filter says it: measure, event dimension, codes."""

    profiles: Mapping[str, Profile]
    joint_measures: tuple[frozenset[str], ...]
    event_dimensions: frozenset[str]
    implied_events: Mapping[str, Mapping[str, tuple[str, ...]]]

    def joint_with(self, measure: str) -> frozenset[str]:
        return frozenset({measure}).union(*(group for group in self.joint_measures if measure in group))


def load_disclosure(contracts_dir: Path) -> DisclosureRules:
    """Read the profiles. Raises UsageError naming the profile and key that is missing, unknown or ill-typed."""
    path = contracts_dir / PROFILES_FILE
    problem = ""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problem = type(error).__name__
    if problem:
        raise UsageError(f"{path.name} cannot be read ({problem}): mend the file in {contracts_dir}.")
    keys = {"schema", "joint_measures", "event_dimensions", "implied_events", "profiles"}
    if not isinstance(raw, dict) or set(raw) != keys or raw["schema"] != 1:
        raise UsageError(f"{path.name} needs schema: 1, joint_measures, event_dimensions, implied_events and profiles, and nothing else.")
    profiles = {str(name): _profile(str(name), body) for name, body in _mapping(raw["profiles"], "profiles").items()}
    groups, events = raw["joint_measures"], raw["event_dimensions"]
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups) or not isinstance(events, list):
        raise UsageError(f"{path.name}: joint_measures must be a list of lists of measures, event_dimensions a list of dimensions.")
    return DisclosureRules(
        profiles=profiles,
        joint_measures=tuple(frozenset(map(str, group)) for group in groups),
        event_dimensions=frozenset(map(str, events)),
        implied_events=_implied(raw["implied_events"], frozenset(map(str, events))),
    )


def may_render(document: Profile, facts: Facts) -> bool:
    """Whether a document of one profile may show a release: one of its own profile, or of a stricter one."""
    return facts.profile == document.name or facts.strictness > document.strictness


def recipient_of(profile: Profile, *, config: Config, where: Mapping[str, tuple[str, ...]]) -> str:
    """Name whom a release under this profile is for. A payee is named by the code the request filters for."""
    if profile.recipient == "prefecture":
        return config.prefecture_recipient
    if profile.recipient == "division":
        return f"{config.municipality_name}{config.department}"
    if profile.recipient == "public":
        return "公表"
    allowed = {name for names in (profile.payee_dimensions or {}).values() for name in names}
    payees = [f"{name}={codes[0]}" for name, codes in sorted(where.items()) if name in allowed and len(codes) == 1]
    return "、".join(payees) or "支払先"


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "label": str,
    "label_en": str,
    "marking": str,
    "marking_en": str,
    "strictness": int,
    "roles": list,
    "recipient": str,
    "legal_basis": str,
    "threshold": (int, type(None)),
    "complement": bool,
    "protect_uniform_groups": bool,
    "rate_decimals": int,
    "refuse_derivable": bool,
    "interval_width": int,
    "minimum_payees": int,
    "closeness_percent": int,
    "dominant_payees": int,
    "dominance_percent": int,
    "payee_dimensions": dict,
    "area_dimensions": list,
    "area_bands": list,
}
_REQUIRED = ("label", "label_en", "marking", "marking_en", "strictness", "roles", "recipient", "legal_basis", "threshold")


def _profile(name: str, raw: object) -> Profile:
    body = _mapping(raw, name)
    for key in _REQUIRED:
        if key not in body:
            raise UsageError(f"{PROFILES_FILE}: profile {name} has no {key}.")
    for key, value in body.items():
        if key not in _TYPES:
            raise UsageError(f"{PROFILES_FILE}: profile {name} has the unknown key {key}; known are {', '.join(_TYPES)}.")
        if not isinstance(value, _TYPES[key]) or (isinstance(value, bool) and _TYPES[key] is not bool):
            raise UsageError(f"{PROFILES_FILE}: profile {name}: {key} is of the wrong type.")
    roles = frozenset(map(str, body["roles"]))
    if not roles or roles - set(ROLES):
        raise UsageError(f"{PROFILES_FILE}: profile {name}: roles must name some of {', '.join(ROLES)}.")
    if body["recipient"] not in RECIPIENTS:
        raise UsageError(f"{PROFILES_FILE}: profile {name}: recipient must be one of {', '.join(RECIPIENTS)}.")
    if body["threshold"] is not None and body["threshold"] < 2:
        raise UsageError(f"{PROFILES_FILE}: profile {name}: threshold must be 2 or more, or null for exact figures.")
    if not 0 <= body.get("rate_decimals", 3) <= 9:
        raise UsageError(f"{PROFILES_FILE}: profile {name}: rate_decimals must lie between 0 and 9.")
    if body.get("interval_width", 1) < 1 or not 1 <= body.get("dominance_percent", 100) <= 100 or body.get("closeness_percent", 1) < 1:
        raise UsageError(f"{PROFILES_FILE}: profile {name}: interval_width and the percentages of dominance must be 1 or more.")
    payees = {str(key): tuple(map(str, value)) for key, value in body.get("payee_dimensions", {}).items()}
    return Profile(
        **{
            **body,
            "name": name,
            "roles": roles,
            "payee_dimensions": payees or None,
            "area_dimensions": tuple(map(str, body.get("area_dimensions", []))),
            "area_bands": tuple(_band(name, band) for band in body.get("area_bands", [])),
        }
    )


def _band(name: str, raw: object) -> AreaBand:
    band = _mapping(raw, name)
    if set(band) != {"population_below", "threshold"} or not isinstance(band["population_below"], int):
        raise UsageError(f"{PROFILES_FILE}: profile {name}: each area band needs population_below and threshold, and nothing else.")
    if not isinstance(band["threshold"], int | None):
        raise UsageError(f"{PROFILES_FILE}: profile {name}: the threshold of an area band must be a number or null.")
    return AreaBand(population_below=band["population_below"], threshold=band["threshold"])


def _implied(raw: object, events: frozenset[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for measure, facts in _mapping(raw, "implied_events").items():
        for name, codes in _mapping(facts, f"implied_events: {measure}").items():
            if name not in events or not isinstance(codes, list) or not codes:
                raise UsageError(f"{PROFILES_FILE}: implied_events: {measure} must give codes of an event dimension, and {name} does not.")
            found.setdefault(str(measure), {})[str(name)] = tuple(map(str, codes))
    return found


def _mapping(raw: object, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise UsageError(f"{PROFILES_FILE}: {where} must be a block of keys.")
    return raw

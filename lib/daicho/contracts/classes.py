"""The closed list of classes an item may have, and what each class permits.

The permissions are code on purpose: an edited file can make an item stricter, never let an identifying item into the vault.
Labels and descriptions of the classes stand in `data_contracts/classification.yaml`.
Source: the municipality's published impact assessment (特定個人情報保護評価書), safeguards on the items of the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Classification(StrEnum):
    """How an item may be treated. Weaker classes have a lower strength; see `class_rule`."""

    DIRECT = "direct_identifier"
    KEY = "link_key"
    QUASI = "quasi_identifier"
    GENERALISED = "generalised"
    SENSITIVE = "sensitive"
    OPERATIONAL = "operational"
    RELEASED = "released"


class Treatment(StrEnum):
    """What intake does with an item of a class; RELEASE marks figures that the gate makes."""

    DROP = "drop"
    PSEUDONYMISE = "pseudonymise"
    COARSEN = "coarsen"
    KEEP = "keep"
    RELEASE = "release"


@dataclass(frozen=True)
class ClassRule:
    """What a class permits. `strength` orders classes: a column may move to a higher strength, never silently to a lower one."""

    letter: str
    strength: int
    treatment: Treatment
    kept_in_vault: bool
    may_be_dimension: bool
    feeds_scanner_index: bool
    allowed_in_extract: bool
    allowed_in_output: bool


_RULES: Mapping[Classification, ClassRule] = MappingProxyType(
    {
        Classification.DIRECT: ClassRule("D", 6, Treatment.DROP, False, False, True, True, False),
        Classification.KEY: ClassRule("K", 5, Treatment.PSEUDONYMISE, True, False, True, True, False),
        Classification.GENERALISED: ClassRule("G", 4, Treatment.COARSEN, True, True, True, True, False),
        Classification.QUASI: ClassRule("Q", 3, Treatment.KEEP, True, False, False, True, False),
        Classification.SENSITIVE: ClassRule("S", 2, Treatment.KEEP, True, True, False, True, False),
        Classification.OPERATIONAL: ClassRule("O", 1, Treatment.KEEP, True, True, False, True, False),
        Classification.RELEASED: ClassRule("R", 0, Treatment.RELEASE, False, True, False, False, True),
    }
)


def class_rule(classification: Classification) -> ClassRule:
    """What the class permits."""
    return _RULES[classification]


def is_weaker(new: Classification, *, than: Classification) -> bool:
    """Whether `new` protects an item less than `than` did."""
    return class_rule(new).strength < class_rule(than).strength

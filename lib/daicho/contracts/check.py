"""`daicho check` for everything in `data_contracts` that this package owns.

Errors must be mended before figures are made; notes name what a person should look at: unverified facts, illustrative prices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from daicho.contracts.check_codelists import check_codelists
from daicho.contracts.check_reference import check_reference
from daicho.contracts.classes import Classification, class_rule
from daicho.contracts.codelists import list_codelists
from daicho.contracts.loader import EXTRACTS, OUTPUTS, read_contract, read_output_contract
from daicho.contracts.lock import LOCK_FILE, check_lock
from daicho.contracts.mappings import check_mapping
from daicho.contracts.model import Contract, Finding, OutputContract
from daicho.contracts.odcs import read_yaml
from daicho.core.errors import DaichoError, UsageError

CLASSIFICATION_FILE = "classification.yaml"
MAPPINGS = "mappings"
_CLASS_KEYS = {"letter", "label", "label_en", "description", "strength", "treatment", "kept_in_vault", "may_be_dimension"}


def check_contracts(contracts_dir: Path) -> list[Finding]:
    """Every finding on contracts, classes, code lists, reference tables, mappings and the lock; errors first, then by place."""
    findings: list[Finding] = []
    contracts = _read_all(contracts_dir / EXTRACTS, read_contract, findings)
    outputs = _read_all(contracts_dir / OUTPUTS, read_output_contract, findings)
    are_readable = not findings
    findings += _missing_lists([*contracts, *outputs], contracts_dir)
    findings += _classification(contracts_dir)
    findings += check_codelists(contracts_dir)
    findings += check_reference(contracts_dir)
    for path in sorted((contracts_dir / MAPPINGS).glob("*.csv")):
        findings += check_mapping(path, contracts_dir=contracts_dir)
    if are_readable:
        try:
            findings += check_lock(contracts_dir)
        except DaichoError as error:
            findings.append(Finding("error", LOCK_FILE, str(error)))
    return sorted(findings)


def _read_all(folder: Path, read: Callable[[Path], Any], findings: list[Finding]) -> list[Any]:
    """The contracts of a folder that can be read; a finding for each of the others."""
    found = []
    for path in sorted(folder.glob("*.odcs.yaml")):
        try:
            found.append(read(path))
        except DaichoError as error:
            findings.append(Finding("error", f"{folder.name}/{path.name}", str(error)))
    return found


def _missing_lists(contracts: Iterable[Contract | OutputContract], contracts_dir: Path) -> list[Finding]:
    known = set(list_codelists(contracts_dir))
    return [
        Finding("error", contract.path.name, f"the column {column.label} names the code list {column.codelist}, which does not exist.")
        for contract in contracts
        for column in contract.columns
        if column.codelist is not None and column.codelist not in known
    ]


def _classification(contracts_dir: Path) -> list[Finding]:
    """The file that explains the classes must name exactly the closed list, with the permissions that the code enforces."""
    path = contracts_dir / CLASSIFICATION_FILE
    try:
        raw = read_yaml(path)
        classes = dict(raw["classes"])
        unknown_top = set(raw) - {"schema", "classes"}
    except (UsageError, KeyError, TypeError, ValueError):
        return [Finding("error", CLASSIFICATION_FILE, "the file cannot be read; restore it.")]
    findings = [Finding("error", CLASSIFICATION_FILE, f"unknown key {key}.") for key in sorted(unknown_top)]
    findings += [Finding("error", CLASSIFICATION_FILE, f"there is no class {name}.") for name in sorted(set(classes) - set(Classification))]
    for classification in Classification:
        body = classes.get(str(classification))
        if not isinstance(body, dict) or set(body) != _CLASS_KEYS:
            keys = ", ".join(sorted(_CLASS_KEYS))
            findings.append(Finding("error", CLASSIFICATION_FILE, f"the class {classification} must have exactly the keys {keys}."))
            continue
        rule = class_rule(classification)
        for key in ("letter", "strength", "treatment", "kept_in_vault", "may_be_dimension"):
            if body[key] != getattr(rule, key):
                findings.append(
                    Finding("error", CLASSIFICATION_FILE, f"{key} of the class {classification} is not what the code enforces.")
                )
    return findings

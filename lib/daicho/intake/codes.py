"""Code lists and vendor mappings, folded into one look-up for each list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from daicho.contracts.codelists import list_codelists, load_codelist, writings
from daicho.contracts.mappings import VendorMapping, load_vendor_mapping
from daicho.core.config import Config
from daicho.intake.conform import CodeMap
from daicho.intake.places import DistrictFinder

# Lists that are no vocabulary of a column: towns are matched in addresses, dose stages by vaccine, stage and number.
NOT_LOOKED_UP = ("town", "dose_stage")


def load_mappings(paths: Sequence[Path], *, contracts_dir: Path) -> VendorMapping:
    """All vendor mapping files as one; a later file wins over an earlier one. Raises UsageError naming the file and the code."""
    codes: dict[str, dict[str, str]] = {}
    headers: dict[str, dict[str, str]] = {}
    for path in dict.fromkeys(paths):
        mapping = load_vendor_mapping(path, contracts_dir=contracts_dir)
        for name, pairs in mapping.codes.items():
            codes.setdefault(name, {}).update(pairs)
        for kind, pairs in mapping.headers.items():
            headers.setdefault(kind, {}).update(pairs)
    return VendorMapping(codes=codes, headers=headers)


def code_maps(contracts_dir: Path, mapping: VendorMapping) -> dict[str, CodeMap]:
    """For each code list: codes, labels, aliases and the vendor's codes, in folded writing, to our code."""
    return {
        name: CodeMap.build(writings(contracts_dir, name) | dict(mapping.codes.get(name, {})))
        for name in list_codelists(contracts_dir)
        if name not in NOT_LOOKED_UP
    }


def district_finder(config: Config) -> DistrictFinder:
    return DistrictFinder(
        towns=load_codelist(config.contracts_dir, "town"), prefecture=config.prefecture_name, municipality=config.municipality_name
    )

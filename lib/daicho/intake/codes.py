"""Code lists and vendor mappings, folded into one look-up for each list."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from daicho.contracts.codelists import list_codelists, load_codelist
from daicho.contracts.mappings import VendorMapping, load_vendor_mapping
from daicho.core.config import Config
from daicho.intake.conform import CodeMap
from daicho.intake.places import DistrictFinder


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
    return {name: CodeMap.build(_writings(contracts_dir, name, mapping.codes.get(name, {}))) for name in list_codelists(contracts_dir)}


def _writings(contracts_dir: Path, name: str, vendor: Mapping[str, str]) -> dict[str, str]:
    frame = load_codelist(contracts_dir, name)
    pairs: dict[str, str] = {}
    for row in frame.iter_rows(named=True):
        for text in (row["code"], row["label"], *(row.get("aliases") or "").split("|")):
            if text:
                pairs.setdefault(_folded(text), row["code"])
    return pairs | {_folded(code): ours for code, ours in vendor.items()}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def district_finder(config: Config) -> DistrictFinder:
    return DistrictFinder(
        towns=load_codelist(config.contracts_dir, "town"), prefecture=config.prefecture_name, municipality=config.municipality_name
    )

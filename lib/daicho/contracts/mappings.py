"""Vendor mappings: a vendor's own codes and headers, translated by files an administrator writes.

A file is a CSV in UTF-8 or CP932 with the columns `vendor_code,label` or `vendor_code,code` (the code list is named by the end of
the file name, `vendor_a_ward.csv`; otherwise it is the list of vaccines), or `vendor_header,header` with an optional column `kind`
(or a kind in the file name). See data_contracts/mappings/README.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from daicho.contracts.codelists import fold_code, list_codelists, writings
from daicho.contracts.loader import load_contracts
from daicho.contracts.model import Contract, Finding
from daicho.contracts.recognise import fold_header
from daicho.contracts.tables import read_table
from daicho.core.errors import DaichoError, UsageError

DEFAULT_CODELIST = "vaccine"
# More unknown writings than this in one column: it does not hold codes, and its cells are not shown.
MOST_UNMAPPED = 100
LONGEST_CODE = 24


@dataclass(frozen=True)
class VendorMapping:
    """`codes`: code list to {vendor code: our code}; `headers`: extract kind to {vendor header: our header}."""

    codes: Mapping[str, Mapping[str, str]]
    headers: Mapping[str, Mapping[str, str]]


def load_vendor_mapping(path: Path, *, contracts_dir: Path) -> VendorMapping:
    """Read one mapping file. Raises UsageError naming the row, the label or the header that is in no list, or a code given twice."""
    frame = read_table(path)
    columns = set(frame.columns)
    if columns in ({"vendor_code", "label"}, {"vendor_code", "code"}, {"vendor_code", "code", "label"}):
        return _code_mapping(path, frame, contracts_dir)
    if columns in ({"vendor_header", "header"}, {"vendor_header", "header", "kind"}):
        return _header_mapping(path, frame, load_contracts(contracts_dir))
    raise UsageError(
        f"{path.name}: a mapping has the columns vendor_code,label or vendor_code,code or vendor_header,header (and kind), no others."
    )


def unmapped_codes(
    codes: Iterable[str | None], *, codelist: str, contracts_dir: Path, mapping: VendorMapping | None = None
) -> tuple[str, ...]:
    """Those of the distinct codes of an extract's column that neither the code list nor the mapping knows, sorted; empty cells aside."""
    known = set(writings(contracts_dir, codelist))
    if mapping is not None:
        known |= {fold_code(code) for code in mapping.codes.get(codelist, {})}
    return tuple(sorted({fold_code(code) for code in codes if code and fold_code(code)} - known))


def check_codes(
    codes: Iterable[str | None], *, codelist: str, column: str, where: str, contracts_dir: Path, mapping: VendorMapping | None = None
) -> list[Finding]:
    """One finding for every code of the column `column` (in the file `where`) that maps to nothing.

    A column with very many unknown or overlong writings does not hold codes (a shifted column may hold names): then only their number
    is told.
    """
    unmapped = unmapped_codes(codes, codelist=codelist, contracts_dir=contracts_dir, mapping=mapping)
    if len(unmapped) > MOST_UNMAPPED or any(len(code) > LONGEST_CODE for code in unmapped):
        message = f"{len(unmapped)} values of the column {column} are no codes of the list {codelist}; are the export's columns shifted?"
        return [Finding("error", where, message)]
    return [
        Finding("error", where, f"the code {code} of the column {column} maps to nothing in the list {codelist}; add it to a mapping.")
        for code in unmapped
    ]


def check_mapping(path: Path, *, contracts_dir: Path) -> list[Finding]:
    """What is wrong with a mapping file itself, as findings."""
    try:
        load_vendor_mapping(path, contracts_dir=contracts_dir)
    except DaichoError as error:
        return [Finding("error", path.name, str(error))]
    return []


def _code_mapping(path: Path, frame: pl.DataFrame, contracts_dir: Path) -> VendorMapping:
    codelist = _codelist_of(path, contracts_dir)
    known = writings(contracts_dir, codelist)
    target = "code" if "code" in frame.columns else "label"
    pairs: dict[str, str] = {}
    for line, (vendor_code, ours) in enumerate(frame.select("vendor_code", target).iter_rows(), start=2):
        if vendor_code is None or ours is None:
            raise UsageError(f"{path.name}, row {line}: vendor_code and {target} must both be filled.")
        code = known.get(fold_code(ours))
        if code is None:
            raise UsageError(
                f"{path.name}, row {line}: {ours} is in the code list {codelist} neither as code nor as label; see {codelist}.csv."
            )
        if pairs.setdefault(fold_code(vendor_code), code) != code:
            raise UsageError(f"{path.name}, row {line}: the vendor code {vendor_code} is mapped twice, to different codes.")
    return VendorMapping(codes={codelist: pairs}, headers={})


def _codelist_of(path: Path, contracts_dir: Path) -> str:
    """The code list a file name ends with; the longest name wins."""
    named = [name for name in list_codelists(contracts_dir) if path.stem == name or path.stem.endswith(f"_{name}")]
    return max(named, key=len, default=DEFAULT_CODELIST)


def _header_mapping(path: Path, frame: pl.DataFrame, contracts: Mapping[str, Contract]) -> VendorMapping:
    stem_kinds = [kind for kind in contracts if path.stem.removesuffix("_headers").endswith(kind)]
    found: dict[str, dict[str, str]] = {}
    for line, row in enumerate(frame.iter_rows(named=True), start=2):
        vendor_header, header, kind = row["vendor_header"], row["header"], row.get("kind")
        if vendor_header is None or header is None:
            raise UsageError(f"{path.name}, row {line}: vendor_header and header must both be filled.")
        if kind is not None and kind not in contracts:
            raise UsageError(f"{path.name}, row {line}: there is no extract kind {kind}; known are {', '.join(sorted(contracts))}.")
        kinds = [kind] if kind else stem_kinds or [name for name in contracts if _has_header(contracts[name], header)]
        if not kinds or not all(_has_header(contracts[name], header) for name in kinds):
            raise UsageError(
                f"{path.name}, row {line}: {header} is no header of {' or '.join(kinds) or 'any kind'}; see data_contracts/extracts."
            )
        for name in kinds:
            if found.setdefault(name, {}).setdefault(vendor_header, header) != header:
                raise UsageError(f"{path.name}, row {line}: the vendor header {vendor_header} is mapped twice, to different headers.")
    return VendorMapping(codes={}, headers=found)


def _has_header(contract: Contract, header: str) -> bool:
    """Whether a contract has the header; that of a repeated column is written with or without its (k回目)."""
    folded = fold_header(header)
    for column in contract.columns:
        own = fold_header(column.header)
        if folded == own or (column.prefix and folded.startswith(own)) or (column.repeats and folded.startswith(f"{own}(")):
            return True
    return False

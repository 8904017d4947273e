"""Which files a command names, and which contract each follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from daicho.contracts.model import Contract
from daicho.contracts.recognise import fold_header, is_header, recognise_kind
from daicho.core.errors import DataError, UsageError
from daicho.intake.decode import Piece, SourceFile, pieces
from daicho.intake.rows import read_header

FORBIDDEN_HEADERS = ("個人番号", "マイナンバー")
MAPPING_HEADERS = ("vendor_code", "vendor_header")
FAULT_KEY_HEADERS = ("file", "line", "fault")


def files_named(paths: Iterable[Path]) -> list[Path]:
    """Files in the order given; a folder stands for its CSV files by name. Raises UsageError for a path that is not there."""
    found: list[Path] = []
    for path in paths:
        closed = ""
        try:
            found += _files_at(path)
        except OSError as error:
            closed = error.strerror or type(error).__name__
        if closed:
            raise UsageError(f"{path} cannot be read ({closed}): check the path and its permissions.")
    return list(dict.fromkeys(found))


def _files_at(path: Path) -> list[Path]:
    if path.is_dir():
        inside = sorted(item for item in path.iterdir() if item.suffix.lower() == ".csv" and item.is_file())
        if not inside:
            raise UsageError(f"the folder {path} holds no CSV file: name the folder of the extracts, or the files themselves.")
        return inside
    if path.is_file():
        return [path]
    raise UsageError(f"{path} does not exist: check the path of the extract.")


def first_header(source: SourceFile) -> tuple[list[str], Piece]:
    """The header of a file and its first piece. Raises DataError for an empty file."""
    first = next(pieces(source), None)
    if first is None:
        raise DataError(f"{source.path.name} is empty: export it again.")
    return read_header(first, file_name=source.path.name), first


def is_mapping(headers: Sequence[str]) -> bool:
    """A vendor mapping file lying among the extracts."""
    return headers[0] in MAPPING_HEADERS


def is_fault_key(headers: Sequence[str]) -> bool:
    """The key that `daicho synth --faults` writes beside its extracts: not an extract."""
    return tuple(headers[:3]) == FAULT_KEY_HEADERS


def choose_contract(
    headers: Sequence[str], *, file_name: str, contracts: Mapping[str, Contract], kind: str | None, renamed: Mapping[str, Mapping[str, str]]
) -> tuple[Contract, list[str]]:
    """The contract of a file and its headers in the contract's own names.

    Raises DataError for 個人番号 columns and unknown headers, UsageError for an unknown kind.
    """
    forbidden = next((header for header in headers for word in FORBIDDEN_HEADERS if word in fold_header(header)), None)
    if forbidden:
        raise DataError(
            f"{file_name}: the column {forbidden} is refused, because this workspace must not hold 個人番号; export the file without it."
        )
    if kind is not None and kind not in contracts:
        raise UsageError(f"unknown kind {kind}: known kinds are {', '.join(sorted(contracts))}.")
    if not is_header(headers, contracts) and not any(header in mapped for mapped in renamed.values() for header in headers):
        # Without a single known name the line may well be data, so none of it is shown.
        raise DataError(
            f"{file_name}: none of the {len(headers)} names in its first line is a column of any contract; export it as CSV with its header row, "
            "or map the names in a header mapping (data_contracts/mappings)."
        )
    candidates = {kind: contracts[kind]} if kind is not None else contracts
    tried = [(name, [renamed.get(name, {}).get(header, header) for header in headers]) for name in candidates]
    errors: list[DataError] = []
    for name, names in tried:
        if names != list(headers) or len(tried) == 1:
            try:
                return recognise_kind(names, {name: contracts[name]}, file_name=file_name)
            except DataError as error:
                errors.append(error)
    if kind is not None:
        raise errors[0]
    return recognise_kind(list(headers), contracts, file_name=file_name)

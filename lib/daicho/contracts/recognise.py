"""Which contract a file follows, judged by its header row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from daicho.contracts.model import Column, Contract
from daicho.core.errors import DataError

_REPEAT = re.compile(r"\(([0-9]+)回目\)$")


def fold_header(header: str) -> str:
    """One writing of a header: NFKC (full-width digits and brackets), no white space."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", header))


def recognise_kind(headers: Sequence[str], contracts: Mapping[str, Contract], *, file_name: str = "the file") -> tuple[Contract, list[str]]:
    """The contract whose columns these are, and the headers in the contract's own names.

    A repeated header keeps its suffix as `接種日(2回目)`; columns matched by a prefix keep their own name, for they are dropped.
    Raises DataError naming the header that no contract knows or that is missing, or when two contracts fit alike.
    """
    matches = [_match(headers, contract) for contract in contracts.values()]
    fitting = [match for match in matches if not match.unknown and not match.missing]
    if fitting:
        most = max(match.required for match in fitting)
        best = [match for match in fitting if match.required == most]
        if len(best) > 1:
            kinds = " and ".join(match.contract.kind for match in best)
            raise DataError(f"{file_name}: the header fits the kinds {kinds} alike; name the right one with --kind.")
        return best[0].contract, best[0].names
    nearest = max(matches, key=lambda match: (match.known - len(match.unknown), -len(match.missing)))
    kind = nearest.contract.kind
    if nearest.unknown:
        raise DataError(
            f"{file_name}: the column {nearest.unknown[0]} is in no contract (the nearest kind is {kind}); "
            f"export without it, or map it in a header mapping (data_contracts/mappings)."
        )
    raise DataError(f"{file_name}: the column {nearest.missing[0]} of the kind {kind} is missing; export the file with it.")


def is_header(cells: Sequence[str], contracts: Mapping[str, Contract]) -> bool:
    """Whether any cell of a file's first line is a column of any contract."""
    return any(len(_match([cell], contract).unknown) == 0 for cell in cells for contract in contracts.values())


def missing_optional_headers(contract: Contract, names: Sequence[str]) -> tuple[str, ...]:
    """Headers of the contract that a recognised file lacks: accepted, but to be said. `names` as `recognise_kind` gives them."""
    present = {_REPEAT.sub("", fold_header(name)) for name in names}
    return tuple(
        column.header
        for column in contract.columns
        if not column.required and not column.derived and not column.prefix and fold_header(column.header) not in present
    )


class _Match:
    """How well one contract explains a header row."""

    def __init__(self, contract: Contract, names: list[str], unknown: list[str], found: set[str]) -> None:
        required = [column.header for column in contract.columns if column.required]
        self.contract = contract
        self.names = names
        self.unknown = unknown
        self.known = len(names) - len(unknown)
        self.missing = [header for header in required if header not in found]
        self.required = len(required) - len(self.missing)


def _match(headers: Sequence[str], contract: Contract) -> _Match:
    writings = {fold_header(text): column for column in contract.columns if not column.derived for text in (column.header, *column.aliases)}
    names, unknown, found = [], [], set()
    for header in headers:
        column, name = _find(header, contract, writings)
        # A second column for the same item would leave it open which one counts.
        if column is None or (name in names and not column.prefix):
            unknown.append(header)
            name = header
        else:
            found.add(column.header)
        names.append(name)
    return _Match(contract, names, unknown, found)


def _find(header: str, contract: Contract, writings: Mapping[str, Column]) -> tuple[Column | None, str]:
    folded = fold_header(header)
    repeat = _REPEAT.search(folded)
    column = writings.get(_REPEAT.sub("", folded))
    if column is not None and column.repeats == (repeat is not None):
        return column, column.header + (f"({int(repeat.group(1))}回目)" if repeat else "")
    for candidate in contract.columns:
        if candidate.prefix and any(folded.startswith(fold_header(text)) for text in (candidate.header, *candidate.aliases)):
            return candidate, header
    return None, header

"""Look for identifiers of this ledger (exact match by keyed hash) and for identifiers of known kinds in finished files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from daicho.core.folding import SEPARATOR, fold, narrowed
from daicho.runs.scan.kinds import kinds_in
from daicho.runs.scan.lookup import Lookup
from daicho.runs.scan.texts import text_of
from daicho.vault.identifiers import IdentifierIndex

_PIECE = 16_000_000  # characters looked at together
_OVERLAP = 2_000  # longer than anything looked for


@dataclass(frozen=True, order=True)
class Finding:
    """A kind of identifier found in a file. The value is never kept."""

    file: str
    kind: str


class Scanner:
    """Scans texts against one ledger's index. Without an index it still finds the known kinds."""

    def __init__(self, index: IdentifierIndex | None, *, constants: Sequence[str] = ()) -> None:
        self._lookup = Lookup(index) if index is not None else None
        self._constants = tuple(constants)

    def scan(self, paths: Iterable[Path]) -> list[Finding]:
        """Findings over files (folders are walked), sorted."""
        found = {Finding(str(path), kind) for path in _files(paths) for kind in self.kinds_in(text_of(path, constants=self._constants))}
        return sorted(found)

    def kinds_in(self, text: str) -> set[str]:
        """Kinds of identifier in one text."""
        kinds: set[str] = set()
        text = text.replace(SEPARATOR, "")
        for start in range(0, max(len(text), 1), _PIECE):
            kinds |= self._kinds_in_piece(text[max(start - _OVERLAP, 0) : start + _PIECE])
        return kinds

    def _kinds_in_piece(self, text: str) -> set[str]:
        normal = pl.Series([narrowed(text)])
        kinds = kinds_in(normal)
        if self._lookup is not None:
            kinds |= self._lookup.numbers(text) | self._lookup.texts(fold(text)) | self._lookup.pseudonyms(normal)
        return kinds


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*") if item.is_file())
        else:
            yield path

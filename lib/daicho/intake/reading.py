"""Read one extract into a segment: stream, check, conform, write; decoding runs ahead and writing runs behind in threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from daicho.contracts.model import Contract
from daicho.core.errors import DataError
from daicho.intake.conform import CodeMap, Conformer
from daicho.intake.decode import Piece, SourceFile, pieces
from daicho.intake.individual_numbers import IndividualNumberWatch
from daicho.intake.numbers import IdentifierBook, NumberBook
from daicho.intake.places import DistrictFinder
from daicho.intake.rows import LINE, read_rows, without_header
from daicho.intake.vrs import is_wide, unfold
from daicho.vault.keys import KeyRing
from daicho.vault.segments import SegmentWriter

BROKEN_ROW = "wrong_field_count"
ADDRESSEE = "addressee_number"


@dataclass(frozen=True)
class ReadResult:
    """Counts of one file, and its quarantined lines."""

    rows_read: int
    rows_accepted: int
    quarantined: pl.DataFrame
    warnings: Mapping[str, int]

    @property
    def by_rule(self) -> dict[str, int]:
        counts = self.quarantined.group_by("rule").len().sort("rule")
        return dict(zip(counts["rule"].to_list(), counts["len"].to_list(), strict=True))


@dataclass(frozen=True)
class Reader:
    """What reading any file of this intake needs."""

    keys: KeyRing
    code_maps: Mapping[str, CodeMap]
    districts: DistrictFinder
    temp_dir: Path
    on_bytes: Callable[[int], None]
    erased: frozenset[str] = frozenset()

    def read(self, source: SourceFile, contract: Contract, headers: list[str], *, target: Path | None) -> ReadResult:
        """Read `source` whole. With `target`, the encrypted segment is written there; without, nothing is (dry run)."""
        numbers = NumberBook(self.keys, erased=self.erased)
        conformer = Conformer(contract, self.code_maps, numbers, IdentifierBook(self.keys.scanner), self.districts)
        if target is None:
            return self._stream(source, headers, conformer, append=lambda frame: None)
        with SegmentWriter(target, key=self.keys.vault, temp_dir=self.temp_dir) as writer:
            result = self._stream(source, headers, conformer, append=writer.append)
            met = numbers.numbers()
            conformer.identifiers.add(ADDRESSEE, met["text"], owners=met["local"])
            writer.append(numbers.pseudonym_frame(), table="pseudonym")
            writer.append(conformer.identifiers.frame(), table="identifier")
            writer.finish()
        return result

    def _stream(
        self, source: SourceFile, headers: list[str], conformer: Conformer, *, append: Callable[[pl.DataFrame], None]
    ) -> ReadResult:
        watch = IndividualNumberWatch(source.path.name)
        read = accepted = 0
        quarantined: list[pl.DataFrame] = []
        warnings: Counter[str] = Counter()
        writing: Future[None] | None = None
        with ThreadPoolExecutor(max_workers=2) as pool:
            for number, piece in enumerate(_ahead(pieces(source), pool)):
                rows = read_rows(without_header(piece) if number == 0 else piece, headers, file_name=source.path.name)
                watch.look(rows.frame)
                frame = unfold(rows.frame, number_header=_dose_number_header(conformer.contract)) if is_wide(rows.frame) else rows.frame
                result = conformer.conform(frame)
                read += rows.frame.height + len(rows.broken_lines)
                broken = {LINE: rows.broken_lines, "rule": [BROKEN_ROW] * len(rows.broken_lines)}
                quarantined += [result.quarantined, pl.DataFrame(broken, schema={LINE: pl.Int64, "rule": pl.String})]
                accepted += rows.frame.height - result.quarantined[LINE].n_unique()
                warnings.update(result.warnings)
                if writing is not None:
                    writing.result()
                writing = pool.submit(append, result.accepted)
                self.on_bytes(len(piece.text))
            if writing is not None:
                writing.result()
        if read == 0:
            raise DataError(f"{source.path.name} holds a header and no row: export it again.")
        return ReadResult(rows_read=read, rows_accepted=accepted, quarantined=pl.concat(quarantined), warnings=dict(warnings))


def _dose_number_header(contract: Contract) -> str:
    return next(column.header for column in contract.columns if column.derived)


def _ahead(source: Iterator[Piece], pool: ThreadPoolExecutor) -> Iterator[Piece]:
    """The same pieces, the next one being decoded while this one is worked on."""

    def advance() -> Piece | None:
        return next(source, None)

    coming = pool.submit(advance)
    while (piece := coming.result()) is not None:
        coming = pool.submit(advance)
        yield piece

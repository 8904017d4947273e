"""Intake of a large delivery against a bare decode-and-write of the same file.

`python -m benchmarks.large_extract DIR` makes the delivery; then `python -m benchmarks.intake DIR WORKSPACE`.
"""

from __future__ import annotations

import argparse
import io
import resource
import time
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.workspace import make_workspace
from daicho.intake.decode import inspect_file, pieces
from daicho.intake.load import take_in
from daicho.intake.rows import read_header, without_header


def bare(path: Path, target: Path) -> float:
    """Decode, parse and write Parquet: what any program must do with the file."""
    started = time.perf_counter()
    target.mkdir(parents=True, exist_ok=True)
    headers: list[str] = []
    for number, piece in enumerate(pieces(inspect_file(path))):
        if number == 0:
            headers = read_header(piece, file_name=path.name)
            piece = without_header(piece)
        frame = pl.read_csv(io.BytesIO(piece.text), has_header=False, new_columns=headers, infer_schema=False)
        frame.write_parquet(target / f"{number}.parquet", compression="zstd")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("delivery", type=Path)
    parser.add_argument("workspace", type=Path)
    options = parser.parse_args()
    config = make_workspace(options.workspace)
    baseline = bare(options.delivery / "vaccination.csv", options.workspace / "bare")
    started = time.perf_counter()
    report = take_in([options.delivery], config=config, today=date(2026, 11, 24))
    taken = time.perf_counter() - started
    rows = {file.kind: file.rows_accepted for file in report.files}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    print(
        f"rows {rows}; intake {taken:.1f} s; bare decode and write of the doses {baseline:.1f} s; ratio {taken / baseline:.1f}; peak {peak:.1f} GiB"
    )


if __name__ == "__main__":
    main()

"""How fast finished files are scanned for identifiers, and that ordinary pages raise no alarm.

    python -m benchmarks.scan WORKSPACE [--pages 100000] [FILE…]

Scans pages of amounts, rates, months, days, 医療機関コード (10 digits) and 法人番号 (13 digits) as an HTML table, and the files named,
against the ledger of the workspace. Prints megabytes a second and what was found.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import polars as pl

from daicho.core.config import load_config
from daicho.runs.scan.scanner import Scanner
from daicho.vault.identifiers import load_identifier_index

LINES = 25  # of a page
PART = 10_000  # pages written and scanned at once


def pages(count: int, *, first: int = 0) -> str:
    """Pages of a table without any person in it; the same pages for the same numbers."""
    n = pl.col("n")
    rows = pl.DataFrame({"n": pl.arange(first * LINES, (first + count) * LINES, eager=True)}).select(
        pl.format(
            '<tr><td>赤坂地区</td><td>{}月</td><td>131{}</td><td>7{}</td><td class="n">{}円</td><td>0.{}</td><td>{}</td></tr>',
            n % 12 + 1,
            (n * 48_271 % 10_000_019).cast(pl.String).str.zfill(7),
            (n * 69_621 % 1_000_000_000_039).cast(pl.String).str.zfill(12),
            n * 7919,
            n * 104_729,
            pl.date(2025, 4, 1).dt.offset_by(pl.format("{}d", n % 365)),
        )
    )
    return "<html><body><table>\n" + "\n".join(rows.to_series().to_list()) + "\n</table></body></html>"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--pages", type=int, default=100_000)
    asked = parser.parse_args()
    started = time.perf_counter()
    scanner = Scanner(load_identifier_index(load_config(asked.workspace)))
    print(f"index loaded in {time.perf_counter() - started:.1f} s")
    size = seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages.html"
        for first in range(0, asked.pages, PART):
            path.write_text(pages(min(PART, asked.pages - first), first=first), encoding="utf-8")
            started = time.perf_counter()
            found = scanner.scan([path])
            seconds += time.perf_counter() - started
            size += path.stat().st_size / 1e6
            if found:
                print(f"false alarm: {sorted({finding.kind for finding in found})}")
    print(f"{asked.pages:,} pages, {size:,.0f} MB: {size / seconds:.1f} MB/s")
    for file in asked.files:
        started = time.perf_counter()
        found = scanner.scan([file])
        took = time.perf_counter() - started
        print(f"{file.name}, {file.stat().st_size / 1e6:.1f} MB: {file.stat().st_size / 1e6 / took:.1f} MB/s, {len(found)} found")


if __name__ == "__main__":
    main()

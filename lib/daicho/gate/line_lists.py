"""Files that point at lines of extracts, one entry a line: quarantine lists and worklists, as retention counts them."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from daicho.core.config import Config
from daicho.core.fiscal import fiscal_year
from daicho.vault.catalog import Batch, VaultPaths, open_catalog
from daicho.vault.erasure import first_kept_year

QUARANTINE, WORKLISTS = "quarantine", "worklists"
LISTS = (QUARANTINE, WORKLISTS)


def lists_due(config: Config, table: str, *, on: date) -> list[tuple[Path, int, int]]:
    """Lists that are past: file, year, lines."""
    first = _first_kept(config, table, on)
    return [] if first is None else [item for item in lists_held(config, table) if item[1] < first]


def lists_held(config: Config, table: str) -> list[tuple[Path, int, int]]:
    """Every list: file, fiscal year, lines."""
    folder = config.quarantine_dir if table == QUARANTINE else config.worklists_dir
    if not folder.is_dir():
        return []
    received = _received(config) if table == QUARANTINE else {}
    found = []
    for path in sorted(folder.glob("*.csv")):
        year = fiscal_year(received.get(path.stem) or _day_in(path.name) or date.fromtimestamp(path.stat().st_mtime))
        found.append((path, year, max(0, path.read_bytes().count(b"\n") - 1)))
    return found


def _day_in(name: str) -> date | None:
    """The day in a worklist's name; None where there is none."""
    day = re.search(r"-(\d{4}-\d{2}-\d{2})-", name)
    with contextlib.suppress(ValueError):
        return date.fromisoformat(day[1]) if day else None
    return None


def _received(config: Config) -> dict[str, date]:
    """The day each batch was taken in, by the name of its quarantine list."""
    paths = VaultPaths(config.vault_dir)
    batches: tuple[Batch, ...] = () if paths.is_empty() else open_catalog(paths, config.key_dir)[1].batches
    return {f"batch-{batch.batch:06d}": date.fromisoformat(batch.received_on) for batch in batches}


def lines_by_year(lists: Sequence[tuple[Path, int, int]]) -> dict[int, int]:
    """Entries of lists by fiscal year."""
    total: Counter[int] = Counter()
    for _, year, lines in lists:
        total[year] += lines
    return dict(total)


def _first_kept(config: Config, table: str, on: date) -> int | None:
    """Where daicho.toml sets no period for worklists, that of the quarantine holds."""
    years = config.retention.get(table, config.retention.get(QUARANTINE))
    return None if years is None else first_kept_year(on, years=years)

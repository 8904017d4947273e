"""How many random cases a run of the tests tries: some with every change, all of them with `DAICHO_TESTS=full` (nightly, before a release)."""

from __future__ import annotations

import os

IS_FULL = os.environ.get("DAICHO_TESTS") == "full"


def seeds(full: int) -> range:
    """Seeds of random ledgers: a third of them with every change."""
    return range(full if IS_FULL else (full + 2) // 3)


def examples(full: int) -> int:
    """Examples of a property: half of them with every change."""
    return full if IS_FULL else (full + 1) // 2

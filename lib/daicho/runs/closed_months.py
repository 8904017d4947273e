"""What closed months of payment came to, as their records say: the figures that an audit holds against the vault."""

from __future__ import annotations

import json

from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.core.fiscal import months_of
from daicho.gate.closes import FOLDER


def closed_totals(config: Config, fiscal_year: int) -> str:
    """Yen payable of each closed month of a fiscal year as 202504=740132,202505=…; empty where none is closed.

    The records hold figures and no person (gate/close_record.py). Raises VaultError for one that cannot be read.
    """
    found = {}
    for month in months_of(fiscal_year):
        path = config.state_dir / FOLDER / f"payments-{month}.json"
        if path.is_file():
            try:
                found[month] = int(json.loads(path.read_text(encoding="utf-8"))["totals"]["payable_yen"])
            except (OSError, ValueError, KeyError, TypeError):
                raise VaultError(f"the record {path.name} cannot be read: run `daicho close payments` for its month again.") from None
    return ",".join(f"{month}={yen}" for month, yen in found.items())

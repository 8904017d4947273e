"""daicho: analytics and reports over a municipality's immunization ledger (予防接種台帳).

A notebook needs one name: `daicho.open(purpose=…)`. Everything else is reached through the ledger it returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daicho.core.errors import DaichoError

if TYPE_CHECKING:
    from daicho.present.ledger import Ledger

__all__ = ["DaichoError", "open"]


def open(*, purpose: str) -> Ledger:
    """Open the ledger through the gate, inside a sealed kernel; `purpose` (利用目的) goes to the access log with every request.

    Raises UsageError without a purpose, SealError outside a sealed kernel.
    """
    from daicho.present.ledger import open_ledger

    return open_ledger(purpose=purpose)

"""After a gate was killed: make log and release ledger agree again, visibly.

A release is recorded, then logged, then returned. A gate killed in between leaves a recorded release that the log does not know and that
nobody received. The next gate writes a line for it, so that the log stays complete; `daicho audit` lists such lines.
"""

from __future__ import annotations

import os

from daicho.gate.access_log import AccessLog, Caller
from daicho.gate.release_ledger import ReleaseLedger

RECOVERED = "recovered"


def unlogged_releases(*, log: AccessLog, ledger: ReleaseLedger) -> tuple[str, ...]:
    """Ids of recorded releases that no line of the access log names."""
    logged = {entry["release_id"] for entry in log.entries() if entry["release_id"]}
    return tuple(recorded.release_id for recorded in ledger.all() if recorded.release_id not in logged)


def recover(*, log: AccessLog, ledger: ReleaseLedger) -> None:
    """Write a line for every recorded release the log does not know."""
    gate = Caller(uid=os.getuid(), user="", role="gate")
    for release_id in unlogged_releases(log=log, ledger=ledger):
        recorded = ledger.find(release_id)
        if recorded is not None:
            log.record(
                gate,
                request={"op": "measure", **recorded.request, "profile": recorded.profile},
                outcome=RECOVERED,
                purpose=str(recorded.key.get("purpose", "")),
                release_id=release_id,
                cells=recorded.cells,
                suppressed=recorded.suppressed_cells,
            )

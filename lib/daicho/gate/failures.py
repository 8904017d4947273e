"""Failures the gate did not foresee: one answer for all of them, and a note for whoever mends it, without a value in either."""

from __future__ import annotations

import logging
import traceback

from daicho.core.errors import VaultError

FAILED = VaultError("the gate failed on this request and released nothing: see the gate's own log (var/log/gate.log).")


def note_failure(error: BaseException) -> None:
    """Write class and place of an error to the gate's own log. Its text may quote a row, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename.rpartition('/daicho/')[2]}:{frame.lineno}" for frame in reversed(frames[-6:]))
    logging.getLogger("daicho.gate").error("%s at %s", type(error).__name__, places)

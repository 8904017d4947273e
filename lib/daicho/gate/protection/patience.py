"""How long a question may take: past it the answer is a refusal, never another pattern. What a pattern is, numbers of steps decide alone."""

from __future__ import annotations

import time

from daicho.core.errors import DisclosureError


class Patience:
    """A clock that only refuses."""

    def __init__(self, seconds: float) -> None:
        self._until = time.perf_counter() + seconds

    @property
    def left(self) -> float:
        """Seconds left, at least a moment."""
        return max(self._until - time.perf_counter(), 0.1)

    def check(self) -> None:
        """Raise DisclosureError when the time is over."""
        if time.perf_counter() > self._until:
            raise DisclosureError("the table cannot be protected in the time given: coarsen it, or drop a dimension.")

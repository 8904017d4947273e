"""HiGHS without a word on standard output, on one thread: the same question gets the same answer."""

from __future__ import annotations

import highspy


class QuietSolver(highspy.Highs):
    """HiGHS prints a banner as soon as its callbacks are set up, which its constructor does."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.setOptionValue("threads", 1)
        self.setOptionValue("random_seed", 0)

    def enableCallbacks(self) -> None:
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]

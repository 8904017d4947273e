"""What the tests of sealed kernels share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.kernels.benches import Bench, bench


@pytest.fixture(scope="module")
def made() -> Iterator[Bench]:
    """A workspace with its gate running, one for each file of tests."""
    with bench() as made:
        yield made

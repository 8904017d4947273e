"""Random streams: one per stage, so that a change in one stage leaves the draws of all others as they were."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.int32]
Indexes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Streams:
    """Generators derived from one seed by the name of a stage. Same seed and name, same numbers."""

    seed: int

    def generator(self, stage: str) -> np.random.Generator:
        sequence = np.random.SeedSequence(entropy=self.seed, spawn_key=(zlib.crc32(stage.encode()),))
        return np.random.Generator(np.random.PCG64(sequence))


def lognormal_days(rng: np.random.Generator, size: int, *, median: float, sigma: float) -> Floats:
    """Waiting times in days: log-normal with the given median."""
    drawn: Floats = median * np.exp(sigma * rng.standard_normal(size))
    return drawn


def pick(rng: np.random.Generator, weights: npt.ArrayLike, size: int) -> Indexes:
    """`size` positions drawn by weight."""
    bounds = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(bounds / bounds[-1], rng.random(size), side="right").astype(np.int32)
    return np.minimum(drawn, np.int32(len(bounds) - 1))

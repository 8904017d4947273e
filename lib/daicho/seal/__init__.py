"""Layer 1: the seal around a notebook's kernel: what its process may still touch, and the proof from inside that this holds.

Landlock closes the file system, TCP, signals and tracing; a small seccomp filter closes what Landlock does not know.
"""

from __future__ import annotations

from daicho.seal.apply import apply_seal, seal_available
from daicho.seal.environment import sealed_environment
from daicho.seal.policy import SealPolicy, build_policy
from daicho.seal.report import SealReport, SelfTestResult
from daicho.seal.selftest import refuse_leaks, run_selftest

__all__ = [
    "SealPolicy",
    "SealReport",
    "SelfTestResult",
    "apply_seal",
    "build_policy",
    "refuse_leaks",
    "run_selftest",
    "seal_available",
    "sealed_environment",
]

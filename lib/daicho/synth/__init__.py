"""Layer 3: a synthetic ledger. All people in it are invented; extracts have the exact formats of the contracts."""

from daicho.synth.synthesis import SynthReport, synthesise

__all__ = ["SynthReport", "synthesise"]

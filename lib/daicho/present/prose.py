"""Markdown that a notebook shows as an output: sentences with released figures, notes, cautions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Markdown:
    """A paragraph, list or heading for the report; `role` "note" marks small print, "caution" what must not be overlooked, "signature"
    boxes to be filled in by hand."""

    source: str
    role: str = ""

    def __str__(self) -> str:
        return self.source

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict[str, Any], dict[str, Any]]:
        metadata = {"daicho": {"role": self.role}} if self.role else {}
        plain = {"text/plain": self.source}
        return ({"text/markdown": self.source} | plain if self.source else plain), metadata

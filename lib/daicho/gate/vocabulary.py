"""What the gate's own words are called in both languages: codes that belong to the software, not to a code list of the office."""

from __future__ import annotations

from collections.abc import Mapping

from daicho.measures import dimensions


def own_labels(dimension: str) -> Mapping[str, tuple[str, str]]:
    """Labels (Japanese, English) by code, in the order of the vocabulary; empty for a dimension with a code list, with numbers, or unknown."""
    known = dimensions()
    return known[dimension].labels if dimension in known else {}


def number_label(dimension: str) -> str:
    """How a whole number of a dimension is written in English, with `{}` for the number; "" where it is written as it is."""
    known = dimensions().get(dimension)
    return known.template[1] if known is not None and known.kind == "integer" and known.template[1] != "{}" else ""

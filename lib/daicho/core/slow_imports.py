"""Keep a slow, optional part of a library from being imported where nothing needs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_iri_grammar() -> Iterator[None]:
    """Import Altair, nbformat or papermill inside: jsonschema, which they import, leaves out its IRI grammar.

    That optional package takes over two seconds to compile and serves a format that no notebook and no chart has.
    """
    optional = "rfc3987_syntax"
    is_ours = optional not in sys.modules
    if is_ours:
        sys.modules[optional] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        yield
    finally:
        if is_ours:
            del sys.modules[optional]

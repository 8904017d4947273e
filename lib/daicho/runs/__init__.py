"""Layer 8: runs: executing notebooks, publishing what they made, the manifest, plans and the scan."""

from daicho.core.slow_imports import without_iri_grammar

with without_iri_grammar():
    import nbformat  # noqa: F401 - imported here first, so that every module of this package gets it without the slow part

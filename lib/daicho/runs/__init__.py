"""Runs: executing notebooks, publishing what they made, the manifest, plans and the scan."""

"""Writing a published file: whole or not at all."""

from __future__ import annotations

from pathlib import Path


def write_bytes(out: Path, data: bytes) -> Path:
    """Write beside the target, then rename, so a reader never meets half a file. Folders are made as needed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.part")
    aside.write_bytes(data)
    return aside.replace(out)

"""The manifest of a run: what it was made from, by what, for whom, and the hash of everything it made."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from daicho.core.config import Config
from daicho.gate.release import Release
from daicho.vault import SnapshotInfo

MANIFEST = "manifest.json"


def code_version(config: Config) -> str:
    """The library's version, with the workspace's revision where it is a git checkout."""
    version = metadata.version("daicho")
    try:
        found = subprocess.run(
            ["git", "-C", str(config.root), "describe", "--always", "--dirty"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return version
    return f"{version}+{found.stdout.strip()}" if found.returncode == 0 and found.stdout.strip() else version


def release_entry(release: Release) -> dict[str, Any]:
    """What the manifest says of one release."""
    facts = release.facts
    return {
        "release_id": facts.release_id,
        "measure": facts.measure,
        "by": list(facts.by),
        "where": {key: list(values) for key, values in facts.where.items()},
        "parameters": dict(facts.parameters),
        "profile": facts.profile,
        "snapshot": facts.snapshot,
        "cells": facts.cells,
        "suppressed_cells": facts.suppressed_cells,
        "audit": facts.audit,
    }


def snapshot_entry(info: SnapshotInfo) -> dict[str, Any]:
    """The data a run saw: snapshot number and the hash of every batch in it."""
    return {
        "snapshot": info.number,
        "created_on": info.created_on,
        "batches": [
            {"batch": batch.batch, "kind": batch.kind, "sha256": batch.sha256, "contract_version": batch.contract_version}
            for batch in info.batches
        ],
    }


def write_manifest(folder: Path, body: Mapping[str, Any], *, outputs: Sequence[Path]) -> Path:
    """Write `manifest.json` with the sha256 of every output, paths relative to the folder."""
    hashes = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(outputs)}
    target = folder / MANIFEST
    target.write_text(json.dumps({**body, "outputs": hashes}, ensure_ascii=False, indent=2, sort_keys=False) + "\n", encoding="utf-8")
    return target

"""Checks of what lies in the vault: encryption, pseudonyms, keys, the scanner's index, batches as registered."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from daicho.contracts.classes import Classification
from daicho.contracts.model import Contract
from daicho.gate.examined import NOT_APPLICABLE, Ground, Outcome, day_of, judged
from daicho.gate.vault_files import count_plain
from daicho.vault.catalog import Batch
from daicho.vault.keys import PURPOSES, key_path, last_backup

_SEGMENT_TABLES = frozenset({"rows", "pseudonym", "identifier"})
_MADE_BY_INTAKE = frozenset({"line", "is_institution_valid", "birth_precision"})
"""Columns of segments that no contract names: where a row stood, and what intake worked out of other items."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def encrypted(ground: Ground) -> Outcome:
    """No file of the vault is a plain database: its header says encrypted, and the engine opens none without the key, each with it."""
    if not ground.has_vault:
        return Outcome(NOT_APPLICABLE)
    files = [path for folder in (ground.paths.segments, ground.paths.marts) for path in sorted(folder.iterdir())]
    plain = count_plain(files, temp_dir=ground.paths.temp)
    _, catalog = ground.opened
    missing = sum(not (ground.paths.segments / batch.segment).is_file() for batch in catalog.batches)
    return judged(plain == 0 and missing == 0, files=len(files), plain=plain, missing=missing)


def pseudonymised(ground: Ground) -> Outcome:
    """Segments hold the columns their contract keeps, and no others; nowhere is a column called like a direct identifier."""
    if not ground.has_vault:
        return Outcome(NOT_APPLICABLE)
    direct = _direct_names(ground.contracts)
    strange = columns = 0
    for batch, held in ground.segments:
        found = held.all_columns
        columns += len(found)
        strange += len(found & direct) + len(held.columns.keys() - _SEGMENT_TABLES)
        contract = ground.contracts.get(batch.kind)
        if contract is not None:
            kept = {column.name for column in contract.kept_columns} | _MADE_BY_INTAKE
            strange += len(held.columns.get("rows", frozenset()) - kept - direct)
    for held in ground.marts:
        found = held.all_columns
        columns += len(found)
        strange += len(found & direct)
    return judged(strange == 0, files=len(ground.opened[1].batches) + len(ground.marts), columns=columns, strange=strange)


def scanner_index(ground: Ground) -> Outcome:
    """Every batch with persons has entries in the index that finished files are scanned against."""
    if not ground.has_vault:
        return Outcome(NOT_APPLICABLE)
    lacking = entries = 0
    for batch, held in ground.segments:
        contract = ground.contracts.get(batch.kind)
        has_persons = contract is not None and any(column.classification is Classification.KEY for column in contract.columns)
        is_empty = batch.rows_accepted <= batch.rows_erased
        lacking += "identifier" not in held.columns or (has_persons and not is_empty and held.identifiers == 0)
        entries += held.identifiers > 0
    return judged(lacking == 0, batches=len(ground.opened[1].batches), indexed=entries, lacking=lacking)


def keys_private(ground: Ground) -> Outcome:
    """The keys are whole, readable by their owner alone, and lie outside the vault."""
    if not ground.has_vault:
        return Outcome(NOT_APPLICABLE)
    ring, _ = ground.opened
    folder = ground.config.key_dir
    modes = [folder.stat().st_mode, *(key_path(folder, purpose).stat().st_mode for purpose in PURPOSES)]
    is_private = not any(mode & (stat.S_IRWXG | stat.S_IRWXO) for mode in modes)
    is_apart = not folder.is_relative_to(ground.config.vault_dir)
    noted = last_backup(folder, ring)
    keys = [getattr(ring, purpose) for purpose in PURPOSES]
    counts: dict[str, int | str] = {f"{key.purpose}_key": key.key_id for key in keys}
    counts |= {f"{key.purpose}_days": (ground.today - key.created_on).days for key in keys}
    return judged(is_private and is_apart, backup=noted.isoformat() if noted else "", **counts)


def batches_registered(ground: Ground) -> Outcome:
    """Every delivery has its hash, its day, the version of its contract and the key of its pseudonyms."""
    if not ground.has_vault:
        return Outcome(NOT_APPLICABLE)
    _, catalog = ground.opened
    lacking = sum(not _is_registered(batch) for batch in catalog.batches)
    last = max((batch.received_on for batch in catalog.batches), default="")
    return judged(lacking == 0, batches=len(catalog.batches), lacking=lacking, last=last)


def entry_checked(ground: Ground) -> Outcome:
    """Every row of a delivery was taken in or quarantined; where rows were, the list of their lines is there until its period ends.

    The erasure of a person takes every list there was: no line of them says whose row it points at.
    """
    if not ground.has_vault:
        return Outcome(NOT_APPLICABLE)
    _, catalog = ground.opened
    listed = {path.stem for path in ground.config.quarantine_dir.glob("batch-*.csv")}
    years = ground.config.retention.get("quarantine")
    erased = [
        day_of(entry) for entry in ground.entries if entry["request"].get("op") == "erasure" and entry["request"].get("kind") == "person"
    ]
    wrong = refusing = 0
    for batch in catalog.batches:
        out, named = batch.rows_read - batch.rows_accepted, sum(batch.quarantined.values())
        refusing += out > 0
        is_past = years is not None and (ground.today - date.fromisoformat(batch.received_on)).days > years * 365
        is_past = is_past or batch.received_on <= max(erased, default="")
        wrong += not 0 <= out <= named or (out > 0 and f"batch-{batch.batch:06d}" not in listed and not is_past)
    return judged(wrong == 0, batches=len(catalog.batches), quarantining=refusing, lists=len(listed), wrong=wrong)


CHECKS: Mapping[str, Callable[[Ground], Outcome]] = MappingProxyType(
    {check.__name__: check for check in (encrypted, pseudonymised, scanner_index, keys_private, batches_registered, entry_checked)}
)


def _direct_names(contracts: Mapping[str, Contract]) -> frozenset[str]:
    """Everything an extract may call an item that intake drops, 宛名番号 included."""
    dropped = (Classification.DIRECT, Classification.KEY)
    columns = [column for contract in contracts.values() for column in contract.columns if column.classification in dropped]
    return frozenset(name for column in columns for name in (column.header, *column.aliases))


def _is_registered(batch: Batch) -> bool:
    try:
        date.fromisoformat(batch.received_on)
    except ValueError:
        return False
    return bool(_SHA256.fullmatch(batch.sha256) and batch.contract_version and batch.pseudonym_key_id)

"""Take extracts into the vault: all files of one command become one snapshot, or nothing changes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from daicho.contracts.codelists import dose_lookup
from daicho.contracts.loader import load_contracts
from daicho.contracts.lock import refuse_weakened
from daicho.contracts.model import Contract
from daicho.core.config import Config
from daicho.core.errors import DataError, VaultError
from daicho.intake.codes import code_maps, district_finder, load_mappings
from daicho.intake.conform import ERASED
from daicho.intake.decode import SourceFile, inspect_file
from daicho.intake.delivery import Delivery, judge_delivery
from daicho.intake.quarantine import write_quarantine
from daicho.intake.reading import Reader, ReadResult
from daicho.intake.report import FileReport, IntakeReport
from daicho.intake.sources import choose_contract, files_named, first_header, is_fault_key, is_mapping
from daicho.vault.catalog import (
    Batch,
    Catalog,
    VaultPaths,
    open_catalog,
    open_for_writing,
    read_catalog,
    sync_folder,
    write_catalog,
    writer_lock,
)
from daicho.vault.engine import engine
from daicho.vault.keys import KeyRing, complete_keys, passing_keys
from daicho.vault.mart import build_mart
from daicho.vault.snapshots import prune_marts, publish_mart

KEPT_MARTS = 2
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Extract:
    """A file recognised as an extract."""

    source: SourceFile
    contract: Contract
    headers: list[str]

    @property
    def content(self) -> tuple[str, str]:
        """What makes it the same extract, whatever its name."""
        return self.contract.kind, self.source.sha256


@dataclass(frozen=True)
class _Taken:
    """A file read into a segment that is not committed yet."""

    extract: _Extract
    batch: int
    segment: Path | None
    result: ReadResult


def take_in(
    paths: Sequence[Path],
    *,
    config: Config,
    today: date,
    kind: str | None = None,
    mappings: Sequence[Path] = (),
    dry_run: bool = False,
    on_progress: Progress = lambda _file, _done, _size: None,
) -> IntakeReport:
    """Read extracts into the vault as one new snapshot.

    `on_progress(file name, bytes read, bytes in all)` is called as files are read. Keys are made for a vault that does not
    exist yet. Raises UsageError, DataError (contract broken, quarantine above the limit, 個人番号 found) or VaultError; after
    any of them the vault is as it was before.
    """
    contracts = load_contracts(config.contracts_dir)
    refuse_weakened(config.contracts_dir, contracts)
    extracts, delivered_mappings = _recognise(files_named(paths), config=config, contracts=contracts, kind=kind, mappings=mappings)
    vault = VaultPaths(config.vault_dir)
    failed = ""
    try:
        with nullcontext() if dry_run else writer_lock(vault):
            keys, catalog = _opened(config, vault, today=today, dry_run=dry_run)
            held = {(batch.kind, batch.sha256): batch for batch in catalog.live_batches()}
            first = {extract.content: extract for extract in reversed(extracts)}
            taken = _read_all(
                [extract for extract in extracts if extract.content not in held and first[extract.content] is extract],
                config=config,
                keys=keys,
                vault=vault,
                catalog=catalog,
                mappings=delivered_mappings,
                dry_run=dry_run,
                on_progress=on_progress,
            )
            made = {item.extract.content: _checked(item) for item in taken}
            if taken and not dry_run:
                catalog, reports = _commit(taken, config=config, keys=keys, vault=vault, catalog=catalog, today=today)
                made |= {item.extract.content: report for item, report in zip(taken, reports, strict=True)}
            files = [
                made[extract.content]
                if extract.content in made and first[extract.content] is extract
                else _unchanged(extract, held.get(extract.content) or made[extract.content])
                for extract in extracts
            ]
            number = catalog.latest.number if catalog.latest else None
            return IntakeReport(snapshot=number, files=tuple(files), is_dry_run=dry_run)
    except OSError as error:
        failed = error.strerror or type(error).__name__
    except duckdb.Error as error:
        # The engine's message may quote a statement, and a statement may hold the key.
        failed = f"{type(error).__name__} of the vault's engine"
    raise VaultError(
        f"the vault in {config.state_dir} cannot be written ({failed}): check the disk's free space and the folder's owner and mode; "
        "nothing was taken in."
    )


def _recognise(
    files: Sequence[Path], *, config: Config, contracts: Mapping[str, Contract], kind: str | None, mappings: Sequence[Path]
) -> tuple[list[_Extract], list[Path]]:
    """Tell extracts from mapping files lying among them; find each extract's contract."""
    looked = [(source, first_header(source)[0]) for source in map(inspect_file, files)]
    delivered = [*config.mappings, *mappings, *(source.path for source, headers in looked if is_mapping(headers))]
    renamed = load_mappings(delivered, contracts_dir=config.contracts_dir).headers
    extracts = []
    for source, headers in looked:
        if is_mapping(headers) or is_fault_key(headers):
            continue
        contract, names = choose_contract(headers, file_name=source.path.name, contracts=contracts, kind=kind, renamed=renamed)
        extracts.append(_Extract(source, contract, names))
    if not extracts:
        raise DataError(
            "none of the named files is an extract: name at least one file whose header follows a contract in data_contracts/extracts."
        )
    return extracts, delivered


def _opened(config: Config, vault: VaultPaths, *, today: date, dry_run: bool) -> tuple[KeyRing, Catalog]:
    """Keys and catalogue; keys are made on the very first intake, never when a vault already exists, and written by no dry run."""
    if vault.is_empty():
        keys = passing_keys(today=today) if dry_run else complete_keys(config.key_dir, today=today)
        if dry_run:
            return keys, read_catalog(vault, keys.vault)
    return open_catalog(vault, config.key_dir) if dry_run else open_for_writing(vault, config.key_dir)


def _read_all(
    extracts: Sequence[_Extract],
    *,
    config: Config,
    keys: KeyRing,
    vault: VaultPaths,
    catalog: Catalog,
    mappings: Sequence[Path],
    dry_run: bool,
    on_progress: Progress,
) -> list[_Taken]:
    """Read every extract aside; refuse the whole intake when one breaks the quarantine limit."""
    maps = code_maps(config.contracts_dir, load_mappings(mappings, contracts_dir=config.contracts_dir))
    districts = district_finder(config)
    erased = frozenset(catalog.erased)
    taken: list[_Taken] = []
    try:
        for number, extract in enumerate(extracts, start=catalog.next_batch()):
            done = 0

            def on_bytes(count: int, extract: _Extract = extract) -> None:
                nonlocal done
                done += count
                on_progress(extract.source.path.name, done, extract.source.size)

            reader = Reader(keys=keys, code_maps=maps, districts=districts, temp_dir=vault.temp, on_bytes=on_bytes, erased=erased)
            segment = None if dry_run else vault.temp / f"segment-{os.getpid()}-{number}-{secrets.token_hex(4)}.duckdb"
            result = reader.read(extract.source, extract.contract, extract.headers, target=segment)
            taken.append(_Taken(extract, number, segment, result))
            _refuse_above_limit(extract, result, config=config, dry_run=dry_run)
    except BaseException:
        for item in taken:
            if item.segment is not None:
                item.segment.unlink(missing_ok=True)
        raise
    return taken


def _refuse_above_limit(extract: _Extract, result: ReadResult, *, config: Config, dry_run: bool) -> None:
    bad = result.rows_read - result.rows_accepted - result.by_rule.get(ERASED, 0)
    if bad <= config.quarantine_limit * result.rows_read:
        return
    rules = ", ".join(f"{rule} {count}" for rule, count in result.by_rule.items())
    where = "" if dry_run else f"; the lines are listed in {config.quarantine_dir.name}/refused-{extract.source.sha256[:12]}.csv"
    if not dry_run:
        write_quarantine(
            config.quarantine_dir, name=f"refused-{extract.source.sha256[:12]}", file_name=extract.source.path.name, rows=result.quarantined
        )
    hint = (
        " Vendor codes need a mapping file (see data_contracts/mappings)."
        if any(rule.startswith("unknown_") for rule in result.by_rule)
        else ""
    )
    raise DataError(
        f"{extract.source.path.name}: {bad} of {result.rows_read} rows break the contract {extract.contract.kind} ({rules}), above the limit of "
        f"{config.quarantine_limit:.1%}; nothing was taken in{where}: have the export corrected, or raise intake.quarantine_limit.{hint}"
    )


def _commit(
    taken: Sequence[_Taken], *, config: Config, keys: KeyRing, vault: VaultPaths, catalog: Catalog, today: date
) -> tuple[Catalog, list[FileReport]]:
    """Judge deliveries, build the mart aside, give files their names, and commit by renaming the catalogue."""
    with engine(temp_dir=vault.temp) as connection:
        deliveries: dict[str, Delivery] = {}
        for kind in dict.fromkeys(item.extract.contract.kind for item in taken):
            mine = {item.batch: item.segment for item in taken if item.extract.contract.kind == kind and item.segment}
            held = [batch for batch in catalog.live_batches() if batch.kind == kind]
            contract = next(item.extract.contract for item in taken if item.extract.contract.kind == kind)
            deliveries[kind] = judge_delivery(
                connection, contract, new=mine, held=held, paths=vault, key=keys.vault, full_dump_share=config.full_dump_share
            )
        batches = _batches(taken, deliveries, keys=keys, today=today)
        replaced = {number for delivery in deliveries.values() for number in delivery.replaced_batches}
        live = [batch.batch for batch in catalog.live_batches() if batch.batch not in replaced] + [batch.batch for batch in batches]
        changed = catalog.with_snapshot(added=tuple(batches), live=tuple(live), created_on=today)
        snapshot = changed.latest
        if snapshot is None:
            raise VaultError("the new snapshot was not made; nothing was taken in.")
        mart = vault.temp / f"mart-{os.getpid()}-{secrets.token_hex(4)}.duckdb"
        fresh = {item.batch: item.segment for item in taken if item.segment}
        build_mart(
            connection,
            target=mart,
            paths=vault,
            catalog=changed,
            snapshot=snapshot,
            key=keys.vault,
            dose_lookup=dose_lookup(config.contracts_dir),
            records=config.records,
            fresh=fresh,
        )
    for item, batch in zip(taken, batches, strict=True):
        write_quarantine(config.quarantine_dir, name=f"batch-{batch.batch:06d}", file_name=batch.file_name, rows=item.result.quarantined)
        if item.segment:
            item.segment.rename(vault.segments / batch.segment)
    sync_folder(vault.segments)
    publish_mart(vault, mart, snapshot)
    write_catalog(vault, changed, keys.vault)
    prune_marts(vault, changed, keep=KEPT_MARTS)
    return changed, [_report(item, batch) for item, batch in zip(taken, batches, strict=True)]


def _batches(taken: Sequence[_Taken], deliveries: Mapping[str, Delivery], *, keys: KeyRing, today: date) -> list[Batch]:
    batches, counted = [], set()
    for item in taken:
        kind = item.extract.contract.kind
        delivery = deliveries[kind]
        # Rows replaced belong to the delivery; they are told once, with its first file.
        replaced_rows = 0 if kind in counted else delivery.replaced_rows
        counted.add(kind)
        batches.append(
            Batch(
                batch=item.batch,
                kind=kind,
                file_name=item.extract.source.path.name,
                sha256=item.extract.source.sha256,
                encoding=item.extract.source.encoding,
                received_on=today.isoformat(),
                contract_version=item.extract.contract.version,
                pseudonym_key_id=keys.pseudonym.key_id,
                delivery=delivery.mode,
                rows_read=item.result.rows_read,
                rows_accepted=item.result.rows_accepted,
                rows_replaced=replaced_rows,
                quarantined=item.result.by_rule,
                warnings=item.result.warnings,
            )
        )
    return batches


def _report(item: _Taken, batch: Batch) -> FileReport:
    return replace(_checked(item), status="taken_in", delivery=batch.delivery, batch=batch.batch, rows_replaced=batch.rows_replaced)


def _checked(item: _Taken) -> FileReport:
    source = item.extract.source
    return FileReport(
        file=source.path.name,
        kind=item.extract.contract.kind,
        encoding=source.encoding,
        sha256=source.sha256,
        status="checked",
        delivery="",
        batch=None,
        rows_read=item.result.rows_read,
        rows_accepted=item.result.rows_accepted,
        rows_quarantined=item.result.by_rule,
        rows_replaced=0,
        warnings=item.result.warnings,
    )


def _unchanged(extract: _Extract, batch: Batch | FileReport) -> FileReport:
    """The report of a file whose content is held already, or was met before in the same delivery."""
    return FileReport(
        file=extract.source.path.name,
        kind=extract.contract.kind,
        encoding=extract.source.encoding,
        sha256=extract.source.sha256,
        status="unchanged",
        delivery="",
        batch=batch.batch,
        rows_read=batch.rows_read,
        rows_accepted=0,
        rows_quarantined={},
        rows_replaced=0,
        warnings={},
    )

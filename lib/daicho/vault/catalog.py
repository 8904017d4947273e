"""The vault's catalogue: which batches exist, and which of them each snapshot shows.

Vault files are immutable. A change writes new files under new names, then replaces `catalog.json` by rename: that
rename is the commit, so a crash at any moment leaves the vault as before or as after. Files the catalogue does not
name are left-overs of a crash and are removed by the next writer. The catalogue holds no personal data; it is sealed
with the vault key so that an edit is noticed.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

from daicho.core.errors import VaultError
from daicho.vault.keys import Key, KeyRing, load_keys, settle_keys

CATALOG_FILE = "catalog.json"


@dataclass(frozen=True)
class Batch:
    """One extract file taken in. `outcomes` counts rows by (outcome, rule); `replaced` counts rows it superseded.

    Counts are of the file as delivered; `rows_erased` of its rows have been erased since. `revision` counts rewritings of the segment.
    """

    batch: int
    kind: str
    file_name: str
    sha256: str
    encoding: str
    received_on: str
    contract_version: str
    pseudonym_key_id: str
    delivery: str
    rows_read: int
    rows_accepted: int
    rows_replaced: int
    quarantined: Mapping[str, int]
    warnings: Mapping[str, int]
    revision: int = 0
    rows_erased: int = 0

    @property
    def segment(self) -> str:
        return f"batch-{self.batch:06d}{_revised(self.revision)}.duckdb"


@dataclass(frozen=True)
class Snapshot:
    """A numbered state of the ledger: the batches that are live in it."""

    number: int
    created_on: str
    batches: tuple[int, ...]
    revision: int = 0

    @property
    def mart(self) -> str:
        return f"snapshot-{self.number:06d}{_revised(self.revision)}.duckdb"


def _revised(revision: int) -> str:
    return f"r{revision}" if revision else ""


@dataclass(frozen=True)
class Catalog:
    """Everything the vault holds, as last committed.

    `erasures` are the certificates of what was erased from it; `erased` the keyed tags of erased persons, who are not taken in again.
    `journals` is where log and release ledger stood when a gate last came or went: number and hash of a line each must hold.
    """

    vault_key_id: str
    batches: tuple[Batch, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    revision: int = 0
    erasures: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()
    journals: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def latest(self) -> Snapshot | None:
        return self.snapshots[-1] if self.snapshots else None

    def snapshot(self, number: int) -> Snapshot:
        for snapshot in self.snapshots:
            if snapshot.number == number:
                return snapshot
        raise VaultError(f"snapshot {number} does not exist; the vault holds {len(self.snapshots)} snapshots.")

    def live_batches(self, snapshot: Snapshot | None = None) -> tuple[Batch, ...]:
        """Batches live in a snapshot (the latest by default), oldest first."""
        snapshot = snapshot or self.latest
        shown = set(snapshot.batches) if snapshot else set()
        return tuple(batch for batch in self.batches if batch.batch in shown)

    def next_batch(self) -> int:
        return max((batch.batch for batch in self.batches), default=0) + 1

    def with_snapshot(self, *, added: tuple[Batch, ...], live: tuple[int, ...], created_on: date) -> Catalog:
        number = self.latest.number + 1 if self.latest else 1
        snapshot = Snapshot(number=number, created_on=created_on.isoformat(), batches=live)
        return replace(self, batches=(*self.batches, *added), snapshots=(*self.snapshots, snapshot))


@dataclass(frozen=True)
class VaultPaths:
    """Where the vault's files lie."""

    root: Path
    segments: Path = field(init=False)
    marts: Path = field(init=False)
    temp: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", self.root / "segments")
        object.__setattr__(self, "marts", self.root / "marts")
        object.__setattr__(self, "temp", self.root / "temp")

    def is_empty(self) -> bool:
        """Whether nothing was ever committed here."""
        return not (self.root / CATALOG_FILE).exists()

    def create(self) -> None:
        for folder in (self.root, self.segments, self.marts, self.temp):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextmanager
def writer_lock(paths: VaultPaths) -> Iterator[None]:
    """Hold the one writer's place. Raises VaultError when another intake or erasure is under way."""
    paths.create()
    with (paths.root / "writer.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VaultError("another intake or erasure is writing the vault: wait until it has finished, then run this again.") from None
        yield


def read_catalog(paths: VaultPaths, key: Key) -> Catalog:
    """The committed catalogue, or an empty one for a new vault. Raises VaultError when damaged or sealed by another key."""
    path = paths.root / CATALOG_FILE
    if not path.exists():
        return Catalog(vault_key_id=key.key_id)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        body, seal = raw["catalog"], str(raw["seal"]).encode()
        catalog = Catalog(
            vault_key_id=body["vault_key_id"],
            batches=tuple(Batch(**item) for item in body["batches"]),
            snapshots=tuple(Snapshot(**{**item, "batches": tuple(item["batches"])}) for item in body["snapshots"]),
            revision=body.get("revision", 0),
            erasures=tuple(body.get("erasures", ())),
            erased=tuple(body.get("erased", ())),
            journals={name: (int(seq), str(hash_)) for name, (seq, hash_) in body.get("journals", {}).items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise VaultError(f"{path} is damaged: restore the vault folder from its backup.") from None
    if catalog.vault_key_id != key.key_id:
        raise VaultError(
            f"the vault was written with key {catalog.vault_key_id}, but the key at hand is {key.key_id}: restore the right key."
        )
    if not hmac.compare_digest(_seal(key, body).encode(), seal):
        raise VaultError(f"{path} was changed outside daicho: restore the vault folder from its backup.")
    return catalog


def open_catalog(paths: VaultPaths, key_dir: Path) -> tuple[KeyRing, Catalog]:
    """The catalogue and the keys it was sealed with, also amid a change of keys. Raises VaultError."""
    keys = load_keys(key_dir, vault_key_id=key_named(paths))
    return keys, read_catalog(paths, keys.vault)


def open_for_writing(paths: VaultPaths, key_dir: Path) -> tuple[KeyRing, Catalog]:
    """As `open_catalog`, after ending what a crash cut short. Only for the holder of the writer's lock."""
    keys, catalog = open_catalog(paths, key_dir)
    settle_keys(key_dir, vault_key_id=catalog.vault_key_id)
    remove_leftovers(paths, catalog)
    return keys, catalog


def key_named(paths: VaultPaths) -> str:
    """Id of the vault key that the catalogue names; empty when there is no catalogue, or none that can be read."""
    try:
        return str(json.loads((paths.root / CATALOG_FILE).read_text(encoding="utf-8"))["catalog"]["vault_key_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def write_catalog(paths: VaultPaths, catalog: Catalog, key: Key) -> None:
    """Commit: write aside, make durable, rename."""
    body = json.loads(json.dumps(asdict(catalog)))
    text = json.dumps({"catalog": body, "seal": _seal(key, body)}, ensure_ascii=False, indent=1)
    target = paths.root / CATALOG_FILE
    aside = target.with_suffix(".new")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(target)
    sync_folder(paths.root)


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(paths: VaultPaths, catalog: Catalog) -> None:
    """Delete vault files that no commit names (left by a crash). Only the holder of the writer's lock may call this."""
    known = {batch.segment for batch in catalog.batches} | {snapshot.mart for snapshot in catalog.snapshots}
    for folder in (paths.segments, paths.marts):
        for path in folder.iterdir():
            if path.name not in known and _mart_of(path.name) not in known:
                path.unlink(missing_ok=True)
    for path in paths.temp.iterdir():
        if not _is_in_use(path.name):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _mart_of(name: str) -> str:
    """The mart that derived tables lie beside: `snapshot-<number>-<digest>.duckdb` belongs to `snapshot-<number>.duckdb`."""
    return "-".join(name.split("-")[:2]) + ".duckdb"


def _is_in_use(name: str) -> bool:
    """Working files are named `<what>-<process id>…`; those of a living process stay."""
    parts = name.split(".")[0].split("-")
    return len(parts) > 1 and parts[1].isdigit() and int(parts[1]) != os.getpid() and Path(f"/proc/{parts[1]}").exists()


def _seal(key: Key, body: object) -> str:
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(key.secret, b"daicho/catalog/1:" + canonical, hashlib.sha256).hexdigest()

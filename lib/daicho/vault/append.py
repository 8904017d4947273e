"""Add rows that the workspace itself made to the vault, as one more batch and a new snapshot: the lines of a closed month of payment.

They are kept like an extract: numbers of persons as pseudonyms that keys rotate, encrypted, erased with the person, never changed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from datetime import date

import duckdb
import polars as pl

from daicho.contracts.codelists import dose_lookup
from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.vault.catalog import Batch, VaultPaths, open_catalog, sync_folder, write_catalog, writer_lock
from daicho.vault.engine import engine
from daicho.vault.keys import Key, settle_keys
from daicho.vault.mart import build_mart, link_numbers
from daicho.vault.rekey import attach_batches
from daicho.vault.segments import SegmentWriter
from daicho.vault.snapshots import prune_marts, publish_mart

KEPT_MARTS = 2
_APPENDED = "append"
# One number of each person, the same for the same ledger: the number in use, of the oldest batch that has it.
_NUMBERS = """
CREATE TEMP TABLE chosen AS
SELECT person, pseudonym, (row_number() OVER (ORDER BY person) - 1)::INTEGER AS local
FROM (SELECT person, pseudonym FROM number_of WHERE person IN (SELECT person FROM line_frame)
      QUALIFY row_number() OVER (PARTITION BY person ORDER BY is_current DESC, batch, local) = 1)
"""


def append_batch(
    config: Config, lines: pl.DataFrame, *, kind: str, name: str, sha256: str, version: str, snapshot: int, today: date
) -> Batch:
    """Commit `lines` (a column `person` of the snapshot's numbers, null where a line concerns nobody) as a batch of `kind`, named `name`.

    Raises VaultError when the ledger has changed since `snapshot`, or cannot be written; then it is as it was.
    """
    paths = VaultPaths(config.vault_dir)
    failed = ""
    try:
        with writer_lock(paths):
            return _append(config, paths, lines, kind=kind, name=name, sha256=sha256, version=version, snapshot=snapshot, today=today)
    except OSError as error:
        failed = error.strerror or type(error).__name__
    except duckdb.Error as error:
        # The engine's message may quote a statement, and a statement may hold the key.
        failed = f"{type(error).__name__} of the vault's engine"
    raise VaultError(f"the vault in {config.state_dir} cannot be written ({failed}): check the disk's free space; nothing was closed.")


def batches_of(config: Config, kind: str) -> tuple[Batch, ...]:
    """Every batch of a kind that is live in the newest snapshot, oldest first. Raises VaultError."""
    _, catalog = open_catalog(VaultPaths(config.vault_dir), config.key_dir)
    return tuple(batch for batch in catalog.live_batches() if batch.kind == kind)


def content_digest(config: Config, content: str) -> str:
    """A keyed digest that stays the same when keys are rotated: under the first link of the pseudonym key. Raises VaultError."""
    keys, _ = open_catalog(VaultPaths(config.vault_dir), config.key_dir)
    return hmac.new(_first_link(keys.pseudonym), b"daicho/content/1:" + content.encode(), hashlib.sha256).hexdigest()


def _first_link(key: Key) -> bytes:
    return key.earlier[0] if key.earlier else key.secret


def _append(
    config: Config, paths: VaultPaths, lines: pl.DataFrame, *, kind: str, name: str, sha256: str, version: str, snapshot: int, today: date
) -> Batch:
    # Leftovers in the vault's folder are the next intake's to remove: this process may have snapshots open there.
    keys, catalog = open_catalog(paths, config.key_dir)
    settle_keys(config.key_dir, vault_key_id=catalog.vault_key_id)
    latest = catalog.latest
    if latest is None or latest.number != snapshot:
        raise VaultError("the ledger has changed since the figures were worked out: run the command again.")
    number = catalog.next_batch()
    segment = paths.temp / f"segment-{os.getpid()}-{number}-{secrets.token_hex(4)}.duckdb"
    mart = paths.temp / f"mart-{os.getpid()}-{secrets.token_hex(4)}.duckdb"
    batch = Batch(
        batch=number, kind=kind, file_name=name, sha256=sha256, encoding="", received_on=today.isoformat(), contract_version=version,
        pseudonym_key_id=keys.pseudonym.key_id, delivery=_APPENDED, rows_read=lines.height, rows_accepted=lines.height, rows_replaced=0,
        quarantined={}, warnings={},
    )  # fmt: skip
    changed = catalog.with_snapshot(added=(batch,), live=(*latest.batches, number), created_on=today)
    made = changed.latest
    if made is None:
        raise VaultError("the new snapshot was not made; nothing was closed.")
    try:
        with engine(temp_dir=paths.temp) as connection:
            held = catalog.live_batches()
            attach_batches(connection, held, paths=paths, keys=keys)
            link_numbers(connection, held)
            connection.register("line_frame", lines)
            connection.execute(_NUMBERS)
            rows = connection.execute(
                "SELECT c.local AS person, l.* EXCLUDE (person) FROM line_frame l LEFT JOIN chosen c USING (person)"
            ).pl()
            numbers = connection.execute("SELECT local, pseudonym FROM chosen ORDER BY local").pl()
            # No identifier stands in these lines: an index of the usual shape, without entries.
            identifiers = connection.execute(f"SELECT * FROM b{held[0].batch}.identifier WHERE false").pl()
        with SegmentWriter(segment, key=keys.vault, temp_dir=paths.temp) as writer:
            writer.append(rows)
            writer.append(numbers, table="pseudonym")
            writer.append(identifiers, table="identifier")
            writer.finish()
        with engine(temp_dir=paths.temp) as connection:
            build_mart(
                connection, target=mart, paths=paths, catalog=changed, snapshot=made, key=keys.vault,
                dose_lookup=dose_lookup(config.contracts_dir), records=config.records, fresh={number: segment},
            )  # fmt: skip
        segment.rename(paths.segments / batch.segment)
    finally:
        segment.unlink(missing_ok=True)
    sync_folder(paths.segments)
    publish_mart(paths, mart, made)
    write_catalog(paths, changed, keys.vault)
    prune_marts(paths, changed, keep=KEPT_MARTS)
    return batch

"""The scanner's exact-match index: keyed hashes of every identifier that intake met, read from the batches' segments."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from daicho.core.config import Config
from daicho.core.identifiers import IdentifierHasher
from daicho.vault.catalog import VaultPaths, open_catalog
from daicho.vault.engine import attach, engine


@dataclass(frozen=True)
class IdentifierIndex:
    """`entries`: kind, length (characters), prefix, hash; one row for each identifier of the ledger, live or superseded. `pseudonyms`: theirs."""

    hasher: IdentifierHasher
    entries: pl.DataFrame
    pseudonyms: pl.Series


def load_identifier_index(config: Config) -> IdentifierIndex:
    """Read the index. An empty vault gives an empty index. Raises VaultError."""
    paths = VaultPaths(config.vault_dir)
    keys, catalog = open_catalog(paths, config.key_dir)
    parts, pseudonyms = [], [pl.Series("pseudonym", [], dtype=pl.Binary)]
    with engine(temp_dir=paths.temp) as connection:
        for batch in catalog.batches:
            attach(connection, paths.segments / batch.segment, name="segment", key=keys.vault, read_only=True)
            parts.append(connection.execute("SELECT kind, length, prefix, hash FROM segment.identifier").pl())
            pseudonyms.append(connection.execute("SELECT pseudonym FROM segment.pseudonym").pl()["pseudonym"])
            connection.execute("DETACH segment")
    schema = {"kind": pl.String, "length": pl.UInt16, "prefix": pl.UInt64, "hash": pl.UInt64}
    entries = pl.concat(parts).unique() if parts else pl.DataFrame(schema=schema)
    return IdentifierIndex(hasher=IdentifierHasher(keys.scanner.secret), entries=entries, pseudonyms=pl.concat(pseudonyms).unique())

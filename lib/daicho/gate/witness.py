"""The vault's catalogue as a witness: where access log and release ledger stood when a gate last came or went.

Each journal shows by itself that it was edited or cut short, and the ledger notes lines of the log. Both deleted together, heads and all,
would leave nothing to compare; but the catalogue cannot go without the ledger's data, and it is sealed with the vault key. So each
gate notes number and hash of both last lines there when it starts and when it ends, and `daicho audit` looks for those lines.

What this does not show: lines written since the last note and taken away from both journals with their heads rewritten (a gate killed
and its work undone by hand), and anything done by someone who holds the vault key. Against those, copy the two head files elsewhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from daicho.core.config import Config
from daicho.core.errors import VaultError
from daicho.gate.access_log import ACCESS_LOG_FILE, AccessLog
from daicho.gate.release_ledger import LEDGER_FILE, ReleaseLedger
from daicho.vault.catalog import VaultPaths, open_catalog, write_catalog, writer_lock


def note_journals(config: Config, *, log: AccessLog, ledger: ReleaseLedger) -> None:
    """Note where both journals stand, unless they have lost what was noted before: then the old note stays, as evidence.

    Nothing is noted while an intake writes the vault, or where there is none: the next gate does it.
    """
    paths = VaultPaths(config.vault_dir)
    if paths.is_empty():
        return
    with contextlib.suppress(VaultError), writer_lock(paths):
        keys, catalog = open_catalog(paths, config.key_dir)
        now = {ACCESS_LOG_FILE: log.position(), LEDGER_FILE: ledger.position()}
        if now != catalog.journals and not lost_journals(config, log=log, ledger=ledger):
            write_catalog(paths, replace(catalog, journals=now), keys.vault)


def lost_journals(config: Config, *, log: AccessLog, ledger: ReleaseLedger) -> dict[str, int]:
    """Journals that no longer hold the line the catalogue noted, with its number. Raises VaultError when the catalogue cannot be read."""
    paths = VaultPaths(config.vault_dir)
    if paths.is_empty():
        return {}
    noted = open_catalog(paths, config.key_dir)[1].journals
    journals: Mapping[str, AccessLog | ReleaseLedger] = {ACCESS_LOG_FILE: log, LEDGER_FILE: ledger}
    return {name: seq for name, (seq, hash_) in noted.items() if name in journals and not journals[name].holds(seq, hash_)}

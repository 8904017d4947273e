"""Keys of the workspace: pseudonym key, vault key, scanner key.

Each key is 256 random bits in a JSON file of mode 0600 inside a directory of mode 0700, outside the repository's
tracked files and outside the vault. Keys never travel by environment, command line or log. Losing them makes the
vault useless by design; `daicho key status` says where they are and when they were last backed up.

A change of keys writes the coming ones to `next.keys`, then commits the vault's catalogue, which names its vault key, then puts
them in the place of the old ones. Whoever reads takes `next.keys` exactly when the catalogue names the key in it.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from daicho.core.errors import VaultError

PURPOSES = ("pseudonym", "vault", "scanner")
PSEUDONYM_BYTES = 16
NEXT_FILE = "next.keys"
BACKUP_FILE = "backup.json"


@dataclass(frozen=True)
class Key:
    """One secret with its public id. The id may be stored beside data; the secret may not.

    `replaces` is the id of the key before it. `earlier` holds the links of a rotated pseudonym key, oldest first: a number goes through
    all of them and then through `secret`.
    """

    purpose: str
    key_id: str
    created_on: date
    secret: bytes
    earlier: tuple[bytes, ...] = ()
    replaces: str = ""

    def __repr__(self) -> str:
        return f"Key(purpose={self.purpose!r}, key_id={self.key_id!r})"


@dataclass(frozen=True)
class KeyRing:
    """The three keys a trusted process (intake, gate, scanner) holds in memory."""

    pseudonym: Key
    vault: Key
    scanner: Key


def key_path(key_dir: Path, purpose: str) -> Path:
    return key_dir / f"{purpose}.key"


def keys_exist(key_dir: Path) -> bool:
    return any(key_path(key_dir, purpose).exists() for purpose in PURPOSES)


def create_keys(key_dir: Path, *, today: date) -> KeyRing:
    """Make the three keys. Raises VaultError when any exists already: a key is never overwritten."""
    if keys_exist(key_dir):
        raise VaultError(f"keys already exist in {key_dir}: a key is never overwritten.")
    return complete_keys(key_dir, today=today)


def complete_keys(key_dir: Path, *, today: date) -> KeyRing:
    """Make the keys that are not there yet: all of a new workspace, or the rest after a crash amid making them.

    Only for a workspace without a vault: a key made anew opens nothing that an earlier one has sealed. Raises VaultError.
    """
    failed = ""
    try:
        key_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        key_dir.chmod(0o700)
        for purpose in PURPOSES:
            if not key_path(key_dir, purpose).exists():
                _write_key(key_dir, draw_key(purpose, today=today))
    except OSError as error:
        failed = error.strerror or type(error).__name__
    if failed:
        raise VaultError(
            f"keys cannot be written to {key_dir} ({failed}): check the folder's owner, its mode (0700) and the disk's free space."
        )
    return load_keys(key_dir)


def draw_key(purpose: str, *, today: date) -> Key:
    """A new key, in memory alone."""
    return Key(purpose=purpose, key_id=secrets.token_hex(6), created_on=today, secret=secrets.token_bytes(32))


def passing_keys(*, today: date) -> KeyRing:
    """Keys that are written nowhere, for looking at extracts before a workspace has keys of its own."""
    return KeyRing(**{purpose: draw_key(purpose, today=today) for purpose in PURPOSES})


def _write_key(key_dir: Path, key: Key) -> None:
    """Write a key with mode 0600, durable and whole before it has its name. A key of that name is never overwritten."""
    aside = key_dir / f".{key.purpose}.{secrets.token_hex(4)}"
    try:
        _write_private(aside, json.dumps(_as_data(key)))
        with contextlib.suppress(FileExistsError):
            os.link(aside, key_path(key_dir, key.purpose))
    finally:
        aside.unlink(missing_ok=True)
    _sync(key_dir)


def _as_data(key: Key) -> dict[str, Any]:
    data: dict[str, Any] = {
        "purpose": key.purpose,
        "key_id": key.key_id,
        "created_on": key.created_on.isoformat(),
        "secret_hex": key.secret.hex(),
    }
    if key.replaces:
        data["replaces"] = key.replaces
    if key.earlier:
        data["earlier_hex"] = [link.hex() for link in key.earlier]
    return data


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_keys(key_dir: Path, *, vault_key_id: str = "") -> KeyRing:
    """Read the keys; those of `next.keys` when they are the ones `vault_key_id` (the key the catalogue names) asks for.

    Raises VaultError when one is missing, unreadable, damaged, or readable by others.
    """
    coming = _next_keys(key_dir) if vault_key_id else {}
    if not coming or coming["vault"].key_id != vault_key_id:
        coming = {}
    return KeyRing(**{purpose: coming.get(purpose) or _read_key(key_path(key_dir, purpose), purpose) for purpose in PURPOSES})


def write_next_keys(key_dir: Path, ring: KeyRing) -> None:
    """Lay the coming keys beside the present ones, durably. They count once the catalogue names them."""
    target = key_dir / NEXT_FILE
    aside = key_dir / f".next.{secrets.token_hex(4)}"
    try:
        _write_private(aside, json.dumps({key.purpose: _as_data(key) for key in (ring.vault, ring.pseudonym)}))
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    _sync(key_dir)


def settle_keys(key_dir: Path, *, vault_key_id: str) -> None:
    """End a change of keys that a crash cut short: forward when the catalogue names the coming keys, else back.

    What is replaced is overwritten first, so that the old secret does not stay on the disk. Only for the holder of the writer's lock.
    """
    for left_over in key_dir.glob(".*.????????"):
        # A second name of a key that is in use is taken away; what was never used is overwritten too.
        if left_over.stat().st_nlink == 1:
            _overwrite(left_over)
        left_over.unlink(missing_ok=True)
    coming = _next_keys(key_dir)
    if coming and coming["vault"].key_id == vault_key_id:
        for purpose, key in coming.items():
            aside = key_dir / f".{purpose}.{secrets.token_hex(4)}"
            _write_private(aside, json.dumps(_as_data(key)))
            _overwrite(key_path(key_dir, purpose))
            aside.replace(key_path(key_dir, purpose))
        _sync(key_dir)
    if (key_dir / NEXT_FILE).exists():
        _overwrite(key_dir / NEXT_FILE)
        (key_dir / NEXT_FILE).unlink()
        _sync(key_dir)


def _next_keys(key_dir: Path) -> Mapping[str, Key]:
    """The coming keys by purpose; none when there is no whole file of them."""
    try:
        raw = json.loads((key_dir / NEXT_FILE).read_text(encoding="ascii"))
        return {purpose: _from_data(raw[purpose], purpose) for purpose in ("vault", "pseudonym")}
    except (OSError, ValueError, KeyError, TypeError, _OtherKeyError):
        return {}


def _overwrite(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)
        file.flush()
        os.fsync(file.fileno())


def _read_key(path: Path, purpose: str) -> Key:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise VaultError(
            f"the {purpose} key is missing in {path.parent}: restore it from its backup, or run `daicho key new` for a new vault."
        ) from None
    except (OSError, UnicodeDecodeError):
        raise VaultError(f"the {purpose} key {path} cannot be read: check its owner and mode (0600).") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise VaultError(f"the {purpose} key {path} is readable by others: set its mode to 0600.")
    try:
        return _from_data(json.loads(text), purpose)
    except _OtherKeyError:
        raise VaultError(f"the {purpose} key {path} is not a 256-bit {purpose} key: restore it from its backup.") from None
    except (ValueError, KeyError, TypeError):
        raise VaultError(f"the {purpose} key {path} is damaged: restore it from its backup.") from None


class _OtherKeyError(Exception):
    """A whole key, of another purpose or length."""


def _from_data(raw: Mapping[str, Any], purpose: str) -> Key:
    key = Key(
        purpose=raw["purpose"],
        key_id=raw["key_id"],
        created_on=date.fromisoformat(raw["created_on"]),
        secret=bytes.fromhex(raw["secret_hex"]),
        earlier=tuple(bytes.fromhex(link) for link in raw.get("earlier_hex", ())),
        replaces=raw.get("replaces", ""),
    )
    if key.purpose != purpose or {len(secret) for secret in (key.secret, *key.earlier)} != {32}:
        raise _OtherKeyError
    return key


def pseudonyms(key: Key, numbers: list[str]) -> list[bytes]:
    """Keyed pseudonyms of normalised 宛名番号: HMAC-SHA256 with a purpose string, 128 bits kept."""
    return pseudonym_stages(key, numbers)[-1]


def pseudonym_stages(key: Key, numbers: list[str]) -> list[list[bytes]]:
    """The pseudonyms of the numbers under the first key, then under every rotation of it; the last are those in use."""
    first, *links = (*key.earlier, key.secret)
    stages = [[hmac.digest(first, b"daicho/person/1:" + number.encode(), "sha256")[:PSEUDONYM_BYTES] for number in numbers]]
    for link in links:
        stages.append(_linked(link, stages[-1]))
    return stages


def relinked(key: Key, held: list[bytes]) -> list[bytes]:
    """Pseudonyms made before the last rotation, as the rotated key makes them: no number is needed for it."""
    return _linked(key.secret, held)


def _linked(link: bytes, held: list[bytes]) -> list[bytes]:
    return [hmac.digest(link, b"daicho/person/link/1:" + pseudonym, "sha256")[:PSEUDONYM_BYTES] for pseudonym in held]


def note_backup(key_dir: Path, ring: KeyRing, *, on: date) -> None:
    """Remember that the keys were copied on a day. The note holds ids only, and is void once any key is replaced."""
    target = key_dir / BACKUP_FILE
    aside = key_dir / f".backup.{secrets.token_hex(4)}"
    try:
        _write_private(aside, json.dumps({"on": on.isoformat(), "key_ids": _ids(ring)}))
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    _sync(key_dir)


def last_backup(key_dir: Path, ring: KeyRing) -> date | None:
    """The day the present keys were noted as copied; None when they were not, or were replaced since."""
    try:
        note = json.loads((key_dir / BACKUP_FILE).read_text(encoding="ascii"))
        return date.fromisoformat(note["on"]) if note["key_ids"] == _ids(ring) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _ids(ring: KeyRing) -> list[str]:
    return [getattr(ring, purpose).key_id for purpose in PURPOSES]


def rotated(ring: KeyRing, *, today: date) -> KeyRing:
    """The ring with a new vault key and one more link in the pseudonym key; the scanner key stays."""
    vault = replace(draw_key("vault", today=today), replaces=ring.vault.key_id)
    pseudonym = replace(
        draw_key("pseudonym", today=today), replaces=ring.pseudonym.key_id, earlier=(*ring.pseudonym.earlier, ring.pseudonym.secret)
    )
    return KeyRing(pseudonym=pseudonym, vault=vault, scanner=ring.scanner)


def with_new_vault_key(ring: KeyRing, *, today: date) -> KeyRing:
    """The ring with a new vault key alone."""
    return replace(ring, vault=replace(draw_key("vault", today=today), replaces=ring.vault.key_id))


def erasure_tags(scanner: Key, held: list[bytes]) -> list[str]:
    """Keyed tags under which erased persons are remembered, so that a later delivery does not bring them back."""
    return [hmac.digest(scanner.secret, b"daicho/erased/1:" + pseudonym, "sha256")[:PSEUDONYM_BYTES].hex() for pseudonym in held]


def erased_numbers(ring: KeyRing, numbers: list[str], tags: frozenset[str]) -> list[bool]:
    """Which of the numbers belong to erased persons, whatever rotation came between erasure and delivery."""
    found = [False] * len(numbers)
    for stage in pseudonym_stages(ring.pseudonym, numbers) if tags else ():
        found = [known or tag in tags for known, tag in zip(found, erasure_tags(ring.scanner, stage), strict=True)]
    return found

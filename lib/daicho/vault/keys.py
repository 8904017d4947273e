"""Keys of the workspace: pseudonym key, vault key, scanner key.

Each key is 256 random bits in a JSON file of mode 0600 inside a directory of mode 0700, outside the repository's
tracked files and outside the vault. Keys never travel by environment, command line or log. Losing them makes the
vault useless by design; `daicho key status` says where they are and when they were last backed up.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from daicho.core.errors import VaultError

PURPOSES = ("pseudonym", "vault", "scanner")
PSEUDONYM_BYTES = 16


@dataclass(frozen=True)
class Key:
    """One secret with its public id. The id may be stored beside data; the secret may not."""

    purpose: str
    key_id: str
    created_on: date
    secret: bytes

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
    text = json.dumps(
        {"purpose": key.purpose, "key_id": key.key_id, "created_on": key.created_on.isoformat(), "secret_hex": key.secret.hex()}
    )
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside, key_path(key_dir, key.purpose))
    finally:
        aside.unlink(missing_ok=True)
    descriptor = os.open(key_dir, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_keys(key_dir: Path) -> KeyRing:
    """Read the keys. Raises VaultError when one is missing, unreadable, damaged, or readable by others."""
    return KeyRing(**{purpose: _read_key(key_path(key_dir, purpose), purpose) for purpose in PURPOSES})


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
        raw = json.loads(text)
        key = Key(
            purpose=raw["purpose"],
            key_id=raw["key_id"],
            created_on=date.fromisoformat(raw["created_on"]),
            secret=bytes.fromhex(raw["secret_hex"]),
        )
    except (ValueError, KeyError, TypeError):
        raise VaultError(f"the {purpose} key {path} is damaged: restore it from its backup.") from None
    if key.purpose != purpose or len(key.secret) != 32:
        raise VaultError(f"the {purpose} key {path} is not a 256-bit {purpose} key: restore it from its backup.")
    return key


def pseudonyms(key: Key, numbers: list[str]) -> list[bytes]:
    """Keyed pseudonyms of normalised 宛名番号: HMAC-SHA256 with a purpose string, 128 bits kept."""
    secret = key.secret
    return [hmac.digest(secret, b"daicho/person/1:" + number.encode(), "sha256")[:PSEUDONYM_BYTES] for number in numbers]

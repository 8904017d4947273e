"""Keys on disk: private, whole or not there, never overwritten, never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conftest import TODAY

from daicho.core.errors import VaultError
from daicho.vault.keys import PURPOSES, complete_keys, create_keys, key_path, load_keys, passing_keys


def test_keys_are_private_and_read_back_as_made(tmp_path: Path) -> None:
    made = create_keys(tmp_path / "keys", today=TODAY)
    assert load_keys(tmp_path / "keys") == made
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {f"{name}.key": 0o600 for name in PURPOSES}
    assert len({getattr(made, purpose).secret for purpose in PURPOSES}) == 3


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    made = create_keys(tmp_path, today=TODAY)
    with pytest.raises(VaultError, match="never overwritten"):
        create_keys(tmp_path, today=TODAY)
    assert complete_keys(tmp_path, today=TODAY) == made


@pytest.mark.parametrize("purpose", PURPOSES)
def test_completing_keys_makes_the_missing_one_alone(tmp_path: Path, purpose: str) -> None:
    made = create_keys(tmp_path, today=TODAY)
    key_path(tmp_path, purpose).unlink()
    completed = complete_keys(tmp_path, today=TODAY)
    assert [name for name in PURPOSES if getattr(made, name) != getattr(completed, name)] == [purpose]


def test_a_failing_disk_leaves_no_half_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VaultError, match="No space left"):
        create_keys(tmp_path, today=TODAY)
    assert not list(tmp_path.iterdir())


def test_passing_keys_are_written_nowhere_and_differ_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert passing_keys(today=TODAY) != passing_keys(today=TODAY)
    assert not list(tmp_path.iterdir())


def test_a_key_shows_no_secret(tmp_path: Path) -> None:
    ring = create_keys(tmp_path, today=TODAY)
    assert not any(
        getattr(ring, purpose).secret.hex() in repr(ring) or repr(getattr(ring, purpose).secret) in repr(ring) for purpose in PURPOSES
    )

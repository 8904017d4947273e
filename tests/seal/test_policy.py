"""What a policy may grant, and what makes it refuse."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from daicho.core.errors import SealError
from daicho.seal.landlock import READ, WORK, Access, PathRule, rights_of
from daicho.seal.policy import SealPolicy, build_policy, interpreter_paths


def policy_in(root: Path, **changes: Any) -> SealPolicy:
    for folder in ("var/vault", "var/work/run", "contracts", "ipc"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    given: dict[str, Any] = {
        "work_dir": root / "var" / "work" / "run",
        "socket_dir": root / "ipc",
        "readable": (root / "contracts",),
        "protected": {"vault": root / "var" / "vault", "keys": root / "keys"},
        "state_dir": root / "var",
        "gate_socket": root / "gate.sock",
        "gate_pid": os.getppid(),
        "parent_pid": os.getppid(),
    }
    return build_policy(**given | changes)


def access_to(policy: SealPolicy, path: Path) -> Access:
    """The rights on a path: those of every rule on it or above it."""
    granted = Access(0)
    for rule in policy.rules:
        if path.is_relative_to(rule.path):
            granted |= rule.access
    return granted


def test_the_work_folder_can_be_worked_in_and_reference_data_only_read(tmp_path: Path) -> None:
    policy = policy_in(tmp_path)
    assert access_to(policy, tmp_path / "var/work/run/x") == WORK
    assert access_to(policy, tmp_path / "contracts/x.csv") == READ


def test_nothing_else_of_the_workspace_or_of_the_system_is_granted(tmp_path: Path) -> None:
    policy = policy_in(tmp_path)
    for path in (tmp_path, tmp_path / "var", tmp_path / "var/vault/x", tmp_path / "keys", tmp_path / "var/work/other"):
        assert access_to(policy, path) == Access(0)
    for system in (
        "/",
        "/etc",
        "/etc/passwd",
        "/home",
        "/tmp",
        "/dev",
        "/dev/shm",
        "/proc",
        "/proc/1",
        "/proc/self/environ",
        "/run",
        "/usr/bin/sh",
    ):
        assert access_to(policy, Path(system)) == Access(0), system


def test_no_rule_lets_a_kernel_make_symbolic_links_pipes_or_devices(tmp_path: Path) -> None:
    forbidden = Access.MAKE_SYM | Access.MAKE_FIFO | Access.MAKE_CHAR | Access.MAKE_BLOCK | Access.IOCTL_DEV
    assert not any(rule.access & forbidden for rule in policy_in(tmp_path).rules)


def test_no_folder_can_be_both_written_to_and_run_from(tmp_path: Path) -> None:
    assert not any(rule.access & Access.EXECUTE and rule.access & Access.MAKE_REG for rule in policy_in(tmp_path).rules)


@pytest.mark.parametrize("readable", ["var/vault", "var/vault/inner", ".", "var", "keys"])
def test_a_grant_above_at_or_inside_a_protected_place_is_refused(readable: str, tmp_path: Path) -> None:
    with pytest.raises(SealError, match="must stay closed"):
        policy_in(tmp_path, readable=(tmp_path / readable,))


def test_a_grant_that_leads_to_a_protected_place_by_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    policy_in(tmp_path)
    (tmp_path / "innocent").symlink_to(tmp_path / "var" / "vault")
    with pytest.raises(SealError, match="must stay closed"):
        policy_in(tmp_path, readable=(tmp_path / "innocent",))


@pytest.mark.parametrize("work", ["var/vault", "var/vault/work", "."])
def test_a_work_folder_at_above_or_inside_a_protected_place_is_refused(work: str, tmp_path: Path) -> None:
    with pytest.raises(SealError):
        policy_in(tmp_path, work_dir=tmp_path / work)


def test_a_work_folder_that_holds_the_state_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SealError, match="state folder"):
        policy_in(tmp_path, work_dir=tmp_path / "var", protected={})


def test_a_shared_prefix_is_not_granted_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("prefix", "base_prefix", "exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, "/usr")
    paths = interpreter_paths()
    assert Path("/usr") not in paths
    assert Path("/usr/lib") in paths


def test_rights_that_an_older_abi_does_not_know_are_not_asked_of_it() -> None:
    assert Access.IOCTL_DEV in rights_of(5)
    assert Access.IOCTL_DEV not in rights_of(4)
    assert Access.TRUNCATE in rights_of(4)


def test_rules_name_each_path_once(tmp_path: Path) -> None:
    rules = policy_in(tmp_path).rules
    assert len(rules) == len(set(rules))
    assert all(isinstance(rule, PathRule) and rule.path.is_absolute() for rule in rules)
